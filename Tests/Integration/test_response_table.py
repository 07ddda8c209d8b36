"""Every response of the table from a raw upstream, through the running proxy.

What is malformed, cut short or over-long reaches the client as a 502 or as a visibly broken transfer, never as a whole
answer; and the next request gets its own answer, whatever the upstream has sent behind the end of the last.
"""

import itertools
import threading

import pytest

from harness import limits
from harness.cases import RESPONSES, dangerous
from harness.messages import Broken, eventually, request
from test_malformed_requests import assert_own_error
from test_request_table import another_client, echo

HARD = dangerous(RESPONSES)
ENDS = ["finish", "cut", "reset"]
numbers = itertools.count()


class Script:
    """Answers a request for /case with the bytes of a case, and every other with what it asked for."""

    def __init__(self):
        self.answer, self.end, self.pieces = b"", None, 1 << 30

    def __call__(self, connection):
        while (message := connection.next()) is not None:
            if message.target != "/case":
                connection.send(echo(message))
                continue
            for offset in range(0, len(self.answer), self.pieces):
                connection.send(self.answer[offset : offset + self.pieces])
            if self.end is not None:
                getattr(connection, self.end)()
                return


@pytest.fixture(scope="module")
def script():
    return Script()


@pytest.fixture(scope="module")
def upstream(make_upstream, script):
    return make_upstream(script)


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    return make_proxy(route(upstream.port))


def is_good(case, end) -> bool:
    """Whether the client may see a whole answer: one that ends with its connection has to end properly."""
    if not case.is_accepted or case.facts["status"] < 200:
        return False
    return case.facts["framing"] != "untilClose" or end == "finish"


def ask(proxy, script, case, end=None, pieces=1 << 30):
    """Asks for the case, and then for something else: on the same connection where it is kept, and as another client."""
    # A head is looked at whenever a line of it has ended: so every fault comes to light with an LF behind it.
    data = case.data + (b"\r\n" if "refused" in case.entry else b"")
    script.answer, script.end, script.pieces = data, end, pieces
    method = case.entry.get("answering", "GET")
    with proxy.client() as client:
        client.send(request(method, "/case"))
        try:
            answer = client.response(method)
        except Broken as broken:
            assert not is_good(case, end), broken
            assert client.reader.everything, "a broken transfer has begun; what has not is answered with 502"
        else:
            if is_good(case, end):
                assert (answer.status, answer.body) == (case.facts["status"], case.content)
            elif method == "HEAD":
                assert (answer.status, answer.body) == (502, b"")
            else:
                assert_own_error(answer, 502, "upstream_protocol" if end != "reset" else None)
            if not client.reader.ended and answer.one("Connection") != "close":
                target = f"/behind/{next(numbers)}"
                assert client.ask(request(target=target)).body.decode() == f"GET {target}"
    another_client(proxy)


def natural_end(case) -> str | None:
    """How the upstream ends a case by itself: not at all, where the bytes tell the end or the fault."""
    waits = case.is_unfinished or case.facts["framing"] == "untilClose" or case.facts["status"] in (100, 103)
    return "finish" if waits and "refused" not in case.entry else None


# Nothing sends CONNECT on; the parser alone knows how it would be answered.
ASKABLE = [case for case in RESPONSES if case.entry.get("answering") != "CONNECT"]


@pytest.mark.parametrize("case", ASKABLE, ids=str)
def test_a_response_of_the_table(proxy, script, case):
    ask(proxy, script, case, natural_end(case))


@pytest.mark.parametrize("case", [case for case in HARD if len(case.data) < 1000], ids=str)
def test_a_dangerous_response_in_small_pieces(proxy, script, case):
    ask(proxy, script, case, natural_end(case), pieces=7)


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("case", [case for case in RESPONSES if case.is_unfinished], ids=str)
def test_what_is_cut_short_is_never_whole(proxy, script, case, end):
    ask(proxy, script, case, end)


@pytest.mark.parametrize("end", ["cut", "reset"])
@pytest.mark.parametrize("minor", [0, 1])
@pytest.mark.parametrize("head", [b"\r\n", b"Content-Length: 2000\r\n\r\n"], ids=["until the end", "length"])
def test_a_transfer_that_has_begun_breaks_visibly(make_proxy, route, make_upstream, head, end, minor):
    """Without close_notify anybody could have cut it (RFC 9112 9.8); a client of HTTP/1.0 is shown it by a reset."""
    has_begun = threading.Event()

    def serve(connection):
        connection.next()
        connection.send(b"HTTP/1.1 200 OK\r\n" + head + b"x" * 1000)
        assert has_begun.wait(limits.ANSWER)
        getattr(connection, end)()

    with make_proxy(route(make_upstream(serve).port)).client() as client:
        client.send(b"GET /case HTTP/1.%d\r\nHost: localhost\r\n\r\n" % minor)
        arrived = client.connection.recv(65536)
        assert arrived.startswith(b"HTTP/1.1 200 OK\r\n")
        has_begun.set()
        with pytest.raises(ConnectionResetError):
            while piece := client.connection.recv(65536):
                arrived += piece
    assert not arrived.endswith(b"0\r\n\r\n")


@pytest.mark.parametrize("case", [case for case in HARD if case.excess], ids=str)
def test_bytes_behind_an_answer_reach_nobody(make_proxy, route, make_upstream, case):
    """They come a moment later, while the connection waits for its next request."""
    script = Script()
    upstream = make_upstream(script)
    proxy = make_proxy(route(upstream.port, limits={"concurrency": 1}))
    method = case.entry.get("answering", "GET")
    script.answer = case.data[: -len(case.excess)]
    answered = case.entry.get("answered")
    with proxy.client() as client:
        first = client.ask(request(method, "/case"), method)
        assert first.status == (answered or case.facts["status"])
    connection = upstream.connections[0]
    try:
        connection.send(case.excess)
    except (OSError, ValueError):
        assert answered, "the connection was good until then"
    for _ in range(3):
        another_client(proxy)
    assert eventually(lambda: connection.reader.ended or connection.stream.fileno() == -1), "it is never used again"
