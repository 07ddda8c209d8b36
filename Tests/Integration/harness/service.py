"""The part of systemd: holds the listening sockets, passes them on, and hears what the service says of itself."""

import socket
import sys
import threading
from pathlib import Path

from .messages import eventually
from .processes import BINARY, Process

# Becomes the service, with the descriptors from 3 on: the process that systemd names in LISTEN_PID is the service itself.
STARTER = """
import fcntl, os, sys
count = int(sys.argv[1])
# To numbers that nobody has, and that are none of those they are to get: whatever theirs are, none is closed by another's move.
sources = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 3 + count) for number in sys.argv[2:2 + count]]
for index, number in enumerate(sources):
    os.dup2(number, 3 + index)
os.closerange(3 + count, os.sysconf("SC_OPEN_MAX"))
os.environ["LISTEN_PID"] = os.environ.get("LISTEN_PID") or str(os.getpid())
os.execvp(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Notifications:
    """A socket such as NOTIFY_SOCKET names, in a directory or in none (`@`)."""

    def __init__(self, directory: Path, is_abstract=False):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        path = str(directory / "notify")
        self.name = f"@{path}" if is_abstract else path
        self.socket.bind("\0" + path if is_abstract else path)
        self.messages: list[dict[str, str]] = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        while True:
            try:
                data = self.socket.recv(4096)
            except OSError:
                return
            self.messages.append(dict(line.split("=", 1) for line in data.decode().split("\n")))

    def count(self, name: str) -> int:
        return sum(name in message for message in self.messages)

    def has(self, name: str, count=1) -> bool:
        return eventually(lambda: self.count(name) >= count, 20)

    def close(self):
        self.socket.close()


class Service(Process):
    """`bearerproxy run` as systemd starts it, with sockets by name."""

    def __init__(self, directory: Path, file: Path, sockets, notifications=None, label="service", **environment):
        names = [name for name, _ in sockets]
        numbers = [made.fileno() for _, made in sockets]
        told = {"LISTEN_FDS": str(len(sockets)), "LISTEN_FDNAMES": ":".join(names), **environment}
        if notifications is not None:
            told["NOTIFY_SOCKET"] = notifications.name
        arguments = [sys.executable, "-c", STARTER, len(numbers), *numbers, BINARY, "run", "--config", file]
        super().__init__(arguments, directory, label, told, pass_fds=numbers)


def listening(address=("127.0.0.1", 0), family=socket.AF_INET) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    made.bind(address)
    made.listen(1024)
    return made


def held() -> socket.socket:
    """One as bearerproxy.socket makes it (`DeferAcceptSec=1`)."""
    made = listening()
    made.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
    return made
