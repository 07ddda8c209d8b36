"""WebSockets and other tunnels over TLS: the library `websockets` on both sides, and raw bytes where it is too polite."""

import base64
import hashlib
import itertools
import re
import socket
import ssl
import threading
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, ConnectionClosedOK, InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import serve

from harness import limits
from harness.messages import eventually, request
from harness.upstream import answering
from test_clients import Curl
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401

MEBIBYTE = 1 << 20
MANY = 60
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
OFFER = {"Connection": "Upgrade", "Upgrade": "line-protocol"}
ACCEPTED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: line-protocol\r\n\r\n"


class WebSocketServer:
    """A server of the library over TLS; a handshake needs one of `tokens`."""

    def __init__(self, leaf, tokens, handle):
        self.tokens, self.handshakes, self.handle = set(tokens), [], handle
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(leaf.certificate, leaf.key)
        self.server = serve(
            lambda connection: self.handle(connection), "127.0.0.1", 0, ssl=context, process_request=self.admit,
            select_subprotocol=lambda _, offered: "second" if "second" in offered else None, max_size=None,
        )  # fmt: skip
        self.port = self.server.socket.getsockname()[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def admit(self, connection, handshake):
        self.handshakes.append(handshake)
        if handshake.headers.get_all("Authorization") not in [[f"Bearer {token}"] for token in self.tokens]:
            return connection.respond(HTTPStatus.UNAUTHORIZED, "who are you\n")
        if handshake.path == "/forbidden":
            return connection.respond(HTTPStatus.FORBIDDEN, "not here\n")


def echo(connection):
    for message in connection:
        connection.send(message)


@pytest.fixture(scope="module")
def make_server(leaf):
    made = []

    def make(tokens, handle=echo):
        made.append(WebSocketServer(leaf, tokens, handle))
        return made[-1]

    yield make
    for server in made:
        server.server.shutdown()


@pytest.fixture(scope="module")
def server(make_server, token):
    return make_server([token])


@pytest.fixture(scope="module")
def proxy(make_proxy, route, server):
    return make_proxy(route(server.port))


def join(proxy, path="/", **options):
    options = {"max_size": None, "open_timeout": limits.ANSWER, "close_timeout": limits.CLOSE, **options}
    return connect(f"ws://127.0.0.1:{proxy.port}{path}", proxy=None, **options)


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_of_every_kind(proxy, compression):
    with join(proxy, compression=compression) as client:
        for message in ["hello", "", "grüße ✓ 𝄞", b"\x00\xff" * 100, b"", "x" * 125, "x" * 126, b"y" * 65535, b"y" * 65536]:
            client.send(message)
            assert client.recv(limits.ANSWER) == message


def test_a_message_in_fragments(make_server, make_proxy, route, token):
    seen = []

    def handle(connection):
        for _ in range(2):
            seen.append(list(connection.recv_streaming()))
            connection.send(iter(seen[-1]))
        # The client ends: the library loses what it reads together with an end that it cannot answer any more.
        with pytest.raises(ConnectionClosed):
            connection.recv()

    proxy = make_proxy(route(make_server([token], handle).port))
    with join(proxy, compression=None) as client:
        for fragments in [["one", "two", "", "three"], [b"\x01" * 70_000, b"\x02", b"\x03" * 200_000]]:
            client.send(iter(fragments))
            got = list(client.recv_streaming())
            assert [piece for piece in got if piece] == [piece for piece in fragments if piece]
            assert [piece for piece in seen[-1] if piece] == [piece for piece in fragments if piece]


@pytest.mark.parametrize("compression", [None, "deflate"])
def test_messages_of_eight_mebibytes(proxy, compression):
    message = hashlib.shake_256(b"eight").digest(8 * MEBIBYTE)
    with join(proxy, compression=compression) as client:
        for _ in range(2):
            client.send(message)
            assert client.recv(limits.ANSWER) == message


def test_pings_from_both_sides(make_server, make_proxy, route, token):
    answered = []

    def handle(connection):
        answered.append(connection.ping("from the server").wait(limits.ANSWER))
        echo(connection)

    proxy = make_proxy(route(make_server([token], handle).port))
    with join(proxy) as client:
        assert client.ping("from the client").wait(limits.ANSWER)
        client.send("after it")
        assert client.recv(limits.ANSWER) == "after it"
    assert answered == [True]


def test_closing_by_the_client(make_server, make_proxy, route, token):
    ended = []

    def handle(connection):
        with pytest.raises(ConnectionClosed) as closed:
            connection.recv()
        ended.append((closed.value.rcvd.code, closed.value.rcvd.reason))

    proxy = make_proxy(route(make_server([token], handle).port))
    for code, reason in [(1000, ""), (1001, "going away"), (4321, "grüße")]:
        client = join(proxy)
        client.close(code, reason)
        assert eventually(lambda: (code, reason) in ended), ended


def test_closing_by_the_server(make_server, make_proxy, route, token):
    def handle(connection):
        code, _, reason = connection.recv().partition(" ")
        connection.close(int(code), reason)

    proxy = make_proxy(route(make_server([token], handle).port))
    for code, reason, kind in [(1000, "done", ConnectionClosedOK), (1011, "oops", ConnectionClosedError), (4999, "", ConnectionClosedError)]:
        with join(proxy) as client:
            client.send(f"{code} {reason}")
            with pytest.raises(kind) as closed:
                client.recv(limits.ANSWER)
            assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (code, reason)


def test_what_the_server_sees_of_a_handshake(proxy, server, token):
    del server.handshakes[:]
    fields = {"Authorization": "Bearer mine", "X-Own": "1", "Cookie": "a=b", "cookie": "c=d"}
    with join(proxy, "/path?query=1", additional_headers=fields, subprotocols=["first", "second"]) as client:
        assert client.subprotocol == "second"
        assert client.response.headers["X-Request-Id"]
    (handshake,) = server.handshakes
    assert handshake.path == "/path?query=1"
    assert handshake.headers.get_all("Authorization") == [f"Bearer {token}"]
    assert handshake.headers["Host"] == "upstream.test" and handshake.headers["Via"] == "1.1 bearerproxy"
    assert handshake.headers["X-Own"] == "1" and "Cookie" not in handshake.headers


def test_a_refused_handshake_is_a_normal_answer(proxy):
    with pytest.raises(InvalidStatus) as refused:
        join(proxy, "/forbidden")
    assert refused.value.response.status_code == 403
    assert refused.value.response.body == b"not here\n"


def test_a_page_of_another_site_opens_no_connection(proxy, server):
    del server.handshakes[:]
    with pytest.raises(InvalidStatus) as refused:
        join(proxy, origin="https://evil.example")
    assert refused.value.response.status_code == 403 and server.handshakes == []
    with join(proxy, origin=f"http://127.0.0.1:{proxy.port}") as client:
        client.send("from a page of our own")
        assert client.recv(limits.ANSWER) == "from a page of our own"


def test_a_revoked_token_is_replaced_before_the_client_knows(make_server, make_proxy, make_upstream, route, bloq):  # noqa: F811
    tokens = [jwt(3600, serial) for serial in range(4)]
    serial = itertools.count()
    service = make_upstream(answering(lambda _: json_answer({"accessToken": tokens[next(serial)]})))
    server = make_server(tokens[:1])
    proxy = make_proxy(
        route(server.port, credential="bloq"), credentials=bloq(service.port), secrets=[CLIENT_ID, CLIENT_SECRET, *tokens]
    )
    for current in range(3):
        server.tokens = {tokens[current]}
        with join(proxy) as client:
            client.send("with the new token")
            assert client.recv(limits.ANSWER) == "with the new token"
    # Each but the first was refused once, and sent again once.
    assert len(server.handshakes) == 5


def test_a_token_that_stays_refused_is_told_to_the_client(make_server, make_proxy, make_upstream, route, bloq):  # noqa: F811
    serial = itertools.count()
    service = make_upstream(answering(lambda _: json_answer({"accessToken": jwt(3600, next(serial))})))
    server = make_server(["another"])
    proxy = make_proxy(route(server.port, credential="bloq"), credentials=bloq(service.port), secrets=[CLIENT_ID, CLIENT_SECRET])
    with pytest.raises(InvalidStatus) as refused:
        join(proxy)
    assert refused.value.response.status_code == 401 and refused.value.response.body == b"who are you\n"
    assert len(server.handshakes) == 2


def test_many_at_once(proxy):
    def talk(number: int) -> bool:
        with join(proxy) as client:
            for turn in range(20):
                message = f"{number}/{turn} " * (turn * 50 + 1)
                client.send(message)
                if client.recv(limits.ANSWER) != message:
                    return False
        return True

    with ThreadPoolExecutor(MANY) as pool:
        assert all(pool.map(talk, range(MANY)))


def test_a_server_that_vanishes(make_server, make_proxy, route, token):
    def handle(connection):
        connection.recv()
        # Without close_notify, and without a closing frame.
        connection.socket.shutdown(socket.SHUT_RDWR)

    proxy = make_proxy(route(make_server([token], handle).port))
    with join(proxy) as client:
        client.send("go")
        with pytest.raises(ConnectionClosedError) as closed:
            client.recv(limits.ANSWER)
        assert closed.value.rcvd is None


def test_a_client_that_vanishes(make_server, make_proxy, route, token):
    ended = []

    def handle(connection):
        try:
            connection.recv()
        except ConnectionClosed as closed:
            ended.append(closed.rcvd)

    proxy = make_proxy(route(make_server([token], handle).port))
    client = join(proxy)
    client.socket.shutdown(socket.SHUT_RDWR)
    assert eventually(lambda: ended == [None])


def test_a_silent_tunnel_ends_and_one_with_pings_does_not(make_server, make_proxy, route, token):
    proxy = make_proxy(route(make_server([token]).port, timeouts={"idle": "2s"}))
    with join(proxy, ping_interval=0.5) as lively, join(proxy, ping_interval=None) as silent:
        with pytest.raises(ConnectionClosedError):
            silent.recv(limits.ANSWER)
        lively.send("still here")
        assert lively.recv(limits.ANSWER) == "still here"
    assert b'"idle_timeout"' in proxy.output


def test_a_drain_lets_a_conversation_end(make_server, make_proxy, route, token):
    proxy = make_proxy(route(make_server([token]).port), drainTimeout="60s")
    with join(proxy) as client:
        proxy.process.terminate()
        assert not eventually(lambda: proxy.process.poll() is not None, 0.5)
        client.send("last words")
        assert client.recv(limits.ANSWER) == "last words"
    assert proxy.process.wait(limits.END) == 0
    assert re.search(rb'"path":"/","status":101,"received":\d+,"sent":\d+', proxy.output)


# Raw bytes


@pytest.fixture
def line_proxy(make_proxy, make_upstream, route):
    """A proxy whose upstream takes every offer of a protocol of its own, and then does `converse`."""

    def make(converse, **more):
        def serve(connection):
            connection.next_head()
            connection.send(ACCEPTED)
            converse(connection)

        upstream = make_upstream(serve)
        return make_proxy(route(upstream.port, **more)), upstream

    return make


def upgrade(client):
    client.send(request(fields=OFFER))
    answer = client.reader.head()
    assert answer.status == 101 and answer.one("Upgrade") == "line-protocol"


def test_a_half_close_of_the_client_goes_over_tls(line_proxy):
    def converse(connection):
        # The end is an orderly one: another raises.
        while piece := connection.stream.recv(65536):
            got.append(piece)
        connection.send(b"".join(got)[::-1])

    got = []
    proxy, upstream = line_proxy(converse)
    with proxy.client() as client:
        upgrade(client)
        client.send(b"forwards")
        client.connection.shutdown(socket.SHUT_WR)
        assert client.reader.to_end() == b"sdrawrof"
    assert upstream.failures == []


def test_a_half_close_of_the_upstream_leaves_the_client_its_word(line_proxy):
    def converse(connection):
        connection.send(b"all I have")
        # close_notify alone: the stream stays open, and can be read. The library's unwrap would wait for the other's.
        outgoing.append(connection.stream)
        connection.stream.settimeout(0.2)
        try:
            connection.stream.unwrap()
        except OSError:
            pass
        connection.stream.settimeout(limits.ANSWER)

    outgoing = []
    proxy, _ = line_proxy(converse)
    with proxy.client() as client:
        upgrade(client)
        assert client.reader.to_end() == b"all I have"
        client.send(b"thanks")


def test_an_upstream_that_ends_without_close_notify_is_a_reset(line_proxy):
    def converse(connection):
        connection.send(b"half of")
        connection.cut()

    proxy, _ = line_proxy(converse)
    with proxy.client() as client:
        upgrade(client)
        got = b""
        with pytest.raises(ConnectionResetError):
            while True:
                piece = client.connection.recv(65536)
                assert piece, "the end looked like an orderly one"
                got += piece
        assert b"half of".startswith(got)


def test_a_stopped_reader_does_not_grow_the_proxy(line_proxy):
    def converse(connection):
        connection.stream.settimeout(3)
        for _ in range(64):
            connection.send(bytes(MEBIBYTE))

    proxy, upstream = line_proxy(converse)
    with proxy.client() as first:
        upgrade(first)
        before = resident(proxy)
        assert eventually(lambda: upstream.failures != [], limits.ANSWER), "all of it was taken"
        assert resident(proxy) - before < 8 * MEBIBYTE


def test_a_stopped_upstream_does_not_grow_the_proxy(line_proxy):
    stop = threading.Event()
    proxy, _ = line_proxy(lambda _: stop.wait(limits.ANSWER))
    with proxy.client() as client:
        upgrade(client)
        before = resident(proxy)
        client.connection.settimeout(3)
        with pytest.raises(TimeoutError):
            client.send(bytes(64 * MEBIBYTE))
        assert resident(proxy) - before < 8 * MEBIBYTE
    stop.set()


def resident(proxy) -> int:
    with open(f"/proc/{proxy.process.pid}/status") as status:
        return int(re.search(r"VmRSS:\s+(\d+) kB", status.read())[1]) << 10


# What must not become a tunnel


def test_curl_asks_for_http2_and_gets_http1(make_proxy, make_upstream, route, tmp_path):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    curl = Curl(tmp_path)
    assert curl.run("--http2", "-w", " %{http_version}", f"{proxy.address}/a") == "ok 1.1"
    (asked,) = upstream.requests
    assert not asked.all("Upgrade") and not asked.all("HTTP2-Settings") and not asked.all("Connection")


def test_curl_asks_for_http2_in_a_list(make_proxy, make_upstream, route, tmp_path):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    fields = ["-H", "Connection: Upgrade, HTTP2-Settings", "-H", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"]
    for offered, forwarded in [("h2c, other", "other"), ("other/2 , H2C,TLS/1.2", "other/2"), ("HTTP/2.0", None)]:
        assert Curl(tmp_path).run(*fields, "-H", f"Upgrade: {offered}", f"{proxy.address}/a") == "ok"
        asked = upstream.requests[-1]
        assert asked.one("Upgrade") == forwarded and not asked.all("HTTP2-Settings")


def test_an_upstream_that_speaks_http2_all_the_same(make_proxy, make_upstream, route):
    """The published attack: a 101 that the proxy believes lets everything through behind it (h2c smuggling)."""
    switched = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n"
    upstream = make_upstream(answering(switched + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"))
    proxy = make_proxy(route(upstream.port))
    offer = {"Connection": "Upgrade, HTTP2-Settings", "Upgrade": "h2c", "HTTP2-Settings": "AAMAAABkAAQAoAAAAAIAAAAA"}
    with proxy.client() as client:
        client.send(request(fields=offer) + b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        answer = client.response()
        assert answer.status == 502 and b"upstream_protocol" in answer.body
        assert client.response().status in (400, 505)
    assert b"PRI" not in upstream.received


def test_a_reflected_101_opens_nothing(make_proxy, make_upstream, route):
    """The published attack on WebSocket proxies: an API that answers 101 to what is no handshake of its own."""
    accept = base64.b64encode(hashlib.sha1(b"another key").digest())
    for proof in [b"", b"Sec-WebSocket-Accept: " + accept + b"\r\n"]:
        reflected = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" + proof + b"\r\n"
        upstream = make_upstream(answering(reflected))
        proxy = make_proxy(route(upstream.port))
        offer = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "777", "Sec-WebSocket-Key": KEY}
        with proxy.client() as client:
            client.send(request(fields=offer) + request("DELETE", "/admin"))
            assert client.response().status == 502
        assert b"DELETE /admin" not in upstream.connections[0].received
