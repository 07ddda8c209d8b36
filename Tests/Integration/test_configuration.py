"""The commands and their exit codes: broken configurations, missing secrets, wrong usage, and how a proxy ends."""

import json
import os
import re
import signal
import socket
import threading
import time

import pytest

from harness import limits
from harness.messages import eventually, request
from harness.processes import BINARY, PACKAGE, Process, accepts, bearerproxy
from harness.upstream import OK, secret_file, unused_port

USAGE, CONFIGURATION, FINDINGS = 64, 78, 1


@pytest.fixture
def good(tmp_path, authority, token):
    """A configuration that is right; tests break it. `write` gives the file's path."""

    class Good:
        document = {
            "routes": [
                {
                    "name": "up",
                    "listen": f"127.0.0.1:{unused_port()}",
                    "upstream": "https://upstream.test",
                    "credential": "fixed",
                    "tls": {"ca": str(authority.certificate)},
                }
            ],
            "credentials": {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}},
        }

        def write(self, text: str | None = None):
            path = tmp_path / "proxy.json"
            path.write_text(text if text is not None else json.dumps(self.document, indent=2))
            return path

    return Good()


def place_of(file, text: str) -> str:
    """FILE:LINE:COLUMN of the first occurrence of the text in the file."""
    before = file.read_text().split(text, 1)[0]
    return f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}"


# name: (text in the file, what it becomes, what the message says)
MISTAKES = {
    "an unknown key": ('"credential": "fixed"', '"credentail": "fixed"', ["credentail", "credential"]),
    "a wrong unit": ('"name": "up"', '"timeouts": {"connect": "5 parsecs"}', ["routes[0].timeouts.connect", "5 parsecs"]),
    "an upstream that is no URL": ('"https://upstream.test"', '"upstream.test"', ["routes[0].upstream", "upstream.test"]),
    "a credential that is not there": ('"credential": "fixed"', '"credential": "fxied"', ["fxied", "fixed"]),
    "a secret in the file": ('{"file":', '"s3cret-in-the-file", "x": {"file":', ["credentials.fixed.token"]),
    "an open listener": ('"127.0.0.1:', '"0.0.0.0:', ["routes[0].listen"]),
    "a token in clear": ('"https://upstream.test"', '"http://upstream.test"', ["routes[0].upstream", "http"]),
    "a type that nobody knows": ('"type": "static"', '"type": "statik"', ["statik", "static"]),
    "a host that is a URL": ('"name": "up"', '"allow": {"hosts": ["http://a.test"]}', ["routes[0].allow.hosts[0]", "http://a.test"]),
    "a number out of range": ('"name": "up"', '"replayBody": -1', ["routes[0].replayBody"]),
}


@pytest.mark.parametrize("command, code", [("run", CONFIGURATION), ("check", FINDINGS)])
@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_has_its_place(good, name, command, code):
    old, new, words = MISTAKES[name]
    text = json.dumps(good.document, indent=2).replace('"token": {\n        "file":', '"token": {"file":')
    assert old in text
    file = good.write(text.replace(old, new, 1))
    done = bearerproxy(command, "--config", file)
    assert done.returncode == code, done
    shown = done.stdout + done.stderr
    found = [line for line in shown.splitlines() if re.match(re.escape(str(file)) + r":\d+:\d+: ", line)]
    assert found, shown
    for word in words:
        assert any(word in line for line in found), (word, found)
    assert "s3cret" not in shown, "a secret that was written by mistake is not repeated"


def test_the_place_is_exact(good):
    good.document["routes"][0]["timeouts"] = {"connect": "5 parsecs"}
    file = good.write()
    shown = bearerproxy("run", "--config", file)
    assert place_of(file, '"5 parsecs"') in shown.stdout + shown.stderr


def test_all_mistakes_come_at_once(good):
    good.document["routes"][0].update(replayBody="1 stone", timeouts={"idle": "never"}, colour="blue")
    file = good.write()
    done = bearerproxy("check", "--config", file)
    assert done.returncode == FINDINGS
    for word in ("replayBody", "idle", "colour"):
        assert word in done.stdout + done.stderr


@pytest.mark.parametrize(
    "text", ["", "{", '{"routes": [}', "[1, 2", '{"routes": [], "routes": []}', "\x00\x01", '{"a": "\\q"}', "[" * 100000]
)
@pytest.mark.parametrize("command, code", [("run", CONFIGURATION), ("check", FINDINGS)])
def test_what_is_no_json_has_a_place_too(good, text, command, code):
    file = good.write(text)
    done = bearerproxy(command, "--config", file)
    assert done.returncode == code, done
    assert re.search(re.escape(str(file)) + r":\d+:\d+: ", done.stdout + done.stderr)


def test_comments_are_allowed(good):
    file = good.write("// a comment\n" + json.dumps(good.document, indent=2).replace("{", "{ // opens", 1))
    done = bearerproxy("check", "--config", file)
    assert done.returncode == 0, done


def test_the_example_of_the_package_is_right():
    environment = {
        name: "0" * 40
        for name in re.findall(r'"env"\s*:\s*"([^"]+)"', (PACKAGE / "proxy.json").read_text())
    }
    done = bearerproxy("check", "--config", PACKAGE / "proxy.json", environment=environment)
    assert done.returncode == 0, done


@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_is_not_there(tmp_path, command):
    done = bearerproxy(command, "--config", tmp_path / "absent.json")
    assert done.returncode in (CONFIGURATION, FINDINGS), done
    assert "absent.json" in done.stderr + done.stdout


def test_proxy_json_of_the_working_directory_is_the_default(good, tmp_path):
    good.write()
    done = bearerproxy("check", directory=tmp_path)
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    "source, word",
    [({"env": "SECRET_OF_NOBODY"}, "SECRET_OF_NOBODY"), ({"file": "/nowhere/secret"}, "/nowhere/secret")],
    ids=["env", "file"],
)
@pytest.mark.parametrize("command, code", [("run", CONFIGURATION), ("check", FINDINGS)])
def test_a_missing_secret(good, source, word, command, code):
    good.document["credentials"]["fixed"]["token"] = source
    file = good.write()
    done = bearerproxy(command, "--config", file)
    assert done.returncode == code, done
    assert "credentials.fixed.token" in done.stderr + done.stdout
    assert word in done.stderr + done.stdout


@pytest.mark.parametrize("content", ["", "\n", "two\nlines"], ids=["empty", "an empty line", "two lines"])
def test_a_secret_that_cannot_be_one(good, tmp_path, content):
    good.document["credentials"]["fixed"]["token"] = {"file": str(secret_file(tmp_path, "odd", content))}
    done = bearerproxy("run", "--config", good.write())
    assert done.returncode == CONFIGURATION, done
    assert "credentials.fixed.token" in done.stderr


def test_a_secret_that_others_can_read_gives_a_warning(good, tmp_path):
    (tmp_path / "token").chmod(0o644)
    done = bearerproxy("check", "--config", good.write())
    assert done.returncode == 0, done
    assert "token" in done.stdout + done.stderr and "chmod" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["walk"],
        ["run", "--confg", "x"],
        ["run", "--config"],
        ["check", "a", "b"],
        ["sandbox", "--port-base", "x"],
        ["sandbox", "--token-lifetime", "1"],
    ],
)
def test_wrong_usage(arguments):
    done = bearerproxy(*arguments)
    assert done.returncode == USAGE, done
    assert "Usage" in done.stderr


def test_help_and_version():
    done = bearerproxy("--help")
    assert done.returncode == 0
    for command in ("run", "check", "sandbox"):
        assert command in done.stdout
    assert re.match(r"\d+\.\d+", bearerproxy("--version").stdout.split()[-1])


def test_a_port_that_is_taken(good, make_upstream):
    taken = make_upstream().port
    good.document["routes"][0]["listen"] = f"127.0.0.1:{taken}"
    done = bearerproxy("run", "--config", good.write())
    assert done.returncode == FINDINGS, done
    assert str(taken) in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, "an error is a line, not a page"


def test_sigterm_lets_what_is_in_flight_end(make_proxy, route, make_upstream):
    asked, go_on = threading.Event(), threading.Event()

    def serve(connection):
        connection.next()
        asked.set()
        go_on.wait(20)
        connection.send(OK)

    proxy = make_proxy(route(make_upstream(serve).port))
    with proxy.client() as client, proxy.client() as idle:
        assert not idle.reader.buffer
        client.send(request())
        assert asked.wait(limits.ANSWER)
        # Who says nothing is accepted after a second.
        time.sleep(1.5)
        proxy.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: not accepts(proxy.port)), "a proxy that ends accepts nothing new"
        assert proxy.process.poll() is None
        go_on.set()
        answer = client.response()
        assert answer.body == b"ok"
        assert client.closed()
        assert idle.closed()
    assert proxy.process.wait(limits.END) == 0


def test_a_second_sigterm_ends_at_once(make_proxy, route, make_upstream, tmp_path):
    asked, go_on = threading.Event(), threading.Event()

    def serve(connection):
        connection.next()
        asked.set()
        go_on.wait(30)

    proxy = make_proxy(route(make_upstream(serve).port), drainTimeout="60s")
    with proxy.client() as client:
        client.send(request())
        assert asked.wait(limits.ANSWER)
        proxy.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: not accepts(proxy.port))
        began = time.monotonic()
        proxy.process.send_signal(signal.SIGTERM)
        proxy.process.wait(limits.END)
        assert time.monotonic() - began < limits.CLOSE
    go_on.set()


def test_the_drain_has_an_end(make_proxy, route, make_upstream):
    asked, go_on = threading.Event(), threading.Event()

    def serve(connection):
        connection.next()
        asked.set()
        go_on.wait(30)

    proxy = make_proxy(route(make_upstream(serve).port), drainTimeout="1s")
    with proxy.client() as client:
        client.send(request())
        assert asked.wait(limits.ANSWER)
        assert proxy.terminate() == 0
    go_on.set()


def test_the_environment_of_the_process_forgets_the_secret(make_proxy, route, make_upstream):
    secret = "in-the-environment-0123456789"
    upstream = make_upstream()
    proxy = make_proxy(
        route(upstream.port),
        credentials={"fixed": {"type": "static", "token": {"env": "THE_TOKEN"}}},
        environment={"THE_TOKEN": secret},
        secrets=[secret],
    )
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    assert upstream.requests[-1].one("Authorization") == f"Bearer {secret}"
    try:
        with open(f"/proc/{proxy.process.pid}/environ", "rb") as environ:
            assert secret.encode() not in environ.read()
    except PermissionError:
        # The process is not to be dumped: nobody but root reads it at all.
        assert os.geteuid() != 0
    with open(f"/proc/{proxy.process.pid}/cmdline", "rb") as command_line:
        assert secret.encode() not in command_line.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root sees the descriptors of a process that is not to be dumped")
def test_no_descriptor_is_left_behind(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))

    def descriptors() -> int:
        return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))

    def twenty():
        for _ in range(20):
            with proxy.client() as client:
                assert client.ask(request("POST", body=b"x")).status == 200
            with proxy.client() as client:
                client.send(b"GET / HT")

    twenty()
    assert eventually(lambda: descriptors() < 100)
    before = descriptors()
    twenty()
    assert eventually(lambda: descriptors() <= before + 2), (before, descriptors())


def test_the_sandbox_says_where_it_listens_and_ends_with_zero(tmp_path):
    from harness.processes import BINARY

    process = Process([BINARY, "sandbox", "--port-base", "0", "--directory", tmp_path], tmp_path, "sandbox")
    process.wait_until(lambda: (tmp_path / "proxy.json").exists() and (tmp_path / "ca.pem").exists())
    time.sleep(0.2)
    assert process.terminate() == 0
    assert b"127.0.0.1:" in process.output


@pytest.mark.parametrize("content", [None, "no certificate"])
@pytest.mark.parametrize("owner", ["routes[0]", "credentials.fixed"])
@pytest.mark.parametrize("command, code", [("run", CONFIGURATION), ("check", FINDINGS)])
def test_an_unusable_authority_has_its_place(good, tmp_path, owner, content, command, code):
    authority = tmp_path / "unusable.pem"
    if content:
        authority.write_text(content)
    if owner == "routes[0]":
        good.document["routes"][0]["tls"]["ca"] = str(authority)
    else:
        secret = good.document["credentials"]["fixed"]["token"]
        good.document["credentials"]["fixed"] = {
            "type": "bloq", "clientId": secret, "clientSecret": secret, "tls": {"ca": str(authority)}
        }
    file = good.write()
    done = bearerproxy(command, "--config", file)
    assert done.returncode == code, done
    text = file.read_text()
    before = text[: text.rindex("{", 0, text.index("unusable.pem"))]
    place = f"{file}:{before.count(chr(10)) + 1}:{len(before) - before.rfind(chr(10))}: {owner}.tls: {authority}: "
    assert place in done.stderr, done


# name: (what the route or the log becomes, what the message says)
UNOPENABLE = {
    "a socket in no directory": ({"listen": "unix:{there}/absent/a.sock"}, {}, ["No such file", "make the socket's directory"]),
    "a socket where a file is": ({"listen": "unix:{there}/proxy.json"}, {}, ["no socket", "remove it"]),
    "an access log in no directory": ({}, {"access": "{there}/absent/a.log"}, ["log.access", "absent/a.log", "No such file"]),
}


@pytest.mark.parametrize("name", UNOPENABLE)
def test_what_cannot_be_opened_is_said_with_what_to_do(good, tmp_path, name):
    route, log, words = UNOPENABLE[name]
    there = {key: value.replace("{there}", str(tmp_path)) for key, value in {**route, **log}.items()}
    good.document["routes"][0].update({key: there[key] for key in route})
    if log:
        good.document["log"] = {key: there[key] for key in log}
    done = bearerproxy("run", "--config", good.write())
    assert done.returncode == 1, done
    for word in words:
        assert word in done.stderr, (word, done.stderr)
    assert len(done.stderr.splitlines()) == 1


def test_a_port_in_use_is_said_with_what_to_do(good):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"
        good.document["routes"][0]["listen"] = address
        done = bearerproxy("run", "--config", good.write())
    assert done.returncode == 1 and address in done.stderr and "choose another port" in done.stderr, done


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root sees the descriptors of a process that is not to be dumped")
def test_closed_standard_descriptors_are_no_sockets_later(good, tmp_path):
    """The lowest free number goes to what is opened next: log lines would be written into it."""
    good.document["log"] = {"access": "stdout", "format": "text"}
    port = int(good.document["routes"][0]["listen"].rpartition(":")[2])
    command = 'exec "$0" run --config "$1" <&- >&- 2>&-'
    process = Process(["sh", "-c", command, BINARY, good.write()], tmp_path, "closed")
    try:
        process.wait_until(lambda: accepts(port))
        opened = [os.readlink(f"/proc/{process.process.pid}/fd/{number}") for number in range(3)]
        assert opened == ["/dev/null"] * 3
    finally:
        assert process.terminate() == 0
