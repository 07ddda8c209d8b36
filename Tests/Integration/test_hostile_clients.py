"""Five hundred hostile connections at once: the proxy serves everybody else meanwhile, and holds nothing afterwards."""

import asyncio
import contextlib
import os
import random
import socket
import ssl
import struct
import threading
import time

import pytest

from harness.messages import eventually, request
from harness.upstream import answering

COUNT = 500
# Seconds that a person would notice; a healthy answer takes some milliseconds. During the attack, the attackers and the
# upstream share this process with the client.
AT_ONCE, MEANWHILE = 1.0, 3.0
# How long the attackers go on, in seconds.
ATTACK = 4.0
MEBIBYTE = 1 << 20

GET = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n"
CHUNKED = b"POST /x HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
LARGE = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % MEBIBYTE + b"x" * MEBIBYTE
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Attacker:
    """One connection of one kind; everything it does by chance comes from its number."""

    def __init__(self, number: int, port: int):
        self.random = random.Random(number)
        self.port = port
        self.loop = asyncio.get_running_loop()

    async def run(self, kind):
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if kind is Attacker.never_reads:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with contextlib.suppress(OSError), self.socket:
            await self.loop.sock_connect(self.socket, ("127.0.0.1", self.port))
            await kind(self)

    async def send(self, data: bytes):
        await self.loop.sock_sendall(self.socket, data)

    async def listen(self):
        """Reads until the proxy has had enough."""
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            async with asyncio.timeout(ATTACK):
                while await self.loop.sock_recv(self.socket, 65536):
                    pass

    def reset(self):
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    async def drip(self, data: bytes):
        end = time.monotonic() + ATTACK
        for byte in data:
            if time.monotonic() > end:
                return
            await self.send(bytes([byte]))
            await asyncio.sleep(self.random.uniform(0.01, 0.1))

    # the kinds

    async def slow_head(self):
        await self.drip(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Slow: 1\r\n" * 50)

    async def slow_content(self):
        await self.send(POST)
        await self.drip(b"x" * 1000)

    async def slow_chunks(self):
        await self.send(CHUNKED)
        await self.drip(b"1;a=b\r\nx\r\n" * 100)

    async def garbage(self):
        await self.send(self.random.randbytes(self.random.randint(1, 5000)))
        await self.listen()

    async def garbage_lines(self):
        await self.send(self.random.randbytes(2000).replace(b"\n", b"\r\n"))
        await self.listen()

    async def client_hello(self):
        outgoing = ssl.MemoryBIO()
        pipe = ssl.create_default_context().wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
        with contextlib.suppress(ssl.SSLWantReadError):
            pipe.do_handshake()
        await self.send(outgoing.read())
        await self.listen()

    async def http2(self):
        await self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00" * 100)
        await self.listen()

    async def reset_anywhere(self):
        data = self.random.choice([GET, POST + b"x" * 100000, CHUNKED + b"5\r\nhello\r\n"])
        await self.send(data[: self.random.randint(0, len(data))])
        await asyncio.sleep(self.random.uniform(0, 0.2))
        self.reset()

    async def reset_inside_the_answer(self):
        await self.send(GET)
        await self.loop.sock_recv(self.socket, 1000)
        self.reset()

    async def ends_inside_a_request(self):
        data = POST + b"x" * 1000
        await self.send(data[: self.random.randint(1, len(data))])
        self.socket.shutdown(socket.SHUT_WR)
        await self.listen()

    async def silence(self):
        await asyncio.sleep(ATTACK)

    async def half_open_silence(self):
        self.socket.shutdown(socket.SHUT_WR)
        await asyncio.sleep(ATTACK)

    async def huge_head(self):
        await self.send(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000)
        await self.listen()

    async def many_fields(self):
        await self.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"a:\r\n" * 50_000)
        await self.listen()

    async def endless_line(self):
        for _ in range(100):
            await self.send(b"A" * 10_000)
        await self.listen()

    async def never_reads(self):
        with contextlib.suppress(TimeoutError, asyncio.TimeoutError):
            async with asyncio.timeout(ATTACK):
                while True:
                    await self.send(GET)
        await asyncio.sleep(ATTACK / 4)

    async def bad_chunks(self):
        await self.send(CHUNKED + b"5\r\nhello\r\n" + self.random.choice([b"zz\r\n", b"-1\r\n", b"0x5\r\n", b"\r\n"]))
        await self.listen()

    async def two_lengths(self):
        await self.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\nGET /")
        await self.listen()

    async def pipelined(self):
        await self.send(b"GET /x HTTP/1.1\r\nHost: localhost\r\n\r\n" * 200)
        await self.listen()

    async def foreign_host(self):
        await self.send(request(host="rebound.example") * 20)
        await self.listen()


KINDS = [kind for name, kind in vars(Attacker).items() if name in set(
    "slow_head slow_content slow_chunks garbage garbage_lines client_hello http2 reset_anywhere reset_inside_the_answer"
    " ends_inside_a_request silence half_open_silence huge_head many_fields endless_line never_reads bad_chunks"
    " two_lengths pipelined foreign_host".split()
)]  # fmt: skip


def attack(port: int, seed: int):
    async def everybody():
        attackers = (Attacker(seed + number, port).run(KINDS[number % len(KINDS)]) for number in range(COUNT))
        await asyncio.gather(*attackers)

    asyncio.run(everybody())


@pytest.fixture
def upstream(make_upstream):
    return make_upstream(answering(lambda message: LARGE if message.target == "/large" else OK))


@pytest.fixture
def proxy(make_proxy, route, upstream):
    # Slow and silent ones are let go a while after the attack; who never reads holds a connection upstream until then.
    timeouts = {"requestHead": "3s", "requestBody": "3s", "keepAlive": "3s", "idle": "3s", "responseHead": "20s"}
    return make_proxy(route(upstream.port, timeouts=timeouts))


def descriptors(proxy) -> int:
    if os.geteuid() != 0:
        pytest.skip("nobody but root sees the descriptors of a process that is not to be dumped")
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


def resident(proxy) -> int:
    with open(f"/proc/{proxy.process.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def assert_answers_at_once(proxy, limit: float = AT_ONCE):
    began = time.monotonic()
    with proxy.client() as client:
        answer = client.ask(request("POST", "/normal", body=b"an order"))
    assert (answer.status, answer.body) == (200, b"ok")
    assert time.monotonic() - began < limit


def descriptors_at_rest(proxy, upstream) -> int:
    """How many the proxy holds without a client, once its upstream has closed what rested in the pool."""
    upstream.forget()
    counts = [0, 1]
    while counts[-1] != counts[-2]:
        time.sleep(0.5)
        counts.append(descriptors(proxy))
    return counts[-1]


def test_hostile_connections_disturb_nobody_and_leave_nothing(proxy, upstream):
    assert len(KINDS) == 20
    assert_answers_at_once(proxy)
    before = descriptors_at_rest(proxy, upstream)
    sizes = []
    for seed in (0, COUNT):
        attackers = threading.Thread(target=attack, args=(proxy.port, seed))
        attackers.start()
        assert eventually(lambda: descriptors(proxy) > before + 100), "they have come"
        while attackers.is_alive():
            assert_answers_at_once(proxy, MEANWHILE)
            time.sleep(0.2)
        attackers.join()
        assert_answers_at_once(proxy)
        assert eventually(lambda: descriptors_at_rest(proxy, upstream) == before, 20), (descriptors(proxy), before)
        assert_answers_at_once(proxy)
        sizes.append(resident(proxy))
    # The first time, buffers are made that are kept; the second time there is nothing more to make.
    assert sizes[0] < 128 * MEBIBYTE, sizes
    assert sizes[1] - sizes[0] < 16 * MEBIBYTE, sizes
    for _ in range(20):
        assert_answers_at_once(proxy)
