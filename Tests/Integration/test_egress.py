"""The way to the API through an HTTP proxy: one of the tests' own that is strict, and tinyproxy."""

import json
import os
import secrets as random
import shutil
import threading
import urllib.parse
from pathlib import Path

import pytest

from harness import limits
from harness.certificates import Authority
from harness.egress import OPENED, ConnectProxy
from harness.messages import eventually, request
from harness.processes import Process, accepts, bearerproxy
from harness.upstream import answering, secret_file, unused_port
from test_malformed_requests import assert_own_error
from test_trouble import CLIENT_ID, CLIENT_SECRET, bloq, json_answer, jwt  # noqa: F401
from test_websockets import ACCEPTED, OFFER

NAME = "upstream.test"
HTTP = f"{NAME}:443"


@pytest.fixture
def make_egress():
    made = []

    def make(*arguments, **more) -> ConnectProxy:
        made.append(ConnectProxy(*arguments, **more))
        return made[-1]

    yield make
    for egress in made:
        egress.close()
        assert egress.faults == []


@pytest.fixture
def distant(authority):
    """A route whose upstream has a name that only the egress proxy knows."""

    def make(name: str = NAME, **more) -> dict:
        return {
            "name": "up",
            "upstream": f"https://{name}",
            "credential": "fixed",
            "tls": {"ca": str(authority.certificate)},
            **more,
        }

    return make


@pytest.fixture
def user():
    return "corp\\" + random.token_hex(6)


@pytest.fixture
def password():
    return f"p@ss:w/{random.token_hex(12)}%"


def get(proxy, path="/a"):
    with proxy.client() as client:
        return client.ask(request(target=path))


def password_settings(directory: Path, user: str, password: str, egress: ConnectProxy) -> dict:
    return {
        "url": egress.url,
        "username": {"file": str(secret_file(directory, "user", user))},
        "password": {"file": str(secret_file(directory, "password", password))},
    }


def test_a_request_reaches_the_api_through_the_proxy_alone(make_proxy, make_upstream, make_egress, distant, token):
    upstream = make_upstream()
    egress = make_egress({HTTP: upstream.port})
    proxy = make_proxy(distant(), egressProxy=egress.url)
    for _ in range(3):
        assert get(proxy).status == 200
    assert egress.destinations == [HTTP], "one connection is used again"
    assert [sent.one("Authorization") for sent in upstream.requests] == [f"Bearer {token}"] * 3
    assert upstream.requests[0].one("Host") == NAME and upstream.names == [NAME]
    # TLS from end to end: the proxy has seen nothing of it.
    assert b"GET" not in egress.through and token.encode() not in egress.through
    assert b"egress proxy 127.0.0.1:%d (egressProxy) leads to upstream.test:443" % egress.port in proxy.output


def test_user_name_and_password_go_to_the_proxy_and_nowhere_else(
    make_proxy, make_upstream, make_egress, distant, user, password, tmp_path
):
    upstream = make_upstream()
    egress = make_egress({HTTP: upstream.port}, credentials=f"{user}:{password}")
    settings = password_settings(tmp_path, user, password, egress)
    proxy = make_proxy(distant(), egressProxy=settings, secrets=[password, f"{user}:{password}"])
    with proxy.client() as client:
        answer = client.ask(request(fields={"Proxy-Authorization": "Basic bWluZTptaW5l"}))
    assert answer.status == 200 and egress.refused == 0
    assert upstream.requests[0].all("Proxy-Authorization") == []
    assert password.encode() not in upstream.received


def test_a_changed_password_is_read_before_the_next_connection(
    make_proxy, make_upstream, make_egress, distant, user, password, tmp_path
):
    upstream = make_upstream()
    egress = make_egress({HTTP: upstream.port}, credentials=f"{user}:{password}")
    wrong = random.token_hex(12)
    settings = password_settings(tmp_path, user, wrong, egress)
    proxy = make_proxy(distant(), egressProxy=settings, secrets=[password, wrong])
    refused = get(proxy)
    assert_own_error(refused, 502, "upstream_unreachable")
    assert b"refused the user name and password of egressProxy" in refused.body
    secret_file(tmp_path, "password", password)
    assert get(proxy).status == 200
    assert b"were read anew" in proxy.output


def test_tunnels_and_token_calls_take_the_same_way(make_proxy, make_upstream, make_egress, distant, bloq):  # noqa: F811
    access = jwt(3600)
    service = make_upstream(answering(lambda _: json_answer({"accessToken": access, "refreshToken": jwt(9999)})))

    def serve(connection):
        connection.next()
        connection.send(ACCEPTED)
        connection.send(connection.stream.recv(100))

    upstream = make_upstream(serve)
    egress = make_egress({HTTP: upstream.port, "second.test:443": service.port})
    credentials = bloq(0)
    del credentials["bloq"]["connectTo"]
    proxy = make_proxy(
        distant(credential="bloq"), credentials=credentials, egressProxy=egress.url, secrets=[access, CLIENT_ID, CLIENT_SECRET]
    )
    with proxy.client() as client:
        client.send(request(fields=OFFER))
        assert client.reader.head().status == 101
        client.send(b"ping")
        assert client.reader.take(4) == b"ping"
    assert sorted(egress.destinations) == ["second.test:443", HTTP]
    assert upstream.requests[0].one("Authorization") == f"Bearer {access}"


def test_the_environment_names_the_proxy_and_shows_its_password_no_more(
    make_proxy, make_upstream, make_egress, distant, user, password, tmp_path
):
    upstream = make_upstream()
    egress = make_egress({HTTP: upstream.port}, credentials=f"{user}:{password}")
    userinfo = ":".join(urllib.parse.quote(part, safe="") for part in (user, password))
    listing = tmp_path / "environment-of-the-command"
    command = ["/bin/sh", "-c", f"env > {listing}; echo command-{random.token_hex(8)}"]
    proxy = make_proxy(
        distant(), {**distant(), "name": "other", "credential": "printed"},
        credentials={
            "fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", "t" * 20))}},
            "printed": {"type": "static", "token": {"command": command}},
        },
        environment={"HTTPS_PROXY": f"http://{userinfo}@127.0.0.1:{egress.port}/", "NO_PROXY": "localhost,10.0.0.0/8"},
        secrets=[password],
    )  # fmt: skip
    assert get(proxy).status == 200
    assert egress.destinations == [HTTP] and egress.refused == 0
    environment = Path(f"/proc/{proxy.process.pid}/environ").read_bytes()
    for form in (password, urllib.parse.quote(password, safe=""), str(egress.port)):
        assert form.encode() not in environment
        assert form not in listing.read_text()
    assert b"NO_PROXY=localhost" in environment


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy"])
def test_a_variable_without_a_password_is_left_as_it_is(make_proxy, make_upstream, make_egress, distant, variable):
    upstream = make_upstream()
    egress = make_egress({HTTP: upstream.port})
    proxy = make_proxy(distant(), environment={variable: f"127.0.0.1:{egress.port}"})
    assert get(proxy).status == 200 and egress.destinations == [HTTP]
    assert f"{variable}=127.0.0.1".encode() in Path(f"/proc/{proxy.process.pid}/environ").read_bytes()


@pytest.fixture(scope="module")
def unspecified(authority):
    """A certificate for 0.0.0.0: an address that is not loopback's, and that leads to this machine all the same."""
    return authority.leaf("unspecified", ["0.0.0.0"])


@pytest.mark.parametrize(
    "environment, top, through",
    [
        ({}, {}, True),
        ({"NO_PROXY": "other.test,0.0.0.0"}, {}, False),
        ({"no_proxy": "0.0.0.0/8"}, {}, False),
        ({"NO_PROXY": "*"}, {}, False),
        ({"NO_PROXY": "10.0.0.0/8,.test"}, {}, True),
        ({}, {"egressProxy": "none"}, False),
        ({"NO_PROXY": "*"}, {"egressProxy": "FILE"}, True),
    ],
)
def test_the_file_decides_then_the_environment(
    make_proxy, make_upstream, make_egress, distant, unspecified, environment, top, through
):
    upstream = make_upstream(leaf=unspecified)
    named, other = make_egress({f"0.0.0.0:{upstream.port}": upstream.port}), make_egress()
    if top.get("egressProxy") == "FILE":
        top, variable = {"egressProxy": named.url}, other.url
    else:
        variable = named.url
    proxy = make_proxy(distant(f"0.0.0.0:{upstream.port}"), environment={"HTTPS_PROXY": variable, **environment}, **top)
    assert get(proxy).status == 200
    assert len(named.heads) == (1 if through else 0) and other.heads == []


def test_loopback_plain_upstreams_and_connect_to_never_take_the_way(make_proxy, make_upstream, make_egress, distant, route):
    upstream = make_upstream()
    egress = make_egress()
    proxy = make_proxy(
        route(upstream.port), {**distant(f"127.0.0.1:{upstream.port}"), "name": "address"}, egressProxy=egress.url
    )
    for port in proxy.ports:
        with proxy.client(port) as client:
            assert client.ask(request()).status == 200
    assert egress.heads == [] and len(upstream.requests) == 2


ANSWERS = {
    "407": (b"HTTP/1.1 407 X\r\nProxy-Authenticate: Negotiate\r\n\r\n", 502, "upstream_unreachable", "wants a user name and password (407)"),
    "403": (b"HTTP/1.1 403 X\r\nContent-Length: 4\r\n\r\nno!!", 502, "upstream_unreachable", "does not allow this destination (403)"),
    "302": (b"HTTP/1.1 302 X\r\nLocation: http://evil.test/\r\n\r\n", 502, "upstream_unreachable", "redirect (302)"),
    "500": (b"HTTP/1.1 500 X\r\n\r\n", 502, "upstream_unreachable", "CONNECT with 500"),
    "503": (b"HTTP/1.1 503 X\r\n\r\n", 502, "upstream_unreachable", "could not reach the destination (503)"),
    "504": (b"HTTP/1.1 504 X\r\n\r\n", 504, "upstream_timeout", "could not reach the destination (504)"),
    "garbage": (b"\x15\x03\x01\x00\x02\x02\x28", 502, "upstream_unreachable", "is it an HTTP proxy?"),
    "a long head": (b"HTTP/1.1 200 OK\r\n" + b"X: " + b"y" * 9000 + b"\r\n\r\n", 502, "upstream_unreachable", "8192 bytes"),
    "bytes behind it": (OPENED + b"\x16\x03\x03", 502, "upstream_unreachable", "bytes follow its head"),
    "silence": (b"", 504, "upstream_timeout", "did not answer CONNECT within 1s"),
    "half a head": (OPENED[:-2], 504, "upstream_timeout", "did not answer CONNECT within 1s"),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_what_the_proxy_may_do_wrong_is_told(make_proxy, make_egress, distant, case):
    answer, status, code, words = ANSWERS[case]
    egress = make_egress(answer=answer)
    proxy = make_proxy(distant(timeouts={"connect": "1s"}), egressProxy=egress.url)
    refused = get(proxy)
    assert_own_error(refused, status, code)
    message = json.loads(refused.body)["error"]["message"]
    assert words in message and f"egress proxy 127.0.0.1:{egress.port}" in message and f"upstream {HTTP}" in message
    assert "the request had not been sent" in message and refused.one("Retry-After") == "1"
    assert "evil" not in message


def test_a_token_call_says_that_the_proxy_refused(make_proxy, make_egress, distant, bloq):  # noqa: F811
    egress = make_egress()
    credentials = bloq(0)
    del credentials["bloq"]["connectTo"]
    proxy = make_proxy(
        distant(credential="bloq"), credentials=credentials, egressProxy=egress.url, secrets=[CLIENT_ID, CLIENT_SECRET]
    )
    refused = get(proxy)
    assert_own_error(refused, 503, "credential_unavailable")
    assert b"egress proxy" in refused.body and b"(403)" in refused.body


def test_a_proxy_that_is_not_there_is_named(make_proxy, distant):
    port = unused_port()
    proxy = make_proxy(distant(), egressProxy=f"http://127.0.0.1:{port}")
    refused = get(proxy)
    assert_own_error(refused, 502, "upstream_unreachable")
    assert f"egress proxy 127.0.0.1:{port}: cannot connect to 127.0.0.1:{port}" in refused.body.decode()


def test_a_proxy_whose_name_is_unknown_is_named(make_proxy, distant):
    proxy = make_proxy(distant(), egressProxy="http://no-such-proxy.invalid:3128")
    refused = get(proxy)
    assert_own_error(refused, 502, "upstream_unreachable")
    assert b"egress proxy no-such-proxy.invalid:3128" in refused.body and b"see egressProxy" in refused.body


def test_a_proxy_that_looks_into_tls_is_not_trusted(make_proxy, make_upstream, make_egress, distant, tmp_path, token):
    """A proxy that answers in the API's place, with a certificate of its own."""
    stranger = Authority(tmp_path / "stranger", "Corp Inspection CA")
    intruder = make_upstream(leaf=stranger.leaf("intruder", [NAME]))
    egress = make_egress({HTTP: intruder.port})
    proxy = make_proxy(distant(), egressProxy=egress.url)
    refused = get(proxy)
    assert_own_error(refused, 502, "upstream_tls")
    assert b"Corp Inspection CA" in refused.body and b"tls.ca" in refused.body
    assert intruder.received == b""


@pytest.mark.parametrize(
    "value, words",
    [
        ("https://me:hunter2@127.0.0.1:1", "over TLS is not supported"),
        ("socks5://me:hunter2@127.0.0.1:1", '"socks5" is no scheme'),
        ("http://me:hunter2%@127.0.0.1:1", "%25"),
        ("http://me:hun\tter2@127.0.0.1:1", "password"),
        ("http://127.0.0.1:99999", "99999"),
    ],
)
def test_a_variable_that_names_no_proxy_hinders_the_start_if_it_matters(tmp_path, distant, route, value, words):
    for each, code in ((distant(), 1), (route(1), 0)):
        each["listen"] = f"127.0.0.1:{unused_port()}"
        token = secret_file(tmp_path, "token", "t" * 20)
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps({"routes": [each], "credentials": {"fixed": {"type": "static", "token": {"file": str(token)}}}}))
        done = bearerproxy("check", "--config", file, environment={"HTTPS_PROXY": value})
        assert done.returncode == code, done.stderr
        assert (words in done.stderr and "environment: HTTPS_PROXY: " in done.stderr) == (code == 1), done.stderr
        assert "hunter" not in done.stdout + done.stderr and "hun" not in done.stderr.replace("hinder", "")


def test_an_exception_that_is_none_is_a_warning(make_proxy, make_egress, distant):
    egress = make_egress()
    proxy = make_proxy(distant(), environment={"HTTPS_PROXY": egress.url, "NO_PROXY": "10.0.0.0/99,other.test"})
    assert get(proxy).status == 502
    assert b'environment: NO_PROXY: \\"10.0.0.0/99\\" is no name' in proxy.output


class Tinyproxy(Process):
    """Debian's tinyproxy, which wants a password."""

    def __init__(self, directory: Path, user: str, password: str):
        executable = shutil.which("tinyproxy") or "/usr/sbin/tinyproxy"
        self.port = unused_port()
        file = directory / "tinyproxy.conf"
        file.write_text(
            f"Port {self.port}\nListen 127.0.0.1\nTimeout 60\nBasicAuth {user} {password}\nLogLevel Info\nMaxClients 20\n"
            + ("User root\nGroup root\n" if os.geteuid() == 0 else "")
        )
        super().__init__([executable, "-d", "-c", file], directory, "tinyproxy")
        self.wait_until(lambda: accepts(self.port))


@pytest.fixture
def tinyproxy(tmp_path):
    process = Tinyproxy(tmp_path, "me", "pass" + random.token_hex(8))
    process.password = next(line.split()[2] for line in (tmp_path / "tinyproxy.conf").read_text().splitlines() if "BasicAuth" in line)
    yield process
    process.terminate()


def test_tinyproxy_leads_there_with_the_right_password_alone(
    make_proxy, make_upstream, distant, unspecified, tinyproxy, tmp_path, token
):
    upstream = make_upstream(leaf=unspecified)
    route = distant(f"0.0.0.0:{upstream.port}")
    url = {"url": f"http://127.0.0.1:{tinyproxy.port}"}
    username = {"file": str(secret_file(tmp_path, "user", "me"))}
    for name, password, words in (("right", tinyproxy.password, None), ("wrong", "wrong-password", b"refused the user name"), ("none", None, b"(407)")):
        settings = dict(url)
        if password is not None:
            settings |= {"username": username, "password": {"file": str(secret_file(tmp_path, name, password))}}
        proxy = make_proxy(dict(route), egressProxy=settings, secrets=[password] if password else [])
        if words is None:
            threads = [threading.Thread(target=get, args=(proxy,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(limits.TEST)
            assert get(proxy).status == 200
            assert eventually(lambda: len(upstream.requests) == 9)
            assert all(sent.one("Authorization") == f"Bearer {token}" for sent in upstream.requests)
        else:
            refused = get(proxy)
            assert_own_error(refused, 502, "upstream_unreachable")
            assert words in refused.body
    assert len(upstream.requests) == 9
