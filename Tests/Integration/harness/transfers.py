"""Long contents: made and checked piece by piece, so that no test holds one in memory."""

import hashlib
import threading

from .messages import Broken, Reader

MEBIBYTE = 1 << 20
PIECE = 65536


class Pattern:
    """`count` bytes that are the same in every run, and no piece of which is like another."""

    def __init__(self, count: int):
        self.count = count

    def pieces(self):
        for offset in range(0, self.count, PIECE):
            piece = hashlib.sha256(offset.to_bytes(8, "big")).digest() * (PIECE // 32)
            yield piece[: min(PIECE, self.count - offset)]

    def digest(self) -> str:
        whole = hashlib.sha256()
        for piece in self.pieces():
            whole.update(piece)
        return whole.hexdigest()


class Sender:
    """Sends a content on a thread of its own, and counts what the socket has taken."""

    def __init__(self, send, pattern: Pattern, chunked: bool = False):
        self.send, self.pattern, self.chunked = send, pattern, chunked
        self.sent = 0
        self.failure: OSError | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self):
        try:
            for piece in self.pattern.pieces():
                self.send(b"%x\r\n%s\r\n" % (len(piece), piece) if self.chunked else piece)
                self.sent += len(piece)
            if self.chunked:
                self.send(b"0\r\n\r\n")
        except OSError as failure:
            self.failure = failure

    def join(self, seconds: float):
        self.thread.join(seconds)
        assert not self.thread.is_alive(), f"stuck after {self.sent} bytes"


def receive_content(reader: Reader, length: int | None) -> tuple[int, str]:
    """The count and the digest of a content: `length` bytes, or chunks."""
    digest, count = hashlib.sha256(), 0
    while True:
        size = length if length is not None else int(reader.line().split(b";")[0], 16)
        if size == 0:
            assert reader.line() == b"", "a trailer"
            return count, digest.hexdigest()
        missing = size
        while missing:
            if not reader.buffer:
                reader.more()
            piece, reader.buffer = reader.buffer[:missing], reader.buffer[missing:]
            digest.update(piece)
            missing -= len(piece)
            count += len(piece)
            # What a reader remembers is for short messages.
            reader.everything.clear()
        if length is not None:
            return count, digest.hexdigest()
        if reader.take(2) != b"\r\n":
            raise Broken("a chunk does not end with CRLF")
