"""`bearerproxy explain` says what a running proxy with the same configuration does: held against an upstream that records."""

import json
import os
import re

import pytest

from harness.messages import request
from harness.processes import bearerproxy
from harness.upstream import secret_file, unused_port

FINDINGS, USAGE = 1, 64


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    listen = f"127.0.0.1:{unused_port()}"
    rules = {"methods": ["GET", "POST"], "paths": ["/v2/open/*"], "requireHeader": "X-Lock: the-value-of-the-lock"}
    return make_proxy(
        route(upstream.port, name="upstream.test", listen=listen),
        route(
            upstream.port, name="second.test", listen=listen, pathPrefix="/second", stripPrefix=True, allow=rules,
            upstream="https://second.test/v2", replayBody=10, limits={"requestBody": 100}) | {"name": "rules"},
        route(upstream.port, listen=listen, pathPrefix="/events", socketIOToken=True, cookies=True) | {"name": "events"},
        route(upstream.port, listen=listen, pathPrefix="/gzip", decompress=True) | {"name": "gzip"},
        route(upstream.port, listen=listen, pathPrefix="/users", allow={"users": [os.getuid() + 1]}) | {"name": "users"},
        route(upstream.port, listen=listen, pathPrefix="/me", allow={"users": [os.getuid()]}) | {"name": "me"},
        route(upstream.port, listen=listen, pathPrefix="/rpc", allow={"rpcMethods": ["getblock*"]}) | {"name": "rpc"},
    )  # fmt: skip


def explain(proxy, method, target, fields=(), *more):
    url = target if "://" in target else f"http://localhost:{proxy.port}{target}"
    options = [part for name, value in fields for part in ("-H", f"{name}: {value}")]
    done = bearerproxy("explain", "--config", proxy.file, method, url, *options, *more)
    told = dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())
    return done, told


LOCK = ("X-Lock", "the-value-of-the-lock")

# method, target, fields, content
FORWARDED = [
    ("GET", "/", [], b""),
    ("GET", "/api/v1/status?a=b", [("Authorization", "x"), ("Cookie", "c=d"), ("Accept", "*/*")], b""),
    ("OPTIONS", "*", [], b""),
    ("GET", "/x", [("Connection", "close, X-Hop"), ("X-Hop", "1"), ("X_Hop", "2"), ("Keep-Alive", "1")], b""),
    ("GET", "/x", [("Connection", "TE"), ("TE", "trailers")], b""),
    ("GET", "/x", [("X-Request-Id", "mine"), ("Via", "1.0 other"), ("Proxy-Authorization", "x"), ("authorization", "y")], b""),
    ("POST", "/x", [("Content-Type", "application/json")], b"{}"),
    ("DELETE", "/x", [], b""),
    ("GET", "/second/open/thing?q=1", [LOCK, ("Accept-Encoding", "br")], b""),
    ("POST", "/second/open/thing", [LOCK], b"more than ten bytes"),
    ("GET", "/events/socket.io/?EIO=3&token=mine", [("Cookie", "stays")], b""),
    ("GET", "/events/other?token=mine", [], b""),
    ("GET", "/gzip/x", [], b""),
    ("GET", "/gzip/x", [("Accept-Encoding", "gzip")], b""),
    ("GET", "/me", [], b""),
    ("GET", "http://upstream.test/absolute", [], b""),
]


@pytest.mark.parametrize("method, target, fields, content", FORWARDED, ids=lambda value: str(value)[:40])
def test_what_is_said_to_go_upstream_is_what_arrives(proxy, upstream, token, method, target, fields, content):
    before = {id(message) for message in upstream.requests}
    with proxy.client() as client:
        answer = client.ask(request(method, target, fields, content, host=f"localhost:{proxy.port}"))
    assert answer.status == 200, answer.raw_head
    [arrived] = [message for message in upstream.requests if id(message) not in before]
    sent = [("Host", "x"), *fields, *([("Content-Length", str(len(content)))] if content else [])]
    done, told = asterisk(proxy) if target == "*" else explain(proxy, method, target, sent[1:])
    assert done.returncode == 0, done
    assert told["decision"] == "allowed"

    host, shown = arrived.one("Host"), arrived.target.replace(token, "{token}")
    assert told["upstream"] == f"{method} https://{host}{shown if shown != '*' else ' (target *)'}"
    removed = [name for name in told["removes"].split(", ") if name != "nothing"]
    added = [re.sub(r" \(.*", "", name) for name in told["adds"].split(", ")]
    kept = [name for name, _ in sent]
    for name in removed:
        kept.remove(name)
    assert sorted(kept + added) == sorted(name for name, _ in arrived.fields)
    if "Authorization" in [name for name, _ in arrived.fields]:
        assert "Authorization (of credential fixed)" in told["adds"]


def asterisk(proxy):
    """There is no URL for it: a listener that is the only one is asked."""
    file = proxy.file.with_name("one.json")
    configuration = json.loads(proxy.file.read_text())
    file.write_text(json.dumps({**configuration, "routes": configuration["routes"][:1]}))
    done = bearerproxy("explain", "--config", file, "OPTIONS", "*")
    return done, dict(re.split(r"  +", line, maxsplit=1) for line in done.stdout.splitlines())


REFUSED = [
    ("TRACE", "/", []),
    ("GET", "/", [("Host", "evil.example")]),
    ("GET", "/", [("Origin", "https://evil.example")]),
    ("GET", "/a", [("Content-Length", "1"), ("Transfer-Encoding", "chunked")]),
    ("GET", "/%zz", []),
    ("GET", "/a b", []),
    ("GET", "/x" * 9000, []),
    ("GET", "/second/open/thing", []),
    ("GET", "/second/open/thing", [("X-Lock", "wrong")]),
    ("DELETE", "/second/open/thing", [LOCK]),
    ("GET", "/second/other", [LOCK]),
    ("GET", "/second/open/../other", [LOCK]),
    ("GET", "/second/open/a?_method=DELETE", [LOCK]),
    ("GET", "/events/../x", []),
    ("POST", "/second/open/thing", [LOCK, ("Content-Length", "101")]),
    ("POST", "/x", [("Content-Length", "1"), ("Expect", "something")]),
    ("GET", "/rpc", []),
    ("POST", "/rpc", [("Content-Length", "10"), ("Content-Type", "text/plain")]),
    ("POST", "/rpc", [("Content-Length", "2000000"), ("Content-Type", "application/json")]),
    ("GET", "http://unknown.example/", [("Host", "unknown.example")]),
]


@pytest.mark.parametrize("method, target, fields", REFUSED, ids=lambda value: str(value)[:40])
def test_what_is_said_to_be_refused_is_answered_so(proxy, upstream, method, target, fields):
    own = {name for name, _ in fields}
    head = f"{method} {target} HTTP/1.1\r\n" + ("" if "Host" in own else f"Host: localhost:{proxy.port}\r\n")
    head += "".join(f"{name}: {value}\r\n" for name, value in fields) + "\r\n"
    before = len(upstream.requests)
    with proxy.client() as client:
        answer = client.ask(head.encode(), method)
    assert len(upstream.requests) == before
    error = json.loads(answer.body)["error"]
    if target.startswith("http://unknown"):
        done, _ = explain(proxy, method, target, fields)
        assert done.returncode == USAGE, done
        assert "no route listens on unknown.example" in done.stderr and str(proxy.port) in done.stderr
        return
    done, told = explain(proxy, method, target, fields)
    assert done.returncode == FINDINGS, done
    assert told["refused"] == f"{answer.status} {error['code']}: {error['message']}"
    assert "the-value-of-the-lock" not in done.stdout + done.stderr


def test_users_and_calls_are_conditions(proxy):
    done, told = explain(proxy, "GET", "/users")
    assert done.returncode == 0
    assert told["users"].startswith(f"of {os.getuid() + 1} alone") and "is not, and would get 403" in told["users"]
    assert "is one of them" in explain(proxy, "GET", "/me")[1]["users"]
    done, told = explain(proxy, "POST", "/rpc", [("Content-Length", "10"), ("Content-Type", "application/json")])
    assert done.returncode == 0 and told["decision"].startswith("allowed, if allow.rpcMethods")


def test_what_would_be_sent_twice_is_said(proxy):
    assert explain(proxy, "GET", "/")[1]["after 401"] == "sent once more with a new token"
    assert "kept for that" in explain(proxy, "POST", "/", [("Content-Length", "5")])[1]["after 401"]
    long = explain(proxy, "POST", "/second/open/x", [LOCK, ("Content-Length", "50")])[1]
    assert "longer than 10B (replayBody)" in long["after 401"] and "Expect: 100-continue" in long["after 401"]
    assert long["connection"].startswith("never sent again")
    assert explain(proxy, "HEAD", "/")[1]["connection"].startswith("sent once more")


def test_a_unix_socket_is_named_as_curl_does(tmp_path, route, token):
    socket = tmp_path / "app.sock"
    file = tmp_path / "proxy.json"
    credentials = {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}}
    routes = [route(1, listen=f"unix:{socket}"), {**route(1, listen="127.0.0.1:2"), "name": "tcp"}]
    file.write_text(json.dumps({"routes": routes, "credentials": credentials}))
    done = bearerproxy("explain", "--config", file, "GET", "http://localhost/x", "--unix-socket", socket)
    assert done.returncode == 0 and f"listener    unix:{socket}" in done.stdout, done
    assert "by way of   127.0.0.1:1 (connectTo)" in done.stdout
    done = bearerproxy("explain", "--config", file, "GET", "/x")
    assert done.returncode == USAGE and f"--unix-socket {socket}" in done.stderr


def test_where_systemd_has_bound_a_socket_is_not_known(tmp_path, route):
    file = tmp_path / "proxy.json"
    credentials = {"fixed": {"type": "static", "token": {"env": "NOT_SET"}}}
    file.write_text(json.dumps({"routes": [route(1, listen="systemd:app")], "credentials": credentials}))
    for arguments in (["/x"], ["http://localhost:8080/x"], ["http://localhost/x", "--unix-socket", "/run/app.sock"]):
        done = bearerproxy("explain", "--config", file, "GET", *arguments)
        assert done.returncode == 0 and "listener    systemd:app" in done.stdout, done


def test_nothing_is_read_or_sent(tmp_path, route):
    """No secret is there, and nobody listens."""
    file = tmp_path / "proxy.json"
    routes = [route(1, listen="127.0.0.1:2", tls={"ca": "/nonexistent/ca.pem"})]
    credentials = {"fixed": {"type": "static", "token": {"file": "/nonexistent/token"}}}
    file.write_text(json.dumps({"routes": routes, "credentials": credentials}))
    done = bearerproxy("explain", "--config", file, "GET", "/x")
    assert done.returncode == 0 and "decision    allowed" in done.stdout, done


def test_the_egress_proxy_is_named(tmp_path):
    file = tmp_path / "proxy.json"
    route = {"listen": "127.0.0.1:1", "upstream": "https://upstream.test", "credential": "fixed"}
    credentials = {"fixed": {"type": "static", "token": {"env": "NOT_SET"}}}
    file.write_text(json.dumps({"routes": [route], "credentials": credentials}))
    environment = {"HTTPS_PROXY": "http://me:hidden-pass@egress.test:3128"}
    done = bearerproxy("explain", "--config", file, "GET", "/x", environment=environment)
    assert "by way of   the egress proxy egress.test:3128 (HTTPS_PROXY)" in done.stdout, done
    assert "hidden-pass" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments, word",
    [
        (["GET"], "url"),
        (["GET", "ftp://localhost/"], "http"),
        (["GET", "x"], "URL"),
        (["G ET", "/"], "method"),
        (["GET", "/", "-H", "no-colon"], "Name: value"),
        (["GET", "http://me:pw@localhost:2/"], "Authorization"),
        (["GET", "/\r\nX: y"], "control"),
        (["GET", "https://localhost:2/"], "TLS"),
    ],
)
def test_a_wrong_question_is_told(tmp_path, route, arguments, word):
    file = tmp_path / "proxy.json"
    credentials = {"fixed": {"type": "static", "token": {"env": "NOT_SET"}}}
    file.write_text(json.dumps({"routes": [route(1, listen="127.0.0.1:2")], "credentials": credentials}))
    done = bearerproxy("explain", "--config", file, *arguments)
    assert done.returncode == USAGE, done
    assert word in done.stderr
