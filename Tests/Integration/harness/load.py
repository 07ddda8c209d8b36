"""Many clients at once, as programs with a pool of connections are."""

import http.client
import itertools
import json
import math
import threading
import time

import requests

from . import limits
from .messages import Client, Message, request


class SteadyClient:
    """A client that keeps its connection until an answer says that it ends, and makes a new one for its next request."""

    def __init__(self, connect):
        self.connect = connect
        self.client: Client | None = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.client is not None:
            self.client.__exit__()
            self.client = None

    def ask(self, data: bytes, method: str = "GET") -> Message:
        """One request and its answer; after anything but a whole answer the connection is gone."""
        if self.client is None:
            self.client = self.connect()
        keeps = False
        try:
            # The proxy may answer, and close, before it has taken the whole content.
            self.client.send_as_far_as_taken(data)
            answer = self.client.response(method)
            keeps = "close" not in (answer.one("Connection") or "").lower()
            return answer
        finally:
            if not keeps:
                self.close()


def in_parallel(count: int, work):
    """Runs `work(number)` on so many threads to their ends, and raises what one of them raised."""
    failures = []

    def run(number):
        try:
            work(number)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


class KeepsBytes:
    """One connection for all requests, read by the tests' own strict reader."""

    def __init__(self, port: int):
        self.client = SteadyClient(lambda: Client(port))
        self.close = self.client.close

    def ask(self, method: str, target: str, content: bytes) -> int:
        return self.client.ask(request(method, target, body=content), method).status


class NewBytes:
    """A connection for each request, likewise."""

    def __init__(self, port: int):
        self.port = port

    def close(self):
        pass

    def ask(self, method: str, target: str, content: bytes) -> int:
        with Client(self.port) as client:
            return client.ask(request(method, target, body=content, fields={"Connection": "close"}), method).status


class KeepsRequests:
    """requests, with its pool of connections."""

    def __init__(self, port: int):
        self.origin = f"http://127.0.0.1:{port}"
        self.session = requests.Session()
        self.session.trust_env = False
        self.close = self.session.close

    def ask(self, method: str, target: str, content: bytes) -> int:
        return self.session.request(method, self.origin + target, data=content or None, timeout=limits.ANSWER).status_code


class NewHTTPClient:
    """Python's own client, with a connection for each request."""

    def __init__(self, port: int):
        self.port = port

    def close(self):
        pass

    def ask(self, method: str, target: str, content: bytes) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=limits.ANSWER)
        try:
            connection.request(method, target, content or None)
            answer = connection.getresponse()
            answer.read()
            return answer.status
        finally:
            connection.close()


class Load:
    """So many requests a second to a route of the sandbox's `btc`, by clients of several kinds, for as long as it is entered.

    Every other one publishes a transaction, each another. Nobody asks twice: whatever is not answered by 200 is in `failures`. A client
    that is late, for an answer took long, sends without a pause until it is in time again."""

    RATE, CLIENTS = 500, 40
    KINDS = [KeepsBytes, NewBytes, KeepsRequests, NewHTTPClient]

    def __init__(self, ports: list[int]):
        self.ports = ports
        self.over = threading.Event()
        self.failures: list[str] = []
        # By client: what it published, when each of its requests began, and how long the longest took.
        self.published: list[list[str]] = [[] for _ in range(self.CLIENTS)]
        self.counts = [0] * self.CLIENTS
        self.longest = [0.0] * self.CLIENTS
        # By client, at the end: what was due and not sent, and how much of that for its thread was woken late.
        self.unsent = [0] * self.CLIENTS
        self.overslept = [0] * self.CLIENTS
        self.threads = [threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(self.CLIENTS)]

    def __enter__(self):
        self.began = time.monotonic()
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ended = time.monotonic()
        self.over.set()
        for thread in self.threads:
            thread.join()
        self.seconds = time.monotonic() - self.began

    @property
    def count(self) -> int:
        return sum(self.counts)

    @property
    def figures(self) -> dict:
        rate = round(self.count / self.seconds)
        return {
            "requests": self.count, "seconds": round(self.seconds, 1), "per_second": rate, "longest_s": round(max(self.longest), 3),
            "due_not_sent": sum(self.unsent), "of_these_overslept": sum(self.overslept)
        }  # fmt: skip

    @property
    def is_constant(self) -> bool:
        """Whether nine of ten requests that were due by the end were sent, or would have been if the clients' threads had been woken in
        time. The rest waited for answers."""
        return self.count + sum(self.overslept) >= 0.9 * (self.count + sum(self.unsent))

    def goes_on(self, seconds=0.2):
        """Waits a little, and until each client has had an answer meanwhile."""
        known = list(self.counts)
        time.sleep(seconds)
        deadline = time.monotonic() + limits.ANSWER
        while not self.failures and not all(now > before for now, before in zip(self.counts, known)):
            assert time.monotonic() < deadline, "a client has no answer"
            time.sleep(0.01)

    def _run(self, number: int):
        period = self.CLIENTS / self.RATE
        due = self.began + period * number / self.CLIENTS
        client = self.KINDS[number % len(self.KINDS)](self.ports[number // len(self.KINDS) % len(self.ports)])
        # Seconds for which it was not woken, since it was last in time.
        lag = 0.0
        try:
            for turn in itertools.count():
                free = time.monotonic()
                if due > free:
                    lag = 0.0
                if self.over.wait(max(0.0, due - free)):
                    # Whatever was due by then.
                    self.unsent[number] = max(0, math.floor((self.ended - due) / period) + 1)
                    self.overslept[number] = min(self.unsent[number], math.floor(lag / period))
                    return
                lag += max(0.0, time.monotonic() - max(due, free))
                due += period
                self._ask(client, number, turn)
        finally:
            client.close()

    def _ask(self, client, number: int, turn: int):
        method, target, content = "GET", f"/_sandbox/echo?client={number}&turn={turn}", b""
        if turn % 2:
            transaction = f"0100000001{number * 100_000 + turn:08x}"
            self.published[number].append(transaction)
            method, target, content = "POST", "/api/v1/tx/send", json.dumps({"rawtx": transaction}).encode()
        began = time.monotonic()
        try:
            status = client.ask(method, target, content)
            if status != 200:
                self.failures.append(f"{type(client).__name__}: {method} {target}: {status}")
        except Exception as failure:
            self.failures.append(f"{type(client).__name__}: {method} {target}: {failure!r} after {time.monotonic() - began:.3f} s")
        self.counts[number] += 1
        self.longest[number] = max(self.longest[number], time.monotonic() - began)
