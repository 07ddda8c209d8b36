"""A provider whose process is killed and started again under load, before a proxy with two loops."""

import itertools
import json
import threading
import time
from collections import Counter

import pytest

from harness.load import SteadyClient, in_parallel
from harness.messages import eventually, request
from harness.mortal import Mortal

CLIENTS = 16
DEATHS = 6


@pytest.fixture
def mortal(leaf, tmp_path):
    mortal = Mortal(leaf, tmp_path)
    mortal.start()
    yield mortal
    mortal.kill()


def test_no_order_is_executed_twice_and_everything_else_recovers(make_proxy, route, mortal):
    proxy = make_proxy(route(mortal.port), threads=2)
    numbers, isOver = itertools.count(), threading.Event()
    outcomes: dict[str, int] = {}
    unsent: set[str] = set()
    gets = Counter()

    def load(_number):
        with SteadyClient(lambda: proxy.client()) as client:
            while not isOver.is_set():
                order = f"/order/{next(numbers)}"
                answer = client.ask(request("POST", order, body=b"an order"), "POST")
                outcomes[order] = answer.status
                if answer.status != 200 and "had not been sent" in json.loads(answer.body)["error"]["message"]:
                    unsent.add(order)
                gets[client.ask(request(target="/look")).status] += 1

    def die():
        try:
            for _ in range(DEATHS):
                time.sleep(0.4)
                mortal.kill()
                time.sleep(0.1)
                mortal.start()
            time.sleep(0.4)
        finally:
            isOver.set()

    in_parallel(CLIENTS + 1, lambda number: die() if number == CLIENTS else load(number))
    executed = Counter(mortal.executed)
    assert max(executed.values()) == 1, [order for order, count in executed.items() if count > 1]
    answered = {order for order, status in outcomes.items() if status == 200}
    assert len(answered) > DEATHS * CLIENTS
    assert answered <= set(executed)
    assert not unsent & set(executed), "what is said not to have been sent was not"
    assert set(outcomes.values()) | set(gets) <= {200, 502, 503}, (Counter(outcomes.values()), gets)
    with proxy.client() as client:
        assert eventually(lambda: client.ask(request(target="/look")).status == 200)
        assert all(client.ask(request(method, "/look")).status == 200 for method in ("GET", "POST") * 20)
