"""The main promise, on real processes: a token is revoked in the middle of 200 concurrent requests, and no client sees it.

The emulated providers and the proxy are processes of their own; the test asks, revokes, and counts."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import limits
from harness.messages import request
from harness.processes import Proxy
from harness.sandbox import Sandbox

CLIENTS = 200
# Clients that ask before the revocation, while it is under way, and after it.
BEFORE, DURING = 70, 60


@pytest.fixture
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture
def proxy(sandbox, tmp_path_factory):
    configuration = json.loads(json.dumps(sandbox.configuration))
    for route in configuration["routes"]:
        del route["listen"]  # the harness picks free ports
    configuration["log"] = {"access": "stdout", "format": "json", "level": "debug"}
    process = Proxy(tmp_path_factory.mktemp("proxy"), configuration, secrets=sandbox.secrets())
    process.port_of = {route["name"]: port for route, port in zip(configuration["routes"], process.ports)}
    yield process
    process.finish()
    # Every JWT of these services begins alike.
    assert b"eyJ" not in process.output


def post(target: str, document: dict) -> bytes:
    return request("POST", target, {"Content-Type": "application/json"}, json.dumps(document).encode())


def bloq_request(number: int) -> bytes:
    if number % 2:
        return request(target=f"/api/v1/block-index/{number}")
    return post("/api/v1/tx/send", {"rawtx": f"0100000001{number:08x}"})


def bloquo_request(number: int) -> bytes:
    if number % 2:
        return request(target="/api/v1/customer/account/balances?includes=account")
    account = "ac000000-0000-4000-8000-000000000001"
    return post(f"/orders/withdrawal/account/{account}", {"amount": "0.00001", "clientReference": f"order {number}"})


CASES = {
    "bloq": ("btc", "accounts", bloq_request, lambda state: [int(entry["rawtx"][-8:], 16) for entry in state["connect"]["transactions"]]),
    "bloquo": (
        "bloquo", "bloquo", bloquo_request,
        lambda state: [int(entry["clientReference"].split()[1]) for entry in state["bloquo"]["orders"]],
    ),
}  # fmt: skip


@pytest.mark.parametrize("provider", CASES)
def test_a_revocation_in_the_middle_of_two_hundred_requests(provider, sandbox, proxy):
    route, token_service, make_request, ordered = CASES[provider]
    port = proxy.port_of[route]
    clients = [proxy.client(port) for _ in range(CLIENTS)]
    # The first token is there, and the connections are made: what follows is at once.
    with proxy.client(port) as client:
        assert client.ask(make_request(1)).status == 200
    before = sandbox.control(route, "GET", "/_sandbox/state")
    gates = [threading.Event(), threading.Event(), threading.Event()]

    def ask(number: int):
        gate = gates[0] if number < BEFORE else gates[1] if number < BEFORE + DURING else gates[2]
        gate.wait(limits.ANSWER)
        with clients[number] as client:
            answer = client.ask(make_request(number))
            return answer.status, answer.body

    with ThreadPoolExecutor(CLIENTS) as pool:
        answers = [pool.submit(ask, number) for number in range(CLIENTS)]
        gates[0].set()
        answers[BEFORE // 2].result(limits.ANSWER)
        gates[1].set()
        sandbox.control(route, "POST", "/_sandbox/revoke")
        gates[2].set()
        got = [answer.result(limits.ANSWER) for answer in answers]

    assert [answer for answer in got if answer[0] != 200] == []
    after = sandbox.control(route, "GET", "/_sandbox/state")
    calls = [state[token_service]["tokenCalls"]["count"] for state in (before, after)]
    assert calls[1] - calls[0] == 1, "one new token for everyone"
    service = "connect" if provider == "bloq" else "bloquo"
    assert after[service]["refused"] > before[service]["refused"], "somebody was refused, or nothing was shown"
    assert sorted(ordered(after)) == list(range(0, CLIENTS, 2)), "each order once"


@pytest.mark.parametrize("provider", CASES)
def test_revocations_one_after_another(provider, sandbox, proxy):
    route, token_service, make_request, ordered = CASES[provider]
    with proxy.client(proxy.port_of[route]) as client:
        for number in range(10):
            sandbox.control(route, "POST", "/_sandbox/revoke")
            assert client.ask(make_request(number)).status == 200
    state = sandbox.control(route, "GET", "/_sandbox/state")
    assert sorted(ordered(state)) == [0, 2, 4, 6, 8]
    assert state[token_service]["tokenCalls"]["count"] == 11


def test_a_token_that_the_service_will_not_renew_at_first(sandbox, proxy):
    """The token call fails twice; the request waits, and gets its answer when the third succeeds."""
    sandbox.control("btc", "POST", "/_sandbox/revoke")
    sandbox.control("btc", "POST", "/_sandbox/fail?status=503&count=1")
    with proxy.client(proxy.port_of["btc"]) as client:
        answer = client.ask(bloq_request(2))
        assert answer.status in (200, 401, 503), (answer.status, answer.body)
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    assert len(state["connect"]["transactions"]) == (1 if answer.status == 200 else 0)


def test_short_lifetimes_are_renewed_under_load(tmp_path_factory):
    """Tokens of two seconds, four seconds of requests one after another: none of them is refused."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), "--token-lifetime", "2")
    configuration = json.loads(json.dumps(sandbox.configuration))
    for route in configuration["routes"]:
        del route["listen"]
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), configuration, secrets=sandbox.secrets())
    until = threading.Event()
    threading.Timer(4, until.set).start()
    with proxy.client(proxy.ports[0]) as bloq, proxy.client(proxy.ports[1]) as bloquo:
        while not until.wait(0.05):
            assert bloq.ask(bloq_request(1)).status == 200
            assert bloquo.ask(bloquo_request(1)).status == 200
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    assert state["accounts"]["tokenCalls"]["refreshes"] >= 1
    assert state["bloquo"]["tokenCalls"]["count"] >= 2
    assert state["connect"]["refused"] == 0 and state["bloquo"]["refused"] == 0
    proxy.finish()
    assert sandbox.terminate() == 0
