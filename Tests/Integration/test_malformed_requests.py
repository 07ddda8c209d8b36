"""Requests that are ambiguous, too large or not allowed: refused with the proxy's own JSON, and never sent on."""

import json

import pytest

from harness.messages import request

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
POST = b"POST /orders HTTP/1.1\r\nHost: localhost\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

# name: (the bytes, the status, the code)
BAD = (400, "bad_request")
FORBIDDEN = (403, "forbidden")
CASES = {
    # framing (RFC 9112 6.1, 6.3)
    "content length and chunked": (POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", *BAD),
    "chunked and content length": (POST + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", *BAD),
    "two lengths that differ": (POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", *BAD),
    "a list of lengths that differ": (POST + b"Content-Length: 5, 6\r\n\r\nhello!", *BAD),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n", *BAD),
    "a length with a plus": (POST + b"Content-Length: +5\r\n\r\nhello", *BAD),
    "a length in hexadecimal": (POST + b"Content-Length: 0x5\r\n\r\nhello", *BAD),
    "a length with a space inside": (POST + b"Content-Length: 1 0\r\n\r\nhello", *BAD),
    "an empty length": (POST + b"Content-Length: \r\n\r\n", *BAD),
    "a length beyond 64 bits": (POST + b"Content-Length: 99999999999999999999999\r\n\r\n", *BAD),
    "chunked twice": (POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", *BAD),
    "chunked not last": (POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", *BAD),
    "chunked in HTTP/1.0": (
        b"POST / HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", *BAD,
    ),
    "chunked with a vertical tab": (POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", *BAD),
    # lines (RFC 9112 2.2, 5)
    "a folded line": (GET + b"X-A: one\r\n two\r\n\r\n", *BAD),
    "a folded first line": (b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n", *BAD),
    "bare LF after the request line": (b"GET / HTTP/1.1\nHost: localhost\r\n\r\n", *BAD),
    "bare LF after a field": (GET + b"X-A: one\nX-B: two\r\n\r\n", *BAD),
    "bare LF at the end": (b"GET / HTTP/1.1\r\nHost: localhost\n\n", *BAD),
    "bare CR in a field": (GET + b"X-A: one\rX-B: two\r\n\r\n", *BAD),
    "bare CR in the request line": (b"GET /\r HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "NUL in a value": (GET + b"X-A: o\0ne\r\n\r\n", *BAD),
    "NUL in a name": (GET + b"X-\0A: one\r\n\r\n", *BAD),
    "a control byte in a value": (GET + b"X-A: o\x01ne\r\n\r\n", *BAD),
    "DEL in a value": (GET + b"X-A: o\x7fne\r\n\r\n", *BAD),
    "a space before the colon": (GET + b"X-A : one\r\n\r\n", *BAD),
    "a space before the colon of a length": (POST + b"Content-Length : 5\r\n\r\nhello", *BAD),
    "a tab before the colon": (GET + b"X-A\t: one\r\n\r\n", *BAD),
    "no colon": (GET + b"X-A one\r\n\r\n", *BAD),
    "an empty name": (GET + b": one\r\n\r\n", *BAD),
    "a name with a bracket": (GET + b"X[A]: one\r\n\r\n", *BAD),
    # the request line (RFC 9112 3)
    "two spaces in the request line": (b"GET  / HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "a space at its end": (b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n", *BAD),
    "a space in the target": (b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "no target": (b"GET HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "no version": (b"GET /\r\nHost: localhost\r\n\r\n", *BAD),
    "a version in lower case": (b"GET / http/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "a method that is no token": (b"G{T / HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "a relative target": (b"GET a/b HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "a control byte in the target": (b"GET /a\x01b HTTP/1.1\r\nHost: localhost\r\n\r\n", *BAD),
    "another protocol altogether": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64 + b"\r\n\r\n", *BAD),
    "the preface of HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", None, None),
    # Host (RFC 9112 3.2)
    "no Host": (b"GET / HTTP/1.1\r\n\r\n", *BAD),
    "two Hosts": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", *BAD),
    "two Hosts that differ": (b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: upstream.test\r\n\r\n", *BAD),
    "a Host with a space": (b"GET / HTTP/1.1\r\nHost: local host\r\n\r\n", *BAD),
    "a Host with a path": (b"GET / HTTP/1.1\r\nHost: localhost/x\r\n\r\n", *BAD),
    "a Host with a user": (b"GET / HTTP/1.1\r\nHost: me@localhost\r\n\r\n", *BAD),
    "a Host with a bad port": (b"GET / HTTP/1.1\r\nHost: localhost:80x\r\n\r\n", *BAD),
    "a list of Hosts": (b"GET / HTTP/1.1\r\nHost: localhost, upstream.test\r\n\r\n", *BAD),
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
    # sizes
    "a head of 100 KiB": (GET + b"".join(b"X-%04d: %s\r\n" % (n, b"a" * 1000) for n in range(100)) + b"\r\n", 431, None),
    "one field of 100 KiB": (GET + b"X-A: " + b"a" * 102400 + b"\r\n\r\n", 431, None),
    "ten thousand fields": (GET + b"a:b\r\n" * 10000 + b"\r\n", 431, None),
    "a target of 20 KiB": (b"GET /" + b"a" * 20480 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, None),
    "an unknown major version": (b"GET / HTTP/3.0\r\nHost: localhost\r\n\r\n", 505, None),
}  # fmt: skip

# Chunks (RFC 9112 7.1). Here the head is good, and a proxy that streams may have sent it on by then; but the request
# must never become whole upstream.
CHUNKS = {
    "a chunk size that is no number": (CHUNKED + b"xyz\r\nabc\r\n0\r\n\r\n", *BAD),
    "a negative chunk size": (CHUNKED + b"-1\r\n\r\n", *BAD),
    "a chunk size with 0x": (CHUNKED + b"0x3\r\nabc\r\n0\r\n\r\n", *BAD),
    "a chunk size beyond 64 bits": (CHUNKED + b"fffffffffffffffff\r\nabc", *BAD),
    "a space before the chunk size": (CHUNKED + b" 3\r\nabc\r\n0\r\n\r\n", *BAD),
    "a chunk size that ends with a bare LF": (CHUNKED + b"3\nabc\r\n0\r\n\r\n", *BAD),
}


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


@pytest.mark.parametrize("name", CHUNKS)
def test_a_bad_chunk_never_completes_a_request(proxy, upstream, name):
    before = len(upstream.requests)
    assert_refused(proxy, *CHUNKS[name])
    assert len(upstream.requests) == before


@pytest.mark.parametrize("cut", [1, 7, 17, 30])
def test_a_refusal_does_not_depend_on_how_the_bytes_come(proxy, upstream, cut):
    data, status, code = CASES["a folded line"]
    with proxy.client() as client:
        for begin in range(0, len(data), cut):
            client.send_as_far_as_taken(data[begin : begin + cut])
        assert_own_error(client.response(), status, code)
        assert client.closed()


def test_nothing_after_a_bad_request_is_answered(proxy, upstream):
    before = len(upstream.requests)
    with proxy.client() as client:
        client.send(CASES["two lengths that differ"][0] + request(target="/smuggled"))
        assert client.response().status == 400
        assert client.closed()
    assert len(upstream.requests) == before


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


def test_an_empty_line_before_a_request_is_skipped(proxy):
    with proxy.client() as client:
        assert client.ask(b"\r\n" + request(target="/healthy")).status == 200


def test_lengths_that_agree_are_one_length(make_proxy, route, make_upstream):
    """RFC 9112 6.3 lets a recipient take equal lengths as one, or refuse; never send two on."""
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        answer = client.ask(POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\nhi")
    if answer.status == 200:
        assert upstream.requests[-1].one("Content-Length") == "2"
    else:
        assert_own_error(answer, *BAD)
        assert upstream.received == b""
