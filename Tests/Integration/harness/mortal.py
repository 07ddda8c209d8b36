"""An upstream in a process of its own, which can be killed at any moment and started again at the same port. What it executes it writes
into a book that outlives it.

    python -m harness.mortal CERTIFICATE KEY PORT BOOK
"""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

from . import limits
from .certificates import Leaf
from .upstream import OK, Upstream, unused_port


class Executing(Upstream):
    """Writes the target of each request but GETs into its book before it answers."""

    def __init__(self, leaf: Leaf, port: int, book: Path):
        self.fixed_port = port
        self.book = os.open(book, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        super().__init__(leaf, self.execute)

    def listen(self) -> socket.socket:
        return socket.create_server(("127.0.0.1", self.fixed_port), backlog=512)

    def execute(self, connection):
        while (message := connection.next()) is not None:
            if message.method != "GET":
                # A write during which the process is killed may be torn: such a line has no end.
                os.write(self.book, f"\n{message.target};\n".encode())
            connection.send(OK)


class Mortal:
    """Starts, kills and restarts it."""

    def __init__(self, leaf: Leaf, directory: Path):
        self.leaf = leaf
        self.port = unused_port()
        self.book = directory / "book"
        self.book.touch()
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-m", "harness.mortal", self.leaf.certificate, self.leaf.key, str(self.port), self.book],
            cwd=Path(__file__).parents[1],
            stdout=subprocess.PIPE,
        )
        assert self.process.stdout.readline() == b"listening\n"

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(limits.END)
        self.process.stdout.close()

    @property
    def executed(self) -> list[str]:
        return [line.removesuffix(";") for line in self.book.read_text().split() if line.endswith(";")]


if __name__ == "__main__":
    certificate, key, port, book = sys.argv[1:]
    Executing(Leaf(Path(certificate), Path(key)), int(port), Path(book))
    print("listening", flush=True)
    threading.Event().wait()
