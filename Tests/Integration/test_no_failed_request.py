"""500 requests a second through reloads and a restart, none of which fails, and each transaction published exactly once."""

import http.server
import json
import signal
import threading
import time
from collections import Counter
from pathlib import Path

import pytest

from harness.load import Load
from harness.messages import Client, eventually, request
from harness.sandbox import Sandbox
from harness.service import Notifications, Service, held
from harness.upstream import unused_port

#: Each changes the running configuration so that it cannot be used.
BROKEN = [
    lambda document: "{ \"routes\": [",
    lambda document: document["routes"][0].update(upstraem="https://btc.connect.bloq.cloud"),
    lambda document: document["credentials"]["bloq"].update(clientSecret={"file": "/nowhere/at-all"}),
    lambda document: document["routes"][1].update(tls={"ca": "/nowhere/ca.pem"}),
]


class Machine:
    """The part of systemd, and of an operator who changes the file."""

    def __init__(self, directory: Path, sandbox: Sandbox, threads: int):
        self.directory, self.file = directory, directory / "proxy.json"
        self.web, self.more = held(), held()
        self.port = unused_port()
        self.notifications = Notifications(directory)
        self.starts = self.readies = 0
        configuration = json.loads(json.dumps(sandbox.configuration))
        route = next(route for route in configuration["routes"] if route["name"] == "btc")
        routes = [route | {"name": name, "listen": f"systemd:{name}"} for name in ("web", "more")]
        # Else the process would take the right to bind ports from itself.
        routes.append(route | {"name": "own", "listen": f"127.0.0.1:{unused_port()}"})
        self.good = {
            "routes": routes, "credentials": {"bloq": configuration["credentials"]["bloq"]}, "threads": threads,
            "log": {"access": "off", "level": "info"}, "drainTimeout": "10s",
        }  # fmt: skip
        self.write(self.good)
        self.start()

    @property
    def ports(self) -> list[int]:
        return [made.getsockname()[1] for made in (self.web, self.more)]

    def write(self, document):
        self.file.write_text(document if isinstance(document, str) else json.dumps(document))

    def start(self):
        sockets = [("web", self.web), ("more", self.more)]
        self.starts += 1
        self.service = Service(self.directory, self.file, sockets, self.notifications, f"service{self.starts}")
        self.ready()

    def ready(self):
        self.readies += 1
        assert self.notifications.has("READY", self.readies), self.service.tail()

    def reload(self, document) -> str:
        """What the service says of it."""
        known = len(self.service.output)
        self.write(document)
        self.service.process.send_signal(signal.SIGHUP)
        self.ready()
        assert eventually(lambda: b"reload: done" in self.service.output[known:] or b"reload refused" in self.service.output[known:], 5)
        return self.service.output[known:].decode()

    def restart(self):
        """As `systemctl restart` does: the former process ends before the next begins, and the sockets are held meanwhile."""
        self.write(self.good)
        assert self.service.terminate() == 0, self.service.tail()
        self.start()

    def end(self) -> int:
        code = self.service.terminate()
        self.notifications.close()
        return code


def changed(machine: Machine, number: int) -> dict:
    """One route is changed in what concerns its connections, another in its rules; a third one comes, with its listener, moves, and goes;
    and now and then a credential is changed, which gets a token of its own then."""
    document = json.loads(json.dumps(machine.good))
    web, more, _ = document["routes"]
    host = ["127.0.0.1", "localhost"][number % 2]
    web["connectTo"] = f"{host}:{web['connectTo'].rpartition(':')[2]}"
    more["allow"] = {"methods": ["GET", "POST"] + ["PUT"] * (number % 2)}
    document["credentials"]["bloq"]["authTimeout"] = f"{10 + number // 6}s"
    if number % 4 == 1:
        document["routes"].append(more | {"name": "extra", "listen": f"127.0.0.1:{machine.port}"})
    elif number % 4 == 2:
        document["routes"].insert(0, more | {"name": "extra", "listen": "systemd:web", "pathPrefix": "/extra", "stripPrefix": True})
    return document


def ask(port: int, target: str) -> int:
    with Client(port) as client:
        return client.ask(request(target=target)).status


def check(machine: Machine, number: int):
    """The routes are those of `changed`."""
    if number % 4 == 1:
        assert ask(machine.port, "/api/v1/status") == 200
    else:
        with pytest.raises(ConnectionError):
            ask(machine.port, "/api/v1/status")
    # Without the route, the prefix goes to an API that has no such path.
    assert (ask(machine.ports[0], "/extra/api/v1/status") == 200) == (number % 4 == 2)


@pytest.mark.parametrize("threads", [1, 2])
def test_twenty_reloads_and_a_restart_at_500_requests_a_second(tmp_path, threads, record_property):
    directory = tmp_path / "sandbox"
    directory.mkdir()
    # Tokens are renewed meanwhile, too.
    sandbox = Sandbox(directory, "--token-lifetime", "5")
    machine = Machine(tmp_path, sandbox, threads)
    try:
        twenty_reloads_and_a_restart(machine, sandbox, record_property)
    finally:
        ended = machine.end(), sandbox.terminate()
    assert ended == (0, 0)


def twenty_reloads_and_a_restart(machine: Machine, sandbox: Sandbox, record_property):
    refused = 0
    with Load(machine.ports) as load:
        load.goes_on()
        for number in range(20):
            if number == 10:
                machine.restart()
                load.goes_on()
            if number % 5 == 4:
                document = json.loads(json.dumps(machine.good))
                text = BROKEN[refused % len(BROKEN)](document)
                refused += 1
                assert "reload refused" in machine.reload(text or document)
            else:
                assert "reload: done" in machine.reload(changed(machine, number))
                check(machine, number)
            load.goes_on()
    ledger = Counter(entry["rawtx"] for entry in sandbox.control("btc", "GET", "/_sandbox/state")["connect"]["transactions"])
    record_property("figures", load.figures)
    print(load.figures)
    assert load.failures == []
    assert ledger == Counter(transaction for published in load.published for transaction in published)
    assert refused == 4 and load.is_constant


def test_a_load_that_waits_for_answers_is_not_constant():
    """What the test above asserts would be seen."""

    class Slow(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            time.sleep(0.4)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET

        def log_message(self, *_):
            pass

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    with Server(("127.0.0.1", 0), Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Load([server.server_address[1]]) as load:
            load.goes_on(1)
        server.shutdown()
    assert load.failures == [] and not load.is_constant, load.figures
