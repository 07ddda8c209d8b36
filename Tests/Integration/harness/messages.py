"""HTTP/1.1 as the tests read it: strict, small, and with nothing of the product in it."""

import socket
import ssl
import time
from dataclasses import dataclass, field

from . import limits


class Broken(Exception):
    """The bytes ended, or were wrong, before the message was whole."""


@dataclass
class Message:
    start: str
    fields: list[tuple[str, str]]
    body: bytes = b""
    raw_head: bytes = b""
    interim: list["Message"] = field(default_factory=list)

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    @property
    def method(self) -> str:
        return self.start.split(" ", 2)[0]

    @property
    def target(self) -> str:
        return self.start.split(" ", 2)[1]

    def all(self, name: str) -> list[str]:
        return [value for spelled, value in self.fields if spelled.lower() == name.lower()]

    def one(self, name: str) -> str | None:
        """The value of a field that must not come twice; None if it is not there."""
        values = self.all(name)
        assert len(values) <= 1, f"{name} came {len(values)} times: {values}"
        return values[0] if values else None


class Reader:
    """Reads messages from a socket, and remembers every byte."""

    def __init__(self, connection: socket.socket):
        self.connection = connection
        self.buffer = b""
        self.everything = bytearray()
        self.ended = False

    def more(self):
        """One more piece from the socket; Broken at its end."""
        if not self.receive():
            raise Broken(f"the connection ended; left over: {self.buffer[:200]!r}")

    def receive(self) -> bool:
        if self.ended:
            return False
        try:
            piece = self.connection.recv(65536)
        except (ConnectionError, ssl.SSLEOFError):
            piece = b""
        except TimeoutError:
            raise
        if not piece:
            self.ended = True
            return False
        self.everything += piece
        self.buffer += piece
        return True

    def take(self, count: int) -> bytes:
        pieces, missing = [], count
        while True:
            piece, self.buffer = self.buffer[:missing], self.buffer[missing:]
            pieces.append(piece)
            missing -= len(piece)
            if missing == 0:
                return b"".join(pieces)
            self.more()

    def line(self) -> bytes:
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def head(self) -> Message | None:
        """The next head, or None if the connection ended cleanly before it."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.receive():
                if self.buffer:
                    raise Broken(f"the connection ended inside a head: {self.buffer[:200]!r}")
                return None
        raw, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        start, *lines = raw.decode("latin-1").split("\r\n")
        fields = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not name or name != name.strip():
                raise Broken(f"bad field line: {line!r}")
            fields.append((name, value.strip(" \t")))
        return Message(start, fields, raw_head=raw)

    def chunked(self) -> bytes:
        pieces = []
        while True:
            size = int(self.line().split(b";")[0], 16)
            if size == 0:
                while self.line():
                    pass
                return b"".join(pieces)
            pieces.append(self.take(size))
            if self.take(2) != b"\r\n":
                raise Broken("a chunk does not end with CRLF")

    def to_end(self) -> bytes:
        pieces = [self.buffer]
        self.buffer = b""
        while self.receive():
            pieces.append(self.buffer)
            self.buffer = b""
        return b"".join(pieces)

    def request(self) -> Message | None:
        message = self.head()
        if message is None:
            return None
        self.request_body(message)
        return message

    def request_body(self, message: Message):
        coding, length = message.one("Transfer-Encoding"), message.one("Content-Length")
        assert coding is None or length is None, f"two framings at once: {message.raw_head!r}"
        if coding is not None:
            assert coding.lower() == "chunked", coding
            message.body = self.chunked()
        elif length is not None:
            message.body = self.take(int(length))

    def response(self, method: str = "GET") -> Message:
        interim = []
        while True:
            message = self.head()
            if message is None:
                raise Broken("the connection ended where an answer should have been")
            if not message.start.startswith("HTTP/1."):
                raise Broken(f"bad status line: {message.start!r}")
            if not 100 <= message.status < 200 or message.status == 101:
                break
            interim.append(message)
        message.interim = interim
        coding, length = message.one("Transfer-Encoding"), message.one("Content-Length")
        if method == "HEAD" or message.status in (204, 304):
            pass
        elif coding is not None:
            if length is not None:
                raise Broken("two framings at once")
            message.body = self.chunked()
        elif length is not None:
            message.body = self.take(int(length))
        else:
            message.body = self.to_end()
        return message


class Client:
    """One connection to the proxy, on which a test writes what it likes."""

    def __init__(self, port: int, watch=None, address: str = "127.0.0.1", patience: float = limits.ANSWER):
        self.connection = socket.create_connection((address, port), timeout=patience)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.reader = Reader(self.connection)
        self.watch = watch

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()
        if self.watch is not None:
            self.watch(bytes(self.reader.everything))

    def send(self, data: bytes):
        self.connection.sendall(data)

    def send_as_far_as_taken(self, data: bytes):
        """For a request that is refused on the way: the proxy may answer and close before all of it is sent."""
        try:
            self.connection.sendall(data)
        except OSError:
            pass

    def response(self, method: str = "GET") -> Message:
        return self.reader.response(method)

    def ask(self, request: bytes, method: str = "GET") -> Message:
        self.send(request)
        return self.response(method)

    def closed(self) -> bool:
        """Whether the proxy closes this connection, without a further byte, in a while that a person would wait."""
        self.connection.settimeout(limits.CLOSE)
        try:
            return not self.reader.buffer and not self.reader.receive()
        except TimeoutError:
            return False
        finally:
            self.connection.settimeout(limits.ANSWER)


def request(
    method: str = "GET", target: str = "/", fields: dict | list = (), body: bytes = b"", host: str = "localhost"
) -> bytes:
    """The bytes of a well-formed request; a body gets its Content-Length."""
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in (fields.items() if isinstance(fields, dict) else fields)]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def eventually(condition, seconds: float = limits.CLOSE) -> bool:
    """Whether the condition comes true within the time."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
