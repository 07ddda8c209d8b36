"""Pooled connections that the upstream closes: what is tried again, and what is never sent twice."""

import time

import pytest

from harness.load import in_parallel
from harness.messages import eventually, request
from harness.upstream import OK
from test_malformed_requests import assert_own_error

TARGETS = [("GET", b""), ("POST", b"an order"), ("PUT", b"a trade"), ("DELETE", b"")]


def seen(upstream, target: str) -> int:
    return sum(message.target == target for message in upstream.requests)


@pytest.mark.parametrize("method, body", TARGETS, ids=lambda value: value if isinstance(value, str) else "")
@pytest.mark.parametrize("end", ["finish", "cut", "reset"])
def test_a_connection_that_closed_while_it_rested_is_not_used(make_proxy, route, make_upstream, method, body, end):
    """The close has arrived before the request does, so the proxy takes a new connection."""

    def serve(connection):
        while connection.next() is not None:
            connection.send(OK)
            if connection.number == 0:
                getattr(connection, end)()
                return

    # On a machine under load the close may still be on its way; then the request may have been sent in vain, once.
    for _ in range(3):
        upstream = make_upstream(serve)
        proxy = make_proxy(route(upstream.port))
        with proxy.client() as client:
            assert client.ask(request(target="/first")).status == 200
            assert eventually(lambda: upstream.connections[0].stream.fileno() == -1)
            answer = client.ask(request(method, "/second", body=body))
        if answer.status == 200 or method == "GET":
            break
        assert answer.status == 502 and seen(upstream, "/second") <= 1
    assert answer.status == 200
    assert seen(upstream, "/second") == 1


def closing_at_the_second(end: str):
    """A connection answers its first request, reads the second whole, and closes instead of answering it."""

    def serve(connection):
        connection.next()
        connection.send(OK)
        if connection.number == 0:
            connection.next()
            getattr(connection, end)()
            return
        while connection.next() is not None:
            connection.send(OK)

    return serve


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("end", ["finish", "cut", "reset"])
def test_a_safe_request_is_tried_once_more(make_proxy, route, make_upstream, method, end):
    upstream = make_upstream(closing_at_the_second(end))
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert client.ask(request(target="/first")).status == 200
        assert client.ask(request(method, "/second"), method=method).status == 200
    assert seen(upstream, "/second") == 2
    assert upstream.accepted == 2


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
@pytest.mark.parametrize("end", ["finish", "cut", "reset"])
def test_any_other_request_is_never_sent_twice(make_proxy, route, make_upstream, method, end):
    upstream = make_upstream(closing_at_the_second(end))
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert client.ask(request(target="/first")).status == 200
        error = assert_own_error(client.ask(request(method, "/second", body=b"an order")), 502, None)
        assert error["code"] in ("upstream_protocol", "upstream_unreachable")
        assert client.ask(request(target="/third")).status == 200
    assert seen(upstream, "/second") == 1


def test_a_safe_request_is_not_tried_a_third_time(make_proxy, route, make_upstream):
    def serve(connection):
        if connection.number == 0:
            connection.next()
            connection.send(OK)
        connection.next()

    upstream = make_upstream(serve)
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert client.ask(request(target="/first")).status == 200
        assert_own_error(client.ask(request(target="/second")), 502, None)
    assert seen(upstream, "/second") == 2


def test_a_request_on_a_new_connection_is_not_tried_again(make_proxy, route, make_upstream):
    upstream = make_upstream(lambda connection: connection.next())
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert_own_error(client.ask(request(target="/only")), 502, None)
    assert seen(upstream, "/only") == 1


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 200 OK\r\nContent-Le"])
def test_a_request_whose_answer_had_begun_is_not_tried_again(make_proxy, route, make_upstream, part):
    def serve(connection):
        connection.next()
        connection.send(OK)
        if connection.next() is not None:
            connection.send(part)

    upstream = make_upstream(serve)
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert client.ask(request(target="/first")).status == 200
        assert_own_error(client.ask(request(target="/second")), 502, None)
    assert seen(upstream, "/second") == 1


def test_one_connection_serves_one_request_after_another(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    for _ in range(5):
        with proxy.client() as client:
            assert client.ask(request("POST", body=b"x")).status == 200
    assert upstream.accepted == 1


def test_no_safe_request_is_lost_when_pooled_connections_end(make_proxy, route, make_upstream):
    """Some rest in the pool and were never used: those that were opened for a request which another one served."""
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    clients = [proxy.client() for _ in range(4)]
    for number in range(50):
        for client in clients:
            client.send(request(target=f"/{number}"))
        assert {client.response().body for client in clients} == {b"ok"}
        # Connections that are still being made come to rest too.
        time.sleep(0.02)
        for connection in list(upstream.connections):
            connection.sever()
        upstream.connections.clear()
    for client in clients:
        with client:
            assert client.ask(request()).status == 200


def test_a_cold_start_with_many_clients_makes_one_handshake_for_each_at_most(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    clients = [proxy.client() for _ in range(64)]

    def ask(number):
        for count in range(20):
            assert clients[number].ask(request(target=f"/{number}/{count}")).status == 200

    in_parallel(len(clients), ask)
    assert len(upstream.requests) == 64 * 20
    assert upstream.accepted <= 64
    assert upstream.failures == []
    for client in clients:
        with client:
            pass
