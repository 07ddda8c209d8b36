"""`limits.requestsPerSecond`: what is over it is answered 429, and nothing of it goes upstream."""

import json
import time

import pytest

from harness.messages import request
from harness.upstream import unused_port


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module", params=[1, 3], ids=["one loop", "three loops"])
def proxy(request, make_proxy, route, upstream):
    listen = f"127.0.0.1:{unused_port()}"
    return make_proxy(
        route(upstream.port, listen=listen, limits={"requestsPerSecond": 10}),
        route(upstream.port, listen=listen, pathPrefix="/free", limits={"requestsPerSecond": 0}) | {"name": "free"},
        route(upstream.port, listen=listen, pathPrefix="/rules", allow={"methods": ["GET"]}, limits={"requestsPerSecond": 2})
        | {"name": "rules"},
        route(
            upstream.port,
            listen=listen,
            pathPrefix="/rpc",
            allow={"rpcMethods": ["getblock*"]},
            limits={"requestsPerSecond": 2, "requestBody": "1KiB"},
        )
        | {"name": "rpc"},
        threads=request.param,
    )


def test_a_second_s_worth_is_taken_and_the_rest_refused(proxy, upstream):
    before = len(upstream.requests)
    clients = [proxy.client() for _ in range(6)]
    begin = time.monotonic()
    answers = []
    for _ in range(10):
        for client in clients:
            client.send(request("GET", "/x"))
        answers += [client.response() for client in clients]
    passed = time.monotonic() - begin
    for client in clients:
        client.connection.close()
    taken = [answer for answer in answers if answer.status == 200]
    refused = [answer for answer in answers if answer.status == 429]
    assert len(taken) + len(refused) == 60
    assert 10 <= len(taken) <= 10 + 10 * passed + 1
    assert len(upstream.requests) - before == len(taken)
    for answer in refused:
        error = json.loads(answer.body)["error"]
        assert error["code"] == "rate_limited" and error["route"] == "up"
        assert "10 requests a second (limits.requestsPerSecond)" in error["message"]
        assert answer.one("Retry-After") == "1"
        assert answer.one("Proxy-Status").startswith("bearerproxy; error=http_request_denied")


def test_an_order_that_is_refused_is_not_placed(proxy, upstream):
    time.sleep(1.1)
    before = len(upstream.requests)
    statuses = []
    for _ in range(30):
        with proxy.client() as client:
            statuses.append(client.ask(request("POST", "/x", body=b"an order"), "POST").status)
    assert set(statuses) == {200, 429}
    assert len(upstream.requests) - before == statuses.count(200)


def test_after_a_rest_it_takes_again(proxy):
    with proxy.client() as client:
        while client.ask(request()).status == 200:
            pass
        time.sleep(1.1)
        assert client.ask(request()).status == 200


def test_no_second_has_more_than_that(proxy):
    """A second that begins in the middle of a burst is a second, too."""
    time.sleep(1.1)
    taken = []
    end = time.monotonic() + 3
    with proxy.client() as client:
        while time.monotonic() < end:
            asked = time.monotonic()
            if client.ask(request()).status == 200:
                taken.append((asked, time.monotonic()))
    assert len(taken) >= 20
    # From before the one was asked to after the eleventh was answered: more than a second lies between their decisions.
    assert all(last[1] - first[0] >= 1 for first, last in zip(taken, taken[10:]))


def test_other_routes_are_free(proxy):
    with proxy.client() as client:
        assert all(client.ask(request(target="/free/x")).status == 200 for _ in range(50))


def test_what_a_rule_refuses_is_not_counted(proxy):
    with proxy.client() as client:
        for _ in range(20):
            assert client.ask(request("DELETE", "/rules/x"), "DELETE").status == 405
        assert client.ask(request(target="/rules/x")).status == 200


def call(client, method: str, size=0):
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": ["x" * size]}).encode()
    return client.ask(request("POST", "/rpc/", fields={"Content-Type": "application/json"}, body=body), "POST").status


def test_what_is_refused_for_its_content_is_not_counted(proxy):
    for _ in range(10):
        with proxy.client() as client:
            assert call(client, "sendrawtransaction") == 403
        with proxy.client() as client:
            assert call(client, "getblock", size=2000) == 413
    with proxy.client() as client:
        assert [call(client, "getblock") for _ in range(3)] == [200, 200, 429]
