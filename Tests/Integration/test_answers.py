"""Answers of the upstream, right and wrong, as the client gets them."""

import re
import threading
import time

import pytest

from harness.messages import Broken, eventually, request
from harness.upstream import OK, answering
from test_malformed_requests import assert_own_error


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    return make_proxy(route(upstream.port, timeouts={"responseHead": "5s"}))


@pytest.fixture
def serve(upstream):
    """Sets what the upstream does with the connections of this test."""

    def set_to(serve):
        upstream.forget()
        upstream.serve = serve

    yield set_to
    set_to(answering(OK))


def once(answer: bytes, end: str = "finish"):
    """Serves one request of a connection with these bytes, and ends the connection in this way."""

    def serve(connection):
        connection.next()
        connection.send(answer)
        getattr(connection, end)()

    return serve


HEAD = b"HTTP/1.1 200 OK\r\n"

# Wrong before the client has got anything: a 502 of the proxy's own.
REFUSED = {
    "two lengths that differ": HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\nok!",
    "a list of lengths that differ": HEAD + b"Content-Length: 2, 3\r\n\r\nok!",
    "a length that is no number": HEAD + b"Content-Length: two\r\n\r\nok",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\nok",
    "a length and chunked": HEAD + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    "a coding that nobody knows": HEAD + b"Transfer-Encoding: rot13\r\n\r\nok",
    "a status of two digits": b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status of letters": b"HTTP/1.1 abc OK\r\nContent-Length: 2\r\n\r\nok",
    "a status of four digits": b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok",
    "a status below 100": b"HTTP/1.1 099 OK\r\nContent-Length: 2\r\n\r\nok",
    "another protocol": b"SMTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
    "no status line": b"ok ok ok\r\n\r\n",
    "a folded line": HEAD + b"X-A: one\r\n two\r\nContent-Length: 2\r\n\r\nok",
    "a space before the colon": HEAD + b"Content-Length : 2\r\n\r\nok",
    "bare LF": HEAD + b"X-A: one\nContent-Length: 2\r\n\r\nok",
    "NUL in a value": HEAD + b"X-A: o\0ne\r\nContent-Length: 2\r\n\r\nok",
    "bare CR in a value": HEAD + b"X-A: o\rne\r\nContent-Length: 2\r\n\r\nok",
    "an endless head": HEAD + b"".join(b"X-%05d: %s\r\n" % (n, b"a" * 1000) for n in range(300)),
    "half a head": HEAD + b"Content-Le",
    "nothing": b"",
    "a 101 that nobody asked for": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
}

# Wrong after the head: the client must be able to see that the answer is not whole.
TRUNCATED = {
    "fewer bytes than the length": (HEAD + b"Content-Length: 10\r\n\r\nhalf", "finish"),
    "fewer bytes than the length, cut": (HEAD + b"Content-Length: 10\r\n\r\nhalf", "cut"),
    "no last chunk": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n", "finish"),
    "a chunk that is cut": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n8\r\nhalf", "cut"),
    "a chunk size that is no number": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\nxx\r\n", "finish"),
    "a chunk longer than its size": (HEAD + b"Transfer-Encoding: chunked\r\n\r\n4\r\nhalf!\r\n0\r\n\r\n", "finish"),
    "to the end, without close_notify": (HEAD + b"\r\nhalf", "cut"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_malformed_answer_is_a_502(proxy, upstream, serve, name):
    serve(once(REFUSED[name]))
    with proxy.client() as client:
        error = assert_own_error(client.ask(request("POST", body=b"x")), 502, None)
        assert error["code"] in ("upstream_protocol", "upstream_unreachable"), error
        assert "upstream.test" in error["message"]
    assert len(upstream.requests) == 1, "a POST is never sent a second time"


@pytest.mark.parametrize("name", TRUNCATED)
@pytest.mark.parametrize("version", [b"1.1", b"1.0"])
def test_a_truncated_answer_is_never_a_whole_one(proxy, upstream, serve, name, version):
    answer, end = TRUNCATED[name]
    serve(once(answer, end))
    with proxy.client() as client:
        client.send(b"POST / HTTP/" + version + b"\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        if version == b"1.0" and b"Content-Length" not in answer:
            assert_cut_off_for_http_10(client)
        else:
            try:
                got = client.response()
            except Broken:
                return
            assert got.status == 502, (got.raw_head, got.body)


def assert_cut_off_for_http_10(client):
    """Where the end of the connection ends the body, only a reset tells a broken answer from a whole one."""
    while True:
        try:
            piece = client.connection.recv(65536)
        except ConnectionResetError:
            return
        if not piece:
            break
        client.reader.everything += piece
    assert b" 502 " in bytes(client.reader.everything).split(b"\r\n")[0], bytes(client.reader.everything)


def test_bytes_after_an_answer_never_answer_the_next_request(proxy, upstream, serve):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"

    def serve_both(connection):
        connection.next()
        connection.send((OK + evil) if connection.number == 0 else OK.replace(b"ok", b"no"))
        while connection.next() is not None:
            connection.send(evil)

    serve(serve_both)
    with proxy.client() as client:
        assert client.ask(request(target="/1")).body == b"ok"
        assert client.ask(request(target="/2")).body == b"no"
    assert upstream.accepted == 2


def test_bytes_that_come_while_a_connection_rests_answer_nothing(proxy, upstream, serve):
    evil = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
    sent = threading.Event()

    def serve_late(connection):
        connection.next()
        connection.send(OK)
        if connection.number == 0:
            # The proxy has given the answer on by now; this one belongs to no request.
            sent.wait(5)
            connection.send(evil)
            sent.clear()
        while connection.next() is not None:
            connection.send(evil if connection.number == 0 else OK)

    serve(serve_late)
    with proxy.client() as client:
        assert client.ask(request(target="/1")).body == b"ok"
        sent.set()
        assert eventually(lambda: not sent.is_set())
        assert client.ask(request(target="/2")).body == b"ok"


@pytest.mark.parametrize(
    "method, answer",
    [
        ("HEAD", HEAD + b"Content-Length: 12345\r\n\r\n"),
        ("HEAD", HEAD + b"Transfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", HEAD + b"\r\n"),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 12345\r\n\r\n"),
        ("POST", b"HTTP/1.1 204 No Content\r\n\r\n"),
    ],
    ids=["HEAD with a length", "HEAD with chunked", "HEAD with neither", "204", "304 with a length", "204 to a POST"],
)
def test_answers_without_a_body(proxy, serve, method, answer):
    serve(answering(lambda message: answer if message.target == "/bare" else OK))
    with proxy.client() as client:
        got = client.ask(request(method, target="/bare"), method=method)
        assert got.status == int(answer.split()[1])
        if got.status == 204:
            assert got.one("Content-Length") is None and got.one("Transfer-Encoding") is None
        if b"12345" in answer:
            assert got.one("Content-Length") in ("12345", None)
        # Nothing is left over: the same connection goes on.
        assert client.ask(request()).body == b"ok"


def test_interim_answers_are_forwarded(proxy, serve):
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
    serve(answering(hints + b"HTTP/1.1 102 Processing\r\n\r\n" + OK))
    with proxy.client() as client:
        for _ in range(2):
            got = client.ask(request())
            assert [interim.status for interim in got.interim] == [103, 102]
            assert got.interim[0].one("Link") == "</a.css>; rel=preload"
            assert got.body == b"ok"


def test_interim_answers_are_kept_from_http_10(proxy, serve):
    serve(answering(b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK))
    with proxy.client() as client:
        got = client.ask(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert not got.interim and got.body == b"ok"


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX-Sum: 1\r\n\r\n"


def test_a_chunked_answer(proxy, serve):
    serve(answering(CHUNKED))
    with proxy.client() as client:
        for _ in range(2):
            assert client.ask(request()).body == b"hello world"


def test_a_chunked_answer_to_http_10_is_not_chunked(proxy, serve):
    serve(answering(CHUNKED))
    with proxy.client() as client:
        got = client.ask(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert got.one("Transfer-Encoding") is None
        assert got.body == b"hello world"
        assert client.closed()


def test_an_answer_that_ends_with_its_connection(proxy, serve):
    serve(once(HEAD + b"\r\nall of it"))
    with proxy.client() as client:
        assert client.ask(request()).body == b"all of it"


def test_an_event_stream_is_not_held_back(proxy, serve):
    go_on = threading.Event()

    def serve_events(connection):
        connection.next()
        connection.send(HEAD + b"Content-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n")
        go_on.wait(10)
        connection.send(b"0\r\n\r\n")

    serve(serve_events)
    with proxy.client() as client:
        client.send(request())
        head = client.reader.head()
        assert head.status == 200
        first = client.reader.line()
        assert client.reader.take(int(first, 16)) == b"data: 1\n\n"
        go_on.set()


def test_twenty_requests_at_once_are_answered_in_order(proxy, serve):
    def answer(message):
        body = message.target.encode()
        return HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body

    serve(answering(answer))
    with proxy.client() as client:
        client.send(b"".join(request(target=f"/{number}") for number in range(20)))
        assert [client.response().body for _ in range(20)] == [f"/{number}".encode() for number in range(20)]


def test_posts_at_once_are_answered_in_order(proxy, upstream, serve):
    serve(answering(lambda message: HEAD + b"Content-Length: %d\r\n\r\n" % len(message.body) + message.body))
    with proxy.client() as client:
        client.send(b"".join(request("POST", body=b"order %d" % number) for number in range(20)))
        assert [client.response().body for _ in range(20)] == [b"order %d" % number for number in range(20)]
    assert len(upstream.requests) == 20


def test_a_connection_is_kept(proxy, upstream):
    with proxy.client() as client:
        for _ in range(3):
            answer = client.ask(request())
            assert (answer.one("Connection") or "keep-alive").lower() == "keep-alive"


def test_a_connection_closes_when_the_client_says_so(proxy):
    with proxy.client() as client:
        answer = client.ask(request(fields={"Connection": "close"}))
        assert answer.body == b"ok"
        assert answer.one("Connection").lower() == "close"
        assert client.closed()


def test_the_upstreams_close_is_its_own_affair(proxy, serve):
    serve(once(OK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")))
    with proxy.client() as client:
        for _ in range(3):
            assert client.ask(request()).body == b"ok"


def test_an_http_10_client(proxy):
    with proxy.client() as client:
        answer = client.ask(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        assert answer.body == b"ok"
        assert client.closed()


def test_an_http_10_client_that_asks_to_be_kept(proxy):
    with proxy.client() as client:
        answer = client.ask(b"GET / HTTP/1.0\r\nHost: localhost\r\nConnection: keep-alive\r\n\r\n")
        assert answer.body == b"ok"
        if (answer.one("Connection") or "").lower() == "keep-alive":
            assert client.ask(b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n").body == b"ok"
        else:
            assert client.closed()


def test_a_client_that_half_closes_still_gets_its_answer(proxy, serve):
    go_on = threading.Event()

    def serve_late(connection):
        connection.next()
        go_on.wait(10)
        connection.send(OK)

    serve(serve_late)
    with proxy.client() as client:
        client.send(request())
        client.connection.shutdown(1)
        threading.Timer(0.2, go_on.set).start()
        assert client.response().body == b"ok"


def test_an_upstream_that_does_not_answer_is_a_504(make_proxy, route, make_upstream):
    done = threading.Event()
    upstream = make_upstream(lambda connection: (connection.next(), done.wait(20)))
    proxy = make_proxy(route(upstream.port, timeouts={"responseHead": "1s"}))
    with proxy.client() as client:
        assert_own_error(client.ask(request("POST", body=b"x")), 504, "upstream_timeout")
    done.set()
    assert len(upstream.requests) == 1


def resident_bytes(process) -> int:
    with open(f"/proc/{process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) * 1024


def test_a_big_answer_to_a_client_that_does_not_read_yet(proxy, serve):
    """The upstream has to wait too: the proxy holds no more of the body than its buffers."""
    body = bytes(range(256)) * (1 << 17)
    serve(answering(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body))
    before = resident_bytes(proxy.process)
    with proxy.client() as client:
        client.send(request())
        time.sleep(0.5)
        assert resident_bytes(proxy.process) - before < len(body) // 4
        assert client.response().body == body


def test_an_answer_that_comes_before_the_body_is_sent(proxy, serve):
    """A 413 that an upstream gives early reaches the client, who may still be sending."""

    def refuse(connection):
        connection.next_head()
        connection.send(b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        connection.reader.to_end()

    serve(refuse)
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 1000)
        answer = client.response()
        assert (answer.status, answer.body) == (413, b"big")


def test_redirects_are_not_followed(proxy, upstream, serve):
    serve(answering(b"HTTP/1.1 302 Found\r\nLocation: https://elsewhere.test/next?a=b\r\nContent-Length: 0\r\n\r\n"))
    with proxy.client() as client:
        answer = client.ask(request())
        assert (answer.status, answer.one("Location")) == (302, "https://elsewhere.test/next?a=b")
    assert len(upstream.requests) == 1
