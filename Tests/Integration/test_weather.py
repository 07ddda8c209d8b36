"""Orders through bad weather, on the kernel's own TCP: clients, proxy and provider are machines of their own (network namespaces), and
the lines between them lose, delay, repeat, reorder and spoil packets, reset connections, forget them, and fail altogether for a while.
Meanwhile tokens are revoked, and new ones have to come through the same weather.

`WEATHER_SEED` repeats what the lines and the clients drew in a run that failed, though not when; `WEATHER_SECONDS` (10) is how long it lasts."""

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
from harness.encrypted import SecureClient, trusting
from harness.load import in_parallel
from harness.messages import Broken, Client, eventually
from harness.processes import bearerproxy
from harness.upstream import Upstream, unused_port
from harness.weather import Machine, Weather, why_not
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401

CLIENTS = 24
STORM = float(os.environ.get("WEATHER_SECONDS", 10))
# Seconds after which a client gives an answer up.
PATIENCE = 6
HOST = "proxy.test"
# Short ones: what the weather has taken is not to be waited for longer than a test lasts.
TIMEOUTS = {"connect": "2s", "responseHead": "3s", "requestHead": "3s", "requestBody": "3s", "keepAlive": "4s", "idle": "3s"}
REVOKE_EVERY = 3
OWN = {
    408: ["request_timeout"], 502: ["upstream_unreachable", "upstream_tls", "upstream_protocol"], 503: ["overloaded", "credential_unavailable"],
    504: ["upstream_timeout", "auth_timeout"],
}  # fmt: skip


def content(name: str, count: int) -> bytes:
    """Bytes that only this order has."""
    seed = hashlib.sha256(name.encode()).digest()
    return (seed * (count // len(seed) + 1))[:count]


class Provider(Upstream):
    """Writes what it executes into its book, and answers with what nobody else's order has. It gives tokens, too, and revokes them."""

    def __init__(self, leaf, machine: Machine | None = None):
        self.machine = machine
        self.lock = threading.Lock()
        self.book: Counter = Counter()
        self.wrong: list[str] = []
        self.tokens: list[str] = []
        self.revoked = self.refused = 0
        super().__init__(leaf, self.execute)

    def listen(self):
        if self.machine is None:
            return super().listen()
        return self.machine.enter(lambda: socket.create_server(("10.77.2.2", 0), backlog=512))

    def execute(self, connection):
        while (message := connection.next()) is not None:
            if message.one("Host") == "second.test":
                self.give_token(connection)
                continue
            name = message.target.rpartition("/")[2]
            with self.lock:
                if message.one("Authorization") not in self.tokens[self.revoked :]:
                    self.refused += 1
                    connection.send(json_answer({"message": "jwt expired"}, "401 Unauthorized"))
                    continue
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

    def give_token(self, connection):
        with self.lock:
            token = jwt(3600, len(self.tokens))
            self.tokens.append(f"Bearer {token}")
        connection.send(json_answer({"accessToken": token}))

    def revoke(self):
        with self.lock:
            self.revoked = len(self.tokens)


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
        if answer.status == 401 and answer.one("Proxy-Status") is None:
            # The provider's own: it had revoked the new token, too, by the time that it came.
            return
        error = json.loads(answer.body)["error"]
        self.message = error["message"]
        if error["code"] not in OWN.get(answer.status, ()) or answer.one("Proxy-Status") is None:
            self.outcome = f"{answer.status} {error['code']}"

    def problem(self, executed: int) -> str | None:
        if executed > (2 if self.method == "GET" else 1):
            return f"executed {executed} times"
        if self.outcome == "200":
            return None if executed else "confirmed, and not executed"
        if self.outcome == "401":
            # A GET may have been executed on a connection that was lost, and asked again when its token was revoked.
            return "refused, and executed all the same" if executed and self.method != "GET" else None
        if self.outcome not in ("broken", "given up", "408", "502", "503", "504"):
            return "an outcome that there must not be"
        if executed and ("the request had not been sent" in self.message or "had not been accepted upstream" in self.message):
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


@pytest.mark.parametrize("threads, is_encrypted", [(1, False), (2, True)], ids=["1 loop", "2 loops, clients with TLS"])
def test_orders_in_a_storm(country, seed, authority, leaf, make_proxy, route, bloq, tmp_path, record_property, threads, is_encrypted):  # noqa: F811
    provider = Provider(leaf, country.far)
    there = f"10.77.2.2:{provider.port}"
    made = route(provider.port, credential="bloq", listen=f"0.0.0.0:{unused_port()}", exposed=True, allow={"hosts": [HOST]}, connectTo=there, timeouts=TIMEOUTS)
    if is_encrypted:
        front = authority.leaf("front in a storm", [HOST])
        made["listenTLS"] = {"certificate": str(front.certificate), "key": str(front.key)}
    credentials = bloq(0, connectTo=there, authTimeout="4s", timeouts={"connect": "2s", "responseHead": "2s"})
    secrets, admin = [CLIENT_ID, CLIENT_SECRET], {"listen": f"unix:{tmp_path}/admin"}
    proxy = country.middle.enter(lambda: make_proxy(made, credentials=credentials, secrets=secrets, admin=admin, threads=threads))
    context = trusting(authority.certificate)
    country.weather.calm()

    def connect() -> Client:
        where = {"address": "10.77.1.1", "patience": PATIENCE}
        if is_encrypted:
            return country.clients.enter(lambda: SecureClient(proxy.port, context, proxy.seen.append, HOST, **where))
        return country.clients.enter(lambda: Client(proxy.port, proxy.seen.append, **where))

    storm_of_orders(country.weather, provider, proxy, connect, seed, threads, record_property)


def storm_of_orders(weather, provider: Provider, proxy, connect, seed: str, label, record_property, seconds=STORM):
    """`weather` has a storm and a calm; the orders, and what has to be true of them."""
    with connect() as client:
        assert Order("first", random.Random(seed)).place(client)
    assert eventually(lambda: not any(loop["clients"] for loop in status(proxy)["loops"]))
    before = held(proxy)
    weather.storm()
    orders = [[] for _ in range(CLIENTS)]
    over = time.monotonic() + seconds

    def place(number: int):
        dice = random.Random(f"{seed}/{label}/{number}")
        client = None
        while time.monotonic() < over:
            order = Order(f"{label}-{number}-{len(orders[number])}", dice)
            try:
                client = client or connect()
            except OSError:
                # The order has not gone out.
                continue
            orders[number].append(order)
            if not order.place(client) or dice.random() < 0.1:
                client.__exit__()
                client = None
            if order.outcome in ("401", "503"):
                # There is no token at the moment: nobody would go on at once.
                time.sleep(0.05)
        if client:
            client.__exit__()

    def revoke():
        while time.monotonic() < over:
            time.sleep(REVOKE_EVERY)
            provider.revoke()

    try:
        in_parallel(CLIENTS + 1, lambda number: revoke() if number == CLIENTS else place(number))
    finally:
        weather.calm()
    placed = [order for some in orders for order in some]
    outcomes = Counter(order.outcome for order in placed)
    print(f"WEATHER_SEED={seed}", outcomes, f"{len(provider.tokens)} tokens, {provider.refused} refused")
    settle(proxy, connect, before, label)
    with provider.lock:
        problems = [
            (found, order.name, order.method, order.outcome, order.message, provider.book[order.name])
            for order in placed if (found := order.problem(provider.book[order.name]))
        ]  # fmt: skip
    record_property("figures", {"seed": seed, "orders": len(placed), "outcomes": dict(outcomes), "tokens": len(provider.tokens), "refused": provider.refused})
    provider.close()
    assert not problems, f"WEATHER_SEED={seed}: {len(problems)} problems, among them {problems[:5]}"
    assert provider.wrong == []
    # It was bad weather, and yet much of it went well.
    assert outcomes["200"] > CLIENTS * 2, outcomes
    assert outcomes.total() - outcomes["200"] > 5 and provider.refused and len(provider.tokens) > 1, outcomes


def settle(proxy, connect, before: int, label):
    """In calm weather the proxy serves as ever, and has let go of everything."""
    numbers = iter(range(1_000_000))

    def serves() -> bool:
        for _ in range(20):
            order = Order(f"after-{label}-{next(numbers)}", random.Random(0))
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
