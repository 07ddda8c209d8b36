"""Tokens that run out, a token endpoint that fails, and credentials that are wrong, while many clients go on asking."""

import itertools
import json
import re
import threading
import time
from collections import Counter
from datetime import datetime

import pytest

from harness import limits
from harness.interruptible import Interruptible
from harness.load import SteadyClient, in_parallel
from harness.messages import eventually, request
from harness.processes import Proxy
from harness.sandbox import Sandbox
from harness.upstream import secret_file
from test_credentials import Service
from test_revocation import bloq_request, bloquo_request
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401

LOAD_TIME = 15
CLIENTS = 32
# Between two requests of one client, in seconds: some 300 requests a second.
PERIOD = 0.1
# No request may wait for a token: 0.3 s is what is promised, the rest is for a machine that has other things to do.
WAIT_MAX = 1.0
# Between two calls, in seconds, from tokens that live five: 3 are promised, the rest is for the time that a call takes.
CALL_GAP_MIN = 2.8
# Any backoff that a short outage brings, and more.
RETURN_MAX = 30
REFUSED_TIME = 20
REFUSED_CALLS_MAX = 3


def events(proxy) -> list[tuple[float, str]]:
    """The event log: the time since 1970 and the message of each line."""
    found = []
    # Besides events there is what the command says when it starts.
    for line in filter(lambda line: line.startswith("{"), proxy.err.read_text().splitlines()):
        entry = json.loads(line)
        found.append((datetime.fromisoformat(entry["time"].replace("Z", "+00:00")).timestamp(), entry["message"]))
    return found


def made(directory):
    directory.mkdir()
    return directory


def sandbox_proxy(sandbox, directory, credentials=None) -> Proxy:
    configuration = json.loads(json.dumps(sandbox.configuration))
    for route in configuration["routes"]:
        del route["listen"]
    for name, settings in (credentials or {}).items():
        configuration["credentials"][name].update(settings)
    configuration["log"] = {"access": "stdout", "format": "json", "level": "info"}
    proxy = Proxy(directory, configuration, secrets=sandbox.secrets())
    proxy.port_of = {route["name"]: port for route, port in zip(configuration["routes"], proxy.ports)}
    return proxy


CASES = {"bloq": ("btc", "accounts", "connect", bloq_request), "bloquo": ("bloquo", "bloquo", "bloquo", bloquo_request)}


@pytest.mark.parametrize("provider", CASES)
def test_tokens_of_five_seconds_under_constant_load(provider, tmp_path, record_property):
    """Each client gets its own answers and nothing else, and none of them waits for a token."""
    route, token_service, api, order = CASES[provider]
    sandbox = Sandbox(made(tmp_path / "sandbox"), "--token-lifetime", "5")
    proxy = sandbox_proxy(sandbox, tmp_path / "proxy")
    waits, orders = [], itertools.count(0, 2)
    with proxy.client(proxy.port_of[route]) as client:
        assert client.ask(request(target="/_sandbox/echo")).status == 200
    before = sandbox.control(route, "GET", "/_sandbox/state")
    end = time.monotonic() + LOAD_TIME

    def load(number):
        with SteadyClient(lambda: proxy.client(proxy.port_of[route])) as client:
            due = time.monotonic() + PERIOD * number / CLIENTS
            for turn in itertools.count():
                time.sleep(max(0, due - time.monotonic()))
                due += PERIOD
                if (began := time.monotonic()) > end:
                    return
                if turn % 4 == 3:
                    answer = client.ask(order(next(orders)))
                    assert answer.status == 200, (answer.raw_head, answer.body)
                else:
                    target = f"/_sandbox/echo?client={number}&turn={turn}"
                    answer = client.ask(request(("GET", "POST", "PUT")[turn % 4], target, body=b"x" * (turn % 4 * 100)))
                    assert answer.status == 200, (answer.raw_head, answer.body)
                    echo = json.loads(answer.body)
                    assert (echo["target"], echo["bodyLength"]) == (target, turn % 4 * 100)
                waits.append(time.monotonic() - began)

    in_parallel(CLIENTS, load)
    after = sandbox.control(route, "GET", "/_sandbox/state")
    proxy.finish()
    assert sandbox.terminate() == 0
    calls = after[token_service]["tokenCalls"]["count"] - before[token_service]["tokenCalls"]["count"]
    obtained = [at for at, message in events(proxy) if re.search(rf"credential {provider}: token \d+ obtained", message)]
    gaps = [later - earlier for earlier, later in itertools.pairwise(obtained)]
    waits.sort()
    inside = [json.loads(line)["microseconds"] / 1e6 for line in proxy.out.read_text().splitlines() if line.startswith("{")]
    figures = {
        "requests": len(waits), "max_s": round(waits[-1], 3), "p99_s": round(waits[len(waits) * 99 // 100], 3),
        "max_inside_the_proxy_s": round(max(inside), 3), "token_calls": calls, "least_gap_s": round(min(gaps), 2),
        "refused_upstream": after[api]["refused"] - before[api]["refused"],
    }  # fmt: skip
    record_property("figures", figures)
    print(figures)
    assert len(waits) > CLIENTS * LOAD_TIME / PERIOD / 2, "that was no constant load"
    assert waits[-1] < WAIT_MAX
    assert 2 <= calls <= LOAD_TIME / 3
    # One more may have come before the proxy ended.
    assert 0 <= len(obtained) - after[token_service]["tokenCalls"]["count"] <= 1, "each call brought a token"
    assert min(gaps) >= CALL_GAP_MIN, gaps
    ledger = (
        [entry["clientReference"] for entry in after["bloquo"]["orders"]] if provider == "bloquo"
        else [entry["rawtx"] for entry in after["connect"]["transactions"]]
    )  # fmt: skip
    assert set(Counter(ledger).values()) == {1} and len(ledger) * 2 == next(orders), "each order once"


class Outage:
    """A token service and the API behind it. The service can be stopped in three ways."""

    def __init__(self, leaf, kind: str, lifetime: int):
        self.kind, self.lifetime = kind, lifetime
        self.isDown = False
        self.ended = threading.Event()
        self.serial = itertools.count()
        self.expiries: dict[str, int] = {}
        self.late = 0
        self.service = Interruptible(leaf, self.serve_token)
        self.api = Interruptible(leaf, self.serve)

    def serve_token(self, connection):
        while connection.next() is not None:
            if self.isDown and self.kind == "hangs":
                # Those that hang do not come to life when others are served again.
                self.ended.wait(limits.TEST)
                return
            if self.isDown:
                connection.send(json_answer({"error": "maintenance"}, "503 Service Unavailable"))
                continue
            token = jwt(self.lifetime, next(self.serial))
            self.expiries[f"Bearer {token}"] = int(time.time()) + self.lifetime
            connection.send(json_answer({"accessToken": token}))

    def serve(self, connection):
        while (message := connection.next()) is not None:
            # Judged a little more kindly than the proxy does: the request was on its way when the time came.
            if self.expiries[message.one("Authorization")] + 0.5 < time.time():
                self.late += 1
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine")

    def stop(self):
        self.isDown = True
        if self.kind == "refuses":
            self.service.refuse()

    def start(self):
        self.isDown = False
        if self.kind == "refuses":
            self.service.accept_again()


@pytest.mark.parametrize("kind", ["refuses", "answers 503", "hangs"])
def test_a_token_endpoint_that_is_down(kind, leaf, make_proxy, route, bloq, record_property):  # noqa: F811
    """The old token serves to its end, then requests are refused in time, and the service goes on soon after its return."""
    auth_timeout = 2
    outage = Outage(leaf, kind, lifetime=6)
    proxy = make_proxy(
        route(outage.api.port, credential="bloq"),
        credentials=bloq(outage.service.port, authTimeout=f"{auth_timeout}s"),
        secrets=[CLIENT_ID, CLIENT_SECRET],
    )
    seen: list[tuple[float, float, int, str | None]] = []
    done = threading.Event()

    def load(_):
        with SteadyClient(proxy.client) as client:
            while not done.wait(0.05):
                began = time.time()
                answer = client.ask(request("POST", body=b"an order"))
                code = None if answer.status == 200 else json.loads(answer.body)["error"]["code"]
                assert code is None or int(answer.one("Retry-After")) > 0
                seen.append((began, time.time(), answer.status, code))

    loading = threading.Thread(target=in_parallel, args=(4, load), daemon=True)
    loading.start()
    assert eventually(lambda: any(status == 200 for *_, status, _ in seen), limits.START)
    outage.stop()
    expiry = max(outage.expiries.values())
    time.sleep(max(0, expiry - time.time()) + 2 * auth_timeout + 1.5)
    returned = time.time()
    outage.start()
    assert eventually(lambda: seen[-1][2] == 200, RETURN_MAX)
    time.sleep(0.5)
    done.set()
    loading.join()
    outage.ended.set()

    # From the moment at which this token is obtained no other comes.
    alive = [entry for entry in seen if entry[1] < expiry - 0.2]
    dead = [entry for entry in seen if entry[0] > expiry + 0.2 and entry[1] < returned]
    resumed = min(began for began, ended, status, _ in seen if status == 200 and ended > returned)
    answered = min(ended for _, ended, status, _ in seen if status == 200 and ended > returned)
    pauses = [
        (at, float(pause[1]) * (0.001 if pause[2] == "ms" else 1))
        for at, message in events(proxy)
        if at < answered and (pause := re.search(r"trying again in ([0-9.]+)(ms|s)", message))
    ]
    due = max([returned, *(at + pause for at, pause in pauses)])
    figures = {
        "served_by_the_old_token": len(alive), "refused": dict(Counter(entry[2:] for entry in dead)),
        "longest_refusal_s": round(max(ended - began for began, ended, *_ in dead), 3),
        "resumed_after_return_s": round(answered - returned, 2), "of_it_beyond_the_backoff_s": round(answered - due, 2),
    }  # fmt: skip
    record_property("figures", figures)
    print(figures, pauses)
    assert resumed
    assert alive and {status for *_, status, _ in alive} == {200}
    expected = {(503, "credential_unavailable")}
    # Who came while a call was under way that hung, or one on a busy machine, has waited for as long as is allowed.
    assert dead and {entry[2:] for entry in dead} <= expected | {(504, "auth_timeout")}
    assert expected <= {entry[2:] for entry in dead}
    assert max(ended - began for began, ended, *_ in dead) < auth_timeout + 1
    assert answered - due < 2
    # A call that was under way when the service came back may have been one of those that hang.
    assert answered - returned < max(pause for _, pause in pauses) + auth_timeout + 2
    assert outage.late == 0, "an expired token was used"
    assert {status for began, _, status, _ in seen if began > answered} == {200}


def test_wrong_credentials_cost_three_calls_at_most(tmp_path, make_upstream, make_proxy, route, authority, record_property):
    """Twenty seconds of requests from sixteen clients, on three types of credentials of which none is accepted."""
    sandbox = Sandbox(made(tmp_path / "sandbox"))
    wrong = {"file": str(secret_file(tmp_path, "wrong", "wrong-" * 8))}
    proxy = sandbox_proxy(sandbox, tmp_path / "proxy", {name: {"clientSecret": wrong} for name in ("bloq", "bloquo")})
    service = Service(make_upstream)
    oauth = make_proxy(
        route(service.api.port, credential="oauth"),
        credentials={
            "oauth": {
                "type": "oauth2", "tokenURL": "https://upstream.test/token", "clientId": wrong, "clientSecret": wrong,
                "connectTo": f"127.0.0.1:{service.tokens.port}", "tls": {"ca": str(authority.certificate)},
            }
        },
    )  # fmt: skip
    targets = [(proxy, proxy.port_of["btc"]), (proxy, proxy.port_of["bloquo"]), (oauth, oauth.port)]
    end = time.monotonic() + REFUSED_TIME
    answers = Counter()

    def load(number):
        asked, port = targets[number % len(targets)]
        with SteadyClient(lambda: asked.client(port)) as client:
            while time.monotonic() < end:
                answer = client.ask(request("POST", "/order", body=b"an order"))
                answers[number % len(targets), answer.status, json.loads(answer.body)["error"]["code"]] += 1
                time.sleep(0.05)

    in_parallel(16, load)
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    calls = {
        "bloq": state["accounts"]["tokenCalls"]["count"], "bloquo": state["bloquo"]["tokenCalls"]["count"],
        "oauth2": len(service.targets),
    }  # fmt: skip
    proxy.finish()
    assert sandbox.terminate() == 0
    record_property("figures", {"calls": calls, "answers": sum(answers.values())})
    print(calls, dict(answers))
    assert {answer[1:] for answer in answers} == {(503, "credential_unavailable")}
    assert all(1 <= count <= REFUSED_CALLS_MAX for count in calls.values()), calls
    assert state["connect"]["requests"] == 0, "without a token nothing is sent"
