"""Orders through bad weather, on the kernel's own TCP: clients, proxy and provider are machines of their own (network namespaces), and
the lines between them lose, delay, repeat, reorder and spoil packets, reset connections, forget them, and fail altogether for a while.

`WEATHER_SEED` repeats what the lines and the clients drew in a run that failed, though not when."""

import contextlib
import hashlib
import json
import os
import random
import socket
import threading
import time
from collections import Counter

import pytest

from harness import limits
from harness.load import in_parallel
from harness.messages import Broken, Client, eventually
from harness.processes import bearerproxy
from harness.upstream import Upstream, unused_port
from harness.weather import Machine, Weather, why_not

CLIENTS = 24
STORM = 12
# Seconds after which a client gives an answer up.
PATIENCE = 6
HOST = "proxy.test"
# Short ones: what the weather has taken is not to be waited for longer than a test lasts.
TIMEOUTS = {"connect": "2s", "responseHead": "3s", "requestHead": "3s", "requestBody": "3s", "keepAlive": "4s", "idle": "3s"}
OWN = {502: ("upstream_unreachable", "upstream_tls", "upstream_protocol"), 503: ("overloaded",), 504: ("upstream_timeout",), 408: ("request_timeout",)}


def content(name: str, count: int) -> bytes:
    """Bytes that only this order has."""
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (count // len(seed) + 1))[:count]


class Provider(Upstream):
    """Writes what it executes into its book, and answers with what nobody else's order has."""

    def __init__(self, leaf, machine: Machine, port: int):
        self.machine, self.fixed_port = machine, port
        self.lock = threading.Lock()
        self.book: Counter = Counter()
        self.wrong: list[str] = []
        super().__init__(leaf, self.execute)

    def listen(self):
        return self.machine.enter(lambda: socket.create_server(("10.77.2.2", self.fixed_port), backlog=512))

    def execute(self, connection):
        while (message := connection.next()) is not None:
            name = message.target.rpartition("/")[2]
            with self.lock:
                self.book[name] += 1
                if message.body != content(name, len(message.body)) or str(len(message.body)) != message.one("X-Size"):
                    self.wrong.append(f"{name} arrived with what was not sent")
            # A line's memory of every byte is for shorter tests.
            connection.reader.everything.clear()
            connection.requests.clear()
            size = int(message.one("X-Answer"))
            body = content(f"answer to {name}", size)
            if size % 2:
                chunks = [body[: size // 3], body[size // 3 :]]
                framed = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks if chunk) + b"0\r\n\r\n"
                connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + framed)
            else:
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + body)


class Order:
    def __init__(self, name: str, dice: random.Random):
        self.name = name
        self.method = dice.choice(["POST", "POST", "PUT", "GET"])
        self.size = 0 if self.method == "GET" else dice.choice([0, 10, 400, 3_000, 20_000])
        self.answer_size = dice.choice([0, 1, 60, 2_001, 30_000, 60_001])
        self.is_chunked = self.size > 0 and dice.random() < 0.3
        self.outcome = "none"
        self.message = ""

    def data(self) -> bytes:
        body = content(self.name, self.size)
        fields = [f"Host: {HOST}", f"X-Size: {self.size}", f"X-Answer: {self.answer_size}"]
        if self.is_chunked:
            fields.append("Transfer-Encoding: chunked")
            body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        elif self.method != "GET":
            fields.append(f"Content-Length: {self.size}")
        return "\r\n".join([f"{self.method} /order/{self.name} HTTP/1.1", *fields, "", ""]).encode() + body

    def place(self, client: Client) -> bool:
        """Whether the connection can be used on."""
        try:
            client.send_as_far_as_taken(self.data())
            answer = client.response(self.method)
        except TimeoutError:
            self.outcome = "given up"
            return False
        except (Broken, OSError) as reason:
            # Not a word of it, or a transfer that visibly broke.
            self.outcome, self.message = "broken", repr(reason)
            return False
        self.outcome = str(answer.status)
        if answer.status == 200:
            if answer.body != content(f"answer to {self.name}", self.answer_size):
                self.outcome = "another's answer"
        else:
            self.read_problem(answer)
        return "close" not in (answer.one("Connection") or "").lower()

    def read_problem(self, answer):
        error = json.loads(answer.body)["error"]
        self.message = error["message"]
        if error["code"] not in OWN.get(answer.status, ()) or answer.one("Proxy-Status") is None:
            self.outcome = f"{answer.status} {error['code']}"

    def problem(self, executed: int) -> str | None:
        if executed > (2 if self.method == "GET" else 1):
            return f"executed {executed} times"
        if self.outcome == "200":
            return None if executed else "confirmed, and not executed"
        if self.outcome not in ("broken", "given up", "408", "502", "503", "504"):
            return "an outcome that there must not be"
        if executed and "the request had not been sent" in self.message:
            return "said not to have been sent, and it was executed"
        return None


class Country:
    """Three machines and two lines."""

    def __init__(self, seed: str):
        self.clients, self.middle, self.far = Machine(), Machine(), Machine()
        near = self.middle.device("near", "10.77.1.1", "10.77.1.2"), self.clients.device("line", "10.77.1.2", "10.77.1.1")
        # Small packets: a record of TLS comes in many.
        far = self.middle.device("far", "10.77.2.1", "10.77.2.2", 600), self.far.device("line", "10.77.2.2", "10.77.2.1", 600)
        self.weather = Weather(seed, [near, far])

    def close(self):
        if self.weather.process.poll() is None:
            self.weather.process.kill()
            self.weather.process.wait(limits.END)
        for machine in (self.clients, self.middle, self.far):
            machine.close()


@pytest.fixture(scope="module")
def seed() -> str:
    if reason := why_not():
        pytest.skip(reason)
    return os.environ.get("WEATHER_SEED") or random.SystemRandom().randbytes(4).hex()


@pytest.fixture(scope="module")
def country(seed):
    made = Country(seed)
    yield made
    made.close()


def status(proxy) -> dict:
    done = bearerproxy("status", "--json", "--config", proxy.file)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def held(proxy) -> int:
    """Descriptors but those of connections to the provider, which may be kept."""
    count = len(os.listdir(f"/proc/{proxy.process.pid}/fd"))
    return count - sum(loop["upstreamConnections"] for loop in status(proxy)["loops"])


@pytest.mark.parametrize("threads", [1, 2])
def test_orders_in_a_storm(country, seed, leaf, make_proxy, route, tmp_path, record_property, threads):
    provider = Provider(leaf, country.far, unused_port())
    made = route(
        provider.port, listen=f"0.0.0.0:{unused_port()}", exposed=True, allow={"hosts": [HOST]}, connectTo=f"10.77.2.2:{provider.port}", timeouts=TIMEOUTS
    )
    proxy = country.middle.enter(lambda: make_proxy(made, admin={"listen": f"unix:{tmp_path}/admin"}, threads=threads))

    def connect() -> Client:
        return country.clients.enter(lambda: Client(proxy.port, proxy.seen.append, "10.77.1.1", PATIENCE))

    country.weather.calm()
    with connect() as client:
        assert Order("first", random.Random(seed)).place(client)
    assert eventually(lambda: status(proxy)["loops"][0]["clients"] == 0)
    before = held(proxy)
    country.weather.storm()
    orders = [[] for _ in range(CLIENTS)]
    over = time.monotonic() + STORM

    def place(number: int):
        dice = random.Random(f"{seed}/{threads}/{number}")
        client = None
        while time.monotonic() < over:
            order = Order(f"{threads}-{number}-{len(orders[number])}", dice)
            try:
                client = client or connect()
            except OSError:
                # The order has not gone out.
                continue
            orders[number].append(order)
            if not order.place(client) or dice.random() < 0.1:
                client.__exit__()
                client = None
        if client:
            client.__exit__()

    try:
        in_parallel(CLIENTS, place)
    finally:
        country.weather.calm()
    placed = [order for some in orders for order in some]
    outcomes = Counter(order.outcome for order in placed)
    print(f"WEATHER_SEED={seed}", outcomes)
    settle(proxy, connect, before, threads)
    with provider.lock:
        problems = [
            (found, order.name, order.method, order.outcome, order.message, provider.book[order.name])
            for order in placed if (found := order.problem(provider.book[order.name]))
        ]  # fmt: skip
    record_property("figures", {"seed": seed, "orders": len(placed), "outcomes": dict(outcomes)})
    provider.close()
    assert not problems, f"WEATHER_SEED={seed}: {len(problems)} problems, among them {problems[:5]}"
    assert provider.wrong == []
    # It was bad weather, and yet most of it went well.
    assert outcomes["200"] > len(placed) / 2 and len(placed) > CLIENTS * 5, outcomes
    assert outcomes.total() - outcomes["200"] > 5, outcomes


def settle(proxy, connect, before: int, threads: int):
    """In calm weather the proxy serves as ever, and has let go of everything."""
    numbers = iter(range(1_000_000))

    def serves() -> bool:
        for _ in range(20):
            order = Order(f"after-{threads}-{next(numbers)}", random.Random(0))
            order.method = "POST"
            with contextlib.suppress(OSError), connect() as client:
                order.place(client)
            if order.outcome != "200":
                return False
        return True

    assert eventually(serves, limits.ANSWER), proxy.tail()
    assert eventually(lambda: sum(loop["clients"] for loop in status(proxy)["loops"]) == 0, limits.ANSWER), status(proxy)["loops"]
    assert eventually(lambda: held(proxy) <= before, limits.CLOSE), (held(proxy), before)
    state = status(proxy)["routes"]["up"]
    assert state["queue"]["waiting"] == 0 and state["connections"]["open"] == state["connections"]["idle"], state
