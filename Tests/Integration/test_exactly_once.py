"""Ten thousand orders against a provider that fails at every stage it can. What a client is told has to agree with the
provider's own book: no order twice, nothing that was not executed confirmed, and no failure where there was an answer.

`ORDERS_SEED` repeats the provider's choices of a run that failed."""

import hashlib
import json
import os
import queue
import random
import threading
import time
from collections import Counter, defaultdict

from harness import limits
from harness.interruptible import Interruptible
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401

ORDERS = 10_000
CLIENTS = 32
# The route's responseHead; a provider that is too slow takes longer.
PATIENCE = 3
REVOCATION_EVERY = 200
REFUSAL_EVERY = 1100
REFUSAL_TIME = 0.03

# What the provider does with one request, and how often of a thousand.
STAGES = {
    "fine": 690,
    "slow": 40,
    "closes after the head": 25,
    "closes within the content": 20,
    "closes after the content": 30,
    "resets after the content": 20,
    "executes and closes": 30,
    "executes and resets": 20,
    "executes and sends half a head": 20,
    "executes and sends half an answer": 25,
    "executes and sends half a chunked answer": 20,
    "executes and sends nonsense": 10,
    "executes too slowly": 3,
    "500 without executing": 22,
    "500 after executing": 22,
}
ANSWERED = {"fine", "slow"}
BROKEN_ANSWERS = {"executes and sends half an answer", "executes and sends half a chunked answer"}
NO_CONTENT = {"GET", "DELETE"}


class Provider(Interruptible):
    """Executes orders, by its own book, and fails as its seed says."""

    def __init__(self, leaf, seed: str):
        self.seed = seed
        self.lock = threading.Lock()
        self.executed = Counter()
        # The stages of each order, one for each time that its head arrived with a token that was good.
        self.stages: dict[str, list[str]] = defaultdict(list)
        self.refused = Counter()
        self.lost_connections = 0
        self.arrivals = 0
        self.revoked = 0
        self.windows = 0
        super().__init__(leaf, self.serve_orders)

    # MARK: connections

    def _handle(self, stream):
        dice = self.dice("connection", self.accepted)
        if dice.random() < 0.01:
            stream.close()
            return
        super()._handle(stream)

    def dice(self, *what) -> random.Random:
        return random.Random("/".join(map(str, (self.seed, *what))))

    def serve_orders(self, connection):
        dice = self.dice("stream", connection.number)
        if dice.random() < 0.02:
            self.lose(connection, dice)
            return
        while (message := connection.next_head()) is not None:
            if not self.serve_one(connection, message):
                return
            if dice.random() < 0.04:
                # Between two requests, or while the next is on its way.
                time.sleep(dice.choice([0, 0, 0.001, 0.01]))
                self.lose(connection, dice)
                return

    def lose(self, connection, dice):
        """Ends a connection on which a request that nobody has seen may be."""
        with self.lock:
            self.lost_connections += 1
        dice.choice([connection.finish, connection.cut, connection.reset])()

    # MARK: orders

    def serve_one(self, connection, message) -> bool:
        order = message.target.rpartition("/")[2]
        with self.lock:
            is_refused = self.serials[message.one("Authorization")] < self.revoked
            if not is_refused:
                self.arrivals += 1
                if self.arrivals % REVOCATION_EVERY == 0:
                    self.revoked = self.issued
                if self.arrivals % REFUSAL_EVERY == 0:
                    threading.Thread(target=self.refuse_for_a_while, daemon=True).start()
            attempt = len(self.stages[order]) + self.refused[order]
            dice = self.dice(order, attempt)
            stage = dice.choices(list(STAGES), STAGES.values())[0]
            if is_refused:
                self.refused[order] += 1
            else:
                self.stages[order].append(stage)
        if is_refused:
            return self.refuse_token(connection, message, dice)
        return self.act(connection, message, order, stage, dice)

    def refuse_for_a_while(self):
        with self.lock:
            self.windows += 1
        self.refuse()
        time.sleep(REFUSAL_TIME)
        self.accept_again()

    def refuse_token(self, connection, message, dice) -> bool:
        if dice.random() < 0.5:
            connection.reader.request_body(message)
            connection.send(json_answer({"message": "jwt expired"}, "401 Unauthorized"))
        else:
            connection.send(json_answer({"message": "jwt expired"}, "401 Unauthorized"))
            connection.reader.request_body(message)
        return True

    def act(self, connection, message, order, stage, dice) -> bool:
        """Does what the stage says. False when the connection ends."""
        end = dice.choice([connection.finish, connection.cut])
        if stage == "closes after the head":
            end()
            return False
        if stage == "closes within the content" and (length := int(message.one("Content-Length") or 0)) > 1:
            connection.reader.take(length // 2)
            end()
            return False
        connection.reader.request_body(message)
        if stage in ("closes within the content", "closes after the content", "resets after the content"):
            (connection.reset if stage == "resets after the content" else end)()
            return False
        if stage != "500 without executing":
            with self.lock:
                self.executed[order] += 1
        return self.answer(connection, message, order, stage, dice, end)

    def answer(self, connection, message, order, stage, dice, end) -> bool:
        document = {"order": order, "method": message.method, "sha256": hashlib.sha256(message.body).hexdigest()}
        whole = json_answer(document)
        head, _, content = whole.partition(b"\r\n\r\n")
        if stage == "slow":
            time.sleep(dice.uniform(0.05, 0.3))
        if stage in ANSWERED:
            connection.send(whole)
            return True
        if stage.startswith("500"):
            connection.send(json_answer({"order": order, "message": "out of order"}, "500 Internal Server Error"))
            return True
        if stage == "executes too slowly":
            time.sleep(PATIENCE + 0.5)
        elif stage == "executes and sends half a head":
            connection.send(head[: dice.randrange(1, len(head))])
        elif stage == "executes and sends half an answer":
            connection.send(head + b"\r\n\r\n" + content[: dice.randrange(len(content))])
        elif stage == "executes and sends half a chunked answer":
            chunk = b"%x\r\n%s\r\n" % (len(content), content)
            connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk[: dice.randrange(len(chunk) + 1)])
        elif stage == "executes and sends nonsense":
            connection.send(b"HTTP/1.1 2000 Fine\r\n\r\n" + content)
        (connection.reset if stage == "executes and resets" else end)()
        return False

    # MARK: tokens

    issued = 0

    def begin_tokens(self, leaf) -> Interruptible:
        self.serials: dict[str, int] = {}
        return Interruptible(leaf, self.serve_tokens)

    def serve_tokens(self, connection):
        while connection.next() is not None:
            with self.lock:
                token = jwt(3600, self.issued)
                self.serials[f"Bearer {token}"] = self.issued
                self.issued += 1
            connection.send(json_answer({"accessToken": token}))


class Order:
    """One order, and what its client was told."""

    def __init__(self, number: int, dice: random.Random):
        self.name = f"order-{number}"
        self.method = dice.choices(["POST", "PUT", "DELETE", "GET"], [40, 25, 15, 20])[0]
        size = 0 if self.method in NO_CONTENT else dice.choice([0, 1, 50, 300, 300, 2_000, 40_000])
        self.content = dice.randbytes(size)
        self.is_chunked = bool(size) and dice.random() < 0.2
        self.status: int | None = None
        self.body = b""
        self.proxy_status: str | None = None
        self.broken = ""

    def data(self) -> bytes:
        lines = [f"{self.method} /orders/{self.name} HTTP/1.1", "Host: localhost"]
        content = self.content
        if self.is_chunked:
            lines.append("Transfer-Encoding: chunked")
            half = len(content) // 2
            pieces = filter(None, (content[:half], content[half:]))
            content = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
        elif self.method not in NO_CONTENT:
            lines.append(f"Content-Length: {len(content)}")
        return "\r\n".join([*lines, "", ""]).encode() + content

    def place(self, client: SteadyClient):
        try:
            answer = client.ask(self.data(), self.method)
            self.status, self.body = answer.status, answer.body
            self.proxy_status = answer.one("Proxy-Status")
        except (Broken, OSError, ValueError) as reason:
            self.broken = repr(reason)

    @property
    def is_own(self) -> bool:
        """Whether the proxy made the answer itself."""
        return self.proxy_status is not None

    @property
    def message(self) -> str:
        return json.loads(self.body)["error"]["message"]


def problem(order: Order, provider: Provider) -> str | None:
    """What is wrong with what the client was told; None when it agrees with the provider's book."""
    executed, stages = provider.executed[order.name], provider.stages[order.name]
    last = stages[-1] if stages else None
    is_order = order.method != "GET"
    if executed > (1 if is_order else 2):
        return f"executed {executed} times"
    if is_order and len(stages) > 1:
        return "reached the provider again, with a token that was good"
    if order.broken:
        return None if last in BROKEN_ANSWERS and "where an answer should have been" not in order.broken else order.broken
    if order.status == 200:
        told = {"order": order.name, "method": order.method, "sha256": hashlib.sha256(order.content).hexdigest()}
        if json.loads(order.body) != told:
            return "the answer is another's"
        return None if last in ANSWERED and executed >= 1 else "confirmed, and not executed"
    if not order.is_own:
        # A 401 is nothing that a client ever sees here: a new token cures each.
        is_told = order.status == 500 and last in ("500 without executing", "500 after executing")
        return None if is_told else "an answer that the provider did not give to this order, or a 401"
    return problem_of_failure(order, executed, last)


def problem_of_failure(order: Order, executed: int, last: str | None) -> str | None:
    if order.status not in (502, 504):
        return "a failure that had no reason"
    if last in ANSWERED:
        return "a failure where there was an answer"
    if "the request had not been sent" in order.message and 'details="the request had not been sent"' in order.proxy_status:
        return "said not to have been sent, and it was" if last or executed else None
    if "had not been accepted upstream" in order.message and 'details="the request had not been accepted upstream"' in order.proxy_status:
        return "said not to have been accepted, and it was executed" if executed else None
    if "the request had been sent; whether" in order.message and 'details="the request had been sent"' in order.proxy_status:
        return None
    return "it is not said whether the request had been sent"


def test_ten_thousand_orders(leaf, make_proxy, route, bloq, record_property):  # noqa: F811
    seed = os.environ.get("ORDERS_SEED") or random.SystemRandom().randbytes(4).hex()
    print(f"ORDERS_SEED={seed}")
    provider = Provider(leaf, seed)
    tokens = provider.begin_tokens(leaf)
    proxy = make_proxy(
        route(provider.port, credential="bloq", timeouts={"responseHead": f"{PATIENCE}s"}),
        credentials=bloq(tokens.port),
        secrets=[CLIENT_ID, CLIENT_SECRET],
        log={"access": "stdout", "format": "json", "level": "info"},
    )
    dice = random.Random(seed)
    orders = [Order(number, dice) for number in range(ORDERS)]
    waiting = queue.SimpleQueue()
    for order in orders:
        waiting.put(order)
    began = time.monotonic()
    until = began + limits.TEST - 30

    def place(_):
        with SteadyClient(proxy.client) as client:
            while time.monotonic() < until:
                try:
                    order = waiting.get_nowait()
                except queue.Empty:
                    return
                order.place(client)
                if order.is_own:
                    # Nobody would go on at once.
                    time.sleep(0.02)

    in_parallel(CLIENTS, place)
    took = time.monotonic() - began
    assert waiting.empty(), f"ORDERS_SEED={seed}: only {ORDERS - waiting.qsize()} orders in {took:.0f} s"
    time.sleep(0.5)
    for upstream in (provider, tokens):
        upstream.close()

    unseen = [order for order in orders if order.status in (502, 504) and not provider.stages[order.name]]
    unseen_sent = [order for order in unseen if "had been sent" in order.message]
    figures = {
        "seed": seed, "seconds": round(took, 1), "connections": provider.accepted, "token_calls": provider.issued,
        "refusals_of_tokens": provider.refused.total(), "refusing_connections": provider.windows,
        "told": dict(Counter((order.status or "broken", order.is_own) for order in orders)),
        "executed": sum(provider.executed[order.name] for order in orders if order.method != "GET"),
        "not_sent": len(unseen) - len(unseen_sent), "lost_on_a_closed_connection": len(unseen_sent),
    }  # fmt: skip
    record_property("figures", figures)
    print(figures)
    problems = [
        (found, order.name, order.method, order.status, order.broken, provider.executed[order.name],
         provider.stages[order.name], provider.refused[order.name], order.body[:300])
        for order in orders if (found := problem(order, provider))
    ]  # fmt: skip
    assert not problems, f"ORDERS_SEED={seed}: {len(problems)} problems, among them {problems[:5]}"
    assert len(unseen_sent) <= provider.lost_connections, f"ORDERS_SEED={seed}: nobody lost these"
    assert provider.refused and provider.windows and provider.issued > 5, "the provider has not done its worst"
    used = {stage for stages in provider.stages.values() for stage in stages}
    assert used == set(STAGES), f"ORDERS_SEED={seed}: never done: {set(STAGES) - used}"


def test_a_get_that_was_sent_once_is_not_said_never_to_have_been_sent(leaf, make_proxy, route):
    """The connection of a GET ends without an answer, and the second one cannot be made: nobody knows what the first did."""

    def serve(connection):
        connection.next()
        connection.send(json_answer({}))
        if connection.next() is not None:
            upstream.refuse()

    upstream = Interruptible(leaf, serve)
    proxy = make_proxy(route(upstream.port))
    with proxy.client() as client:
        assert client.ask(Order(0, random.Random(0)).data()).status == 200
        answer = client.ask(b"GET /orders/1 HTTP/1.1\r\nHost: localhost\r\n\r\n")
    upstream.close()
    assert answer.status == 502
    assert "Connection refused; the request had been sent; whether it took effect" in json.loads(answer.body)["error"]["message"]
    assert answer.one("Proxy-Status") == 'bearerproxy; error=connection_refused; details="the request had been sent"'
    assert answer.one("Retry-After") is None
    assert [message.target for message in upstream.requests][1:] == ["/orders/1"]
