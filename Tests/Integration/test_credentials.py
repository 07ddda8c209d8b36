"""The types of credentials on real processes: OAuth 2 against the server of oauthlib, the others against the sandbox."""

import base64
import json
import time
import urllib.parse

import pytest
from oauthlib.oauth2 import BackendApplicationServer, RequestValidator

from harness import limits
from harness.messages import eventually, request
from harness.processes import Proxy, bearerproxy
from harness.sandbox import Sandbox
from harness.upstream import answering, secret_file

# Every character that a form, a field or base 64 could spoil.
CLIENT, SECRET = "id:1 &+%=ü", "hush /?#\"\\'€ +%2B:"


class Rules(RequestValidator):
    """Who may get a token: one client, by whichever way is open to it."""

    def __init__(self, way: str):
        self.way = way
        self.issued: list[str] = []
        self.valid: set[str] = set()
        self.parameters: list[dict] = []

    def authenticate_client(self, request, *args, **kwargs):
        self.parameters.append(dict(request.decoded_body))
        if self.way == "basic":
            scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
            assert "client_secret" not in dict(request.decoded_body), "the secret came twice"
            # RFC 6749, 2.3.1: each part is form-encoded before they are joined.
            parts = base64.b64decode(encoded, validate=True).decode("ascii").split(":")
            found = [urllib.parse.unquote_plus(part, errors="strict") for part in parts] if scheme == "Basic" else []
        else:
            assert "Authorization" not in request.headers, "the secret came twice"
            found = [request.client_id, request.client_secret]
        request.client = type("Client", (), {"client_id": CLIENT})()
        return found == [CLIENT, SECRET]

    def validate_grant_type(self, client_id, grant_type, client, request, *args, **kwargs):
        return grant_type == "client_credentials"

    def get_default_scopes(self, client_id, request, *args, **kwargs):
        return ["read"]

    def validate_scopes(self, client_id, scopes, client, request, *args, **kwargs):
        return set(scopes) <= {"read", "write"}

    def save_bearer_token(self, token, request, *args, **kwargs):
        self.issued.append(token["access_token"])
        self.valid.add(token["access_token"])

    def validate_bearer_token(self, token, scopes, request):
        return token in self.valid


def reply(status: int, fields: dict, body: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]).encode()


class Service:
    """An OAuth 2 server and the API behind it, both judged by oauthlib."""

    def __init__(self, make_upstream, way="basic", lifetime=3600):
        self.rules = Rules(way)
        self.server = BackendApplicationServer(self.rules, token_expires_in=lifetime)
        self.tokens = make_upstream(answering(self.token))
        self.api = make_upstream(answering(self.resource))
        self.targets: list[str] = []

    def token(self, message) -> bytes:
        self.targets.append(message.target)
        # Without the query, which the standard allows and oauthlib does not.
        fields, body, status = self.server.create_token_response(
            "https://upstream.test/oauth2/token", message.method, message.body.decode("ascii"), dict(message.fields)
        )
        return reply(status, fields, body)

    def resource(self, message) -> bytes:
        valid, _ = self.server.verify_request("https://upstream.test/", message.method, "", dict(message.fields), ["read"])
        return reply(200, {}, "fine") if valid else reply(401, {"WWW-Authenticate": "Bearer"}, "who are you")


@pytest.fixture
def oauth(make_upstream, make_proxy, route, authority, tmp_path):
    def make(service: Service, secret: str = SECRET, **more):
        credential = {
            "type": "oauth2",
            "tokenURL": "https://upstream.test/oauth2/token",
            "clientId": {"env": "CLIENT"},
            "clientSecret": {"file": str(secret_file(tmp_path, "secret", secret))},
            "connectTo": f"127.0.0.1:{service.tokens.port}",
            "tls": {"ca": str(authority.certificate)},
            **more,
        }
        return make_proxy(
            route(service.api.port, credential="oauth"), credentials={"oauth": credential}, environment={"CLIENT": CLIENT},
            secrets=[secret, urllib.parse.quote_plus(secret), CLIENT],
        )  # fmt: skip

    return make


@pytest.mark.parametrize("way", ["basic", "post"])
def test_client_credentials_go_where_they_are_to_go(way, oauth, make_upstream):
    service = Service(make_upstream, way)
    parameters = {"audience": "https://api.test/?a=b&c", "resource": "ü +"}
    proxy = oauth(service, authentication=way, scope="read write", parameters=parameters, query={"tenant": "a/b"})
    with proxy.client() as client:
        for _ in range(3):
            assert client.ask(request()).body == b"fine"
    assert len(service.rules.issued) == 1
    assert service.targets == ["/oauth2/token?tenant=a%2Fb"]
    expected = {"grant_type": "client_credentials", "scope": "read write", **parameters}
    if way == "post":
        expected |= {"client_id": CLIENT, "client_secret": SECRET}
    assert service.rules.parameters == [expected]


def test_a_token_that_was_taken_back_is_replaced(oauth, make_upstream):
    service = Service(make_upstream)
    proxy = oauth(service)
    with proxy.client() as client:
        assert client.ask(request()).status == 200
        for _ in range(3):
            service.rules.valid.clear()
            assert client.ask(request("POST", body=b"an order")).status == 200
    assert len(service.rules.issued) == 4


def test_the_lifetime_of_the_answer_counts(oauth, make_upstream):
    service = Service(make_upstream, lifetime=2)
    proxy = oauth(service)
    with proxy.client() as client:
        assert client.ask(request()).status == 200
        assert eventually(lambda: len(service.rules.issued) >= 3)
        # Had the old one been used, this would have been refused and made good; the count tells.
        service.rules.valid = {service.rules.issued[-1]}
        assert client.ask(request()).status == 200


def test_a_wrong_secret_is_told_and_not_tried_again_and_again(oauth, make_upstream):
    service = Service(make_upstream)
    proxy = oauth(service, secret="hush, but the wrong one")
    with proxy.client() as client:
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline:
            answer = client.ask(request())
            assert answer.status == 503
            error = json.loads(answer.body)["error"]
            assert error["code"] == "credential_unavailable" and "invalid_client" in error["message"]
            assert 200 < int(answer.one("Retry-After")) <= 301
            time.sleep(0.1)
    assert len(service.targets) == 1
    assert service.api.requests == []
    assert b"invalid_client" in proxy.output


def test_a_scope_that_is_not_granted_is_told(oauth, make_upstream):
    service = Service(make_upstream)
    proxy = oauth(service, scope="read everything")
    with proxy.client() as client:
        error = json.loads(client.ask(request()).body)["error"]
        assert "invalid_scope" in error["message"] and "check the scope" in error["message"]


# The sandbox's account and client keys: worth nothing elsewhere.
ACCOUNT, PASSWORD = "demo@example.com", "demo-password"


@pytest.fixture
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


def started(sandbox, directory, credentials: dict, environment=None, secrets=(), inject=None):
    """A proxy for the sandbox's routes whose named credentials are others; keys of the network are added."""
    configuration = json.loads(json.dumps(sandbox.configuration))
    for route in configuration["routes"]:
        del route["listen"]
        if inject and route["name"] in inject:
            route["inject"] = inject[route["name"]]
    for name, credential in credentials.items():
        kept = {key: configuration["credentials"][name][key] for key in ("connectTo", "tls")}
        configuration["credentials"][name] = {**kept, **credential}
    return Proxy(directory, configuration, environment=environment, secrets=[*sandbox.secrets(), *secrets])


def test_a_user_of_bloq(sandbox, tmp_path):
    credential = {"type": "bloq-account", "username": {"env": "BLOQ_USER"}, "password": {"env": "BLOQ_PASSWORD"}}
    environment = {"BLOQ_USER": ACCOUNT, "BLOQ_PASSWORD": PASSWORD}
    proxy = started(sandbox, tmp_path, {"bloq": credential}, environment, [PASSWORD])
    with proxy.client() as client:
        assert client.ask(request(target="/api/v1/status")).status == 200
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        assert client.ask(request(target="/api/v1/status")).status == 200
    calls = sandbox.control("btc", "GET", "/_sandbox/state")["accounts"]["tokenCalls"]
    assert (calls["authentications"], calls["refreshes"]) == (2, 0)
    proxy.finish()


def test_a_user_of_bloq_with_a_wrong_password(sandbox, tmp_path):
    credential = {"type": "bloq-account", "username": {"env": "BLOQ_USER"}, "password": {"env": "BLOQ_PASSWORD"}}
    proxy = started(sandbox, tmp_path, {"bloq": credential}, {"BLOQ_USER": ACCOUNT, "BLOQ_PASSWORD": "hush-wrong"}, ["hush-wrong"])
    with proxy.client() as client:
        answer = client.ask(request(target="/api/v1/status"))
        assert answer.status == 503 and "401" in json.loads(answer.body)["error"]["message"]
    proxy.finish()


BLOQ = {
    "type": "token-endpoint",
    "request": {
        "url": "https://accounts.bloq.cloud/auth/token",
        "json": {"grantType": "clientCredentials", "clientId": {"file": "bloq-client-id"}, "clientSecret": {"file": "bloq-client-secret"}},
    },
    "refresh": {"json": {"grantType": "refreshToken", "refreshToken": "{refreshToken}"}},
    "response": {"token": "accessToken", "refreshToken": "refreshToken"},
}  # fmt: skip

BLOQUO = {
    "type": "token-endpoint",
    "request": {
        "url": "https://staging-api.bloquo.io/api/v1/customer/c0571234-0000-4000-8000-000000000001/users/authenticateApiClient",
        "json": {"clientId": {"file": "bloquo-client-id"}, "clientSecret": {"file": "bloquo-client-secret"}},
    },
    "response": {
        "token": ["result.accessToken", "accessToken"], "expiresIn": "result.expiresIn", "success": "status", "type": "result.tokenType",
    },
}  # fmt: skip


def in_directory(directory, value):
    """The same with the paths of its files."""
    if isinstance(value, dict):
        if set(value) == {"file"}:
            return {"file": str(directory / value["file"])}
        return {key: in_directory(directory, member) for key, member in value.items()}
    return value


def test_configuration_does_what_the_named_types_do(sandbox, tmp_path):
    """Both providers described by nothing but their calls and answers, the refresh token and its revocation included."""
    inject = {
        "bloquo": [
            {"header": "Authorization", "value": "Bearer {token}"},
            {"header": "customerId", "value": "c0571234-0000-4000-8000-000000000001"},
        ]
    }
    credentials = in_directory(sandbox.directory, {"bloq": BLOQ, "bloquo": BLOQUO})
    proxy = started(sandbox, tmp_path, credentials, inject=inject)
    targets = ["/api/v1/status", "/api/v1/customer/account/balances?includes=account"]
    with proxy.client(proxy.ports[0]) as bloq, proxy.client(proxy.ports[1]) as bloquo:

        def both():
            assert bloq.ask(request(target=targets[0])).status == 200
            assert bloquo.ask(request(target=targets[1])).status == 200

        both()
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        both()
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        sandbox.control("btc", "POST", "/_sandbox/revoke-refresh")
        both()
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    calls = state["accounts"]["tokenCalls"]
    assert (calls["authentications"], calls["refreshes"], calls["refused"]) == (2, 2, 1)
    assert state["bloquo"]["tokenCalls"]["authentications"] == 3
    proxy.finish()


def test_a_secret_in_a_query_is_in_no_message(make_upstream, make_proxy, route, authority):
    """The endpoint cannot be reached at first, then refuses, then answers badly: three kinds of messages, none with the query."""
    answers = [reply(500, {}, "no"), reply(200, {}, "<html>"), reply(200, {}, '{"token": "token-of-the-query"}')]
    endpoint = make_upstream(answering(lambda message: answers.pop(0) if len(answers) > 1 else answers[0]))
    api = make_upstream(answering())
    credential = {
        "type": "token-endpoint",
        "request": {"method": "GET", "url": "https://upstream.test/token", "query": {"api_key": {"env": "KEY"}}},
        "response": {"token": "token"},
        "connectTo": f"127.0.0.1:{endpoint.port}",
        "tls": {"ca": str(authority.certificate)},
    }
    proxy = make_proxy(
        route(api.port, credential="query"), credentials={"query": credential}, environment={"KEY": "hush/in a query"},
        secrets=["hush/in a query", "hush%2Fin%20a%20query", "token-of-the-query"],
    )  # fmt: skip
    with proxy.client() as client:
        assert eventually(lambda: client.ask(request()).status == 200, limits.ANSWER)
    assert {message.target for message in endpoint.requests} == {"/token?api_key=hush%2Fin%20a%20query"}
    assert b"status 500" in proxy.output and b"a page instead of JSON" in proxy.output
    assert [message.one("Authorization") for message in api.requests] == ["Bearer token-of-the-query"]


def test_check_tells_the_mistakes_of_a_token_endpoint(tmp_path):
    file = tmp_path / "proxy.json"
    credential = {
        "type": "token-endpoint",
        "request": {"url": "https://a.test/token?key=hush", "json": {"apiKey": "hush"}},
        "response": {"tokn": "data.token"},
    }
    route = {"listen": "127.0.0.1:0", "upstream": "https://a.test", "credential": "custom"}
    file.write_text(json.dumps({"routes": [route], "credentials": {"custom": credential}}))
    done = bearerproxy("check", "--config", file)
    assert done.returncode == 1
    for path in ("request.url", "request.json.apiKey", "response.token", "response.tokn"):
        assert f"credentials.custom.{path}: " in done.stdout + done.stderr, path
    assert "hush" not in done.stdout + done.stderr
