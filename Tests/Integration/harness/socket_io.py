"""Both ends of Socket.IO 2 with python-socketio 4: a client that keeps what it is told, and a server that keeps every query."""

import json
import queue
import sys
import urllib.parse
import urllib.request
from pathlib import Path

import socketio

from . import limits
from .processes import Process


class Client:
    """A client that reconnects at once. What it is told comes out of `next`, event by event."""

    def __init__(self, url: str, transports: list[str] | None = None, *events: str):
        self.client = socketio.Client(reconnection_delay=0.05, reconnection_delay_max=0.2, randomization_factor=0)
        self.told: dict[str, queue.Queue] = {}
        for event in ("connect", "disconnect", *events):
            self.told[event] = queue.Queue()
            self.client.on(event, self._keep(event))
        self.client.connect(url, transports=transports)
        assert self.next("connect") == ()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.client.reconnection = False
        self.client._reconnect_abort.set()
        self.client.disconnect()

    def _keep(self, event: str):
        def keep(*arguments):
            self.told[event].put(arguments)

        return keep

    def next(self, event: str, seconds: float = limits.ANSWER) -> tuple:
        """The arguments of the next event of that name."""
        try:
            return self.told[event].get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no event {event} within {seconds} s") from None

    def ask(self, event: str, data=None):
        """Emits an event, and waits for its acknowledgement."""
        return self.client.call(event, data, timeout=limits.ANSWER)

    @property
    def transport(self) -> str:
        return self.client.transport()


class Server(Process):
    """`socket_io_server.py`, which tells what it can do."""

    def __init__(self, directory: Path, leaf):
        script = Path(__file__).with_name("socket_io_server.py")
        ports = directory / "ports"
        super().__init__([sys.executable, script, leaf.certificate, leaf.key, ports], directory, "socket-io")
        self.wait_until(lambda: ports.exists() and ports.read_text().endswith("\n"))
        self.port, self.control_port = map(int, ports.read_text().split())

    def control(self, path: str, content: bytes | None = None) -> dict:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://127.0.0.1:{self.control_port}{path}", content, limits.ANSWER) as answer:
            return json.load(answer)

    @property
    def targets(self) -> list[str]:
        """The target of every request."""
        return self.control("/state")["targets"]

    @property
    def refusals(self) -> int:
        return self.control("/state")["refusals"]

    def forget(self):
        self.control("/forget")

    def emit(self, data):
        self.control("/emit", json.dumps(data).encode())

    def end_sessions(self, token: str):
        """Disconnects everybody, as a server does whose token `token` has run out."""
        self.control("/end?token=" + urllib.parse.quote(token, safe=""))


def names_and_values(target: str) -> list[tuple[str, str]]:
    """Every parameter that some server could read from the query: `&` and `;` separate, names are decoded twice, and
    neither case nor white space nor brackets tell them apart."""
    query = target.partition("?")[2]
    found = []
    for pair in query.replace(";", "&").split("&"):
        name, _, value = pair.partition("=")
        decoded = urllib.parse.unquote_plus(urllib.parse.unquote_plus(name))
        found.append((decoded.strip().lower().partition("[")[0], urllib.parse.unquote(value)))
    return found


def tokens_in(target: str) -> list[str]:
    return [value for name, value in names_and_values(target) if name == "token"]
