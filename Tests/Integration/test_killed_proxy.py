"""The proxy is killed with SIGKILL while orders run and its token cache is being replaced, and is started again at the same port."""

import contextlib
import itertools
import json
import random
import re
import signal
import threading
import time
from collections import Counter

import pytest

from harness import limits
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken, Client, request
from harness.processes import Proxy
from harness.sandbox import Sandbox

CLIENTS = 12
DEATHS = 6
CACHE = re.compile(rb"bearerproxy token cache 1\n([^ \n]+ [A-Za-z0-9+/]+=*\n)*")


class Killed:
    """The proxy, as often as it is started."""

    def __init__(self, directory, sandbox: Sandbox, is_cached: bool):
        self.directory, self.sandbox = directory, sandbox
        self.file = directory / "tokens"
        route = {name: value for name, value in sandbox.route("btc").items() if name != "listen"}
        self.configuration = {
            "routes": [route], "credentials": {"bloq": sandbox.configuration["credentials"]["bloq"]}, "threads": 2,
            "log": {"access": "off", "level": "info"},
        }  # fmt: skip
        if is_cached:
            self.configuration["tokenCache"] = {"file": str(self.file)}
        self.started: list[Proxy] = []
        self.start()

    @property
    def port(self) -> int:
        return self.started[-1].port

    def start(self):
        # At the same port each time: it stands in the configuration once it was drawn.
        self.started.append(Proxy(self.directory, self.configuration, f"proxy{len(self.started)}", secrets=self.sandbox.secrets()))

    def kill(self):
        process = self.started[-1].process
        process.send_signal(signal.SIGKILL)
        process.wait(limits.END)

    def serves(self) -> int:
        with Client(self.port) as client:
            return client.ask(request(target="/_sandbox/echo")).status


@pytest.mark.parametrize("is_cached", [True, False], ids=["token cache", "no token cache"])
def test_orders_while_the_proxy_is_killed_and_started_again(tmp_path, is_cached, record_property):
    (tmp_path / "sandbox").mkdir()
    sandbox = Sandbox(tmp_path / "sandbox")
    killed = Killed(tmp_path, sandbox, is_cached)
    numbers, over = itertools.count(), threading.Event()
    outcomes: dict[str, str] = {}
    dice = random.Random()

    def order(_number):
        with SteadyClient(lambda: Client(killed.port)) as client:
            while not over.is_set():
                name = f"01{next(numbers):08x}"
                data = request("POST", "/api/v1/tx/send", body=json.dumps({"rawtx": name}).encode())
                try:
                    answer = client.ask(data, "POST")
                    outcomes[name] = str(answer.status) if "txid" in json.loads(answer.body) else answer.body.decode()
                except ConnectionRefusedError:
                    outcomes[name] = "refused"
                    time.sleep(0.01)
                except (Broken, OSError):
                    outcomes[name] = "lost"

    def kill():
        try:
            for _ in range(DEATHS):
                time.sleep(dice.uniform(0.2, 0.5))
                # So that a token comes, and the file is replaced, about when the process dies.
                sandbox.control("btc", "POST", "/_sandbox/revoke")
                time.sleep(dice.uniform(0, 0.02))
                killed.kill()
                if is_cached:
                    content = killed.file.read_bytes() if killed.file.exists() else b"bearerproxy token cache 1\n"
                    assert CACHE.fullmatch(content), content[:200]
                killed.start()
                assert killed.serves() == 200
            time.sleep(0.3)
        finally:
            over.set()

    try:
        in_parallel(CLIENTS + 1, lambda number: kill() if number == CLIENTS else order(number))
        state = sandbox.control("btc", "GET", "/_sandbox/state")
        killed.started[-1].finish()
    finally:
        with contextlib.suppress(AssertionError):
            killed.started[-1].terminate()
        ended = sandbox.terminate()
    ledger = Counter(entry["rawtx"] for entry in state["connect"]["transactions"])
    told = Counter(outcomes.values())
    figures = {"outcomes": dict(told), "executed": ledger.total(), "token_calls": state["accounts"]["tokenCalls"]["count"]}
    record_property("figures", figures)
    print(figures)
    assert max(ledger.values()) == 1, [name for name, count in ledger.items() if count > 1]
    confirmed = {name for name, outcome in outcomes.items() if outcome == "200"}
    assert len(confirmed) > DEATHS * CLIENTS and confirmed <= set(ledger), "confirmed, and not executed"
    assert not {name for name, outcome in outcomes.items() if outcome == "refused"} & set(ledger), "nobody was there to send it"
    assert set(told) <= {"200", "lost", "refused"} and told["lost"], told
    for proxy in killed.started:
        proxy.check_secrets()
        assert b"cut off" not in proxy.output and b"damaged" not in proxy.output and b"does not fit" not in proxy.output, proxy.tail()
    used = sum(b"its token from" in proxy.output for proxy in killed.started)
    assert used == (DEATHS if is_cached else 0), "the token that was kept was not used"
    assert ended == 0
