"""Every request of the table through the running proxy, whose upstream records each byte that arrives.

A refused request is answered with the proxy's own JSON, the connection closes, and nothing went on. One that is accepted
arrives as exactly one request, written anew so that nobody can read it in two ways.
"""

import itertools
import socket

import pytest

from harness.cases import REQUESTS, dangerous
from harness.messages import Broken, request
from harness.strict import assert_unambiguous
from harness.upstream import answering
from test_malformed_requests import assert_own_error

HARD = dangerous(REQUESTS)
numbers = itertools.count()


def echo(message) -> bytes:
    """The answer says which request it answers."""
    content = f"{message.method} {message.target}".encode("latin-1")
    head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
    return head + (b"" if message.method == "HEAD" else content)


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(answering(echo))


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    hosts = ["a", "localhost", "127.0.0.1", "[::1]"]
    return make_proxy(route(upstream.port, allow={"hosts": hosts}))


@pytest.fixture
def arrived(upstream, token):
    """What arrived upstream since the test began: each request well-formed, and none behind the last."""
    before = len(upstream.requests)

    def check() -> list:
        messages = upstream.requests[before:]
        for message in messages:
            assert_unambiguous(message.raw_head, "upstream.test", token)
        return messages

    return check


def receive(client, case):
    """Reads what a case is answered with; the connection is left to the next request, or has ended."""
    entry = case.entry
    if "refused" in entry:
        error = assert_own_error(client.response(), entry["refused"], None)
        assert error["route"] is None or entry.get("late"), error
        assert client.closed(), "the connection has to close: what follows cannot be told from a request"
        return
    answer = client.response(case.facts["method"])
    if "answered" in entry:
        assert_own_error(answer, entry["answered"], None)
    else:
        assert answer.status == 200, (answer.raw_head, answer.body)
        if case.facts["method"] != "HEAD":
            assert answer.body.decode("latin-1") == f"{case.facts['method']} {case.target}"
    if "then" in entry:
        assert_own_error(client.response(), entry["then"], None)
    if "then" in entry or not stays_open(case):
        assert client.closed()


def stays_open(case) -> bool:
    """Whether another request may follow: an answer of the proxy's own does not wait for the content, and closes instead."""
    return case.facts["persistent"] and not ("answered" in case.entry and case.content)


def expect(case) -> list:
    """What has to arrive upstream of a case."""
    return [(case.facts["method"], case.target, case.content)] if case.is_accepted else []


def seen(messages) -> list:
    return [(message.method, message.target, message.body) for message in messages]


def another_client(proxy) -> tuple:
    """A request of somebody else, which reuses the connection upstream: it gets its own answer."""
    target = f"/another/{next(numbers)}"
    with proxy.client() as client:
        answer = client.ask(request(target=target))
    assert (answer.status, answer.body.decode()) == (200, f"GET {target}")
    return ("GET", target, b"")


def send_a_half(proxy, case):
    """Sends a message that is not whole, and ends: whatever the answer, it is none of the upstream's."""
    with proxy.client() as client:
        client.send_as_far_as_taken(case.data)
        client.connection.shutdown(socket.SHUT_WR)
        try:
            answer = client.response()
            assert_own_error(answer, None, None)
        except Broken:
            pass


@pytest.mark.parametrize("case", REQUESTS, ids=str)
def test_a_request_of_the_table(proxy, upstream, arrived, case):
    received = len(upstream.received)
    if case.is_unfinished:
        send_a_half(proxy, case)
    else:
        with proxy.client() as client:
            client.send_as_far_as_taken(case.data)
            receive(client, case)
    if not case.is_accepted and "unfinished" not in case.entry and "late" not in case.entry:
        assert len(upstream.received) == received, "not a byte of it may go on"
    assert seen(arrived()) == expect(case)


@pytest.mark.parametrize("case", HARD, ids=str)
def test_a_dangerous_request_with_others_behind_it(proxy, arrived, case):
    expected = expect(case)
    if case.is_unfinished:
        send_a_half(proxy, case)
    else:
        follower = f"/behind/{next(numbers)}"
        with proxy.client() as client:
            client.send_as_far_as_taken(case.data + request(target=follower))
            receive(client, case)
            if "refused" not in case.entry and "then" not in case.entry and stays_open(case):
                answer = client.response()
                assert (answer.status, answer.body.decode()) == (200, f"GET {follower}")
                expected.append(("GET", follower, b""))
    expected.append(another_client(proxy))
    assert seen(arrived()) == expected


@pytest.mark.parametrize("case", [case for case in HARD if len(case.data) < 1000], ids=str)
def test_a_dangerous_request_byte_by_byte(proxy, arrived, case):
    expected = expect(case)
    if not case.is_unfinished:
        # A head is looked at whenever a line of it has ended: so every fault comes to light with an LF behind it.
        data = case.data + (b"\r\n" if "refused" in case.entry else b"")
        with proxy.client() as client:
            for offset in range(len(data)):
                client.send_as_far_as_taken(data[offset : offset + 1])
            receive(client, case)
    expected.append(another_client(proxy))
    assert seen(arrived()) == expected


LONG = {
    "a length": b"Content-Length: 11\r\n\r\nhello world",
    "a length that never comes": b"Content-Length: 9223372036854775807\r\n\r\n",
    "a length and Expect": b"Content-Length: 11\r\nExpect: 100-continue\r\n\r\n",
    "chunks": b"Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n",
    "one chunk": b"Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
    "a chunk that never comes": b"Transfer-Encoding: chunked\r\n\r\nfffffffffffffff\r\nhello, world",
}


@pytest.mark.parametrize("rest", LONG.values(), ids=LONG)
def test_content_that_is_too_long(make_proxy, route, make_upstream, rest):
    """413 by the route's limits.requestBody: it is never a whole request upstream, and what follows it is none."""
    upstream = make_upstream(answering(echo))
    proxy = make_proxy(route(upstream.port, limits={"requestBody": 10}))
    with proxy.client() as client:
        client.send_as_far_as_taken(b"POST /long HTTP/1.1\r\nHost: localhost\r\n" + rest + request(target="/behind"))
        assert_own_error(client.response(), 413, "content_too_large")
        assert client.closed()
    assert seen(upstream.requests) == []
    another_client(proxy)
    assert [message.target[:9] for message in upstream.requests] == ["/another/"]


def test_nothing_is_left_over(upstream):
    """After all of it: what arrived on each connection is requests, one after the other, and no byte besides."""
    for connection in upstream.connections:
        if connection.reader.ended:
            continue
        assert connection.reader.buffer == b""
