"""Long contents that one side does not take: the proxy stops reading, and its memory stays what it was."""

import socket
import threading
import time

import pytest

from harness import limits
from harness.messages import request
from harness.transfers import MEBIBYTE, Pattern, Sender, receive_content

CONTENT = Pattern(64 * MEBIBYTE)
GROWTH_MAX = 8 * MEBIBYTE
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def resident(proxy) -> int:
    """The bytes of VmRSS."""
    with open(f"/proc/{proxy.process.pid}/status") as status:
        line = next(line for line in status if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024


def warm_up(proxy):
    """What a first request brings into memory is not what a transfer holds."""
    with proxy.client() as client:
        for _ in range(3):
            assert client.ask(request()).status == 200


def stopped(count) -> int:
    """Waits until a count no longer changes, and returns it."""
    deadline = time.monotonic() + limits.TEST / 2
    last, since = count(), time.monotonic()
    while time.monotonic() - since < 1:
        assert time.monotonic() < deadline, "it does not stop"
        time.sleep(0.05)
        if count() != last:
            last, since = count(), time.monotonic()
    return last


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_a_download_to_a_client_that_reads_nothing(make_proxy, route, make_upstream, record_property, chunked):
    senders = []

    def serve(connection):
        while (message := connection.next()) is not None:
            if message.target != "/long":
                connection.send(OK)
                continue
            framing = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: %d" % CONTENT.count
            connection.send(b"HTTP/1.1 200 OK\r\n%s\r\n\r\n" % framing)
            senders.append(Sender(connection.send, CONTENT, chunked))
            senders[-1].join(limits.TEST)

    proxy = make_proxy(route(make_upstream(serve).port))
    warm_up(proxy)
    before = resident(proxy)
    with proxy.client() as client:
        client.send(request(target="/long"))
        head = client.reader.head()
        assert head.status == 200
        taken = stopped(lambda: senders[0].sent if senders else 0)
        growth = resident(proxy) - before
        record_property("growth_bytes", growth)
        print(f"{growth} bytes more, {taken} taken")
        assert taken < CONTENT.count / 2, "nobody read it, and yet it went"
        assert growth < GROWTH_MAX, f"{growth} bytes more, with {taken} taken from the upstream"
        length = None if chunked else int(head.one("Content-Length"))
        assert receive_content(client.reader, length) == (CONTENT.count, CONTENT.digest())
    assert resident(proxy) - before < GROWTH_MAX


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_an_upload_to_an_upstream_that_reads_nothing(make_proxy, route, make_upstream, record_property, chunked):
    read_on = threading.Event()
    seen = []

    def serve(connection):
        # Little room, so that what is sent shows whether the proxy stops.
        connection.stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        while (message := connection.next_head()) is not None:
            if message.target == "/long":
                assert read_on.wait(limits.TEST)
                length = message.one("Content-Length")
                seen.append(receive_content(connection.reader, length and int(length)))
            connection.send(OK)

    proxy = make_proxy(route(make_upstream(serve).port))
    warm_up(proxy)
    before = resident(proxy)
    with proxy.client() as client:
        framing = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(CONTENT.count))
        head = f"PUT /long HTTP/1.1\r\nHost: localhost\r\n{framing[0]}: {framing[1]}\r\n\r\n"
        client.connection.settimeout(limits.TEST)
        client.send(head.encode())
        sender = Sender(client.send, CONTENT, chunked)
        # The upstream does not answer the announcement of a long content either: it goes on after a second.
        time.sleep(1.5)
        taken = stopped(lambda: sender.sent)
        growth = resident(proxy) - before
        record_property("growth_bytes", growth)
        print(f"{growth} bytes more, {taken} taken")
        assert 0 < taken < CONTENT.count / 2, f"{taken} bytes went to an upstream that read nothing"
        assert growth < GROWTH_MAX, f"{growth} bytes more, with {taken} taken from the client"
        read_on.set()
        sender.join(limits.TEST)
        assert client.response().status == 200
    assert seen == [(CONTENT.count, CONTENT.digest())]
    assert resident(proxy) - before < GROWTH_MAX
