"""A token is revoked while two hundred requests with contents of all sizes are under way, at an upstream that is strict:
it has the heads, or the whole contents, when the token ends, and hashes what it accepts."""

import hashlib
import itertools
import json
import threading
from collections import Counter

from harness import limits
from harness.interruptible import Interruptible
from harness.load import in_parallel
from harness.messages import eventually
from harness.transfers import receive_content
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401

MEBIBYTE = 1 << 20
LONG = 20 * MEBIBYTE
# How many requests with contents of so many bytes; every second one that has any is chunked.
SIZES = {0: 60, 1: 40, 65536: 40, MEBIBYTE: 30, LONG: 10}
WEBSOCKETS, POLLS = 10, 10
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


class StrictService:
    """Tokens and the API. Requests with the first token are held until it is revoked, and are then refused."""

    def __init__(self, leaf):
        self.tokens: list[str] = []
        self.revoked = threading.Event()
        self.held = itertools.count(1)
        self.heldCount = 0
        self.refused: list[tuple[str, bool]] = []
        self.continued = Counter()
        self.accepted: list[tuple[str, int, str]] = []
        self.wrong: list[str] = []
        self.token_service = Interruptible(leaf, self.serve_token)
        self.api = Interruptible(leaf, self.serve)

    def serve_token(self, connection):
        while connection.next() is not None:
            token = jwt(3600, len(self.tokens))
            if self.tokens:
                # Long enough for every refusal to meet this call.
                self.revoked.wait(0.5)
            self.tokens.append(f"Bearer {token}")
            connection.send(json_answer({"accessToken": token}))

    def serve(self, connection):
        while (message := connection.next_head()) is not None:
            if not self.serve_one(connection, message):
                return

    def serve_one(self, connection, message) -> bool:
        """False when the connection ends."""
        number = int(message.target.partition("?")[0].rpartition("/")[2])
        expects = (message.one("Expect") or "").lower() == "100-continue"
        is_old = message.one("Authorization") == self.tokens[0]
        # A refusal comes before the content is read, or behind it.
        is_late = number % 3 == 0 and not expects
        content = None
        if is_late or not is_old:
            if expects:
                connection.send(b"HTTP/1.1 100 Continue\r\n\r\n")
                self.continued[number] += 1
            content = self.content(connection, message)
        if is_old:
            self.heldCount = next(self.held)
            # More than is kept is sent after a second without an answer; before that, it is refused.
            self.revoked.wait(0.6 if int(message.one("X-Size")) == LONG else limits.ANSWER)
            assert self.revoked.is_set(), "nobody revoked"
            self.refused.append((message.target, expects))
            end = b"Connection: close\r\n" if expects else b""
            connection.send(b"HTTP/1.1 401 Unauthorized\r\n%sContent-Length: 11\r\n\r\njwt expired" % end)
            if expects:
                return False
            if content is None:
                self.content(connection, message)
            return True
        if message.one("Authorization") != self.tokens[-1]:
            self.wrong.append(message.target)
        if message.target.startswith("/socket.io/"):
            token = self.tokens[-1].removeprefix("Bearer ")
            if message.target != f"/socket.io/{number}?token={token}&EIO=3&transport=polling":
                self.wrong.append(message.target.replace(token, "the right token"))
        self.accepted.append((message.target.partition("?")[0], *content))
        if message.one("Upgrade") is not None:
            connection.send(
                b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Accept: %s\r\n\r\n" % ACCEPT.encode()
            )
            # Not frames, but bytes: the tunnel is what counts here.
            connection.send(b"you said " + connection.reader.take(4))
            return False
        connection.send(json_answer({"number": number, "count": content[0], "sha256": content[1]}))
        return True

    @staticmethod
    def content(connection, message) -> tuple[int, str]:
        length = message.one("Content-Length")
        if message.one("Transfer-Encoding") is None and int(length or 0) == 0:
            return 0, hashlib.sha256().hexdigest()
        return receive_content(connection.reader, length and int(length))


def content_of(number: int, size: int) -> bytes:
    """No two requests have the same."""
    piece = hashlib.sha512(str(number).encode()).digest()
    return (piece * (size // len(piece) + 1))[:size]


class Request:
    def __init__(self, number: int, size: int, kind: str = "content"):
        self.number, self.size, self.kind = number, size, kind
        self.path = f"/{'socket.io' if kind == 'poll' else kind}/{number}"

    @property
    def is_long(self) -> bool:
        return self.size == LONG

    def parts(self):
        """What a client sends, piece by piece."""
        head = ["Host: localhost", f"X-Size: {self.size}"]
        content = content_of(self.number, self.size)
        if self.kind == "websocket":
            head += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {KEY}"]
            yield self.head("GET", self.path, head)
        elif self.kind == "poll":
            yield self.head("GET", f"{self.path}?EIO=3&transport=polling", head)
        elif self.size == 0:
            method = ("GET", "POST", "DELETE", "PUT")[self.number % 4]
            yield self.head(method, self.path, head + (["Content-Length: 0"] if method in ("POST", "PUT") else []))
        elif self.number % 2:
            yield self.head("POST", self.path, head + ["Transfer-Encoding: chunked"])
            for begin in range(0, self.size, 10_000):
                piece = content[begin : begin + 10_000]
                yield b"%x\r\n%s\r\n" % (len(piece), piece)
            yield b"0\r\n\r\n"
        else:
            yield self.head(("PUT", "POST")[self.number % 4 // 2], self.path, head + [f"Content-Length: {self.size}"])
            yield content

    @staticmethod
    def head(method: str, target: str, fields: list[str]) -> bytes:
        return "\r\n".join([f"{method} {target} HTTP/1.1", *fields, "", ""]).encode()

    def digest(self) -> str:
        return hashlib.sha256(content_of(self.number, self.size)).hexdigest()


def test_a_revocation_under_contents_of_all_sizes(leaf, make_proxy, route, bloq, record_property):  # noqa: F811
    service = StrictService(leaf)
    proxy = make_proxy(
        route(service.api.port, credential="bloq", socketIOToken=True),
        credentials=bloq(service.token_service.port),
        secrets=[CLIENT_ID, CLIENT_SECRET],
    )
    kinds = [size for size, count in SIZES.items() for _ in range(count)]
    requests = [Request(number, size) for number, size in enumerate(kinds)]
    requests += [Request(len(requests) + number, 0, "websocket") for number in range(WEBSOCKETS)]
    requests += [Request(len(requests) + number, 0, "poll") for number in range(POLLS)]
    assert len(requests) == 200
    short = sum(not each.is_long for each in requests)
    start_long = threading.Event()
    answers = {}

    def ask(number):
        each = requests[number]
        if each.is_long:
            start_long.wait(limits.ANSWER)
        with proxy.client() as client:
            client.connection.settimeout(limits.TEST / 2)
            for part in each.parts():
                client.send(part)
            if each.kind == "websocket":
                answer = client.reader.head()
                client.send(b"word")
                answer.body = client.reader.to_end()
            else:
                answer = client.response()
            answers[number] = answer

    asking = threading.Thread(target=in_parallel, args=(len(requests), ask), daemon=True)
    asking.start()
    assert eventually(lambda: service.heldCount == short, limits.ANSWER), f"{service.heldCount} are under way"
    start_long.set()
    eventually(lambda: service.heldCount == len(requests), 0.5)
    under_way = service.heldCount
    service.revoked.set()
    asking.join(limits.TEST / 2)
    assert not asking.is_alive(), f"{len(answers)} of {len(requests)} are answered"

    figures = {
        "under_way": under_way, "refused": len(service.refused), "refused_announcements": sum(late for _, late in service.refused),
        "token_calls": len(service.tokens), "accepted": len(service.accepted),
        "bytes": sum(count for _, count, _ in service.accepted),
    }  # fmt: skip
    record_property("figures", figures)
    print(figures)
    bad = {each.path: answers.get(each.number) for each in requests
           if each.number not in answers or answers[each.number].status != (101 if each.kind == "websocket" else 200)}
    assert not bad, f"{len(bad)} were not answered as they should be: {dict(itertools.islice(bad.items(), 3))}"
    assert len(service.tokens) == 2, "one new token for everyone"
    assert len(service.refused) >= short, "everybody whose token ended was refused"
    assert any(late for _, late in service.refused), "no announcement was refused, or nothing was shown of them"
    assert service.wrong == []
    assert sorted(service.accepted) == sorted((each.path, each.size, each.digest()) for each in requests), "byte for byte, once"
    for each in requests:
        answer = answers[each.number]
        if each.kind == "websocket":
            assert answer.body == b"you said word"
        else:
            assert json.loads(answer.body) == {"number": each.number, "count": each.size, "sha256": each.digest()}
