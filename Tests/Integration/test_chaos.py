"""`sandbox --chaos`: services that fail by chance, and what the proxy makes of it."""

import json
import re
import time
from collections import Counter

import pytest
from harness import limits
from harness.messages import Broken, Client, request
from harness.processes import Proxy, bearerproxy
from harness.sandbox import Sandbox

FAULTS = ["late", "serverError", "unavailable", "tooManyRequests", "revokedToken", "resetBefore", "resetAfter", "cutOff"]
# An answer may be late, once for a token and once for each of two attempts; this is beyond all that.
PATIENCE = 20


@pytest.fixture
def sandbox(tmp_path_factory):
    started = []

    def make(*options) -> Sandbox:
        started.append(Sandbox(tmp_path_factory.mktemp("sandbox"), *options))
        return started[-1]

    yield make
    for process in started:
        assert process.terminate() == 0


def state(sandbox) -> dict:
    return sandbox.control("btc", "GET", "/_sandbox/state")


def outcome(proxy, message, method="GET"):
    """The status of one request over a connection of its own; `broken` where the answer is cut off."""
    while True:
        began = time.monotonic()
        with proxy.client() as client:
            try:
                answer = client.ask(message, method)
            except (Broken, OSError):
                return "broken"
            finally:
                assert time.monotonic() - began < PATIENCE
        # The token call met a fault: nothing was sent, so it may be asked again.
        if answer.status != 503 or b"credential_unavailable" not in answer.body:
            return answer.status
        time.sleep(0.2)


def test_no_order_twice_and_nothing_hangs(sandbox, tmp_path):
    emulated = sandbox("--chaos", "30:2")
    for route in emulated.configuration["routes"]:
        del route["listen"]
    proxy = Proxy(tmp_path, {**emulated.configuration, "log": {"access": "off", "level": "info"}}, secrets=emulated.secrets())
    published, read = {}, Counter()
    try:
        for number in range(100):
            transaction = f"01000000{number:08x}"
            body = json.dumps({"rawtx": transaction}).encode()
            message = request("POST", "/api/v1/tx/send", [("Content-Type", "application/json")], body=body)
            published[transaction] = outcome(proxy, message, "POST")
            read[outcome(proxy, request(target="/api/v1/status"))] += 1
    finally:
        proxy.finish()
    told = state(emulated)
    ledger = Counter(entry["rawtx"] for entry in told["connect"]["transactions"])
    assert max(ledger.values()) == 1, "none is carried out twice"
    for transaction, status in published.items():
        if status == 200:
            assert ledger[transaction] == 1
        elif status in (401, 429, 503):
            assert ledger[transaction] == 0, (transaction, status)
    # Of the others, the ledger alone knows.
    unknown = [ledger[transaction] for transaction, status in published.items() if status in (502, "broken")]
    assert 0 in unknown and 1 in unknown, (Counter(published.values()), unknown, told["chaos"], read)
    assert all(told["chaos"][fault] > 0 for fault in FAULTS if fault != "serverError"), told["chaos"]
    # A GET whose connection was reset is asked once more, and one whose token was revoked gets another.
    assert read[200] >= 70 and read[401] == 0, read
    lost = sum(status in (502, "broken") for status in [*read.elements(), *published.values()])
    assert lost < sum(told["chaos"][fault] for fault in ("resetBefore", "resetAfter", "cutOff")), (read, told["chaos"])
    assert set(read) <= {200, 401, 429, 502, 503, "broken"}


def test_the_same_seed_chooses_the_same(sandbox, tmp_path):
    seen = []
    for options in (["--chaos", "50:7"], ["--chaos", "50:7"], ["--chaos", "50:8"]):
        emulated = sandbox(*options)
        assert re.search(rf"Chaos: 50 of 100 requests meet a fault; --chaos {options[1]} chooses the same again", emulated.output.decode())
        statuses = []
        for _ in range(12):
            try:
                statuses.append(bool(emulated.access_token()))
            except AssertionError as error:
                statuses.append(re.search(r"\((\d+)", str(error))[1])
            except OSError as error:
                statuses.append("reset")
        seen.append((statuses, state(emulated)["chaos"]))
    assert seen[0] == seen[1] != seen[2]
    assert list(seen[0][1]) == FAULTS


def test_without_it_there_is_no_fault(sandbox):
    emulated = sandbox()
    assert "Chaos" not in emulated.output.decode()
    for _ in range(5):
        assert emulated.access_token()
    assert set(state(emulated)["chaos"].values()) == {0}


def test_with_a_proxy_in_front_it_can_be_tried(sandbox):
    emulated = sandbox("--chaos", "20", "--proxy")
    seed = re.search(r"--chaos 20:(\d+) chooses", emulated.output.decode())[1]
    assert 0 < int(seed) < 1_000_000
    assert "/_sandbox/fail?status=503&count=3" in emulated.output.decode()
    port = int(re.search(r"btc +http://127\.0\.0\.1:(\d+)", emulated.output.decode())[1])
    good, deadline = 0, time.monotonic() + limits.ANSWER * 3
    # While there is no token, as the call for it met a fault, all are 503.
    while good < 10:
        assert time.monotonic() < deadline
        with Client(port) as client:
            try:
                good += client.ask(request(target="/api/v1/status")).status == 200
            except (Broken, OSError):
                pass
        time.sleep(0.05)


@pytest.mark.parametrize("text", ["101", "-1", "x", "5:", "5:x", ":5", "5:6:7", "99999999999999999999", "+5"])
def test_what_is_no_percentage(text):
    done = bearerproxy("sandbox", f"--chaos={text}")
    assert done.returncode == 64 and "write a percentage from 0 to 100" in done.stderr, done
