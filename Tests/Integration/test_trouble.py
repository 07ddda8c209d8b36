"""Upstreams and token services that cannot be reached, cannot be trusted, refuse or hang."""

import base64
import json
import socket
import threading
import time

import pytest

from harness import limits
from harness.certificates import Authority
from harness.messages import eventually, request
from harness.upstream import OK, answering, secret_file, unused_port
from test_malformed_requests import assert_own_error

CLIENT_ID = "b" * 40
CLIENT_SECRET = "5ec7e7" * 13 + "00"


def json_answer(document, status="200 OK") -> bytes:
    body = json.dumps(document).encode()
    return b"HTTP/1.1 %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status.encode(), len(body)) + body


def jwt(lifetime: int, serial: int = 0) -> str:
    """A token that looks like the provider's; nobody verifies its signature here."""
    now = int(time.time())

    def part(document) -> str:
        return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")

    claims = {"sub": "someone", "iat": now, "exp": now + lifetime, "jti": str(serial)}
    return ".".join([part({"alg": "RS256", "typ": "JWT"}), part(claims), part({"signature": serial})])


@pytest.fixture
def bloq(tmp_path, authority):
    """A `bloq` credential whose accounts service is at a port of this machine."""

    def make(port: int, **more) -> dict:
        return {
            "bloq": {
                "type": "bloq",
                "clientId": {"file": str(secret_file(tmp_path, "id", CLIENT_ID))},
                "clientSecret": {"file": str(secret_file(tmp_path, "secret", CLIENT_SECRET))},
                "accounts": "https://second.test",
                "connectTo": f"127.0.0.1:{port}",
                "tls": {"ca": str(authority.certificate)},
                **more,
            }
        }

    return make


@pytest.fixture
def behind_bloq(make_proxy, route, make_upstream, bloq):
    """A proxy whose token comes from a service that does `serve`."""

    def make(serve, **more):
        service, upstream = make_upstream(serve), make_upstream()
        proxy = make_proxy(
            route(upstream.port, credential="bloq"),
            credentials=bloq(service.port, **more),
            secrets=[CLIENT_ID, CLIENT_SECRET],
        )
        return proxy, service, upstream

    return make


def test_an_upstream_that_is_not_there(make_proxy, route):
    port = unused_port()
    proxy = make_proxy(route(port))
    for method in ("GET", "POST"):
        with proxy.client() as client:
            error = assert_own_error(client.ask(request(method, body=b"x" * (method == "POST"))), 502, "upstream_unreachable")
            assert "upstream.test" in error["message"] and str(port) in error["message"]
            assert "refused" in error["message"].lower()
            assert error["route"] == "up"


def test_a_name_that_nobody_knows(make_proxy, authority):
    proxy = make_proxy(
        {"name": "up", "upstream": "https://nobody.invalid", "credential": "fixed", "tls": {"ca": str(authority.certificate)}}
    )
    with proxy.client() as client:
        error = assert_own_error(client.ask(request()), 502, "upstream_unreachable")
        assert "nobody.invalid" in error["message"]


def test_an_upstream_that_does_not_shake_hands(make_proxy, route):
    """It accepts, and then says nothing: the time for connecting covers the handshake."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        proxy = make_proxy(route(silent.getsockname()[1], timeouts={"connect": "1s"}))
        with proxy.client() as client:
            answer = client.ask(request())
        assert answer.status in (502, 504), answer.body
        assert_own_error(answer, None, None)


def test_an_upstream_that_speaks_no_tls(make_proxy, route):
    def speak():
        try:
            while True:
                stream, _ = plain.accept()
                stream.recv(65536)
                stream.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                stream.close()
        except OSError:
            pass

    with socket.create_server(("127.0.0.1", 0)) as plain:
        threading.Thread(target=speak, daemon=True).start()
        proxy = make_proxy(route(plain.getsockname()[1]))
        with proxy.client() as client:
            assert_own_error(client.ask(request()), 502, "upstream_tls")


@pytest.mark.parametrize(
    "kind, words",
    [
        ("unknown authority", ["issuer", "self-signed", "self signed", "unable to get"]),
        ("another name", ["name", "hostname", "mismatch"]),
        ("expired", ["expired"]),
    ],
)
def test_a_certificate_that_cannot_be_trusted(make_proxy, route, make_upstream, authority, tmp_path, kind, words):
    leaf = {
        "unknown authority": lambda: Authority(tmp_path / "rogue", "rogue").leaf("rogue", ["upstream.test"]),
        "another name": lambda: authority.leaf("other", ["other.test"]),
        "expired": lambda: authority.leaf("expired", ["upstream.test"], expired=True),
    }[kind]()
    upstream = make_upstream(leaf=leaf)
    proxy = make_proxy(route(upstream.port))
    for _ in range(2):
        with proxy.client() as client:
            error = assert_own_error(client.ask(request("POST", body=b"an order")), 502, "upstream_tls")
            assert "upstream.test" in error["message"]
            assert any(word in error["message"].lower() for word in words), error
    assert upstream.received == b"", "not a byte goes to whom the proxy does not trust"


def test_the_system_does_not_trust_the_tests(make_proxy, route, make_upstream):
    upstream = make_upstream()
    plain = route(upstream.port)
    del plain["tls"]
    with make_proxy(plain).client() as client:
        assert_own_error(client.ask(request()), 502, "upstream_tls")
    assert upstream.received == b""


def test_the_name_in_sni_is_the_upstreams(make_proxy, route, make_upstream):
    upstream = make_upstream()
    with make_proxy(route(upstream.port)).client() as client:
        assert client.ask(request()).status == 200
    assert set(upstream.names) == {"upstream.test"}


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "403 Forbidden"])
def test_a_credential_that_is_refused(behind_bloq, status):
    proxy, service, upstream = behind_bloq(answering(json_answer({"error": "no"}, status)))
    for _ in range(3):
        with proxy.client() as client:
            answer = client.ask(request("POST", body=b"an order"))
            error = assert_own_error(answer, 503, "credential_unavailable")
            assert int(answer.one("Retry-After")) > 0
            assert "bloq" in error["message"] and status[:3] in error["message"]
    assert upstream.received == b"", "without a token nothing is sent"
    assert len(service.requests) == 1, "a refused credential is not tried again with each request"


@pytest.mark.parametrize(
    "answer",
    [
        json_answer({}),
        json_answer({"accessToken": 5}),
        json_answer({"accessToken": ""}),
        json_answer({"accessToken": "two\r\nlines"}),
        json_answer([]),
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nno json {",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        b"HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"",
    ],
    ids=["no token", "a number", "empty", "two lines", "an array", "no JSON", "two lengths", "500", "no HTTP", "nothing"],
)
def test_a_token_service_that_answers_nonsense(behind_bloq, answer):
    def serve(connection):
        connection.next()
        connection.send(answer)

    proxy, _, upstream = behind_bloq(serve, authTimeout="3s", timeouts={"connect": "2s", "responseHead": "2s"})
    with proxy.client() as client:
        got = client.ask(request("POST", body=b"an order"))
        assert got.status in (503, 504), got.body
        assert_own_error(got, None, None)
    assert upstream.received == b""


def test_a_token_service_that_hangs(behind_bloq):
    done = threading.Event()
    proxy, _, upstream = behind_bloq(
        lambda connection: (connection.next(), done.wait(30)), authTimeout="1s", timeouts={"connect": "1s", "responseHead": "20s"}
    )
    began = time.monotonic()
    with proxy.client() as client:
        answer = client.ask(request("POST", body=b"an order"))
    done.set()
    assert (answer.status, assert_own_error(answer, None, None)["code"]) in (
        (504, "auth_timeout"), (503, "auth_timeout"), (503, "credential_unavailable"),
    )  # fmt: skip
    assert time.monotonic() - began < 10
    assert upstream.received == b""


def test_a_token_service_that_is_not_there(make_proxy, route, make_upstream, bloq):
    upstream = make_upstream()
    proxy = make_proxy(
        route(upstream.port, credential="bloq"),
        credentials=bloq(unused_port(), authTimeout="2s", timeouts={"connect": "1s"}),
        secrets=[CLIENT_ID, CLIENT_SECRET],
    )
    with proxy.client() as client:
        answer = client.ask(request())
        assert answer.status in (503, 504)
        assert_own_error(answer, None, None)
    assert upstream.received == b""


def test_a_token_service_that_cannot_be_trusted(make_proxy, route, make_upstream, bloq, tmp_path):
    rogue = Authority(tmp_path / "rogue", "rogue").leaf("rogue", ["second.test"])
    service, upstream = make_upstream(leaf=rogue), make_upstream()
    proxy = make_proxy(
        route(upstream.port, credential="bloq"), credentials=bloq(service.port), secrets=[CLIENT_ID, CLIENT_SECRET]
    )
    with proxy.client() as client:
        answer = client.ask(request())
        assert_own_error(answer, 503, "credential_unavailable")
    assert service.received == b"" and upstream.received == b""


def test_tokens_are_asked_for_at_start_and_once(behind_bloq):
    token = jwt(3600)
    proxy, service, upstream = behind_bloq(answering(json_answer({"accessToken": token, "refreshToken": jwt(86400, 1)})))
    assert eventually(lambda: len(service.requests) == 1, limits.START), "no request had to come first"
    for _ in range(5):
        with proxy.client() as client:
            assert client.ask(request()).status == 200
    assert len(service.requests) == 1
    call = service.requests[0]
    assert call.start == "POST /auth/token HTTP/1.1"
    assert call.one("Host") == "second.test"
    assert json.loads(call.body) == {
        "grantType": "clientCredentials", "clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET,
    }  # fmt: skip
    assert {message.one("Authorization") for message in upstream.requests} == {f"Bearer {token}"}
    proxy.secrets.append(token)


def test_requests_wait_for_the_first_token(behind_bloq):
    go_on = threading.Event()

    def serve(connection):
        while connection.next() is not None:
            go_on.wait(20)
            connection.send(json_answer({"accessToken": jwt(3600)}))

    proxy, service, upstream = behind_bloq(serve)
    clients = [proxy.client() for _ in range(20)]
    for client in clients:
        client.send(request("POST", body=b"an order"))
    assert eventually(lambda: len(service.requests) == 1, limits.START)
    assert upstream.received == b""
    go_on.set()
    for client in clients:
        with client:
            assert client.response().status == 200
    assert len(service.requests) == 1
    assert len(upstream.requests) == 20


def test_a_token_is_renewed_before_it_ends(behind_bloq):
    """Four fifths of three seconds: by then the refresh token has brought a new one, and no request waited."""
    served = []

    def serve(connection):
        while (call := connection.next()) is not None:
            served.append(json.loads(call.body)["grantType"])
            connection.send(json_answer({"accessToken": jwt(3, len(served)), "refreshToken": jwt(86400, 100)}))

    proxy, _, upstream = behind_bloq(serve)
    assert eventually(lambda: len(served) >= 2, 10)
    assert served[:2] == ["clientCredentials", "refreshToken"]
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    assert len(upstream.requests) == 1


def test_a_refused_refresh_token_falls_back_to_the_keys(behind_bloq):
    served = []

    def serve(connection):
        while (call := connection.next()) is not None:
            grant = json.loads(call.body)["grantType"]
            served.append(grant)
            if grant == "refreshToken":
                connection.send(json_answer({"error": "revoked"}, "401 Unauthorized"))
            else:
                connection.send(json_answer({"accessToken": jwt(3, len(served)), "refreshToken": jwt(86400, 100)}))

    behind_bloq(serve)
    assert eventually(lambda: len(served) >= 3, 15), served
    assert served[:3] == ["clientCredentials", "refreshToken", "clientCredentials"]


def refusing_first(tokens_refused: int):
    """An upstream to which the first so many tokens it meets are worth nothing."""
    met: list[str] = []

    def answer(message):
        token = message.one("Authorization")
        if token not in met:
            met.append(token)
        if met.index(token) < tokens_refused:
            return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 11\r\n\r\njwt expired"
        return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(message.body) + message.body

    return answering(answer)


@pytest.fixture
def behind_refusals(make_proxy, route, make_upstream, bloq):
    def make(tokens_refused: int, **route_options):
        serial = iter(range(1000))
        calls = []

        def token(message):
            calls.append(message)
            return json_answer({"accessToken": jwt(3600, next(serial))})

        service, upstream = make_upstream(answering(token)), make_upstream(refusing_first(tokens_refused))
        proxy = make_proxy(
            route(upstream.port, credential="bloq", **route_options),
            credentials=bloq(service.port),
            secrets=[CLIENT_ID, CLIENT_SECRET],
        )
        return proxy, calls, upstream

    return make


@pytest.mark.parametrize("method, body", [("GET", b""), ("POST", b"an order"), ("PUT", b"x" * 600_000)], ids=["GET", "POST", "PUT"])
def test_a_401_is_cured_by_one_call_and_one_replay(behind_refusals, method, body):
    proxy, calls, upstream = behind_refusals(1)
    with proxy.client() as client:
        answer = client.ask(request(method, "/order", body=body))
    assert (answer.status, answer.body) == (200, body)
    assert len(calls) == 2
    first, second = upstream.requests
    assert first.body == second.body == body
    assert first.one("Authorization") != second.one("Authorization")
    assert first.one("X-Request-Id") == second.one("X-Request-Id") == answer.one("X-Request-Id")


def test_a_chunked_request_is_replayed(behind_refusals):
    proxy, _, upstream = behind_refusals(1)
    with proxy.client() as client:
        client.send(b"POST /order HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nan o\r\n")
        time.sleep(0.1)
        assert client.ask(b"4\r\nrder\r\n0\r\n\r\n").body == b"an order"
    assert [message.body for message in upstream.requests] == [b"an order"] * 2


def test_a_second_401_passes_and_is_remembered(behind_refusals):
    proxy, calls, upstream = behind_refusals(1000)
    with proxy.client() as client:
        answer = client.ask(request("POST", "/order", body=b"an order"))
        assert (answer.status, answer.body) == (401, b"jwt expired")
        assert (len(calls), len(upstream.requests)) == (2, 2)
        answer = client.ask(request("POST", "/order", body=b"another"))
        assert (answer.status, answer.body) == (401, b"jwt expired")
    assert len(calls) == 2, "for ten seconds a 401 to this very token asks for no other"
    assert len(upstream.requests) == 3


def test_a_401_to_a_body_too_large_to_keep(behind_refusals):
    """It cannot be replayed whole, so either it was not spent yet, or the 401 is the client's; the next request is cured."""
    proxy, calls, upstream = behind_refusals(1, replayBody="1KiB")
    body = b"x" * 100_000
    with proxy.client() as client:
        answer = client.ask(request("POST", "/order", body=body))
        assert answer.status in (200, 401)
        assert eventually(lambda: len(calls) == 2)
        again = client.ask(request("POST", "/order", body=b"small"))
        assert (again.status, again.body) == (200, b"small")
    accepted = [message for message in upstream.requests if message.body == body]
    assert len(accepted) <= 2


def test_basic_credentials(make_proxy, route, make_upstream, tmp_path):
    upstream = make_upstream()
    password = "a pässword: with colons"
    proxy = make_proxy(
        route(upstream.port, credential="node"),
        credentials={
            "node": {
                "type": "basic",
                "username": {"file": str(secret_file(tmp_path, "user", "rpc"))},
                "password": {"file": str(secret_file(tmp_path, "password", password))},
            }
        },
        secrets=[password],
    )
    with proxy.client() as client:
        assert client.ask(request(fields={"Authorization": "Basic Zm9vOmJhcg=="})).status == 200
    expected = base64.b64encode(f"rpc:{password}".encode()).decode()
    assert upstream.requests[-1].all("Authorization") == [f"Basic {expected}"]
    proxy.secrets.append(expected)


def test_a_bloquo_credential_adds_its_customer(make_proxy, route, make_upstream, authority, tmp_path):
    customer, secret, token = "c0571234-0000", "bloquo-secret-0123456789", "opaque-token-0123456789"
    envelope = {"status": True, "result": {"accessToken": token, "expiresIn": 3600, "tokenType": "Bearer"}}

    def answer(message):
        return json_answer(envelope) if message.target.endswith("/authenticateApiClient") else OK

    upstream = make_upstream(answering(answer))
    proxy = make_proxy(
        route(upstream.port, credential="bloquo"),
        credentials={
            "bloquo": {
                "type": "bloquo",
                "customerId": {"file": str(secret_file(tmp_path, "customer", customer))},
                "clientId": {"file": str(secret_file(tmp_path, "client", "the-client-id"))},
                "clientSecret": {"file": str(secret_file(tmp_path, "secret", secret))},
                "api": "https://upstream.test",
                "connectTo": f"127.0.0.1:{upstream.port}",
                "tls": {"ca": str(authority.certificate)},
            }
        },
        secrets=[secret, token],
    )
    forged = [("customerId", "somebody-else"), ("CustomerID", "x"), ("customer_id", "stays"), ("Connection", "customerId")]
    with proxy.client() as client:
        assert client.ask(request(fields=forged)).status == 200
    call, asked = upstream.requests
    assert call.start == f"POST /api/v1/customer/{customer}/users/authenticateApiClient HTTP/1.1"
    assert json.loads(call.body) == {"clientId": "the-client-id", "clientSecret": secret}
    assert asked.all("customerId") == [customer]
    assert asked.all("Authorization") == [f"Bearer {token}"]


def test_a_bloquo_answer_with_status_false_is_a_failure(make_proxy, route, make_upstream, authority, tmp_path):
    refusal = {"status": False, "result": {"accessToken": "not-a-token-0123456789", "expiresIn": 3600}}
    service, upstream = make_upstream(answering(json_answer(refusal))), make_upstream()
    proxy = make_proxy(
        route(upstream.port, credential="bloquo"),
        credentials={
            "bloquo": {
                "type": "bloquo",
                "customerId": {"file": str(secret_file(tmp_path, "customer", "someone"))},
                "clientId": {"file": str(secret_file(tmp_path, "client", "the-client-id"))},
                "clientSecret": {"file": str(secret_file(tmp_path, "secret", "the-secret-0123456789"))},
                "api": "https://second.test",
                "connectTo": f"127.0.0.1:{service.port}",
                "tls": {"ca": str(authority.certificate)},
            }
        },
        secrets=["the-secret-0123456789", "not-a-token-0123456789"],
    )
    with proxy.client() as client:
        assert_own_error(client.ask(request()), 503, "credential_unavailable")
    assert upstream.received == b""


@pytest.mark.parametrize("expects", [False, True], ids=["a client that just sends", "a client that waits for a 100"])
def test_a_401_to_an_announcement_costs_the_client_nothing(make_proxy, route, make_upstream, nginx, bloq, token, expects):
    """nginx refuses the first token before it has a byte of a content that is too long to be kept, and takes the second."""
    tokens = iter([jwt(3600), token])
    service = make_upstream(answering(lambda _message: json_answer({"accessToken": next(tokens)})))
    proxy = make_proxy(
        route(nginx.port, credential="bloq"), credentials=bloq(service.port), secrets=[CLIENT_ID, CLIENT_SECRET]
    )
    body, name = bytes(range(256)) * 20_000, f"announced-{expects}"
    with proxy.client() as client:
        fields = [("Expect", "100-continue")] if expects else []
        head = request("PUT", f"/files/{name}", fields, body)[: -len(body)]
        client.send(head)
        if expects:
            assert client.reader.head().status == 100
        client.send(body)
        answer = client.response()
        assert (answer.status, answer.interim) == (201, [])
    assert (nginx.files / name).read_bytes() == body
    # A server writes its log behind its answer.
    assert eventually(lambda: statuses(nginx, f"/files/{name}") == [401, 201]), statuses(nginx, f"/files/{name}")


def statuses(nginx, path):
    return [entry["status"] for entry in nginx.log() if entry["path"] == path]
