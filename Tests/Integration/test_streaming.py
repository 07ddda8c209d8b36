"""What goes through piece by piece: event streams, long polls, answers before the end of an upload, both directions at once."""

import http.client
import socket
import statistics
import subprocess
import threading
import time

import pytest

from harness import limits
from harness.messages import eventually, request
from harness.transfers import MEBIBYTE, Pattern, Sender, receive_content

NOTICED = 0.25  # seconds that a person would notice; what was measured is recorded with the test
EVENTS = 40
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"


class Stream:
    """An upstream that sends an event now and then, and remembers when each one left."""

    def __init__(self, chunked: bool):
        self.chunked = chunked
        self.left: list[float] = []
        self.ended = threading.Event()

    def serve(self, connection):
        while connection.next() is not None:
            connection.send(HEAD + (b"Transfer-Encoding: chunked\r\n" if self.chunked else b"") + b"\r\n")
            try:
                for number in range(EVENTS):
                    time.sleep(0.02)
                    event = b"data: %d\n\n" % number
                    self.left.append(time.monotonic())
                    connection.send(b"%x\r\n%s\r\n" % (len(event), event) if self.chunked else event)
                if self.chunked:
                    connection.send(b"0\r\n\r\n")
            finally:
                self.ended.set()
            if not self.chunked:
                return


def arrivals(read_line) -> list[float]:
    """When each event arrived; they come in their order, and none is missing."""
    times = []
    for number in range(EVENTS):
        while not (line := read_line()).startswith(b"data: "):
            assert line, "the stream ended"
        times.append(time.monotonic())
        assert line.strip() == b"data: %d" % number
    return times


def assert_prompt(stream: Stream, arrived: list[float], record_property):
    delays = [there - left for left, there in zip(stream.left, arrived, strict=True)]
    record_property("first_ms", round(delays[0] * 1000, 3))
    record_property("median_ms", round(statistics.median(delays) * 1000, 3))
    print(f"first {delays[0] * 1000:.2f} ms, median {statistics.median(delays) * 1000:.2f} ms, worst {max(delays) * 1000:.2f} ms")
    assert statistics.median(delays) < NOTICED and delays[0] < 2 * NOTICED


@pytest.mark.parametrize("chunked", [True, False], ids=["chunked", "until the end"])
def test_events_arrive_when_they_leave(make_proxy, route, make_upstream, record_property, chunked):
    stream = Stream(chunked)
    proxy = make_proxy(route(make_upstream(stream.serve).port))
    connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=limits.ANSWER)
    connection.request("GET", "/events")
    answer = connection.getresponse()
    assert answer.headers["Content-Type"] == "text/event-stream"
    assert_prompt(stream, arrivals(answer.readline), record_property)
    assert answer.read() == b"\n"
    connection.close()


def test_events_arrive_at_curl_and_at_a_client_of_http_1_0(make_proxy, route, make_upstream, record_property):
    for version in ["--http1.1", "--http1.0"]:
        stream = Stream(chunked=True)
        proxy = make_proxy(route(make_upstream(stream.serve).port))
        command = ["curl", "-sSN", version, "--noproxy", "*", f"{proxy.address}/events"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0) as curl:
            assert_prompt(stream, arrivals(curl.stdout.readline), record_property)
            assert curl.wait(limits.ANSWER) == 0


def test_a_long_poll_waits_and_holds_up_nobody(make_proxy, route, make_upstream):
    answer_now = threading.Event()

    def serve(connection):
        while (message := connection.next()) is not None:
            if message.target == "/poll":
                assert answer_now.wait(limits.ANSWER)
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(message.target), message.target.encode()))

    proxy = make_proxy(route(make_upstream(serve).port))
    with proxy.client() as poll, proxy.client() as other:
        poll.send(request(target="/poll"))
        for number in range(20):
            assert other.ask(request(target=f"/{number}")).body == b"/%d" % number
        time.sleep(1)
        answer_now.set()
        assert poll.response().body == b"/poll"
        assert poll.ask(request(target="/again")).body == b"/again"


@pytest.mark.parametrize("end", ["finish", "cut", "reset"])
@pytest.mark.parametrize("framing", ["length", "chunked"])
def test_an_early_refusal_reaches_a_client_that_reads_only_after_its_upload(make_proxy, route, make_upstream, framing, end):
    """The upstream answers 413 and closes with most of the content unread: its kernel resets the connection."""

    def serve(connection):
        connection.next_head()
        if framing == "chunked":
            connection.reader.more()
        connection.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big")
        if end == "reset":
            # What was sent has to arrive first: a reset overtakes nothing, but its receiver may drop what it has not read.
            time.sleep(0.2)
        getattr(connection, end)()

    proxy = make_proxy(route(make_upstream(serve).port))
    content = Pattern(32 * MEBIBYTE)
    for _ in range(3):
        with proxy.client() as client:
            field = "Transfer-Encoding: chunked" if framing == "chunked" else f"Content-Length: {content.count}"
            client.send(f"POST /up HTTP/1.1\r\nHost: localhost\r\n{field}\r\n\r\n".encode())
            sender = Sender(client.send, content, chunked=framing == "chunked")
            sender.join(limits.TEST)
            assert sender.failure is None, f"the upload broke off after {sender.sent} bytes"
            answer = client.response()
            assert (answer.status, answer.body, answer.one("Connection")) == (413, b"too big", "close")
            assert client.closed()


def test_an_early_refusal_reaches_curl(make_proxy, route, make_upstream, tmp_path):
    def serve(connection):
        connection.next_head()
        connection.send(b"HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 7\r\n\r\ntoo big")

    proxy = make_proxy(route(make_upstream(serve).port))
    file = tmp_path / "content"
    with open(file, "wb") as stream:
        stream.truncate(16 * MEBIBYTE)
    for options in [["-H", "Expect:"], ["-H", "Expect:", "-H", "Transfer-Encoding: chunked"], []]:
        command = ["curl", "-sS", "--noproxy", "*", "-w", " %{http_code}", "-T", file, *options, f"{proxy.address}/up"]
        curl = subprocess.run(command, capture_output=True, timeout=limits.TEST)
        assert curl.stdout == b"too big 413", (options, curl.stdout, curl.stderr)


def test_sixty_four_mebibytes_both_ways_at_once(make_proxy, route, make_upstream):
    """The upstream answers before the upload ends, and with what it gets: neither side may wait for the other."""
    content = Pattern(64 * MEBIBYTE)

    def serve(connection):
        while (message := connection.next_head()) is not None:
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            reader, missing = connection.reader, int(message.one("Content-Length"))
            while missing:
                if not reader.buffer:
                    reader.more()
                    reader.everything.clear()
                piece, reader.buffer = reader.buffer, b""
                missing -= len(piece)
                connection.send(b"%x\r\n%s\r\n" % (len(piece), piece))
            connection.send(b"0\r\n\r\n")

    proxy = make_proxy(route(make_upstream(serve).port))
    with proxy.client() as client:
        client.connection.settimeout(limits.TEST)
        client.send(f"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: {content.count}\r\n\r\n".encode())
        sender = Sender(client.send, content)
        assert client.reader.head().status == 200
        assert receive_content(client.reader, None) == (content.count, content.digest())
        sender.join(limits.ANSWER)
        # The answer had begun before the request ended.
        assert client.closed()


@pytest.mark.parametrize("how", ["close", "reset"])
def test_who_leaves_a_stream_ends_it_upstream(make_proxy, route, make_upstream, how):
    left = threading.Event()

    def serve(connection):
        while connection.next() is not None:
            connection.send(HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
            # Nothing more to say: only the end of the connection tells that nobody listens.
            assert connection.stream.recv(1) == b""
            left.set()

    proxy = make_proxy(route(make_upstream(serve).port))
    client = proxy.client()
    client.send(request(target="/events"))
    assert client.reader.head().status == 200
    assert eventually(lambda: client.reader.buffer or client.reader.receive())
    if how == "reset":
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.connection.close()
    assert left.wait(limits.CLOSE), "the upstream still serves nobody"


def test_a_slow_reader_gets_all_of_it(make_proxy, route, make_upstream):
    content = Pattern(4 * MEBIBYTE)

    def serve(connection):
        while connection.next() is not None:
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % content.count)
            for piece in content.pieces():
                connection.send(piece)

    proxy = make_proxy(route(make_upstream(serve).port))
    with proxy.client() as client:
        client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16384)
        client.send(request(target="/slow"))
        assert client.reader.head().status == 200
        for _ in range(50):
            client.reader.buffer += client.connection.recv(4096)
            time.sleep(0.02)
        assert receive_content(client.reader, content.count) == (content.count, content.digest())
        assert client.ask(request(target="/next"), "HEAD").status == 200


@pytest.mark.parametrize("framing", ["length", "chunked", "until the end"])
def test_an_answer_of_requests_streams(make_proxy, route, make_upstream, framing):
    """python-requests, as programs use it: line by line, the first before the last was sent."""
    requests = pytest.importorskip("requests")
    go_on = threading.Event()
    lines = [b"first\n", b"second\n"]

    def serve(connection):
        while connection.next() is not None:
            fields = {
                "length": b"Content-Length: %d\r\n" % sum(map(len, lines)),
                "chunked": b"Transfer-Encoding: chunked\r\n",
                "until the end": b"",
            }[framing]
            connection.send(b"HTTP/1.1 200 OK\r\n" + fields + b"\r\n")
            for line in lines:
                connection.send(b"%x\r\n%s\r\n" % (len(line), line) if framing == "chunked" else line)
                assert go_on.wait(limits.ANSWER)
            if framing == "chunked":
                connection.send(b"0\r\n\r\n")
            if framing == "until the end":
                return

    proxy = make_proxy(route(make_upstream(serve).port))
    session = requests.Session()
    session.trust_env = False
    with session.get(f"{proxy.address}/lines", stream=True, timeout=limits.ANSWER) as answer:
        pieces = answer.raw.stream(6, decode_content=False)
        assert next(pieces) == lines[0]
        go_on.set()
        assert b"".join(pieces) == lines[1]
