"""Requests that are not allowed, or whose content never becomes whole: refused with the proxy's own JSON.

What is malformed stands in Tests/Messages and is tried by test_request_table.py.
"""

import json

import pytest

from harness.messages import request

POST = b"POST /orders HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

# name: (the bytes, the status, the code)
FORBIDDEN = (403, "forbidden")
CASES = {
    # what is refused by rule
    "TRACE": (b"TRACE / HTTP/1.1\r\nHost: localhost\r\n\r\n", 405, "method_refused"),
    "CONNECT": (
        b"CONNECT upstream.test:443 HTTP/1.1\r\nHost: upstream.test:443\r\n\r\n", 405, "method_refused",
    ),
    "a Host of another site": (request(host="rebound.example"), *FORBIDDEN),
    "a Host that only begins well": (request(host="localhost.rebound.example"), *FORBIDDEN),
    "from another site, says the browser": (request(fields={"Sec-Fetch-Site": "cross-site"}), *FORBIDDEN),
    "a POST from another origin": (
        request("POST", fields={"Origin": "https://evil.example"}, body=b"{}"), *FORBIDDEN,
    ),
    "from an origin without a name": (request("POST", fields={"Origin": "null"}, body=b"{}"), *FORBIDDEN),
    "two origins, one of them good": (
        request(fields=[("Origin", "http://localhost"), ("Origin", "https://evil.example")]), None, None,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    return make_proxy(route(upstream.port))


def assert_own_error(answer, status, code):
    """The shape of every answer that the proxy makes itself."""
    if status is None:
        assert 400 <= answer.status <= 505, answer.raw_head
    else:
        assert answer.status == status, (answer.raw_head, answer.body)
    assert answer.one("Content-Type").startswith("application/json")
    assert answer.one("Proxy-Status").startswith("bearerproxy")
    error = json.loads(answer.body)["error"]
    # The route is null where the request could not be read, or was for none.
    assert set(error) == {"code", "message", "route", "requestId"}
    assert error["route"] or answer.status < 500 or answer.status in (501, 505)
    assert error["message"] and error["requestId"]
    assert answer.one("X-Request-Id") == error["requestId"]
    if code is not None:
        assert error["code"] == code, error
    return error


def assert_refused(proxy, data, status, code):
    with proxy.client() as client:
        client.send_as_far_as_taken(data)
        answer = client.response()
        assert_own_error(answer, status, code)
        if answer.status in (400, 414, 431, 505):
            assert client.closed(), "the connection has to close: what follows cannot be told from a request"


@pytest.mark.parametrize("name", CASES)
def test_refused_and_never_sent_on(proxy, upstream, name):
    before = len(upstream.received)
    assert_refused(proxy, *CASES[name])
    assert len(upstream.received) == before, upstream.received[before:]


def test_a_bad_chunk_in_the_middle_breaks_the_request_upstream(make_proxy, route, make_upstream):
    """The head has gone upstream by then, so the upstream must be able to see that the body is not whole."""
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port, replayBody="1KiB"))
    with proxy.client() as client:
        client.send(CHUNKED + b"1000\r\n" + b"a" * 4096 + b"\r\n" + b"zz\r\n")
        assert_own_error(client.response(), 400, "bad_request")
        assert client.closed()
    assert not [message for message in upstream.requests if message.body]


def test_a_body_that_never_comes_whole_is_no_request(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        client.send(POST + b"Content-Length: 10\r\n\r\nhalf")
    with proxy.client() as client:
        assert client.ask(request(target="/healthy")).status == 200
    assert not [message for message in upstream.requests if message.body]


@pytest.mark.parametrize(
    "fields",
    [{"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://localhost"}],
    ids=lambda fields: " ".join(fields.values()),
)
def test_the_listeners_own_pages_are_served(proxy, fields):
    with proxy.client() as client:
        assert client.ask(request(target="/healthy", fields=fields)).status == 200


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:8080", "127.0.0.1:1"])
def test_loopback_names_are_served(proxy, host):
    with proxy.client() as client:
        assert client.ask(request(target="/healthy", host=host)).status == 200


def test_origins_that_are_listed_are_served(make_proxy, route, make_upstream):
    proxy = make_proxy(route(make_upstream().port, allow={"origins": ["https://app.example"]}))
    with proxy.client() as client:
        assert client.ask(request(fields={"Origin": "https://app.example"})).status == 200
        assert client.ask(request(fields={"Origin": "https://app.example.evil"})).status == 403
