"""Patience: clients of HTTP/1.0, clients that take the proxy for their HTTP proxy, and other old habits that are right."""

import http.client
import os
import shutil
import socket
import subprocess
import urllib.request

import pytest

from harness import limits
from harness.messages import Broken, request
from harness.processes import ENVIRONMENT
from harness.upstream import answering, unused_port
from test_malformed_requests import assert_own_error

BODY = b"content of some length"
LENGTH = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(BODY) + BODY
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n7\r\ncontent\r\nf\r\n of some length\r\n0\r\nX-Sum: 1\r\n\r\n"
TO_THE_END = b"HTTP/1.1 200 OK\r\n\r\n" + BODY
INTERIM = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" + LENGTH
ANSWERS = {"/length": LENGTH, "/chunked": CHUNKED, "/to-the-end": TO_THE_END, "/interim": INTERIM}


class Script:
    """Answers each path in its own way, and keeps the requests in the order in which they came."""

    def __init__(self):
        self.requests = []

    def __call__(self, connection):
        while (message := connection.next()) is not None:
            self.requests.append(message)
            path = message.target.partition("?")[0]
            answer = ANSWERS.get(path, LENGTH)
            connection.send(answer[: -len(BODY)] if message.method == "HEAD" and answer.endswith(BODY) else answer)
            if path == "/to-the-end":
                return


@pytest.fixture(scope="module")
def script():
    return Script()


@pytest.fixture(scope="module")
def upstream(make_upstream, script):
    return make_upstream(script)


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    return make_proxy(route(upstream.port))


def run(*command, **environment) -> str:
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, timeout=limits.TEST, stdin=subprocess.DEVNULL,
        env={**ENVIRONMENT, "no_proxy": "", **environment},
    )  # fmt: skip
    assert done.returncode == 0, (done.stdout, done.stderr)
    return done.stdout


# HTTP/1.0


@pytest.mark.parametrize("path", ANSWERS)
def test_http10_gets_a_content_without_chunks_and_the_end(proxy, script, path):
    with proxy.client() as client:
        answer = client.ask(b"GET %s HTTP/1.0\r\n\r\n" % path.encode())
        assert (answer.status, answer.body, answer.interim) == (200, BODY, [])
        assert answer.all("Transfer-Encoding") == answer.all("Trailer") == []
        assert client.closed()
    assert script.requests[-1].start == f"GET {path} HTTP/1.1"


@pytest.mark.parametrize("connection", ["keep-alive", "Keep-Alive", "TE, KEEP-ALIVE"])
def test_http10_keeps_the_connection_when_it_asks_to(proxy, connection):
    lines = f"Connection: {connection}\r\nKeep-Alive: 300\r\nUser-Agent: Mozilla/1.0\r\n\r\n".encode()
    with proxy.client() as client:
        for number in range(3):
            answer = client.ask(b"GET /length?%d HTTP/1.0\r\n" % number + lines)
            assert (answer.status, answer.body) == (200, BODY)
            assert answer.one("Connection").lower() == "keep-alive"
        assert client.ask(b"GET /length HTTP/1.0\r\n\r\n").body == BODY
        assert client.closed()


def test_http10_keeps_no_connection_whose_content_needs_the_end(proxy):
    with proxy.client() as client:
        answer = client.ask(b"GET /chunked HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert answer.body == BODY
        assert (answer.one("Connection") or "close") == "close"
        assert client.closed()


def test_http10_with_content_and_head_and_errors(proxy, script):
    with proxy.client() as client:
        assert client.ask(b"POST /length HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello").body == BODY
    assert script.requests[-1].body == b"hello"
    with proxy.client() as client:
        answer = client.ask(b"HEAD /length HTTP/1.0\r\n\r\n", "HEAD")
        assert (answer.status, answer.one("Content-Length")) == (200, str(len(BODY)))
        assert client.closed()
    with proxy.client() as client:
        assert_own_error(client.ask(b"GET / HTTP/1.0\r\nHost: rebound.example\r\n\r\n"), 403, "forbidden")
        assert client.closed()


def test_http10_of_python(proxy):
    class Connection(http.client.HTTPConnection):
        _http_vsn, _http_vsn_str = 10, "HTTP/1.0"

    for path in ANSWERS:
        connection = Connection("127.0.0.1", proxy.port, timeout=limits.ANSWER)
        connection.request("POST", path, body=b"hello")
        assert connection.getresponse().read() == BODY
        connection.close()


@pytest.mark.parametrize("path", ANSWERS)
@pytest.mark.parametrize("options", [["--http1.0"], ["-0", "-d", "hello"], ["-0", "-H", "Host:"]], ids=" ".join)
def test_http10_of_curl(proxy, path, options):
    assert run("curl", "-sS", "--noproxy", "*", *options, proxy.address + path) == BODY.decode()


@pytest.mark.parametrize("options", [[], ["--no-http-keep-alive"], ["--post-data=hello"]], ids=" ".join)
@pytest.mark.parametrize("path", ANSWERS)
def test_wget(proxy, path, options):
    assert run("wget", "-q", "--no-proxy", "-O", "-", *options, proxy.address + path) == BODY.decode()


@pytest.mark.parametrize("options", [[], ["-k"]], ids=["close", "keep alive"])
@pytest.mark.parametrize("path", ["/length", "/chunked"])
def test_ab(proxy, path, options):
    """Apache's ab speaks HTTP/1.0, and keep-alive with -k."""
    report = run("ab", "-q", "-n", 200, "-c", 8, *options, proxy.address + path)
    assert "Complete requests:      200" in report and "Failed requests:        0" in report, report
    assert "Non-2xx" not in report, report
    if options and path == "/length":
        assert "Keep-Alive requests:    200" in report, report


# A client that was told to use an HTTP proxy, and names the upstream in each request


def proxied(proxy) -> dict:
    return {"http_proxy": proxy.address, "HTTP_PROXY": proxy.address, "no_proxy": ""}


@pytest.mark.parametrize("path", ["/length?a=b", "/chunked", "/to-the-end"])
@pytest.mark.parametrize("command", [["curl", "-sS"], ["curl", "-sS", "-0"], ["wget", "-q", "-O", "-"]], ids=" ".join)
def test_absolute_form_of_http_proxy_users(proxy, script, token, path, command):
    assert run(*command, "http://upstream.test" + path, **proxied(proxy)) == BODY.decode()
    message = script.requests[-1]
    assert message.start == f"GET {path} HTTP/1.1"
    assert message.all("Host") == ["upstream.test"]
    assert message.all("Authorization") == [f"Bearer {token}"]
    assert message.all("Proxy-Connection") == []


def test_absolute_form_of_curl_with_x(proxy, script):
    assert run("curl", "-sS", "-x", proxy.address, "-d", "hello", "http://UPSTREAM.test/length") == BODY.decode()
    assert script.requests[-1].body == b"hello"


def test_absolute_form_of_python(proxy, script):
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({"http": proxy.address}))
    with opener.open("http://upstream.test/length?q=%20", timeout=limits.ANSWER) as answer:
        assert answer.read() == BODY
    assert script.requests[-1].start == "GET /length?q=%20 HTTP/1.1"


def test_absolute_form_without_a_path(proxy, script):
    with proxy.client() as client:
        client.ask(b"GET http://upstream.test HTTP/1.1\r\nHost: upstream.test\r\n\r\n")
        client.ask(b"GET http://upstream.test?a HTTP/1.1\r\nHost: upstream.test\r\n\r\n")
        client.ask(b"OPTIONS http://upstream.test HTTP/1.1\r\nHost: upstream.test\r\n\r\n")
        client.ask(b"OPTIONS http://upstream.test/ HTTP/1.1\r\nHost: upstream.test\r\n\r\n")
    starts = [message.start for message in script.requests[-4:]]
    assert starts == ["GET / HTTP/1.1", "GET /?a HTTP/1.1", "OPTIONS * HTTP/1.1", "OPTIONS / HTTP/1.1"]


def test_the_whole_server_is_asked_about_below_a_base_path_too(make_proxy, make_upstream, route):
    upstream = make_upstream()
    made = route(upstream.port)
    made["upstream"] += "/base/"
    with make_proxy(made).client() as client:
        for target in ("*", "http://upstream.test", "http://upstream.test/", "/"):
            assert client.ask(f"OPTIONS {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()).status == 200
    assert [message.target for message in upstream.requests] == ["*", "*", "/base/", "/base/"]


def test_another_authority_is_not_ours(proxy, script):
    before = len(script.requests)
    with proxy.client() as client:
        answer = client.ask(b"GET http://elsewhere.example/ HTTP/1.0\r\nHost: upstream.test\r\n\r\n")
        assert_own_error(answer, 421, "misdirected")
    assert len(script.requests) == before


# Habits


@pytest.mark.parametrize("family", ["127.0.0.1", "::1", "localhost"])
def test_localhost_over_both_families(make_proxy, route, upstream, family):
    if family == "::1" and not os.path.exists("/proc/net/if_inet6"):
        pytest.skip("this machine has no IPv6")
    proxy = make_proxy(route(upstream.port, listen=f"localhost:{unused_port_of_both()}"))
    with socket.create_connection((family, proxy.port), timeout=limits.ANSWER) as stream:
        stream.sendall(b"GET /length HTTP/1.0\r\nHost: localhost:%d\r\n\r\n" % proxy.port)
        answer = b"".join(iter(lambda: stream.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n") and answer.endswith(BODY)


def unused_port_of_both() -> int:
    """A port that nobody uses on either loopback address."""
    while True:
        port = unused_port()
        if not os.path.exists("/proc/net/if_inet6"):
            return port
        with socket.socket(socket.AF_INET6) as probe:
            try:
                probe.bind(("::1", port))
                return port
            except OSError:
                continue


def test_an_empty_line_behind_content_is_skipped(proxy):
    """Old browsers sent a CRLF behind the content of a POST (RFC 9112 2.2)."""
    with proxy.client() as client:
        for _ in range(3):
            assert client.ask(request("POST", "/length", body=b"hello") + b"\r\n").body == BODY
        assert client.ask(request(target="/length")).body == BODY


def test_methods_are_case_sensitive_and_pass_as_they_are(proxy, script):
    for method in ("get", "Post", "options", "PURGE", "M-SEARCH"):
        with proxy.client() as client:
            assert client.ask(request(method, "/length")).status == 200
        assert script.requests[-1].method == method
    with proxy.client() as client:
        assert_own_error(client.ask(request("TRACE", "/length")), 405, "method_refused")


def test_methods_that_a_route_allows_are_meant_as_they_are_written(make_proxy, route, upstream):
    with make_proxy(route(upstream.port, allow={"methods": ["GET"]})).client() as client:
        assert client.ask(request(target="/length")).status == 200
        assert_own_error(client.ask(request("get", "/length")), 405, "method_refused")


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_client_that_half_closes_gets_its_answer(proxy, version):
    with proxy.client() as client:
        client.send(f"POST /chunked HTTP/{version}\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello".encode())
        client.connection.shutdown(socket.SHUT_WR)
        assert client.response().body == BODY
        assert client.closed()


def test_fields_of_another_age(proxy, script):
    """A client may send what it likes, as long as it can be read in one way only."""
    lines = [
        ("Pragma", "no-cache"), ("From", "someone@example.org"), ("Content-MD5", "x"), ("If-Modified-Since", "Sunday, 06-Nov-94 08:49:37 GMT"),
        ("Date", "Sun Nov  6 08:49:37 1994"), ("X-Empty", ""), ("UA-CPU", "x86"), ("Accept", "*/*;q=.2, */*;q=.2"),
    ]  # fmt: skip
    with proxy.client() as client:
        assert client.ask(request(target="/length", fields=lines)).status == 200
    assert [pair for pair in script.requests[-1].fields if pair in lines] == lines


@pytest.mark.skipif(shutil.which("perl") is None, reason="perl is not installed")
def test_perl(proxy):
    """HTTP::Tiny is a part of Perl."""
    script = 'use HTTP::Tiny; my $a = HTTP::Tiny->new->request("POST", $ARGV[0], {content => "hello"}); print $a->{status}, $a->{content}'
    if subprocess.run(["perl", "-MHTTP::Tiny", "-e", "1"], capture_output=True).returncode != 0:
        pytest.skip("Perl's own modules are not installed")
    for path in ANSWERS:
        assert run("perl", "-e", script, proxy.address + path) == "200" + BODY.decode()


def test_a_client_that_closes_in_the_middle_disturbs_nobody(proxy):
    for count in range(1, 40, 3):
        with proxy.client() as client:
            client.send(request("POST", "/length", body=b"hello")[:count])
    with proxy.client() as client:
        try:
            assert client.ask(request(target="/length")).body == BODY
        except Broken as broken:
            raise AssertionError("an answer for somebody else") from broken
