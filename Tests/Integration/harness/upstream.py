"""A TLS server that records every byte, and answers as a test tells it to, right or wrong."""

import itertools
import random
import socket
import ssl
import struct
import threading
from pathlib import Path

from . import limits
from .certificates import Leaf
from .messages import Broken, Message, Reader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Connection:
    """One connection that was accepted; its TLS handshake is done."""

    def __init__(self, stream: ssl.SSLSocket, number: int):
        self.stream = stream
        self.number = number
        self.reader = Reader(stream)
        self.requests: list[Message] = []

    @property
    def received(self) -> bytes:
        return bytes(self.reader.everything)

    def next(self) -> Message | None:
        """The next request with its body; None when the peer closed instead."""
        message = self.reader.request()
        if message is not None:
            self.requests.append(message)
        return message

    def next_head(self) -> Message | None:
        """The next request's head alone; its body is still to be read."""
        message = self.reader.head()
        if message is not None:
            self.requests.append(message)
        return message

    def send(self, data: bytes):
        self.stream.sendall(data)

    def finish(self):
        """Ends with close_notify: the answer was meant to end here."""
        try:
            self.stream.settimeout(0.2)
            self.stream.unwrap().close()
        except (OSError, ValueError):
            self.cut()

    def sever(self):
        """Ends the TCP stream from another thread. That thread must not close: the number could be another's by then."""
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except (OSError, ValueError):
            pass

    def cut(self):
        """Ends the TCP stream without close_notify: as if somebody had cut the answer off."""
        try:
            self.stream.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.stream.close()

    def reset(self):
        self.stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.stream.close()


def answering(answer=OK):
    """Serves every request of a connection with the same bytes, or with what `answer(request)` returns."""

    def serve(connection: Connection):
        while (message := connection.next()) is not None:
            connection.send(answer(message) if callable(answer) else answer)

    return serve


class Upstream:
    """Listens on a port that the kernel picks; each connection is served on a thread of its own."""

    def __init__(self, leaf: Leaf, serve=None):
        self.serve = serve or answering()
        self.connections: list[Connection] = []
        self.accepted = 0
        self.failures: list[str] = []
        self.names: list[str | None] = []
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(leaf.certificate, leaf.key)
        self.context.set_alpn_protocols(["http/1.1"])
        self.context.sni_callback = lambda _stream, name, _context: self.names.append(name)
        self.listener = self.listen()
        self.port = self.listener.getsockname()[1]
        self.threads: list[threading.Thread] = []
        self.closing = False
        threading.Thread(target=self._accept, daemon=True).start()

    def listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", 0), backlog=512)

    @property
    def requests(self) -> list[Message]:
        return [message for connection in list(self.connections) for message in connection.requests]

    @property
    def received(self) -> bytes:
        """Every byte of application data that ever arrived."""
        return b"".join(connection.received for connection in list(self.connections))

    def forget(self):
        """Ends the connections that are open and forgets what was recorded."""
        for connection in self.connections:
            connection.sever()
        self.connections = []
        self.failures = []
        self.accepted = 0

    def close(self):
        self.closing = True
        # Wakes the thread that accepts; it closes.
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        for connection in self.connections:
            connection.sever()

    def _accept(self):
        while not self.closing:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                break
            self.accepted += 1
            threading.Thread(target=self._handle, args=(stream,), daemon=True).start()
        self.listener.close()

    def _handle(self, stream: socket.socket):
        stream.settimeout(limits.TEST)
        stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            secured = self.context.wrap_socket(stream, server_side=True)
        except (OSError, ValueError) as reason:
            self.failures.append(str(reason))
            stream.close()
            return
        connection = Connection(secured, len(self.connections))
        self.connections.append(connection)
        try:
            self.serve(connection)
        except (OSError, ValueError, Broken) as reason:
            self.failures.append(repr(reason))
        finally:
            connection.finish()


# Below those that Linux gives to outgoing connections and to whoever asks for any (32768 and above): nobody gets one of these by chance.
PORTS = range(10_240, 32_768)
ports = itertools.cycle(PORTS)
for _ in range(random.randrange(len(PORTS))):
    next(ports)


def unused_port() -> int:
    """A port on which nobody listens. It is told only once, so it stays so until the test that has it says otherwise."""
    for port in itertools.islice(ports, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    raise RuntimeError(f"each port of {PORTS} is in use")


def secret_file(directory: Path, name: str, value: str) -> Path:
    """A file that only its owner reads, as a secret's file should be."""
    path = directory / name
    path.write_text(value)
    path.chmod(0o600)
    return path
