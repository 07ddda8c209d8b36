"""What a client sends of the fields that the proxy owns: in no spelling does any of it arrive at an upstream that records."""

import pytest

from harness.messages import request
from harness.upstream import OK, answering, secret_file

MINE = "clients-own-secret"
CUSTOMER = "customer-of-the-proxy"

OWNED = ["Authorization", "Proxy-Authorization", "customerId", "Cookie", "Cookie2", "X-Api-Key"]


def spellings(name: str) -> dict[str, list[tuple[str, str]]]:
    """Every way in which a field of this name could come past a filter that knows one spelling."""
    first = name[0]
    made = {
        "as it is": [(name, MINE)],
        "lower case": [(name.lower(), MINE)],
        "upper case": [(name.upper(), MINE)],
        "odd case": [("".join(c.upper() if at % 2 else c.lower() for at, c in enumerate(name)), MINE)],
        "twice": [(name, MINE), (name, MINE + "2")],
        "twice, the first empty": [(name, ""), (name, MINE)],
        "in two cases": [(name.lower(), MINE), (name.upper(), MINE)],
        "named by Connection": [("Connection", name), (name, MINE)],
        "named by Connection in another case": [("Connection", f"keep-alive, {name.upper()}"), (name.lower(), MINE)],
        "named by Connection, twice": [("Connection", name), (name, MINE), ("connection", name.lower()), (name, MINE)],
        "between others": [("X-A", "1"), (name, MINE), ("X-B", "2")],
        "among a hundred": [(f"X-{at}", "1") for at in range(90)] + [(name, MINE)],
        "with spaces around": [(name, f" \t {MINE} \t")],
    }
    if "-" in name:
        made["with underscores"] = [(name.replace("-", "_"), MINE)]
        made["with underscores, upper case"] = [(name.replace("-", "_").upper(), MINE)]
        made["with both"] = [(name, MINE), (name.replace("-", "_").lower(), MINE)]
        made["with underscores, named by Connection"] = [("Connection", name), (name.replace("-", "_"), MINE)]
    assert first
    return made


CASES = {f"{name} {how}": (name, fields) for name in OWNED for how, fields in spellings(name).items()}


def comparable(name: str) -> str:
    return name.lower().replace("_", "-")


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(answering(OK))


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream, directory, token):
    """One that owns a field of each kind: those that every route owns, and those that this one adds."""
    inject = [
        {"header": "Authorization", "value": "Bearer {token}"},
        {"header": "X-Api-Key", "value": "key {token}"},
        {"header": "customerId", "value": CUSTOMER},
    ]
    return make_proxy(route(upstream.port, inject=inject), route(upstream.port, name="upstream.test", cookies=True) | {"name": "cookies"})


def ask(proxy, upstream, fields, port=None, **more):
    with proxy.client(port) as client:
        answer = client.ask(request(fields=fields, **more))
    assert answer.status == 200, answer.raw_head
    return upstream.requests[-1]


def check(message, token):
    """The proxy's own fields are there, each once, and nothing of the client's is in any byte."""
    assert MINE.encode() not in message.raw_head + message.body
    found = {name: [value for spelled, value in message.fields if comparable(spelled) == comparable(name)] for name in OWNED}
    assert found == {
        "Authorization": [f"Bearer {token}"], "Proxy-Authorization": [], "customerId": [CUSTOMER], "Cookie": [], "Cookie2": [],
        "X-Api-Key": [f"key {token}"],
    }  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_a_field_that_the_proxy_owns_never_travels(proxy, upstream, token, case):
    check(ask(proxy, upstream, CASES[case][1]), token)


@pytest.mark.parametrize("name", OWNED)
def test_nor_does_it_in_a_trailer(proxy, upstream, token, name):
    lines = "".join(f"{spelled}: {MINE}\r\n" for spelled in [name, name.upper(), name.replace("-", "_")])
    head = "POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    with proxy.client() as client:
        assert client.ask(f"{head}2\r\nok\r\n0\r\n{lines}\r\n".encode()).status == 200
    assert MINE.encode() not in upstream.connections[-1].received + upstream.requests[-1].raw_head


@pytest.mark.parametrize("name", OWNED)
def test_nor_does_it_on_a_handshake(proxy, upstream, token, name):
    fields = [("Connection", f"Upgrade, {name}"), ("Upgrade", "line-protocol"), (name, MINE), (name.replace("-", "_"), MINE)]
    check(ask(proxy, upstream, fields), token)


@pytest.mark.parametrize(
    "name, value",
    [("Host", "upstream.test"), ("Via", "1.1 bearerproxy"), ("Authorization", None), ("X-Api-Key", None), ("customerId", CUSTOMER)],
)
def test_connection_takes_away_nothing_that_the_proxy_adds(proxy, upstream, token, name, value):
    message = ask(proxy, upstream, [("Connection", f"{name.lower()}, {name}"), ("Connection", name.replace("-", "_"))])
    expected = {"Authorization": f"Bearer {token}", "X-Api-Key": f"key {token}"}.get(name, value)
    assert message.all(name) == [expected]


@pytest.mark.parametrize("spelled", ["X-Request-Id", "x-request-id", "X_Request_Id", "X-Request_ID"])
def test_there_is_one_request_id(proxy, upstream, spelled):
    message = ask(proxy, upstream, [(spelled, "one"), ("x_request_id", "two")])
    assert len([name for name, _ in message.fields if comparable(name) == "x-request-id"]) == 1


@pytest.mark.parametrize("fields", [[("Host", "evil.test")], [("HOST", "localhost")], [("Host", "")]])
def test_a_second_host_is_refused(proxy, upstream, fields):
    count = len(upstream.requests)
    with proxy.client() as client:
        assert client.ask(request(fields=fields)).status == 400
    assert len(upstream.requests) == count


def test_an_allowed_field_beside_them_arrives(proxy, upstream, token):
    message = ask(proxy, upstream, [("X-Api-Keys", "1"), ("Cookies", "2"), ("Authorizations", "3"), ("X-Cookie", "4")])
    check(message, token)
    assert [message.one(name) for name in ["X-Api-Keys", "Cookies", "Authorizations", "X-Cookie"]] == ["1", "2", "3", "4"]


def test_cookies_travel_where_the_route_says_so(proxy, upstream, token):
    fields = [("Cookie", "a=1; b=2"), ("cookie", "c=3")]
    message = ask(proxy, upstream, fields, port=proxy.ports[1])
    assert [pair for pair in message.fields if comparable(pair[0]) == "cookie"] == fields
    assert message.one("Authorization") == f"Bearer {token}"


def test_cookies_that_connection_names_stay_behind_even_there(proxy, upstream):
    message = ask(proxy, upstream, [("Connection", "cookie"), ("Cookie", MINE)], port=proxy.ports[1])
    assert MINE.encode() not in message.raw_head


def test_set_cookie_passes_on_both_routes(make_proxy, route, make_upstream):
    upstream = make_upstream(answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: a=1\r\n\r\n"))
    proxy = make_proxy(route(upstream.port), route(upstream.port) | {"name": "cookies", "cookies": True})
    for port in proxy.ports:
        with proxy.client(port) as client:
            assert client.ask(request()).all("Set-Cookie") == ["a=1"]


# The token itself, when it arrives: what cannot stand in a field is no token.

ILLEGAL = {
    "a line break": "good\r\nX-Evil: 1",
    "a line feed": "good\nX-Evil: 1",
    "a zero byte": "good\x00token",
    "a control byte": "good\x1btoken",
    "DEL": "good\x7ftoken",
    "a space": "good token",
    "beyond ASCII": "g\u00f6\u00f6d",
    "empty": "",
    "too long": "t" * (16 * 1024 + 1),
}


@pytest.mark.parametrize("case", ILLEGAL)
def test_a_token_that_cannot_stand_in_a_field_is_never_written(make_proxy, route, make_upstream, directory, authority, case):
    """The endpoint's answer has it. Nothing goes upstream; the message says that it was the token, and not what it was."""
    import json

    content = json.dumps({"data": {"token": ILLEGAL[case]}}).encode()
    endpoint = make_upstream(answering(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(content) + content))
    upstream = make_upstream(answering(OK))
    credential = {
        "type": "token-endpoint",
        "request": {"method": "POST", "url": "https://upstream.test/login", "json": {"key": {"file": str(secret_file(directory, "key", "k" * 20))}}},
        "response": {"token": "data.token"}, "connectTo": f"127.0.0.1:{endpoint.port}", "tls": {"ca": str(authority.certificate)},
    }  # fmt: skip
    proxy = make_proxy(route(upstream.port, credential="endpoint"), credentials={"endpoint": credential}, secrets=["k" * 20])
    with proxy.client() as client:
        answer = client.ask(request())
    assert answer.status == 503 and b"credential_unavailable" in answer.body
    assert b"no token" in answer.body if case == "empty" else b"a token that cannot stand in a field" in answer.body
    assert not upstream.requests
    assert b"good" not in proxy.output + answer.body and b"X-Evil" not in proxy.output + answer.body


@pytest.mark.parametrize("case", [case for case in ILLEGAL if case not in ("a line break", "a line feed")])
def test_nor_is_one_from_a_file(tmp_path, case):
    """The configuration is at fault: the proxy does not start."""
    import json

    from harness.processes import bearerproxy

    token = secret_file(tmp_path, "token", ILLEGAL[case])
    configuration = {
        "routes": [{"listen": "127.0.0.1:0", "upstream": "https://upstream.test", "credential": "fixed"}],
        "credentials": {"fixed": {"type": "static", "token": {"file": str(token)}}},
    }
    (tmp_path / "proxy.json").write_text(json.dumps(configuration))
    for command in ["check", "run"]:
        done = bearerproxy(command, "--config", tmp_path / "proxy.json")
        assert done.returncode in (1, 78) and "token" in done.stderr + done.stdout
        assert "good" not in done.stderr + done.stdout and "t" * 100 not in done.stderr + done.stdout
