"""Every attempt of Tests/Paths on the running proxy: what is refused does not arrive, and what is allowed arrives as it was sent."""

import json
from pathlib import Path

import pytest

from harness.upstream import answering, secret_file
from test_malformed_requests import assert_own_error

TABLE = json.loads((Path(__file__).resolve().parents[1] / "Paths" / "attempts.json").read_text())
RULES = {rule["name"]: rule for rule in TABLE["rules"]}
ALLOWED = [(rule, case) for rule in RULES for case in RULES[rule]["allowed"]]
REFUSED = [(rule, case) for rule in RULES for case in RULES[rule]["refused"]]
TOKEN_CALLS = ("/auth/token", "/users/authenticateApiClient")


def name(value):
    return value if isinstance(value, str) else value.get("name") or f"{value.get('method', 'GET')} {value['target']}"


def serve(token, seen):
    def answer(message) -> bytes:
        content = b"ok"
        if not message.target.endswith(TOKEN_CALLS):
            seen.append(message)
        if message.target.endswith("/auth/token"):
            content = json.dumps({"accessToken": token}).encode()
        elif message.target.endswith("/users/authenticateApiClient"):
            result = {"accessToken": token, "expiresIn": 3600, "tokenType": "Bearer"}
            content = json.dumps({"status": True, "result": result}).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content)
        return head + (b"" if message.method == "HEAD" else content)

    return answering(answer)


@pytest.fixture(scope="module")
def arrived():
    """The requests that arrived, in their order, without the token calls."""
    return []


@pytest.fixture(scope="module")
def upstream(make_upstream, arrived):
    # An unsigned JWT that is good until 2100.
    return make_upstream(serve("eyJhbGciOiJub25lIn0.eyJleHAiOjQxMDI0NDQ4MDB9.c2ln", arrived))


@pytest.fixture(scope="module")
def proxies(make_proxy, route, upstream, authority, tmp_path_factory, token):
    """One for each rule."""
    directory = tmp_path_factory.mktemp("secrets")
    secret = {"file": str(secret_file(directory, "secret", token))}
    dialled = {"connectTo": f"127.0.0.1:{upstream.port}", "tls": {"ca": str(authority.certificate)}}
    client = {"clientId": secret, "clientSecret": secret, **dialled}
    credentials = {
        "static": {"type": "static", "token": secret},
        "bloq": {"type": "bloq", "accounts": "https://upstream.test", **client},
        "bloquo": {"type": "bloquo", "customerId": secret, "api": "https://upstream.test", **client},
    }
    made = {}
    for rule in RULES.values():
        keys = dict(rule["route"])
        credential = keys.pop("credential", "static")
        origin = "https://upstream.test" + keys.pop("basePath", "")
        made[rule["name"]] = make_proxy(
            route(upstream.port, credential=credential, upstream=origin, **keys), credentials={credential: credentials[credential]})
    return made


def raw(case) -> bytes:
    content = case.get("content", "")
    lines = [f"{case.get('method', 'GET')} {case['target']} HTTP/1.1", "Host: localhost"]
    lines += [f"{name}: {value}" for name, value in case.get("fields", [])]
    lines += [f"Content-Length: {len(content)}"] if content else []
    return ("\r\n".join([*lines, "", ""]) + content).encode("latin-1")


@pytest.mark.parametrize("rule, case", ALLOWED, ids=name)
def test_an_allowed_neighbour_arrives_as_it_was_sent(proxies, arrived, rule, case):
    before = len(arrived)
    with proxies[rule].client() as client:
        client.send(raw(case))
        answer = client.response(case.get("method", "GET"))
    assert answer.status == 200, answer.body
    expected = case.get("arrives") or case["target"].removeprefix("http://upstream.test")
    assert [(message.method, message.target, message.body.decode()) for message in arrived[before:]] == [
        (case.get("method", "GET"), expected, case.get("content", ""))]


@pytest.mark.parametrize("rule, case", REFUSED, ids=name)
def test_an_attempt_does_not_arrive(proxies, arrived, rule, case):
    received = len(arrived)
    with proxies[rule].client() as client:
        client.send_as_far_as_taken(raw(case))
        error = assert_own_error(client.response(), case["status"], None)
    assert "token" not in error["message"]
    assert len(arrived) == received, case["because"]


@pytest.mark.parametrize("rule, case", [pair for pair in REFUSED if pair[1]["status"] != 400], ids=name)
def test_an_attempt_with_an_allowed_request_behind_it(proxies, arrived, rule, case):
    """On the same connection, if that stays open: the refused one leaves nothing behind."""
    allowed = next(case for case in RULES[rule]["allowed"] if "method" not in case and not case["target"].startswith("http"))
    before = len(arrived)
    with proxies[rule].client() as client:
        client.send_as_far_as_taken(raw(case) + raw(allowed))
        assert client.response().status == case["status"]
        if "content" not in case:
            assert client.response().status == 200
    expected = [] if "content" in case else [allowed.get("arrives") or allowed["target"]]
    assert [message.target for message in arrived[before:]] == expected
