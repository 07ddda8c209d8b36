"""What the proxy tells of itself: its health, its readiness, and how everything stands."""

import http.client
import json
import os
import signal
import socket
import threading
import time

import pytest

from harness import limits
from harness.messages import eventually, request
from harness.processes import BINARY, Process, accepts, bearerproxy
from harness.secrets import assert_no_secret
from harness.upstream import OK, answering, secret_file, unused_port


class Admin:
    """A client of the admin listener: one connection for each request."""

    def __init__(self, address):
        self.address = address

    def connect(self) -> socket.socket:
        deadline = time.monotonic() + limits.START
        while True:
            try:
                return self.connect_once()
            except (ConnectionRefusedError, FileNotFoundError):
                # It opens a moment after the routes' listeners.
                assert time.monotonic() < deadline, "nobody listens"
                time.sleep(0.02)

    def connect_once(self) -> socket.socket:
        if isinstance(self.address, int):
            return socket.create_connection(("127.0.0.1", self.address), limits.ANSWER)
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(limits.ANSWER)
        connection.connect(str(self.address))
        return connection

    def exchange(self, data: bytes) -> tuple[int, dict, bytes]:
        with self.connect() as connection:
            connection.sendall(data)
            response = http.client.HTTPResponse(connection, method="HEAD" if data.startswith(b"HEAD") else "GET")
            response.begin()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()

    def get(self, path, method="GET", host="localhost", **fields) -> tuple[int, dict, bytes]:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"] + [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        return self.exchange(("\r\n".join(lines) + "\r\n\r\n").encode())

    def status(self) -> dict:
        code, fields, content = self.get("/status.json")
        assert code == 200 and fields["content-type"] == "application/json", (code, content)
        return json.loads(content)

    def wait_for(self, isTrue):
        """The first status of which it is true."""
        deadline = time.monotonic() + limits.ANSWER
        while True:
            status = self.status()
            if isTrue(status):
                return status
            assert time.monotonic() < deadline, status
            time.sleep(0.05)


class TokenService:
    """An OAuth 2 token service over plain loopback HTTP, which answers as it is told."""

    def __init__(self, lifetime=3600):
        self.lifetime, self.status, self.calls = lifetime, 200, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(limits.ANSWER)
                data = b""
                while b"\r\n\r\n" not in data:
                    data += connection.recv(65536)
                self.calls += 1
                content = json.dumps({"access_token": f"issued-token-{self.calls:08}", "token_type": "Bearer", "expires_in": self.lifetime})
                if self.status != 200:
                    content = json.dumps({"error": "invalid_client"})
                head = f"HTTP/1.1 {self.status} X\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
                connection.sendall((head + content).encode())

    def credential(self, directory) -> dict:
        secret = {"file": str(secret_file(directory, "client-secret", "secret-of-the-client"))}
        return {"type": "oauth2", "tokenURL": f"http://127.0.0.1:{self.port}/token", "clientId": secret, "clientSecret": secret}


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def running(make_proxy, route, upstream):
    port = unused_port()
    proxy = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"})
    return proxy, Admin(port)


def test_health_and_readiness_of_a_proxy_that_has_its_tokens(running):
    _, admin = running
    assert admin.get("/healthz")[::2] == (200, b"ok\n")
    code, fields, content = admin.get("/readyz")
    assert code == 200 and json.loads(content) == {"ready": True, "state": "ready", "credentials": {}}
    assert fields["cache-control"] == "no-store" and fields["connection"] == "close"


def test_head_is_the_head_of_get(running):
    _, admin = running
    assert admin.get("/readyz", method="HEAD")[0] == 200
    assert admin.get("/readyz", method="HEAD")[2] == b""
    assert int(admin.get("/readyz", method="HEAD")[1]["content-length"]) > 0


def test_the_status_names_routes_and_credentials(running, upstream):
    proxy, admin = running
    with proxy.client() as client:
        assert client.ask(request("GET", "/a")).status == 200
    status = admin.status()
    route = status["routes"]["up"]
    assert route["listen"] == [f"127.0.0.1:{proxy.port}"] and route["upstream"] == "https://upstream.test"
    assert route["addresses"] == [f"127.0.0.1:{upstream.port}"] and route["credential"] == "fixed"
    assert route["connections"]["open"] >= 1 and route["connections"]["limit"] == 256
    assert route["queue"] == {"waiting": 0, "limit": 1024}
    credential = status["credentials"]["fixed"]
    assert credential["state"] == "permanent" and credential["isUsable"] and credential["expiresInSeconds"] is None
    assert status["state"] == "ready" and status["uptimeSeconds"] > 0
    said = bearerproxy("--version").stdout
    assert said.startswith(f"bearerproxy {status['version']} (") and status["openssl"] in said
    assert status["commit"] is None and "commit" not in said or f"(commit {status['commit']}, OpenSSL " in said
    assert [loop["isResponding"] for loop in status["loops"]] == [True]


def test_what_the_status_says_of_errors_has_cause_and_advice(running):
    proxy, admin = running
    for _ in range(3):
        with proxy.client() as client:
            assert client.ask(request("GET", "/a", host="evil.example")).status == 403
    [fault] = [fault for fault in admin.status()["errors"] if fault["code"] == "forbidden"]
    assert fault["count"] == 3 and "evil.example" in fault["message"] and fault["advice"]
    assert fault["firstTime"] <= fault["lastTime"]


@pytest.mark.parametrize("path", ["/status.json", "/metrics"])
def test_whoever_asks_without_pause_waits_so_that_requests_do_not(running, path):
    proxy, admin = running
    began = time.monotonic()
    for _ in range(20):
        assert admin.get(path)[0] == 200
    assert time.monotonic() - began > 0.9
    # Many at one time are answered at one time.
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(admin.get(path)[0])) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(limits.ANSWER)
    assert answers == [200] * 24


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/metrics", "/status.json", "/nothing"])
def test_nothing_of_it_is_secret(running, token, path):
    proxy, admin = running
    with proxy.client() as client:
        assert client.ask(request("GET", "/a")).status == 200
    assert_no_secret(admin.get(path)[2], [token], path)


def test_the_status_counts_requests_and_their_times(make_proxy, route, upstream):
    port = unused_port()
    proxy = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"}, threads=2)
    for _ in range(5):
        with proxy.client() as client:
            assert client.ask(request("GET", "/a")).status == 200
    with proxy.client() as client:
        assert client.ask(request("GET", "/a", host="evil.example")).status == 403
    status = Admin(port).wait_for(lambda status: status["routes"]["up"]["requests"]["total"] == 6)
    route = status["routes"]["up"]
    assert route["requests"]["2xx"] == 5 and route["requests"]["4xx"] == 1 and route["requests"]["5xx"] == 0
    assert route["bytes"]["sent"] > 0 and route["bytes"]["received"] == 0
    duration = route["durations"]["whole"]
    assert sum(duration["buckets"]) == 6 and duration["sumSeconds"] >= 0
    assert len(duration["buckets"]) == len(status["durationBoundsSeconds"]) + 1
    assert sum(route["durations"]["upstream"]["buckets"]) == 5
    code, fields, content = Admin(port).get("/metrics")
    assert code == 200 and fields["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b'bearerproxy_requests_total{route="up",code="200"} 5\n' in content


def test_an_upstream_that_is_down_is_told_of(make_proxy, route, token):
    port = unused_port()
    proxy = make_proxy(route(unused_port(), name="upstream.test"), admin={"listen": f"127.0.0.1:{port}"})
    with proxy.client() as client:
        assert client.ask(request("GET", "/a")).status == 502
    [fault] = Admin(port).status()["errors"]
    assert fault["route"] == "up" and fault["code"] == "upstream_unreachable" and "refused" in fault["message"]


@pytest.mark.parametrize(
    "fields,code",
    [
        ({"host": "evil.example"}, 403),
        ({"host": "localhost.evil.example:9901"}, 403),
        ({"host": "[::1]:9901"}, 200),
        ({"host": "127.0.0.1:9901"}, 200),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Sec_Fetch_Site": "same-origin"}, 200),
        ({"Sec_Fetch_Site": "none"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "https://localhost"}, 403),
        ({"method": "POST"}, 405),
        ({"method": "DELETE"}, 405),
        ({"Content_Length": "4"}, 400),
        ({"Transfer_Encoding": "chunked"}, 400),
    ],
)
def test_who_may_look(running, fields, code):
    _, admin = running
    assert admin.get("/status.json", **fields)[0] == code


@pytest.mark.parametrize("path", ["/healthz/", "/nothing", "/status.json.", "//healthz", "/../healthz", "/%68ealthz"])
def test_any_other_path_is_404(running, path):
    _, admin = running
    assert admin.get(path)[0] == 404


@pytest.mark.parametrize(
    "data,code",
    [
        (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n", 400),
        (b"GET http://localhost/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"CONNECT localhost:80 HTTP/1.1\r\nHost: localhost\r\n\r\n", 405),
        (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 20_000 + b"\r\n\r\n", 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
        (b"GET /healthz HTTP/1.0\r\n\r\n", 200),
        (b"GET /healthz?verbose=1 HTTP/1.1\r\nHost: localhost\r\n\r\n", 200),
    ],
)
def test_what_is_no_request_is_refused(running, data, code):
    _, admin = running
    assert admin.exchange(data)[0] == code


def test_requests_come_in_pieces_and_clients_may_finish_sending(running):
    _, admin = running
    with admin.connect() as connection:
        for byte in b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n":
            connection.sendall(bytes([byte]))
        connection.shutdown(socket.SHUT_WR)
        data = b""
        while piece := connection.recv(65536):
            data += piece
    assert data.startswith(b"HTTP/1.1 200 OK\r\n") and data.endswith(b"ok\n")


def test_who_says_nothing_keeps_nobody_out_for_long(running):
    _, admin = running
    silent = [admin.connect() for _ in range(40)]
    try:
        # All places are taken, until their time is over.
        assert admin.get("/healthz")[0] == 200
    finally:
        for connection in silent:
            connection.close()
    assert admin.get("/healthz")[0] == 200


@pytest.mark.parametrize("said", [b"", b"GET /healthz HTTP", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n", b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"])
def test_who_only_holds_a_place_makes_room_for_who_asks(make_proxy, route, upstream, said):
    port = unused_port()
    routes = [route(upstream.port) | {"name": f"route-{number}", "listen": f"127.0.0.1:{unused_port()}"} for number in range(60)]
    make_proxy(*routes, admin={"listen": f"127.0.0.1:{port}"})
    admin = Admin(port)
    assert admin.get("/healthz")[0] == 200
    holders = []
    for _ in range(200):
        connection = socket.socket()
        # Its answer does not fit what the kernel keeps for it.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", port))
        connection.sendall(said)
        holders.append(connection)
    began = time.monotonic()
    assert admin.get("/healthz")[0] == 200
    # 200 of them, 32 at one time: without that, 10 s for each 32.
    assert time.monotonic() - began < 12
    for connection in holders:
        connection.close()


def test_readiness_waits_for_the_first_token_and_follows_what_becomes_of_it(make_proxy, route, upstream, tmp_path):
    service = TokenService()
    service.status = 401
    port = unused_port()
    credentials = {"oauth": service.credential(tmp_path), "spare": {"type": "static", "token": {"file": str(secret_file(tmp_path, "spare", "spare-token"))}}}
    proxy = make_proxy(
        route(upstream.port, credential="oauth"), credentials=credentials, admin={"listen": f"127.0.0.1:{port}"}, secrets=["secret-of-the-client"])
    admin = Admin(port)
    admin.wait_for(lambda status: status["credentials"]["oauth"]["failures"] > 0)
    code, _, content = admin.get("/readyz")
    answer = json.loads(content)
    assert code == 503 and not answer["ready"] and list(answer["credentials"]) == ["oauth"]
    assert "invalid_client" in answer["credentials"]["oauth"]["problem"]
    credential = admin.status()["credentials"]["oauth"]
    assert credential["state"] == "refused" and credential["advice"] and credential["nextCallInSeconds"] > 200
    assert not admin.status()["credentials"]["spare"]["isUsed"]
    [fault] = [fault for fault in admin.status()["errors"] if fault.get("credential") == "oauth"]
    assert fault["code"] == "no_token"
    # A changed secret is noticed, and cures it.
    service.status = 200
    secret_file(tmp_path, "client-secret", "secret-of-the-client-2")
    admin.wait_for(lambda status: status["credentials"]["oauth"]["isUsable"])
    assert admin.get("/readyz")[0] == 200
    credential = admin.status()["credentials"]["oauth"]
    assert credential["state"] == "valid" and 3500 < credential["expiresInSeconds"] <= 3600
    assert 3500 < credential["lifetimeSeconds"] <= 3601 and credential["generation"] == 1
    assert_no_secret(json.dumps(admin.status()).encode(), ["issued-token-00000002", "secret-of-the-client"], "the status")


def test_a_token_that_runs_out_and_cannot_be_renewed_is_not_relied_on(make_proxy, route, upstream, tmp_path):
    service = TokenService(lifetime=20)
    port = unused_port()
    make_proxy(
        route(upstream.port, credential="oauth"), credentials={"oauth": service.credential(tmp_path)}, admin={"listen": f"127.0.0.1:{port}"},
        secrets=["secret-of-the-client"])
    admin = Admin(port)
    admin.wait_for(lambda status: status["state"] == "ready")
    service.status = 500
    status = admin.wait_for(lambda status: status["state"] == "not ready")
    assert status["credentials"]["oauth"]["isUsable"] and status["credentials"]["oauth"]["failures"] > 0
    assert "runs out" in json.loads(admin.get("/readyz")[2])["credentials"]["oauth"]["problem"]


def test_a_token_that_the_api_refuses_and_nobody_replaces_is_not_relied_on(make_proxy, route, make_upstream, tmp_path):
    service, refused = TokenService(), set()

    def answer(message):
        refusal = message.one("authorization").removeprefix("Bearer ") in refused and message.target != "/open"
        return b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n" if refusal else OK

    port = unused_port()
    proxy = make_proxy(
        route(make_upstream(answering(answer)).port, credential="oauth"), credentials={"oauth": service.credential(tmp_path)},
        admin={"listen": f"127.0.0.1:{port}"}, secrets=["secret-of-the-client"], threads=2)
    admin = Admin(port)
    admin.wait_for(lambda status: status["state"] == "ready")
    assert proxy.client().ask(request("GET", "/a")).status == 200
    # What one call settles makes no difference.
    refused.add("issued-token-00000001")
    assert proxy.client().ask(request("GET", "/a")).status == 200
    assert admin.get("/readyz")[0] == 200
    service.status = 401
    refused.add("issued-token-00000002")
    assert proxy.client().ask(request("GET", "/a")).status == 503
    code, _, content = admin.get("/readyz")
    problem = json.loads(content)["credentials"]["oauth"]["problem"]
    assert code == 503 and "the API refuses the token, and there is no new one" in problem and "invalid_client" in problem
    credential = admin.status()["credentials"]["oauth"]
    assert admin.status()["state"] == "not ready" and credential["isDoubted"] and not credential["isUsable"]
    metrics = admin.get("/metrics")[2]
    assert b'bearerproxy_token_usable{credential="oauth"} 0' in metrics and b'bearerproxy_token_doubted{credential="oauth"} 1' in metrics
    done = bearerproxy("status", "--config", str(proxy.file))
    assert done.returncode == 1 and "the API refuses the token" in done.stdout
    # Where it is accepted after all, on whichever loop, it serves.
    for _ in range(4):
        assert proxy.client().ask(request("GET", "/open")).status == 200
    assert admin.get("/readyz")[0] == 200
    assert not admin.status()["credentials"]["oauth"]["isDoubted"]


def test_a_refused_token_that_nobody_can_replace_is_shown_and_leaves_the_proxy_ready(make_proxy, route, make_upstream):
    port = unused_port()
    proxy = make_proxy(
        route(make_upstream(answering(b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n")).port), admin={"listen": f"127.0.0.1:{port}"})
    assert proxy.client().ask(request("GET", "/a")).status == 401
    admin = Admin(port)
    credential = admin.status()["credentials"]["fixed"]
    assert credential["isDoubted"] and "refuses this token" in credential["warning"] and credential["advice"]
    assert admin.get("/readyz")[0] == 200
    done = bearerproxy("status", "--config", str(proxy.file))
    assert done.returncode == 0 and "! fixed: the API refuses this token" in done.stdout


def test_a_proxy_that_drains_says_so_while_requests_end(make_proxy, route, make_upstream):
    arrived, released = threading.Event(), threading.Event()

    def serve(connection):
        if connection.next() is not None:
            arrived.set()
            released.wait(limits.ANSWER)
            connection.send(OK)

    port = unused_port()
    proxy = make_proxy(route(make_upstream(serve).port), admin={"listen": f"127.0.0.1:{port}"})
    admin = Admin(port)
    answers = []
    client = threading.Thread(target=lambda: answers.append(proxy.client().ask(request("GET", "/a")).status))
    client.start()
    assert arrived.wait(limits.ANSWER)
    os.kill(proxy.process.pid, signal.SIGTERM)
    admin.wait_for(lambda status: status["state"] == "draining")
    code, _, content = admin.get("/readyz")
    assert code == 503 and json.loads(content)["state"] == "draining"
    assert admin.get("/healthz")[0] == 200
    released.set()
    client.join(limits.ANSWER)
    assert answers == [200]


def test_several_loops_are_told_of_as_one(make_proxy, route, upstream):
    port = unused_port()
    proxy = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"}, threads=3)
    clients = [proxy.client() for _ in range(12)]
    for client in clients:
        assert client.ask(request("GET", "/a")).status == 200
        assert client.ask(request("GET", "/a", host="evil.example")).status == 403
    status = Admin(port).status()
    assert [loop["isResponding"] for loop in status["loops"]] == [True] * 3
    assert sum(loop["clients"] for loop in status["loops"]) >= 12
    assert len([loop for loop in status["loops"] if loop["clients"]]) > 1
    assert status["errors"][0]["count"] == 12
    assert status["routes"]["up"]["connections"]["open"] >= 2
    for client in clients:
        client.connection.close()


def test_a_unix_socket_and_both_families_of_localhost(make_proxy, route, upstream, tmp_path):
    path = tmp_path / "admin.sock"
    make_proxy(route(upstream.port), admin={"listen": f"unix:{path}?mode=0660"})
    # It comes a moment after the listeners of the routes.
    assert eventually(path.exists)
    assert path.stat().st_mode & 0o117 == 0, "never for more than it is to be"
    assert eventually(lambda: path.stat().st_mode & 0o777 == 0o660)
    assert Admin(path).get("/healthz")[0] == 200
    port = unused_port()
    make_proxy(route(upstream.port), admin={"listen": f"localhost:{port}"})
    assert eventually(lambda: accepts(port))
    assert Admin(port).get("/healthz")[0] == 200
    with socket.create_connection(("::1", port), limits.ANSWER) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


# bearerproxy status


def test_the_command_prints_the_status_and_ends_with_0_if_the_proxy_is_ready(running):
    proxy, admin = running
    done = bearerproxy("status", "--config", proxy.file)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("bearerproxy: ready, for ")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert ["up", f"127.0.0.1:{proxy.port}", "https://upstream.test"] in [line[:3] for line in lines]
    assert ["fixed", "permanent", "never", "ends"] in [line[:4] for line in lines]


def test_the_command_gives_the_document_as_it_stands(running):
    proxy, admin = running
    done = bearerproxy("status", "--config", proxy.file, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout).keys() == admin.status().keys()


def test_the_command_goes_on_until_it_is_interrupted(running, tmp_path):
    proxy, _ = running
    watching = Process([BINARY, "status", "--config", proxy.file, "--watch"], tmp_path, "watching")
    watching.wait_until(lambda: watching.out.read_bytes().count(b"bearerproxy: ready") >= 2)
    watching.process.terminate()
    assert watching.process.wait(limits.END) == -signal.SIGTERM
    # No terminal, so nothing for one.
    assert b"\x1b" not in watching.out.read_bytes()


def test_the_command_over_a_unix_socket_says_what_is_wrong_and_what_to_do(make_proxy, route, upstream, tmp_path):
    service = TokenService()
    service.status = 401
    path = tmp_path / "admin.sock"
    proxy = make_proxy(
        route(upstream.port, credential="oauth"), credentials={"oauth": service.credential(tmp_path)}, admin={"listen": f"unix:{path}"},
        secrets=["secret-of-the-client"])
    Admin(path).wait_for(lambda status: status["credentials"]["oauth"]["failures"] > 0)
    # What strangers send does not reach the terminal as it is.
    with proxy.client() as client:
        assert client.ask(request("GET", "/a", host="localhost")).status == 503
    done = bearerproxy("status", "--config", proxy.file)
    assert done.returncode == 1 and done.stdout.startswith("bearerproxy: not ready, for ")
    assert "! oauth: there is no token yet" in done.stdout and "  -> see that the credential's secrets" in done.stdout
    assert "oauth  no_token: " in done.stdout


def test_the_command_says_why_there_is_no_answer(running, tmp_path):
    proxy, _ = running
    configuration = json.loads(proxy.file.read_text())
    configuration["admin"]["listen"] = f"127.0.0.1:{unused_port()}"
    (tmp_path / "other.json").write_text(json.dumps(configuration))
    done = bearerproxy("status", "--config", tmp_path / "other.json")
    assert done.returncode == 1 and "Connection refused; is bearerproxy running, with this configuration?" in done.stderr
    del configuration["admin"]
    (tmp_path / "none.json").write_text(json.dumps(configuration))
    done = bearerproxy("status", "--config", tmp_path / "none.json")
    assert done.returncode == 78 and 'write "admin": { "listen": "127.0.0.1:9901" }' in done.stderr


def test_the_command_is_not_taken_in_by_who_else_listens_there(running, tmp_path):
    proxy, _ = running
    configuration = json.loads(proxy.file.read_text())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        configuration["admin"]["listen"] = f"127.0.0.1:{listener.getsockname()[1]}"
        (tmp_path / "other.json").write_text(json.dumps(configuration))

        def serve():
            for answer in (b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 200 OK\r\n\r\n[1,2]", b"HTTP/1.1 404 \x1b[2J\r\n\r\n"):
                connection, _ = listener.accept()
                connection.recv(65536)
                connection.sendall(answer)
                connection.close()

        threading.Thread(target=serve, daemon=True).start()
        for _ in range(3):
            done = bearerproxy("status", "--config", tmp_path / "other.json")
            assert done.returncode == 1 and "look at what listens there" in done.stderr and "\x1b" not in done.stderr


def test_the_command_can_be_told_where_to_ask(make_proxy, route, upstream, tmp_path):
    service = TokenService()
    service.status = 500
    path = tmp_path / "admin.sock"
    proxy = make_proxy(
        route(upstream.port, credential="oauth"), credentials={"oauth": service.credential(tmp_path)}, admin={"listen": f"unix:{path}"},
        secrets=["secret-of-the-client"])
    Admin(path).wait_for(lambda status: status["credentials"]["oauth"]["failures"] > 0)
    done = bearerproxy("status", "--admin", f"unix:{path}", "--alive")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    done = bearerproxy("status", "--admin", f"unix:{path}")
    assert done.returncode == 1 and done.stdout.startswith("bearerproxy: not ready, for ")
    service.status = 200
    Admin(path).wait_for(lambda status: status["state"] == "ready")
    assert bearerproxy("status", "--admin", f"unix:{path}").returncode == 0
    done = bearerproxy("status", "--admin", f"127.0.0.1:{unused_port()}", "--alive")
    assert done.returncode == 1 and "nobody answers on 127.0.0.1:" in done.stderr
    for wrong in (["--admin", "0.0.0.0:9901"], ["--admin", "nonsense"], ["--admin", f"unix:{path}", "--config", proxy.file], ["--alive", "--json"]):
        assert bearerproxy("status", *wrong).returncode == 64, wrong
