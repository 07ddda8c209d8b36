"""An HTTP proxy that knows CONNECT alone, records what it is asked, and refuses whatever is not exactly right."""

import base64
import re
import socket
import threading

from . import limits

OPENED = b"HTTP/1.1 200 Connection established\r\n\r\n"


class ConnectProxy:
    """Leads every destination to a port of this machine, whatever its name: nobody could look that up here."""

    def __init__(self, ports: dict[str, int] | None = None, credentials: str | None = None, answer: bytes | None = None):
        self.ports, self.credentials, self.answer = ports or {}, credentials, answer
        self.heads: list[bytes] = []
        self.faults: list[str] = []
        self.refused = 0
        self.through = bytearray()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.sockets = [self.listener]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def destinations(self) -> list[str]:
        return [head.split(b" ")[1].decode() for head in list(self.heads)]

    def close(self):
        for stream in self.sockets:
            try:
                stream.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def _accept(self):
        while True:
            try:
                stream, _ = self.listener.accept()
            except OSError:
                self.listener.close()
                return
            stream.settimeout(limits.TEST)
            self.sockets.append(stream)
            threading.Thread(target=self._handle, args=(stream,), daemon=True).start()

    def _handle(self, stream: socket.socket):
        with stream:
            try:
                head = b""
                while b"\r\n\r\n" not in head:
                    piece = stream.recv(1)
                    if not piece:
                        return
                    head += piece
                self._answer(stream, head)
            except OSError:
                return

    def _answer(self, stream: socket.socket, head: bytes):
        self.heads.append(head)
        problem = self._problem(head)
        if problem:
            self.faults.append(problem)
        if self.answer is not None:
            stream.sendall(self.answer)
            self._discard(stream)
            return
        if self.credentials is not None and self._given(head) != self.credentials:
            self.refused += 1
            stream.sendall(b"HTTP/1.1 407 Who are you\r\nProxy-Authenticate: Basic realm=\"p\"\r\nContent-Length: 2\r\n\r\nno")
            return
        port = self.ports.get(head.split(b" ")[1].decode())
        if port is None:
            stream.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
            return
        with socket.create_connection(("127.0.0.1", port), timeout=limits.TEST) as far:
            self.sockets.append(far)
            stream.sendall(OPENED)
            back = threading.Thread(target=self._pump, args=(far, stream, None), daemon=True)
            back.start()
            self._pump(stream, far, self.through)
            back.join()

    def _problem(self, head: bytes) -> str | None:
        """Nothing but what CONNECT needs may be said to a proxy."""
        expected = rb"CONNECT ([^ ]+:\d+) HTTP/1\.1\r\nHost: \1\r\n(Proxy-Authorization: Basic [A-Za-z0-9+/]+=*\r\n)?\r\n"
        match = re.fullmatch(expected, head)
        if match is None:
            return f"no strict CONNECT: {head!r}"
        if (match[2] is not None) != (self.credentials is not None):
            return "credentials where none are wanted, or none where they are"
        return None

    @staticmethod
    def _given(head: bytes) -> str | None:
        match = re.search(rb"Proxy-Authorization: Basic ([^\r]+)\r\n", head)
        return base64.b64decode(match[1]).decode() if match else None

    @staticmethod
    def _discard(stream: socket.socket):
        while stream.recv(65536):
            pass

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket, record):
        try:
            while piece := source.recv(65536):
                if record is not None:
                    record += piece
                sink.sendall(piece)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for stream in (source, sink):
                try:
                    stream.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
