"""A limit of 64 descriptors, and more clients than that: nobody waits for ever, each is served or told that there are too many, and no
order is executed twice."""

import contextlib
import json
import os
import random
import resource
import threading
import time
from collections import Counter

import pytest

from harness import limits
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken, Client, eventually, request
from harness.processes import Proxy, bearerproxy
from harness.sandbox import Sandbox

LIMIT = 64
CLIENTS = 100
ORDERS = 6
# Connections that say nothing, and the seconds for which the proxy has them.
SILENT = 60
SILENCE = 2
# What an order is told where a client, a connection to the upstream or one for a token would be one too many.
LACKS = ["503 overloaded", "502 upstream_unreachable", "502 credential_unavailable", "503 credential_unavailable", "401 of the upstream"]
LIMITED = ["/bin/sh", "-c", f'ulimit -n {LIMIT} && exec "$@"', "sh"]


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture(params=[1, 2], ids=["1 loop", "2 loops"])
def proxy(sandbox, tmp_path, request):
    route = {name: value for name, value in sandbox.route("btc").items() if name != "listen"}
    route["timeouts"] = {"requestHead": f"{SILENCE}s", "keepAlive": f"{SILENCE}s"}
    configuration = {
        "routes": [route], "credentials": {"bloq": sandbox.configuration["credentials"]["bloq"]}, "threads": request.param,
        "admin": {"listen": f"unix:{tmp_path}/admin"}, "log": {"access": str(tmp_path / "access.log"), "level": "info"},
    }  # fmt: skip
    made = Proxy(tmp_path, configuration, secrets=sandbox.secrets(), before=LIMITED)
    assert resource.prlimit(made.process.pid, resource.RLIMIT_NOFILE) == (LIMIT, LIMIT)
    yield made
    made.finish()


def code(answer) -> str:
    """The proxy's own, or none where the answer is the upstream's: a 401 for which no other token could be had."""
    try:
        return json.loads(answer.body)["error"]["code"]
    except ValueError:
        return "of the upstream"


def descriptors(proxy) -> int:
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


def loops(proxy) -> list[dict]:
    done = bearerproxy("status", "--json", "--config", proxy.file)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["loops"]


def test_more_clients_than_descriptors(proxy, sandbox, record_property):
    with Client(proxy.port) as client:
        assert client.ask(request(target="/_sandbox/echo")).status == 200
    assert eventually(lambda: not any(loop["clients"] for loop in loops(proxy)))
    before = descriptors(proxy) - sum(loop["upstreamConnections"] for loop in loops(proxy))
    outcomes: dict[str, str] = {}
    longest = [0.0] * CLIENTS
    most = [0]
    over = threading.Event()

    def watch():
        while not over.wait(0.02):
            most[0] = max(most[0], descriptors(proxy))
            if random.random() < 0.02:
                sandbox.control("btc", "POST", "/_sandbox/revoke")

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()

    def order(number):
        with SteadyClient(lambda: Client(proxy.port)) as client:
            for turn in range(ORDERS):
                name = f"02{proxy.port:06x}{number:04x}{turn:04x}"
                began = time.monotonic()
                try:
                    answer = client.ask(request("POST", "/api/v1/tx/send", body=json.dumps({"rawtx": name}).encode()), "POST")
                    outcomes[name] = str(answer.status) if answer.status == 200 else f"{answer.status} {code(answer)}"
                except (Broken, ConnectionError):
                    # A connection between two requests gave its place to another's.
                    outcomes[name] = "closed" if turn else "closed at first"
                longest[number] = max(longest[number], time.monotonic() - began)
                if not outcomes[name].startswith("200"):
                    time.sleep(0.1)

    with contextlib.ExitStack() as silent:
        for _ in range(SILENT):
            silent.enter_context(Client(proxy.port))
        in_parallel(CLIENTS, order)
    over.set()
    watcher.join(limits.END)
    told = Counter(outcomes.values())
    figures = {"outcomes": dict(told), "most_descriptors": most[0], "longest_s": round(max(longest), 2)}
    record_property("figures", figures)
    print(figures)
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    ledger = Counter(entry["rawtx"] for entry in state["connect"]["transactions"])
    assert max(ledger.values()) == 1
    assert {name for name, outcome in outcomes.items() if outcome == "200"} <= set(ledger)
    refused = {name for name, outcome in outcomes.items() if outcome[0] in "45"}
    assert not refused & set(ledger), "refused, and executed all the same"
    assert set(told) <= {"200", "closed", *LACKS}, told
    assert told["200"] > CLIENTS, told
    assert most[0] <= LIMIT
    # And afterwards it is as it was, once the token has been asked for again: that failed as well, and is tried less and less often.
    for _ in range(3):
        with Client(proxy.port) as client:
            assert eventually(lambda: client.ask(request(target="/_sandbox/echo")).status == 200, limits.ANSWER)
    assert eventually(lambda: not any(loop["clients"] for loop in loops(proxy)), limits.ANSWER)
    assert eventually(lambda: descriptors(proxy) - sum(loop["upstreamConnections"] for loop in loops(proxy)) <= before)
