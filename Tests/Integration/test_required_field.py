"""allow.requireHeader on the running proxy: refused and allowed, and what becomes of the field."""

import pytest

from harness.messages import request
from harness.upstream import answering
from test_malformed_requests import assert_own_error

VALUE = "a local key/7f3b"


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(answering())


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    # Nothing that the proxy writes may have the value: it is looked for like a secret.
    return make_proxy(
        route(upstream.port, allow={"requireHeader": f"X-Local-Key:  {VALUE}"}), secrets=[VALUE])


ALLOWED = {
    "as it is written": [("X-Local-Key", VALUE)],
    "in another case": [("x-LOCAL-key", VALUE)],
    "with white space around it": [("X-Local-Key", f"  {VALUE}\t")],
    "and named by Connection": [("Connection", "X-Local-Key"), ("X-Local-Key", VALUE)],
}
REFUSED = {
    "none": [],
    "empty": [("X-Local-Key", "")],
    "another value": [("X-Local-Key", "a local key/7f3c")],
    "a longer value": [("X-Local-Key", VALUE + "x")],
    "a shorter value": [("X-Local-Key", VALUE[:-1])],
    "the value twice in one": [("X-Local-Key", VALUE + VALUE)],
    "another case": [("X-Local-Key", VALUE.upper())],
    "with a low line": [("X_Local_Key", VALUE)],
    "with one low line": [("X-Local_Key", VALUE)],
    "twice": [("X-Local-Key", VALUE), ("X-Local-Key", VALUE)],
    "and another": [("X-Local-Key", VALUE), ("X-Local-Key", "x")],
    "and one with a low line": [("X-Local-Key", VALUE), ("x_local_key", VALUE)],
    "in a list": [("X-Local-Key", f"{VALUE}, {VALUE}")],
    "a longer name": [("X-Local-Key2", VALUE)],
}


@pytest.mark.parametrize("fields", ALLOWED.values(), ids=ALLOWED)
def test_a_request_with_the_field_goes_on_without_it(proxy, upstream, fields):
    with proxy.client() as client:
        assert client.ask(request(fields=[*fields, ("X-Stays", "1")])).status == 200
    message = upstream.requests[-1]
    assert message.one("X-Stays") == "1"
    assert b"local" not in message.raw_head.lower().replace(b"localhost", b"")


@pytest.mark.parametrize("fields", REFUSED.values(), ids=REFUSED)
def test_a_request_without_it_does_not_arrive(proxy, upstream, fields):
    received = len(upstream.received)
    with proxy.client() as client:
        answer = client.ask(request(fields=fields))
        error = assert_own_error(answer, 403, "forbidden")
        assert client.ask(request(fields=[("X-Local-Key", VALUE)])).status == 200, "the connection goes on"
    assert "X-Local-Key" in error["message"] and VALUE.encode() not in answer.body
    assert upstream.received[received:].count(b" HTTP/1.1\r\n") == 1


def test_a_trailer_is_no_field(proxy, upstream):
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nTrailer: X-Local-Key\r\n"
    trailer = b"0\r\nX-Local-Key: " + VALUE.encode() + b"\r\n\r\n"
    received = len(upstream.requests)
    with proxy.client() as client:
        client.send(head + b"\r\n" + trailer)
        assert_own_error(client.response(), 403, "forbidden")
    assert len(upstream.requests) == received
    with proxy.client() as client:
        client.send(head + b"TE: trailers\r\nX-Local-Key: " + VALUE.encode() + b"\r\n\r\n" + trailer)
        assert client.response().status == 200
    assert VALUE.encode() not in upstream.received
