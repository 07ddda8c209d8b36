"""Which field lines travel in each direction: seen at an upstream that records every byte."""

import re

import pytest

from harness.messages import request
from harness.upstream import answering

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/plain\r\nX-Two: one\r\nx-two: two\r\n"
    b"Connection: keep-alive, X-Private\r\nKeep-Alive: timeout=9\r\nX-Private: hop\r\n"
    b"Proxy-Authenticate: Basic\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok"
)
CLIENTS_OWN = "clients-own-secret"


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(answering(ANSWER))


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    return make_proxy(route(upstream.port))


@pytest.fixture
def arrives(proxy, upstream):
    """Sends a request with these fields through the proxy, and gives what arrived and what was answered."""

    def send(fields=(), **more):
        with proxy.client() as client:
            answer = client.ask(request(fields=fields, **more))
        assert answer.status == 200, answer.raw_head
        return upstream.requests[-1], answer

    return send


@pytest.mark.parametrize(
    "fields",
    [
        [("Authorization", f"Bearer {CLIENTS_OWN}")],
        [("authorization", f"Bearer {CLIENTS_OWN}")],
        [("AUTHORIZATION", CLIENTS_OWN), ("Authorization", f"Basic {CLIENTS_OWN}")],
        [("Proxy-Authorization", f"Basic {CLIENTS_OWN}")],
        [("Proxy_Authorization", f"Basic {CLIENTS_OWN}")],
        [("proxy_authorization", f"Basic {CLIENTS_OWN}")],
        [("Authorization", ""), ("Authorization", CLIENTS_OWN)],
        [("Connection", "Authorization"), ("Authorization", CLIENTS_OWN)],
        [("Connection", "close, authorization"), ("Authorization", CLIENTS_OWN)],
    ],
    ids=lambda fields: " ".join(name for name, _ in fields),
)
def test_what_the_client_claims_never_travels(arrives, token, fields):
    message, _ = arrives(fields)
    assert CLIENTS_OWN.encode() not in message.raw_head
    assert message.all("Authorization") == [f"Bearer {token}"]
    assert not [name for name, _ in message.fields if name.lower().replace("_", "-") == "proxy-authorization"]


def test_a_path_that_looks_like_a_field_is_only_a_path(arrives, token):
    message, _ = arrives(target="/Authorization:%20Bearer?Authorization=x")
    assert message.target == "/Authorization:%20Bearer?Authorization=x"
    assert message.all("Authorization") == [f"Bearer {token}"]


def test_fields_named_by_connection_are_removed(arrives):
    fields = [
        ("Connection", "keep-alive, X-Once"), ("Connection", "x-twice"), ("X-Once", "1"), ("X-TWICE", "2"),
        ("X-Stays", "3"), ("Keep-Alive", "timeout=5"), ("Proxy-Connection", "keep-alive"), ("TE", "gzip"),
    ]  # fmt: skip
    message, _ = arrives(fields)
    names = {name.lower() for name, _ in message.fields}
    assert not names & {"x-once", "x-twice", "keep-alive", "proxy-connection", "te", "upgrade"}
    assert message.one("X-Stays") == "3"
    assert "x-once" not in (message.one("Connection") or "").lower()


def test_that_the_client_takes_trailers_is_said_anew(arrives):
    message, _ = arrives([("Connection", "TE, X-Once"), ("TE", "gzip;q=0.5, trailers"), ("X-Once", "1")])
    assert (message.one("TE"), message.one("Connection"), message.one("X-Once")) == ("trailers", "TE", None)


def test_connection_cannot_take_away_what_the_proxy_adds(arrives, token):
    message, _ = arrives([("Connection", "Host, Via, X-Request-Id, Authorization, Content-Length")])
    assert message.one("Host") == "upstream.test"
    assert message.one("Authorization") == f"Bearer {token}"
    assert message.all("Via") == ["1.1 bearerproxy"]
    assert message.one("X-Request-Id")


def test_host_is_the_upstreams_and_no_one_else_is_named(arrives):
    message, _ = arrives([("X-Stays", "1")])
    assert message.one("Host") == "upstream.test"
    assert message.all("Via") == ["1.1 bearerproxy"]
    assert not [name for name, _ in message.fields if name.lower().startswith(("x-forwarded", "forwarded", "x-real"))]


def test_via_joins_the_clients(arrives):
    message, _ = arrives([("Via", "1.0 before")])
    assert ", ".join(message.all("Via")) == "1.0 before, 1.1 bearerproxy"


def test_other_fields_travel_as_they_are(arrives):
    fields = [
        ("X-One", "a"), ("Accept", "*/*"), ("x-one", "b"), ("X-Odd!#$%&'*+-.^_`|~", "odd"), ("X-Empty", ""),
        ("X-Latin", "gr\xfc\xdfe"), ("traceparent", "00-" + "1" * 32 + "-" + "2" * 16 + "-01"),
        ("User-Agent", "tests"), ("X-Forwarded-For", "10.1.2.3"),
    ]  # fmt: skip
    message, _ = arrives(fields)
    sent = [pair for pair in message.fields if pair in fields]
    assert sent == fields


def test_a_request_id_is_forwarded_and_returned(arrives):
    message, answer = arrives([("X-Request-Id", "given-by-client-1")])
    assert message.one("X-Request-Id") == "given-by-client-1"
    assert answer.one("X-Request-Id") == "given-by-client-1"


def test_a_request_id_is_made_where_there_is_none(arrives):
    first, first_answer = arrives()
    second, second_answer = arrives()
    assert first.one("X-Request-Id") == first_answer.one("X-Request-Id")
    assert re.fullmatch(r"[0-9A-Za-z_-]{8,64}", first.one("X-Request-Id"))
    assert first.one("X-Request-Id") != second.one("X-Request-Id")
    assert second_answer.one("X-Request-Id") == second.one("X-Request-Id")


def test_fields_of_the_answer(arrives):
    _, answer = arrives()
    assert answer.body == b"ok"
    assert answer.all("X-Two") == ["one", "two"]
    assert answer.all("Set-Cookie") == ["a=1", "b=2"]
    assert answer.one("Content-Type") == "text/plain"
    assert answer.one("Content-Length") == "2"
    names = {name.lower() for name, _ in answer.fields}
    assert not names & {"x-private", "keep-alive", "proxy-authenticate"}


@pytest.mark.parametrize("target", ["/", "/a/b?c=d&e", "/a//b/../c/./d", "/%2e%2E/%41?%2F", "/?", "/a?b?c=/d#"[:-1]])
def test_the_target_travels_as_it_is(arrives, target):
    message, _ = arrives(target=target)
    assert message.target == target


def test_an_absolute_target_goes_to_the_route_of_its_authority(arrives):
    message, _ = arrives(target="http://upstream.test/api?q=1", host="upstream.test")
    assert message.target == "/api?q=1"
    assert message.one("Host") == "upstream.test"


def test_options_for_the_whole_server(arrives):
    message, _ = arrives(method="OPTIONS", target="*")
    assert message.start == "OPTIONS * HTTP/1.1"


def test_a_chunked_body_arrives_whole(proxy, upstream):
    head = b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
    with proxy.client() as client:
        assert client.ask(head + b"3\r\nabc\r\n00a;ext=1\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n").status == 200
    message = upstream.requests[-1]
    assert message.body == b"abc0123456789"
    assert not message.all("X-Sum")


def test_a_body_whose_pieces_come_slowly(proxy, upstream):
    with proxy.client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6\r\n\r\nab")
        client.send(b"cd")
        assert client.ask(b"ef").status == 200
    assert upstream.requests[-1].body == b"abcdef"


def test_a_head_byte_by_byte(proxy, upstream):
    with proxy.client() as client:
        for byte in request(target="/slow", fields=[("X-Stays", "1")]):
            client.send(bytes([byte]))
        assert client.response().status == 200
    assert upstream.requests[-1].target == "/slow"


def test_expect_continue(make_proxy, route, make_upstream):
    """The upstream decides: its 100 comes through, and only then does the client send."""

    def serve(connection):
        while (message := connection.next_head()) is not None:
            assert message.one("Expect").lower() == "100-continue"
            connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            connection.reader.request_body(message)
            connection.send(ANSWER)

    upstream = make_upstream(serve)
    with make_proxy(route(upstream.port)).client() as client:
        client.send(b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert client.reader.head().status == 100
        assert client.ask(b"hi").status == 200
    assert upstream.requests[-1].body == b"hi"
