"""TLS towards clients: what is let in, what is refused, and that everything works over it as it does without."""

import contextlib
import json
import os
import re
import socket
import ssl
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from websockets.sync.client import connect

from harness import limits
from harness.certificates import Authority
from harness.encrypted import SecureClient, trusting
from harness.messages import Broken, Client, Reader, eventually, request
from harness.processes import ENVIRONMENT, bearerproxy
from harness.records import HANDSHAKE, ClientRecords
from harness.upstream import OK, Connection, answering, secret_file, unused_port
from test_websockets import WebSocketServer, echo

MEBIBYTE = 1 << 20
GET = request()
OFFER = {"Connection": "Upgrade", "Upgrade": "line"}
SWITCHED = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: line\r\n\r\n"


@pytest.fixture(scope="module")
def front(authority):
    """The listener's own certificate."""
    return authority.leaf("front", ["localhost", "127.0.0.1", "proxy.test"])


@pytest.fixture(scope="module")
def alice(authority):
    return authority.leaf("alice", ["alice"], usage="clientAuth")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("stranger")).leaf("alice", ["alice"], usage="clientAuth")


@pytest.fixture(scope="module")
def secure(front):
    def settings(**more) -> dict:
        return {"certificate": str(front.certificate), "key": str(front.key), **more}

    return settings


def serve(connection: Connection):
    """Answers by path."""
    while (message := connection.next()) is not None:
        if message.target == "/large":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (4 * MEBIBYTE) + bytes(4 * MEBIBYTE))
        elif message.target == "/close":
            connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + b"x" * 100_000)
            return
        elif message.target == "/length":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%08d" % len(message.body))
        elif message.target == "/redirect":
            connection.send(
                b"HTTP/1.1 302 Found\r\nLocation: https://upstream.test/landed\r\nContent-Length: 0\r\n"
                b"Set-Cookie: a=1; Domain=upstream.test; Path=/; Secure; SameSite=None\r\n\r\n"
            )
        elif message.target == "/cut":
            connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + b"x" * 10_000)
            # What has gone to the client cannot be taken back.
            time.sleep(0.3)
            connection.cut()
            return
        elif message.target == "/tunnel":
            connection.send(SWITCHED)
            while data := connection.stream.recv(65536):
                connection.send(data.upper())
                if data.endswith(b"bye"):
                    return
            return
        else:
            connection.send(OK)


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(serve)


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream, secure):
    return make_proxy(route(upstream.port, listenTLS=secure(), timeouts={"requestHead": "2s"}))


@pytest.fixture(scope="module")
def demanding(make_proxy, route, upstream, secure, authority):
    return make_proxy(route(upstream.port, listenTLS=secure(clientCA=str(authority.certificate))))


@pytest.fixture
def client(proxy, authority):
    with SecureClient(proxy.port, trusting(authority.certificate), proxy.seen.append) as made:
        yield made


def log_lines(proxy, text: str) -> list[str]:
    return [line for line in proxy.output.decode(errors="replace").splitlines() if text in line]


# What is served


def test_requests_and_answers_of_all_sizes_pass_on_one_connection(client, upstream, token):
    for content in [b"", b"x", b"y" * 20_000, bytes(3 * MEBIBYTE)]:
        assert int(client.ask(request("POST", "/length", body=content)).body) == len(content)
    assert client.ask(request(target="/large")).body == bytes(4 * MEBIBYTE)
    assert client.ask(request("HEAD", "/x"), "HEAD").status == 200
    assert upstream.requests[-1].one("Authorization") == f"Bearer {token}"
    assert client.connection.selected_alpn_protocol() == "http/1.1"
    assert client.connection.version() == "TLSv1.3"


def test_a_message_of_tls_itself_in_two_records_holds_up_nobody_else(proxy, authority, client, tmp_path):
    context = trusting(authority.certificate)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.keylog_filename = str(tmp_path / "keys")
    arrived, leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = context.wrap_bio(arrived, leaving, server_hostname="localhost")
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as connection:

        def until_done(step):
            while True:
                try:
                    return step()
                except ssl.SSLWantReadError:
                    connection.sendall(leaving.read())
                    arrived.write(connection.recv(65536))

        until_done(session.do_handshake)
        session.write(request(target="/large"))
        records = ClientRecords((tmp_path / "keys").read_text(), session.cipher()[0], number=1)
        # The head of a KeyUpdate (RFC 8446, section 4.6.3), with the request ...
        connection.sendall(leaving.read() + records.record(b"\x18\0\0\1", HANDSHAKE))
        for _ in range(3):
            assert client.ask(request(target="/large")).body == bytes(4 * MEBIBYTE)
        # ... and what it asks for: nothing.
        connection.sendall(records.record(b"\0", HANDSHAKE))
        answer = b""
        while len(answer) < 4 * MEBIBYTE:
            answer += until_done(lambda: session.read(65536))
        assert answer.endswith(bytes(4 * MEBIBYTE - 1000))


def test_a_request_byte_by_byte_each_in_a_record_of_its_own(client):
    for byte in request("POST", "/length", body=b"0123456789"):
        client.send(bytes([byte]))
    assert client.response().body == b"00000010"


def test_requests_sent_ahead_in_one_record_are_answered_in_turn(client):
    client.send(request(target="/a") + request("POST", "/length", body=b"abc") + request(target="/b"))
    assert [client.response().body for _ in range(3)] == [b"ok", b"00000003", b"ok"]


def test_an_answer_that_ends_with_its_connection_ends_with_close_notify(client):
    client.send(b"GET /close HTTP/1.0\r\n\r\n")
    received = bytearray()
    while data := client.connection.recv(65536):  # a missing close_notify raises
        received += data
    assert received.endswith(b"x" * 100_000)


def test_an_answer_that_is_cut_off_has_no_close_notify(client):
    client.send(request(target="/cut"))
    with pytest.raises((ssl.SSLEOFError, ConnectionError)):
        while client.connection.recv(65536):
            pass


def test_a_client_that_has_finished_sending_still_gets_its_answer(proxy, authority):
    """Half-closed by close_notify, as RFC 8446, section 6.1, has it, through a TLS engine of the test's own."""
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as stream:
        engine = Engine(stream, trusting(authority.certificate))
        engine.send(request(target="/large", fields={"Connection": "close"}))
        engine.finish()
        stream.shutdown(socket.SHUT_WR)
        assert len(engine.receive_all()) > 4 * MEBIBYTE


class Engine:
    """TLS over a socket, by memory: so that each end can be ended on its own."""

    def __init__(self, stream: socket.socket, context: ssl.SSLContext):
        self.stream, self.incoming, self.outgoing = stream, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.object = context.wrap_bio(self.incoming, self.outgoing, server_hostname="localhost")
        self.repeat(self.object.do_handshake)

    def repeat(self, call, *arguments):
        while True:
            try:
                result = call(*arguments)
                self.flush()
                return result
            except ssl.SSLWantReadError:
                self.flush()
                data = self.stream.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()

    def flush(self):
        if data := self.outgoing.read():
            self.stream.sendall(data)

    def send(self, data: bytes):
        self.object.write(data)
        self.flush()

    def finish(self):
        """close_notify, without waiting for the other side's."""
        with contextlib.suppress(ssl.SSLWantReadError):
            self.object.unwrap()
        self.flush()

    def receive_all(self) -> bytes:
        pieces = []
        with contextlib.suppress(ssl.SSLZeroReturnError):
            while piece := self.repeat(self.object.read, 65536):
                pieces.append(piece)
        return b"".join(pieces)


def test_a_401_is_replayed_over_it(make_proxy, route, make_upstream, secure, authority, tmp_path):
    """The token file changes; the request with its content is sent again, and the client sees one answer."""
    first, second = "token-first-0123456789", "token-second-0123456789"
    file = secret_file(tmp_path, "token", first)
    bodies = []

    def refuse_first(connection: Connection):
        while (message := connection.next()) is not None:
            bodies.append((message.one("Authorization"), len(message.body)))
            if message.one("Authorization") == f"Bearer {second}":
                connection.send(OK)
            else:
                file.write_text(second)
                connection.send(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\n\r\nno!")

    credentials = {"fixed": {"type": "static", "token": {"file": str(file)}}}
    proxy = make_proxy(
        route(make_upstream(refuse_first).port, listenTLS=secure()), credentials=credentials, secrets=[first, second]
    )
    with SecureClient(proxy.port, trusting(authority.certificate), proxy.seen.append) as client:
        assert client.ask(request("POST", "/x", body=bytes(200_000))).status == 200
    assert bodies == [(f"Bearer {first}", 200_000), (f"Bearer {second}", 200_000)]


def test_redirects_cookies_and_the_own_origin_are_of_https(client, proxy):
    host = f"localhost:{proxy.port}"
    answer = client.ask(request(target="/redirect", host=host))
    assert answer.one("Location") == f"https://{host}/landed"
    assert answer.one("Set-Cookie") == "a=1; Path=/; Secure; SameSite=None"
    assert client.ask(request(host=host, fields={"Origin": f"https://{host}"})).status == 200
    assert client.ask(request(host=host, fields={"Origin": f"http://{host}"})).status == 403


def test_refusals_are_answered_and_counted_as_without_tls(client, upstream):
    count = len(upstream.requests)
    answer = client.ask(request(host="evil.example"))
    assert (answer.status, json.loads(answer.body)["error"]["code"]) == (403, "forbidden")
    assert client.ask(b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n").status == 400
    assert client.closed()
    assert len(upstream.requests) == count


@pytest.mark.parametrize("version", ["--tls-max 1.2", "--tlsv1.3"])
def test_curl_verifies_and_gets_its_answer(proxy, authority, version):
    done = subprocess.run(
        ["curl", "-sS", "--fail", "--cacert", authority.certificate, *version.split(), "--data-binary", "@-",
         f"https://localhost:{proxy.port}/length"],
        input=bytes(300_000), capture_output=True, timeout=limits.ANSWER, env=ENVIRONMENT,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, b"00300000", b"")


def test_openssl_resumes_its_session(proxy, authority, tmp_path):
    def ask(*more) -> str:
        done = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", "-CAfile", authority.certificate, "-ign_eof",
             "-verify_return_error", "-servername", "localhost", *more],
            input=request(fields={"Connection": "close"}), capture_output=True, timeout=limits.ANSWER, env=ENVIRONMENT,
        )  # fmt: skip
        return done.stdout.decode(errors="replace")

    session = tmp_path / "session"
    first = ask("-sess_out", session)
    assert "New, TLSv1.3" in first and "HTTP/1.1 200" in first
    again = ask("-sess_in", session)
    assert "Reused, TLSv1.3" in again and "HTTP/1.1 200" in again


# Tunnels


def switch(client):
    client.send(request(target="/tunnel", fields=OFFER))
    assert client.reader.head().status == 101


def test_a_tunnel_runs_both_ways_and_each_side_may_end(proxy, authority):
    with SecureClient(proxy.port, trusting(authority.certificate)) as client:
        switch(client)
        payload = b"abc" * 30_000
        client.send(payload)
        assert client.reader.take(len(payload)) == payload.upper()
        client.send(b"bye")
        assert client.reader.take(3) == b"BYE"
        assert client.connection.recv(10) == b""  # close_notify: without it this raises
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as stream:
        engine = Engine(stream, trusting(authority.certificate))
        engine.send(request(target="/tunnel", fields=OFFER))
        assert b" 101 " in engine.repeat(engine.object.read, 65536)
        engine.send(b"last words")
        engine.finish()
        assert engine.receive_all() == b"LAST WORDS"


def test_a_client_cut_off_in_a_tunnel_is_no_orderly_end_upstream(make_proxy, secure, authority):
    """The upstream is a plain socket: Python's TLS does not tell a reset from an end."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        proxy = make_proxy({
            "name": "up", "upstream": f"http://127.0.0.1:{port}", "credential": "fixed", "listenTLS": secure(),
        })  # fmt: skip
        for is_orderly in [True, False]:
            with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as client:
                engine = Engine(client, trusting(authority.certificate))
                engine.send(request(target="/tunnel", fields=OFFER))
                stream, _ = listener.accept()
                with stream:
                    stream.settimeout(limits.ANSWER)
                    assert Reader(stream).head().target == "/tunnel"
                    stream.sendall(SWITCHED)
                    assert b" 101 " in engine.repeat(engine.object.read, 65536)
                    engine.send(b"half a message")
                    assert stream.recv(100) == b"half a message"
                    if is_orderly:
                        engine.finish()
                    client.shutdown(socket.SHUT_WR)
                    if is_orderly:
                        assert stream.recv(100) == b""
                    else:
                        with pytest.raises(ConnectionResetError):
                            stream.recv(100)


def test_half_a_content_without_close_notify_is_no_request(proxy, authority, upstream):
    client = SecureClient(proxy.port, trusting(authority.certificate))
    client.send(b"POST /half HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n" + b"x" * 50)
    time.sleep(0.1)
    client.connection.shutdown(socket.SHUT_RDWR)
    client.connection.close()
    assert eventually(lambda: "client_closed" in "".join(log_lines(proxy, '"path":"/half"')))
    assert not [message for message in upstream.requests if message.target == "/half"]


# Who is refused


def test_plain_http_on_the_port_is_closed_and_told_of(proxy, upstream):
    count = len(upstream.requests)
    with Client(proxy.port) as client:
        client.send(GET)
        assert client.closed() or client.reader.everything[:1] == b"\x15"
        assert b"HTTP" not in client.reader.everything
    assert eventually(lambda: log_lines(proxy, "TLS of a client: a handshake failed"))
    assert all('"level":"debug"' in line for line in log_lines(proxy, "TLS of a client"))
    assert len(upstream.requests) == count


def test_a_client_that_does_not_trust_the_certificate_sends_nothing(proxy, upstream):
    count = len(upstream.requests)
    with pytest.raises(ssl.SSLCertVerificationError):
        SecureClient(proxy.port, ssl.create_default_context())
    assert len(upstream.requests) == count


@pytest.mark.parametrize("version", ["-tls1", "-tls1_1"])
def test_old_versions_are_refused(proxy, authority, version):
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port}", version, "-cipher", "DEFAULT@SECLEVEL=0"],
        stdin=subprocess.DEVNULL, capture_output=True, timeout=limits.ANSWER, env=ENVIRONMENT,
    )  # fmt: skip
    assert done.returncode != 0
    assert b"alert protocol version" in done.stderr


def test_minimum_1_3_refuses_1_2(make_proxy, route, upstream, secure, authority):
    proxy = make_proxy(route(upstream.port, listenTLS=secure(minimumVersion="1.3")))
    context = trusting(authority.certificate)
    with SecureClient(proxy.port, context) as client:
        assert client.ask(GET).status == 200
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(ssl.SSLError, match="(?i)protocol.version"):
        SecureClient(proxy.port, context)


def test_only_http_1_1_is_agreed_on(proxy, authority):
    context = trusting(authority.certificate)
    context.set_alpn_protocols(["h2"])
    with pytest.raises(ssl.SSLError, match="(?i)no.application.protocol"):
        SecureClient(proxy.port, context)


def refused(port: int, context: ssl.SSLContext) -> str:
    """In TLS 1.3 the client learns of it only after its own handshake."""
    with pytest.raises((ssl.SSLError, ConnectionError, Broken)) as caught:
        with SecureClient(port, context) as client:
            client.send(GET)
            if data := client.connection.recv(100):
                return data.decode(errors="replace")
            raise Broken("closed")
    return str(caught.value)


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_demanded_client_certificate(demanding, authority, front, alice, stranger, upstream, version):
    def context(leaf) -> ssl.SSLContext:
        made = trusting(authority.certificate, leaf)
        made.minimum_version = made.maximum_version = version
        return made

    count = len(upstream.requests)
    refused(demanding.port, context(None))
    refused(demanding.port, context(stranger))
    refused(demanding.port, context(front))  # a server's certificate is none of a client's
    refused(demanding.port, context(authority.leaf(f"late-{version}", ["late"], expired=True, usage="clientAuth")))
    assert len(upstream.requests) == count
    for _ in range(2):
        with SecureClient(demanding.port, context(alice), demanding.seen.append) as client:
            assert client.ask(GET).status == 200
            assert not client.connection.session_reused
    assert len(upstream.requests) == count + 2
    assert eventually(lambda: json.loads(log_lines(demanding, '"status":200')[-1])["client"] == "alice")


def test_the_refused_client_is_told_by_an_alert(demanding, authority):
    assert "CERTIFICATE_REQUIRED" in refused(demanding.port, trusting(authority.certificate)).upper().replace(" ", "_")


# Exhaustion


def test_a_slow_handshake_is_cut(proxy):
    hello = client_hello()
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as silent:
        with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER) as slow:
            start = time.monotonic()
            with contextlib.suppress(ConnectionError):
                for index in range(0, 100):
                    slow.sendall(hello[index : index + 1])
                    time.sleep(0.05)
                    if time.monotonic() > start + limits.CLOSE:
                        break
            slow.settimeout(limits.CLOSE)
            silent.settimeout(limits.CLOSE)
            with contextlib.suppress(ConnectionError):
                assert slow.recv(100) == b""
            with contextlib.suppress(ConnectionError):
                assert silent.recv(100) == b""


def client_hello() -> bytes:
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        ssl.create_default_context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    return outgoing.read()


def resident(process) -> int:
    status = open(f"/proc/{process.process.pid}/status").read()
    return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024


def test_a_thousand_half_open_handshakes_hold_little_and_others_get_in(make_proxy, route, upstream, secure, authority):
    proxy = make_proxy(route(upstream.port, listenTLS=secure(), timeouts={"requestHead": "60s"}))
    context = trusting(authority.certificate)
    with SecureClient(proxy.port, context, proxy.seen.append) as before:
        assert before.ask(GET).status == 200
        memory = resident(proxy)
        hello = client_hello()
        with contextlib.ExitStack() as stack:
            attackers = []
            for _ in range(1000):
                attacker = stack.enter_context(socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER))
                attacker.sendall(hello)
                attackers.append(attacker)
            assert before.ask(GET).status == 200
            # The flood would hold its places for a minute, were it not for those that come after it.
            with SecureClient(proxy.port, context, proxy.seen.append) as late:
                assert late.ask(GET).status == 200
            assert resident(proxy) - memory < 100 * MEBIBYTE
    assert len(log_lines(proxy, "TLS of a client")) < 30


def test_idle_connections_hold_little(make_proxy, route, upstream, secure, authority):
    proxy = make_proxy(route(upstream.port, listenTLS=secure()))
    context = trusting(authority.certificate)
    with contextlib.ExitStack() as stack:
        clients = []
        for index in range(220):
            clients.append(stack.enter_context(SecureClient(proxy.port, context, proxy.seen.append)))
            assert clients[-1].ask(request("POST", "/length", body=bytes(40_000))).status == 200
            if index == 19:
                memory = resident(proxy)
        assert (resident(proxy) - memory) / 200 < 40 * 1024


def test_one_client_too_many_is_told_so_over_tls(make_proxy, route, upstream, secure, authority):
    proxy = make_proxy(route(upstream.port, listenTLS=secure()), limits={"connections": 2})
    context = trusting(authority.certificate)
    with SecureClient(proxy.port, context) as first, SecureClient(proxy.port, context) as second:
        first.send(b"GET ")
        second.send(b"GET ")
        time.sleep(0.2)
        with SecureClient(proxy.port, context, proxy.seen.append) as third:
            answer = third.ask(GET)
            assert (answer.status, json.loads(answer.body)["error"]["code"]) == (503, "overloaded")
            assert third.closed()


def test_draining_finishes_what_is_under_way_and_ends_handshakes(make_proxy, route, make_upstream, secure, authority):
    asked, go = threading.Event(), threading.Event()

    def wait(connection: Connection):
        while connection.next() is not None:
            asked.set()
            go.wait(limits.ANSWER)
            connection.send(OK)

    proxy = make_proxy(route(make_upstream(wait).port, listenTLS=secure()))
    with SecureClient(proxy.port, trusting(authority.certificate), proxy.seen.append) as client:
        client.send(GET)
        assert asked.wait(limits.ANSWER)
        with socket.create_connection(("127.0.0.1", proxy.port)) as silent:
            # Who is silent is accepted a second later.
            time.sleep(1.5)
            with ThreadPoolExecutor() as pool:
                end = pool.submit(proxy.terminate)
                silent.settimeout(limits.CLOSE)
                assert silent.recv(1) == b""
                go.set()
                answer = client.response()
                assert (answer.status, answer.one("Connection")) == (200, "close")
                assert client.connection.recv(1) == b""
                assert end.result() == 0


# Listeners


def test_a_listener_on_all_addresses(make_proxy, route, upstream, secure, authority):
    made = route(upstream.port, listenTLS=secure(), exposed=True, allow={"hosts": ["proxy.test", "127.0.0.2"]})
    made["listen"] = f"0.0.0.0:{unused_port()}"
    proxy = make_proxy(made)
    with SecureClient(proxy.port, trusting(authority.certificate), proxy.seen.append, "proxy.test") as client:
        assert client.ask(request(host="proxy.test")).status == 200
        assert client.ask(request(host="localhost")).status == 403
    # From another address of this machine.
    with socket.create_connection(("127.0.0.2", proxy.port), timeout=limits.ANSWER) as stream:
        context = trusting(authority.certificate)
        with context.wrap_socket(stream, server_hostname="proxy.test") as secured:
            secured.sendall(request(host="127.0.0.2"))
            assert secured.recv(1000).startswith(b"HTTP/1.1 200")
    assert not log_lines(proxy, '"level":"warning"')


def check(tmp_path, text: dict):
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps(text))
    return bearerproxy("check", "--config", file, environment={"T": "token-for-the-check-0123456789"})


def configuration(**keys) -> dict:
    return {
        "routes": [{"upstream": "https://upstream.test", "credential": "x", **keys}],
        "credentials": {"x": {"type": "static", "token": {"env": "T"}}},
    }


def test_check_tells_what_is_exposed_and_what_cannot_be_used(tmp_path, secure, alice):
    refused = check(tmp_path, configuration(listen="0.0.0.0:8443"))
    assert refused.returncode == 1
    assert '"exposed": true and "listenTLS"' in refused.stderr

    open_to_all = check(tmp_path, configuration(listen="192.0.2.7:8443", exposed=True))
    assert open_to_all.returncode == 0
    assert "warning:" in open_to_all.stderr and "every machine that reaches 192.0.2.7:8443 can use the credential" in open_to_all.stderr

    settings = secure()
    for mode, is_told in ((0o644, True), (0o600, False)):
        os.chmod(settings["key"], mode)
        fine = check(tmp_path, configuration(listen="192.0.2.7:8443", exposed=True, listenTLS=settings))
        assert fine.returncode == 0, fine.stderr
        assert ('can be read by every user' in fine.stderr) == is_told == (fine.stderr != ""), fine.stderr

    for settings, reason in [
        (secure(key=str(alice.key)), "key values mismatch"),
        (secure(certificate="/nonexistent.pem"), "/nonexistent.pem: the certificate cannot be read"),
        (secure(clientCA="/dev/null"), "/dev/null"),
    ]:
        wrong = check(tmp_path, configuration(listen="127.0.0.1:8443", listenTLS=settings))
        assert wrong.returncode == 1
        assert "routes[0].listenTLS: " in wrong.stderr and reason in wrong.stderr


def test_an_exposed_listener_without_tls_warns_at_start_and_serves(make_proxy, route, upstream):
    made = route(upstream.port, exposed=True)
    made["listen"] = f"0.0.0.0:{unused_port()}"
    proxy = make_proxy(made)
    with proxy.client() as client:
        assert client.ask(GET).status == 200
    assert log_lines(proxy, "can use the credential, and read what goes by")


def test_websockets_over_tls(make_proxy, route, leaf, secure, authority, token):
    server = WebSocketServer(leaf, [token], echo)
    try:
        proxy = make_proxy(route(server.port, listenTLS=secure()))
        with connect(f"wss://localhost:{proxy.port}/x", ssl=trusting(authority.certificate)) as client:
            for message in ["a", "b" * 300_000]:
                client.send(message)
                assert client.recv() == message
    finally:
        server.server.shutdown()


def test_a_unix_socket_may_have_tls_too(make_proxy, route, upstream, secure, authority, tmp_path):
    path = tmp_path / "app.sock"
    made = route(upstream.port, listenTLS=secure()) | {"name": "unix"}
    made["listen"] = f"unix:{path}"
    make_proxy(route(upstream.port), made)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(limits.ANSWER)
        # Bound a moment before it listens.
        assert eventually(lambda: stream.connect_ex(str(path)) == 0)
        with trusting(authority.certificate).wrap_socket(stream, server_hostname="localhost") as secured:
            secured.sendall(GET)
            assert secured.recv(1000).startswith(b"HTTP/1.1 200")
