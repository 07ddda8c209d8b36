"""Clients of the soak: each process has a few connections, asks one thing after another on each, and holds every answer against what was
asked. Nobody asks twice: what is not answered exactly right has failed.

What an answer has to be can be told from the request alone: its own target, number and length come back, or bytes of the sandbox's pattern.
So an answer that is another's, of another connection or another process, is one that is wrong."""

import json
import os
import random
import select
import socket
import struct
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "Integration"))

from harness.messages import Broken

# Seconds for an answer. Nothing here takes a hundredth of it on a machine that is not busy.
PATIENCE = 30
CONNECTIONS = 8
REPORT_EVERY = 0.5
# A failure is told in words so many times, and counted after that.
FAILURES_TOLD = 20
PATTERN = bytes(range(251)) * 200

KINDS = {"get": 50, "bytes": 12, "post": 14, "chunked": 12, "order": 5, "new connection": 5, "large post": 2}


def bucket(microseconds: float) -> int:
    """Latencies are counted in steps of 5 %."""
    return round(struct.unpack(">Q", struct.pack(">d", max(1.0, microseconds)))[0] / (1 << 52) * 14)


def value(number: int) -> float:
    """The microseconds at which such a step begins, more or less."""
    return struct.unpack(">d", struct.pack(">Q", round(number / 14 * (1 << 52))))[0]


def percentile(counts: Counter, share: float) -> float | None:
    """In milliseconds."""
    rest = share * counts.total()
    for number in sorted(counts):
        rest -= counts[number]
        if rest <= 0:
            return value(number) / 1000
    return None


class Answer:
    """Reads one answer from a buffer that grows; `take` returns None until it is whole."""

    def __init__(self):
        self.buffer = bytearray()
        self.head = None
        self.pieces: list[bytes] = []

    def take(self, data: bytes):
        self.buffer += data
        if self.head is None and not self.take_head():
            return None
        if self.length is not None:
            if len(self.buffer) < self.length:
                return None
            content = bytes(self.buffer[: self.length])
            del self.buffer[: self.length]
            return content
        return self.take_chunks()

    def take_head(self) -> bool:
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return False
        start, *lines = bytes(self.buffer[:end]).decode("latin-1").split("\r\n")
        del self.buffer[: end + 4]
        if not start.startswith("HTTP/1.1 "):
            raise Broken(f"bad status line: {start!r}")
        self.status = int(start[9:12])
        self.fields: dict[str, str] = {}
        for line in lines:
            name, colon, text = line.partition(":")
            if not colon or name.lower() in self.fields and name.lower() in ("content-length", "transfer-encoding", "x-request-id"):
                raise Broken(f"a wrong field, or twice: {line!r}")
            self.fields[name.lower()] = text.strip()
        self.head = start
        is_chunked = self.fields.get("transfer-encoding") == "chunked"
        if is_chunked == ("content-length" in self.fields):
            raise Broken("there is no length, or there are two")
        self.length = None if is_chunked else int(self.fields["content-length"])
        return True

    def take_chunks(self):
        while (end := self.buffer.find(b"\r\n")) >= 0:
            size = int(self.buffer[:end], 16)
            if len(self.buffer) < end + size + 4:
                return None
            if self.buffer[end + 2 + size : end + size + 4] != b"\r\n":
                raise Broken("a chunk does not end with CRLF")
            if size:
                self.pieces.append(bytes(self.buffer[end + 2 : end + 2 + size]))
            del self.buffer[: end + size + 4]
            if not size:
                return b"".join(self.pieces)
        return None


class Exchange:
    """One request, and whether an answer is the one to it."""

    def __init__(self, process: int, number: int, dice: random.Random, may_order: bool):
        self.name = f"{process}-{number}"
        self.kind = dice.choices(list(KINDS), KINDS.values())[0]
        if self.kind == "order" and not may_order:
            self.kind = "get"
        self.size = 0
        self.closes = self.kind == "new connection"
        fields = [f"X-Request-Id: soak-{self.name}"] + ["Connection: close"] * self.closes
        content = b""
        method = "POST"
        if self.kind in ("get", "new connection"):
            method, self.target = "GET", f"/_sandbox/echo?request={self.name}"
        elif self.kind == "bytes":
            self.size = dice.choice([0, 1, 200, 3_000, 20_000, 40_000])
            method, self.target = "GET", f"/_sandbox/bytes?count={self.size}&chunked={dice.randrange(2)}"
        elif self.kind == "order":
            self.target = "/api/v1/tx/send"
            content = json.dumps({"rawtx": transaction(process, number)}).encode()
        else:
            self.size = 100_000 if self.kind == "large post" else dice.choice([0, 1, 100, 1_000, 1_000, 10_000])
            self.target = f"/_sandbox/echo?request={self.name}"
            content = PATTERN[:1] * self.size
        if self.kind == "chunked":
            fields.append("Transfer-Encoding: chunked")
            cut = dice.randrange(self.size + 1)
            pieces = [piece for piece in (content[:cut], content[cut:]) if piece]
            content = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif method == "POST":
            fields.append(f"Content-Length: {len(content)}")
        self.data = "\r\n".join([f"{method} {self.target} HTTP/1.1", "Host: localhost", *fields, "", ""]).encode() + content

    def problem(self, answer: Answer, content: bytes) -> str | None:
        if answer.status != 200:
            return f"{answer.status}: {content[:300]!r}"
        if answer.fields.get("x-request-id") != f"soak-{self.name}":
            return f"the answer is another's: {answer.fields.get('x-request-id')}"
        if self.kind == "bytes":
            return None if content == PATTERN[: self.size] else f"{len(content)} bytes, and not those of {self.size}"
        document = json.loads(content)
        if self.kind == "order":
            return None if document.get("txid") else f"{content[:300]!r}"
        told = (document["target"], document["bodyLength"])
        return None if told == (self.target, self.size) else f"the answer is another's: {told}"


def transaction(process: int, number: int) -> str:
    return f"01{process:06x}{number:08x}"


class Connection:
    def __init__(self, port: int):
        self.stream = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def begin(self, exchange: Exchange):
        self.exchange, self.answer = exchange, Answer()
        self.began = time.monotonic()
        self.stream.sendall(exchange.data)


class Clients:
    """Asks so many times, and tells its parent through a pipe, a JSON line now and then."""

    def __init__(self, process: int, port: int, count: int, orders_max: int, seed: str, pipe):
        self.process, self.port, self.count, self.pipe = process, port, count, pipe
        self.orders_left = orders_max
        self.dice = random.Random(f"{seed}/{process}")
        self.begun = 0
        self.poller = select.epoll()
        self.connections: dict[int, Connection] = {}
        self.latencies: Counter = Counter()
        self.kinds: Counter = Counter()
        self.orders: list[str] = []
        self.failures: list[str] = []
        self.failed = 0
        self.reported = 0.0

    def run(self):
        for _ in range(CONNECTIONS):
            self.next(None)
        while self.connections:
            ready = self.poller.poll(REPORT_EVERY)
            for number, _ in ready:
                self.receive(self.connections[number])
            now = time.monotonic()
            if now - self.reported >= REPORT_EVERY:
                for connection in list(self.connections.values()):
                    if now - connection.began > PATIENCE:
                        self.fail(connection, f"no answer in {PATIENCE} s")
                self.report(now)
        self.report(time.monotonic())

    def next(self, connection: Connection | None):
        """The next request, on this connection or, if there is none, on a new one."""
        if self.begun == self.count:
            if connection:
                self.end(connection)
            return
        exchange = Exchange(self.process, self.begun, self.dice, self.orders_left > 0)
        self.begun += 1
        self.kinds[exchange.kind] += 1
        if exchange.kind == "order":
            self.orders_left -= 1
            self.orders.append(transaction(self.process, self.begun - 1))
        try:
            if connection is None:
                connection = Connection(self.port)
                self.connections[connection.stream.fileno()] = connection
                self.poller.register(connection.stream, select.EPOLLIN)
            connection.begin(exchange)
        except OSError as failure:
            self.tell(exchange, repr(failure))
            if connection:
                self.end(connection)
            # Not at once: a proxy that is gone would be asked a million times in no time.
            time.sleep(0.01)
            self.next(None)

    def receive(self, connection: Connection):
        try:
            data = connection.stream.recv(262_144)
            if not data:
                raise Broken("the connection ended where an answer should have been")
            content = connection.answer.take(data)
        except (OSError, Broken, ValueError) as failure:
            self.fail(connection, repr(failure))
            return
        if content is None:
            return
        exchange, answer = connection.exchange, connection.answer
        self.latencies[bucket((time.monotonic() - connection.began) * 1e6)] += 1
        try:
            problem = "more than one answer" if answer.buffer else exchange.problem(answer, content)
        except (KeyError, ValueError) as failure:
            problem = f"{failure!r}: {content[:300]!r}"
        if problem:
            self.fail(connection, problem)
        elif exchange.closes or "close" in answer.fields.get("connection", "").lower():
            self.end(connection)
            self.next(None)
        else:
            self.next(connection)

    def fail(self, connection: Connection, problem: str):
        self.tell(connection.exchange, problem)
        self.end(connection)
        self.next(None)

    def tell(self, exchange: Exchange, problem: str):
        self.failed += 1
        if self.failed <= FAILURES_TOLD:
            self.failures.append(f"{exchange.kind} {exchange.name}: {problem}")

    def end(self, connection: Connection):
        self.poller.unregister(connection.stream)
        del self.connections[connection.stream.fileno()]
        connection.stream.close()

    def report(self, now: float):
        document = {
            "latencies": self.latencies, "failed": self.failed, "failures": self.failures, "orders": self.orders, "kinds": self.kinds,
        }  # fmt: skip
        self.pipe.write(json.dumps(document).encode() + b"\n")
        self.pipe.flush()
        self.latencies, self.kinds, self.orders, self.failures, self.failed = Counter(), Counter(), [], [], 0
        self.reported = now


class Leavers:
    """Clients that go away: within a head, within a content, and before the answer. What they order may be executed, once."""

    PER_SECOND = 20

    def __init__(self, port: int, seed: str):
        self.port, self.dice, self.left, self.orders = port, random.Random(f"{seed}/leavers"), 0, []

    def leave(self):
        process, number = 0xFFFFFF, self.left
        self.left += 1
        content = json.dumps({"rawtx": transaction(process, number)}).encode()
        head = b"POST /api/v1/tx/send HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(content)
        data = head + content
        self.orders.append(transaction(process, number))
        count = self.dice.choice([0, self.dice.randrange(len(head)), len(head) + self.dice.randrange(len(content)), len(data), len(data)])
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as stream:
                stream.sendall(data[:count])
                time.sleep(self.dice.choice([0, 0, 0.0005, 0.002]))
                if self.dice.random() < 0.5:
                    stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except ConnectionError:
            # It was told, and cut off, before it had gone.
            pass


if __name__ == "__main__":
    *numbers, seed = sys.argv[1:]
    with os.fdopen(1, "wb") as pipe:
        Clients(*map(int, numbers), seed, pipe).run()
