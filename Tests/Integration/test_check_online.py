"""`bearerproxy check --online`: what works is said to, and each fault is found at its step, with what helps."""

import datetime
import email.utils
import json
import os
import pty
import re
import socket
import subprocess
import threading
import time

import pytest

from harness.certificates import Authority
from harness.egress import ConnectProxy
from harness.processes import BINARY, ENVIRONMENT, bearerproxy
from harness.sandbox import Sandbox
from harness.secrets import assert_no_secret
from harness.upstream import answering, secret_file, unused_port

FINDINGS = 1


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    process.terminate()


@pytest.fixture
def check(tmp_path, sandbox):
    """Runs it with the sandbox's configuration, changed by the test; the steps by subject and label."""

    def run(change=lambda document: None, environment=None):
        document = json.loads(json.dumps(sandbox.configuration))
        change(document)
        return check_file(tmp_path, document, environment, sandbox.secrets())

    return run


def check_file(directory, document, environment=None, secrets=()):
    file = directory / "online.json"
    file.write_text(json.dumps(document))
    done = bearerproxy("check", "--online", "--config", file, environment=environment)
    assert_no_secret((done.stdout + done.stderr).encode(), secrets, "what check said")
    steps, subject = {}, None
    for line in done.stdout.splitlines():
        if found := re.match(r"(credential|route) (\S+) \(", line):
            subject = found[2] if found[1] == "route" else f"credential {found[2]}"
        elif found := re.match(r"  (ok|look|FAIL|-) +(\S+) +(.*)", line):
            steps[subject, found[2]] = (found[1], found[3])
    return done, steps


def test_all_steps_of_what_works(check, sandbox):
    done, steps = check()
    assert done.returncode == 0, done
    for subject in ["credential bloq", "credential bloquo"]:
        assert steps[subject, "secrets"][0] == "ok" and "clientSecret" in steps[subject, "secrets"][1]
        assert steps[subject, "token"] == ("ok", "obtained, valid for 60 min")
    assert steps["btc", "request"] == ("ok", "GET /api/v1/status: 200")
    assert steps["bloquo", "request"] == ("ok", "GET /api/v1/customers/me: 200")
    for subject in ["credential bloq", "btc"]:
        assert steps[subject, "connects"][1].startswith("to 127.0.0.1:")
        assert re.search(r"verified for \S+, TLSv1\.3; the certificate is valid for \d+ more days", steps[subject, "TLS"][1])
        assert steps[subject, "clock"] == ("ok", "agrees with the server's")
    assert done.stdout.endswith("2 routes and 2 credentials: no mistakes\n")


def test_rules_for_clients_do_not_hold_for_the_check(check):
    def change(document):
        for route in document["routes"]:
            route["allow"] = {"users": [os.getuid() + 1], "methods": ["POST"], "paths": ["/nowhere"], "requireHeader": "X-Lock: locked"}
            route["pathPrefix"] = "/deep"

    done, steps = check(change)
    assert done.returncode == 0, done
    assert steps["btc", "request"] == ("ok", "GET /api/v1/status: 200")


def test_a_terminal_gets_signs(sandbox):
    primary, secondary = pty.openpty()
    environment = {**ENVIRONMENT, "LC_ALL": "C.UTF-8"}
    process = subprocess.Popen(
        [BINARY, "check", "--online", "--config", sandbox.directory / "proxy.json"], stdout=secondary, env=environment)  # fmt: skip
    os.close(secondary)
    shown = b""
    while True:
        try:
            piece = os.read(primary, 65536)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(primary)
    assert process.wait() == 0
    assert "  ✓ request" in shown.decode() and "FAIL" not in shown.decode()


def test_a_closed_port(check):
    def change(document):
        document["routes"][0]["connectTo"] = f"127.0.0.1:{unused_port()}"

    done, steps = check(change)
    assert done.returncode == FINDINGS
    verdict, text = steps["btc", "connects"]
    assert verdict == "FAIL" and "Connection refused" in text and "port" in text
    assert ("btc", "TLS") not in steps and steps["btc", "request"][0] == "-"
    # The others are told of all the same.
    assert steps["bloquo", "request"][0] == "ok"


def test_a_name_that_nobody_knows(check):
    def change(document):
        document["routes"][0]["connectTo"] = "nobody.invalid:443"
        document["credentials"]["bloquo"]["connectTo"] = "nobody.invalid:443"

    done, steps = check(change)
    assert done.returncode == FINDINGS
    for subject in ["btc", "credential bloquo"]:
        verdict, text = steps[subject, "name"]
        assert verdict == "FAIL" and "nobody.invalid" in text and "resolver" in text
    assert steps["credential bloquo", "token"][0] == "-"
    assert steps["bloquo", "request"] == ("-", "none was made: credential bloquo has no token")


def test_a_name_that_is_known(check, sandbox):
    def change(document):
        document["routes"][0]["connectTo"] = document["routes"][0]["connectTo"].replace("127.0.0.1", "localhost")

    done, steps = check(change)
    assert done.returncode == 0, done
    assert steps["btc", "name"][0] == "ok" and "127.0.0.1" in steps["btc", "name"][1]


def test_another_authority(check, tmp_path):
    other = Authority(tmp_path / "other", "another authority")

    def change(document):
        document["routes"][0]["tls"]["ca"] = str(other.certificate)

    done, steps = check(change)
    assert done.returncode == FINDINGS
    verdict, text = steps["btc", "TLS"]
    assert verdict == "FAIL" and "certificate refused" in text and "tls.ca" in text
    assert steps["btc", "connects"][0] == "ok"


def test_another_name(check):
    def change(document):
        document["routes"][0]["upstream"] = "https://other.example"

    done, steps = check(change)
    assert done.returncode == FINDINGS
    verdict, text = steps["btc", "TLS"]
    assert verdict == "FAIL" and "btc.connect.bloq.cloud" in text and "tls.serverName" in text


def test_a_wrong_secret(check, tmp_path):
    wrong = secret_file(tmp_path, "wrong", "not-the-secret-of-anyone")

    def change(document):
        document["credentials"]["bloq"]["clientSecret"] = {"file": str(wrong)}

    done, steps = check(change)
    assert done.returncode == FINDINGS
    verdict, text = steps["credential bloq", "token"]
    assert verdict == "FAIL" and "401" in text and "clientId and clientSecret" in text
    assert "not-the-secret-of-anyone" not in done.stdout + done.stderr
    assert steps["btc", "request"] == ("-", "none was made: credential bloq has no token")


def test_a_missing_secret_is_a_finding_with_its_place(check):
    def change(document):
        document["credentials"]["bloq"]["clientSecret"] = {"file": "/nonexistent/secret"}

    done, steps = check(change)
    assert done.returncode == FINDINGS and not steps
    assert "credentials.bloq.clientSecret" in done.stderr and "/nonexistent/secret" in done.stderr


@pytest.fixture
def own(tmp_path, route, token):
    """A route to an upstream of the test's with a token that does not change."""

    def run(port, environment=None, **more):
        secret = secret_file(tmp_path, "token", token)
        made = {name: value for name, value in route(port, listen="127.0.0.1:1", **more).items() if value is not None}
        document = {
            "routes": [made],
            "credentials": {"fixed": {"type": "static", "token": {"file": str(secret)}}},
        }
        return check_file(tmp_path, document, environment, [token])

    return run


def answer(status, *fields):
    lines = "".join(f"{field}\r\n" for field in fields)
    return f"HTTP/1.1 {status} Whatever\r\nContent-Length: 0\r\n{lines}\r\n".encode()


@pytest.mark.parametrize(
    "status, code, verdict, word",
    [
        (200, 0, "ok", "HEAD /"), (302, 0, "ok", "302"), (404, 0, "ok", "has nothing there"), (403, 0, "look", "right"),
        (429, 0, "look", "fewer"), (401, FINDINGS, "FAIL", "does not take the token"), (500, FINDINGS, "FAIL", "has failed"),
    ],
)  # fmt: skip
def test_what_the_answer_says(own, make_upstream, token, status, code, verdict, word):
    upstream = make_upstream(answering(answer(status)))
    done, steps = own(upstream.port)
    assert done.returncode == code, done
    assert steps["up", "request"][0] == verdict and word in steps["up", "request"][1]
    assert upstream.requests[0].method == "HEAD" and upstream.requests[0].one("Authorization") == f"Bearer {token}"


def test_a_base_path_is_asked_for(own, make_upstream):
    upstream = make_upstream()
    done, _ = own(upstream.port, upstream="https://upstream.test/base")
    assert done.returncode == 0 and upstream.requests[0].target == "/base/"


def test_no_answer_that_could_be_read(own, make_upstream):
    done, steps = own(make_upstream(answering(b"SMTP ready\r\n\r\n")).port)
    assert done.returncode == FINDINGS
    assert steps["up", "request"][0] == "FAIL" and "malformed" in steps["up", "request"][1]


@pytest.mark.parametrize("seconds, word", [(-3600, "ahead of"), (3600, "behind")])
def test_a_clock_that_is_off(own, make_upstream, seconds, word):
    date = email.utils.formatdate(time.time() + seconds, usegmt=True)
    done, steps = own(make_upstream(answering(answer(200, f"Date: {date}"))).port)
    assert done.returncode == FINDINGS
    verdict, text = steps["up", "clock"]
    assert verdict == "FAIL" and word in text and re.search("3[56][0-9][0-9] s", text) and "set it" in text
    assert steps["up", "request"][0] == "ok"


def test_a_clock_that_agrees(own, make_upstream):
    date = email.utils.formatdate(time.time(), usegmt=True)
    done, steps = own(make_upstream(answering(answer(200, f"Date: {date}"))).port)
    assert done.returncode == 0 and steps["up", "clock"][0] == "ok"


@pytest.mark.parametrize("days, verdict", [(5, "look"), (40, "ok")])
def test_a_certificate_that_ends_soon(own, make_upstream, authority, days, verdict):
    end = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days, hours=1)
    soon = authority.leaf(f"soon{days}", ["upstream.test"], end=end.strftime("%Y%m%d%H%M%SZ"))
    done, steps = own(make_upstream(leaf=soon).port)
    assert done.returncode == 0, done
    assert steps["up", "TLS"][0] == verdict and f"valid for {days} more days" in steps["up", "TLS"][1]


def test_an_expired_certificate(own, make_upstream, authority):
    done, steps = own(make_upstream(leaf=authority.leaf("expired-online", ["upstream.test"], expired=True)).port)
    assert done.returncode == FINDINGS
    assert steps["up", "TLS"][0] == "FAIL" and "expired" in steps["up", "TLS"][1]


def test_a_port_without_tls(own):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        while True:
            try:
                stream, _ = listener.accept()
            except OSError:
                return
            stream.sendall(b"220 mail ready\r\n")

    threading.Thread(target=serve, daemon=True).start()
    done, steps = own(listener.getsockname()[1])
    listener.close()
    assert done.returncode == FINDINGS
    assert steps["up", "TLS"][0] == "FAIL" and "does that port speak TLS" in steps["up", "TLS"][1]


def test_through_an_egress_proxy(own, make_upstream):
    upstream = make_upstream()
    egress = ConnectProxy({"upstream.test:443": upstream.port})
    done, steps = own(0, environment={"HTTPS_PROXY": egress.url}, connectTo=None)
    egress.close()
    assert done.returncode == 0, done
    assert f"to 127.0.0.1:{egress.port}, the egress proxy (HTTPS_PROXY)" in steps["up", "connects"][1]
    assert steps["up", "request"] == ("ok", "HEAD /: 200")


def test_an_egress_proxy_that_refuses(own):
    egress = ConnectProxy(answer=b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
    done, steps = own(0, environment={"HTTPS_PROXY": egress.url}, connectTo=None)
    egress.close()
    assert done.returncode == FINDINGS
    assert steps["up", "connects"][0] == "FAIL" and "does not allow this destination" in steps["up", "connects"][1]
