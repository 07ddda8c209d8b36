"""Every way in which a request, a token call or a configuration may go right or wrong, at the most verbose level; then a search of all
that came out, of what `/proc` shows, and of a core file, for every token and secret in every spelling."""

import base64
import gzip
import json
import os
import secrets as random
import shutil
import socket
import stat
import subprocess
import time

import pytest

from harness import limits
from harness.certificates import Authority
from harness.messages import Client, request
from harness.processes import Proxy, bearerproxy
from harness.secrets import assert_no_secret, disguises
from harness.upstream import OK, answering, secret_file, unused_port
from test_trouble import json_answer, jwt

# What a client sends that nobody else may read.
CLIENTS = {name: f"clients-{name}-" + random.token_hex(12) for name in ["authorization", "cookie", "query", "password", "required"]}


def secret(name: str) -> str:
    return f"{name}-" + random.token_hex(16)


class Accounts:
    """A token service that does each thing once that such services do, right and wrong, with the secrets in its answers."""

    def __init__(self, make_upstream):
        self.given: list[str] = []
        self.wrong: list[bytes] = []
        self.upstream = make_upstream(self.serve)

    def serve(self, connection):
        while (message := connection.next()) is not None:
            if self.wrong:
                connection.send(self.wrong.pop(0))
                return
            self.given.append(jwt(3600, len(self.given)) + random.token_hex(20))
            connection.send(json_answer({"accessToken": self.given[-1], "refreshToken": self.refresh(len(self.given))}))

    def refresh(self, number: int) -> str:
        return f"refresh-{number}-" + "r" * 40


def plain(text: bytes, status="200 OK", fields=b"") -> bytes:
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status.encode(), fields, len(text)) + text


def misbehave(connection, state):
    """An upstream that answers by the path, and shows what it got wherever it can."""
    while (message := connection.next()) is not None:
        mine = (message.one("Authorization") or "").encode()
        # Whatever the client may send, it may see again: its query, and fields of its own.
        seen = b"\r\n".join(line for line in message.raw_head.split(b"\r\n")[1:] if not line.startswith(b"X-Key"))
        shown = mine.split(b" ")[-1]
        match message.target.partition("?")[0].rstrip("/").rpartition("/")[2]:
            case "revoked" if mine not in state["refused"]:
                state["refused"].add(mine)
                connection.send(plain(b"jwt expired: " + shown, "401 Unauthorized"))
            case "refused":
                connection.send(plain(b"no: " + seen, "401 Unauthorized", b"WWW-Authenticate: Bearer realm=\"" + shown + b"\"\r\n"))
            case "echo":
                connection.send(plain(seen + b"|" + base64.b64encode(shown), fields=b"X-Echo: " + mine + b"\r\n"))
            case "page":
                page = gzip.compress(b"<pre>" + seen + b"</pre>")
                connection.send(plain(page, "500 Internal Server Error", b"Content-Encoding: gzip\r\n"))
            case "redirect":
                connection.send(plain(b"", "302 Found", b"Location: https://login.test/?token=" + shown + b"\r\nSet-Cookie: t=" + shown + b"\r\n"))
            case "status-line":
                connection.send(b"HTTP/1.1 2OO " + shown + b"\r\n\r\n")
                return
            case "field":
                connection.send(b"HTTP/1.1 200 OK\r\nX " + shown + b": 1\r\n\r\n")
                return
            case "chunk":
                connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + shown + b"\r\n")
                return
            case "truncated":
                connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n" + shown)
                connection.cut()
                return
            case "gzip":
                connection.send(plain(b"\x1f\x8bnot gzip " + shown, "500 Oops", b"Content-Encoding: gzip\r\n"))
            case "switch":
                connection.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: " + shown + b"\r\nX: " + mine + b"\r\n\r\n")
                return
            case "tunnel":
                connection.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: line-protocol\r\nX: " + mine + b"\r\n\r\nhello")
                return
            case "interim":
                connection.send(b"HTTP/1.1 103 Early\r\nLink: <" + shown + b">\r\n\r\n" + OK)
            case "silent":
                time.sleep(3)
                return
            case "gone":
                connection.cut()
                return
            case _:
                connection.send(OK)


TARGETS = ["ok", "revoked", "refused", "echo", "page", "redirect", "status-line", "field", "chunk", "truncated", "gzip", "switch", "tunnel", "interim", "gone", "silent"]  # fmt: skip


def visit(proxy, port: int, target: str):
    """One request as careless clients make them; whatever comes of it."""
    fields = [
        ("Authorization", f"Bearer {CLIENTS['authorization']}"), ("Cookie", f"session={CLIENTS['cookie']}"), ("Connection", "upgrade"),
        ("Upgrade", "line-protocol"), ("X-Key", CLIENTS["required"]),
    ]  # fmt: skip
    with proxy.client(port) as client:
        client.send_as_far_as_taken(request(target=f"/{target}?token={CLIENTS['query']}&a=1", fields=fields))
        drain(client, first=2.5 if target == "silent" else 0.3)


def drain(client: Client, first: float = 0.3):
    """Takes what comes, until it has been quiet for a moment."""
    client.connection.settimeout(first)
    deadline = time.monotonic() + 3
    try:
        while time.monotonic() < deadline and client.reader.receive():
            client.connection.settimeout(0.15)
    except TimeoutError:
        pass


def refused_requests() -> list[bytes]:
    """What the proxy answers itself, with a client's secrets where its messages could repeat them."""
    key, cookie, query, password = (CLIENTS[name] for name in ["authorization", "cookie", "query", "password"])
    lines = f"Authorization: Bearer {key}\r\nCookie: {cookie}\r\nX-Key: {CLIENTS['required']}\r\n"
    made = [f"{method} /x?token={query} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n" for method in ["TRACE", "CONNECT"]]
    made += [f"GET /x?token={query} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n" for host in ["evil.test", "", "a b", "localhost\r\nHost: x"]]
    made += [f"GET /x?token={query} HTTP/1.1\r\nHost: localhost\r\nOrigin: http://evil.test\r\n{lines}\r\n"]
    made += [f"GET http://other.test/x?token={query} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"]
    made += [f"GET http://user:{password}@upstream.test/x?token={query} HTTP/1.1\r\nHost: localhost\r\n{lines}\r\n"]
    made += [f"GET /x?token={query} HTTP/1.1\r\nHost: localhost\r\n{lines}{bad}\r\n\r\n" for bad in ["X :1", "X\x00: 1", " folded", "Content-Length: x", "Content-Length: 1\r\nTransfer-Encoding: chunked", "Expect: " + key]]  # fmt: skip
    made += [f"GET /x?token={query} HTTP/9.9\r\nHost: localhost\r\n{lines}\r\n", f"Bearer {key}\r\n\r\n", f"GET /?{query * 900} HTTP/1.1\r\n"]
    made += [f"POST /x?token={query} HTTP/1.1\r\nHost: localhost\r\n{lines}Transfer-Encoding: chunked\r\n\r\n{password}\r\n"]
    made += [f"GET /x HTTP/1.1\r\nHost: localhost\r\n{lines}X: {cookie * 3000}\r\n\r\n"]
    return [text.encode() for text in made]


@pytest.fixture(scope="module")
def told(make_proxy, make_upstream, route, authority, tmp_path_factory, leaf):
    """Runs all of it. The proxy, still running, and every secret that was in play."""
    directory = tmp_path_factory.mktemp("leaks")
    known = {name: secret(name) for name in ["env-id", "env-key", "file-key", "command-key", "systemd-token", "user", "password", "pin", "required"]}
    accounts, state = Accounts(make_upstream), {"refused": set()}
    upstream = make_upstream(lambda connection: misbehave(connection, state))
    stranger = make_upstream(answering(OK), leaf=Authority(tmp_path_factory.mktemp("stranger")).leaf("stranger", ["upstream.test"]))
    (directory / "systemd").mkdir()
    secret_file(directory / "systemd", "token", known["systemd-token"])
    key = secret_file(directory, "command", known["command-key"])
    service = {"accounts": "https://second.test", "connectTo": f"127.0.0.1:{accounts.upstream.port}", "tls": {"ca": str(authority.certificate)}}
    # Shorter than the pause after a call that failed, so that nobody waits through that.
    bloq = {"type": "bloq", "authTimeout": "400ms", **service}
    credentials = {
        "env": {**bloq, "clientId": {"env": "LEAK_ID"}, "clientSecret": {"env": "LEAK_KEY"}},
        "file": {**bloq, "clientId": {"env": "LEAK_ID"}, "clientSecret": {"file": str(secret_file(directory, "file", known["file-key"]))}},
        "command": {**bloq, "clientId": {"env": "LEAK_ID"}, "clientSecret": {"command": ["cat", str(key)]}},
        "systemd": {"type": "static", "token": {"systemd": "token"}},
        "basic": {"type": "basic", "username": {"env": "LEAK_USER"}, "password": {"env": "LEAK_PASSWORD"}},
        "nowhere": {**bloq, "clientId": {"env": "LEAK_ID"}, "clientSecret": {"env": "LEAK_KEY"}, "connectTo": f"127.0.0.1:{unused_port()}"},
        "stranger": {**bloq, "clientId": {"env": "LEAK_ID"}, "clientSecret": {"env": "LEAK_KEY"}, "connectTo": f"127.0.0.1:{stranger.port}"},
        "other": {
            "type": "token-endpoint", "request": {"method": "POST", "url": "https://second.test/login", "headers": {"X-Pin": {"env": "LEAK_PIN"}}, "query": {"pin": {"env": "LEAK_PIN"}}},
            "response": {"token": "accessToken"}, "connectTo": service["connectTo"], "tls": service["tls"],
        },
    }  # fmt: skip
    short = {"responseHead": "1s", "idle": "1s"}
    routes = [route(upstream.port, credential=name, timeouts=short) | {"name": name} for name in credentials]
    routes.append(route(upstream.port, credential="env", socketIOToken=True, timeouts=short) | {"name": "socket-io"})
    routes.append(route(stranger.port, credential="env") | {"name": "not-trusted"})
    routes.append(route(unused_port(), credential="env") | {"name": "not-there"})
    routes.append(route(upstream.port, credential="env", allow={"requireHeader": f"X-Key: {known['required']}"}) | {"name": "required"})
    environment = {
        "LEAK_ID": known["env-id"], "LEAK_KEY": known["env-key"], "LEAK_USER": known["user"], "LEAK_PASSWORD": known["password"],
        "LEAK_PIN": known["pin"], "CREDENTIALS_DIRECTORY": str(directory / "systemd"),
    }  # fmt: skip
    proxy = make_proxy(
        *routes, credentials=credentials, environment=environment, tokenCache={"file": str(directory / "tokens")},
        secrets=[*known.values(), *CLIENTS.values()],
    )  # fmt: skip
    everything = known["env-key"].encode()
    for port in proxy.ports:
        for target in TARGETS if port == proxy.port else TARGETS[:-3]:
            visit(proxy, port, target)
        visit(proxy, port, "socket.io/echo")
    for bytes_ in refused_requests():
        with proxy.client() as client:
            client.send_as_far_as_taken(bytes_)
            drain(client)
    with proxy.client(proxy.ports[-1]) as client:
        assert client.ask(request(fields=[("X-Key", known["required"])])).status == 200
        assert client.ask(request(fields=[("X-Key", known["required"] + "x")])).status == 403
    # Token calls that fail, each with what it must not tell; every refusal begins one.
    accounts.wrong += [
        plain(everything, "400 Bad Request"), b'HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"accessToken": "' + everything,
        plain(b"", "302 Found", b"Location: https://x.test/?secret=" + everything + b"\r\n"), b"HTTP/1.1 " + everything + b"\r\n\r\n",
        json_answer({"accessToken": known["env-key"] + "\r\nX: 1"}), json_answer({"error": known["env-key"]}), plain(b"<p>" + everything),
    ]  # fmt: skip
    for port in proxy.ports[:3]:
        state["refused"].clear()
        visit(proxy, port, "revoked")
    used = [token for token in accounts.given] + [accounts.refresh(number + 1) for number in range(len(accounts.given))]
    used.append(base64.b64encode(f"{known['user']}:{known['password']}".encode()).decode())
    proxy.secrets += used
    arrived = upstream.received
    assert any(token.encode() in arrived for token in accounts.given) and known["systemd-token"].encode() in arrived
    yield proxy, proxy.secrets, directory


def test_what_was_tried_reached_every_outcome(told):
    """Else what follows would find nothing because nothing had happened."""
    proxy, _, _ = told
    lines = [json.loads(line) for line in proxy.out.read_text().splitlines()]
    assert {200, 101, 302, 400, 401, 403, 405, 421, 500, 502, 503, 504} - {line["status"] for line in lines} == set()
    codes = {line.get("error") for line in lines}
    assert {"upstream_protocol", "upstream_tls", "upstream_unreachable", "upstream_timeout", "credential_unavailable", "forbidden"} <= codes
    messages = proxy.err.read_text()
    for level in ["debug", "info", "warning", "error"]:
        assert f'"level":"{level}"' in messages


def test_neither_logs_nor_answers_show_a_secret(told):
    proxy, secrets, _ = told
    proxy.check_secrets()
    assert b"token=" not in proxy.output and b"?" not in b"".join(json.loads(line)["path"].encode() for line in proxy.out.read_text().splitlines())


@pytest.mark.parametrize("entry", ["cmdline", "environ", "status", "maps", "comm", "stat", "mountinfo", "limits"])
def test_proc_shows_no_secret(told, entry):
    proxy, secrets, _ = told
    with open(f"/proc/{proxy.process.pid}/{entry}", "rb") as file:
        assert_no_secret(file.read(), secrets, f"/proc/PID/{entry}")


def test_the_token_cache_shows_no_secret(told):
    _, secrets, directory = told
    file = directory / "tokens"
    assert file.stat().st_size > 500 and stat.S_IMODE(file.stat().st_mode) == 0o600
    assert_no_secret(file.read_bytes(), secrets, "the token cache")


def test_a_core_file_shows_no_secret(told, tmp_path):
    """`gcore` attaches as root, and writes what the kernel's filter lets it."""
    if shutil.which("gcore") is None:
        pytest.skip("there is no gcore here: install gdb")
    proxy, secrets, _ = told
    done = subprocess.run(["gcore", "-o", tmp_path / "core", str(proxy.process.pid)], capture_output=True, text=True, timeout=limits.TEST)
    cores = list(tmp_path.glob("core*"))
    if not cores:
        pytest.skip(f"gcore may not attach: {done.stderr.strip().splitlines()[-1:]}")
    assert_no_secret(cores[0].read_bytes(), secrets, "the core file")
    assert accepts_still(proxy)


def accepts_still(proxy) -> bool:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=limits.ANSWER):
        return proxy.process.poll() is None


def test_check_does_not_repeat_what_stands_where_a_secret_should(tmp_path):
    """Secrets that were written into the file, in all places where one could."""
    hush = secret("hush")
    mistakes = [
        {"type": "static", "token": hush}, {"type": "static", "token": {"env": hush[:4], hush: 1}}, {"type": "static", "token": {"file": f"/{hush[:3]}", "x": hush}},
        {"type": "basic", "username": "me", "password": hush}, {"type": "bloq", "clientId": hush, "clientSecret": hush}, {"type": "static", "token": [hush]},
        {"type": "oauth2", "tokenURL": f"https://user:{hush}@a.test/", "clientId": {"env": "X"}, "clientSecret": hush},
        {"type": "token-endpoint", "request": {"method": "POST", "url": f"https://a.test/?key={hush}", "json": {"password": hush}, "headers": {"Authorization": hush}}, "response": {"token": "t"}},
    ]  # fmt: skip
    for number, credential in enumerate(mistakes):
        if number == 1:
            credential = {"type": "static", "token": {"env": "NOT_SET_ANYWHERE"}}
        configuration = {
            "routes": [{"listen": "127.0.0.1:0", "upstream": f"https://u:{hush}@upstream.test", "credential": "c", "inject": [{"header": "X", "value": f"{{{hush}}}"}]}],
            "credentials": {"c": credential}, "log": {"level": "debug"},
        }  # fmt: skip
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps(configuration))
        for command in ["check", "run"]:
            done = bearerproxy(command, "--config", file)
            assert done.returncode in (1, 78) and done.stderr + done.stdout
            assert_no_secret((done.stderr + done.stdout).encode(), [hush], f"{command}, mistake {number}")


def test_the_search_itself_finds_what_it_looks_for():
    hush = secret("hush")
    for form in disguises(hush):
        with pytest.raises(AssertionError):
            assert_no_secret(b"..." + form + b"...", [hush], "this")
    assert os.path.exists("/proc/self/environ")
