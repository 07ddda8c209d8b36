"""SIGHUP where the configuration is the same and a secret is not: each is read and checked as at the start."""

import json
import os
import signal
import time

import pytest

from harness import limits
from harness.load import SteadyClient
from harness.messages import Client, eventually, request
from harness.processes import Proxy, bearerproxy
from harness.sandbox import Sandbox
from harness.upstream import secret_file, unused_port

WRONG = "wrong-wrong-wrong-wrong"


@pytest.fixture
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture
def start(sandbox, tmp_path_factory):
    """Starts proxies for the sandbox's Bloq route, with admin; each has to end well, and to have let no secret out."""
    started = []

    def make(change=lambda credential: None, environment=None, **top) -> Proxy:
        configuration = json.loads(json.dumps(sandbox.configuration))
        route = next(route for route in configuration["routes"] if route["name"] == "btc")
        del route["listen"]
        credential = configuration["credentials"]["bloq"]
        change(credential)
        document = {"routes": [route], "credentials": {"bloq": credential}, "admin": {"listen": f"127.0.0.1:{unused_port()}"}, **top}
        proxy = Proxy(tmp_path_factory.mktemp("proxy"), document, environment=environment, secrets=[*sandbox.secrets(), WRONG])
        started.append(proxy)
        return proxy

    yield make
    for proxy in started:
        proxy.finish()
        assert b"eyJ" not in proxy.output


def calls(sandbox) -> dict:
    return sandbox.control("btc", "GET", "/_sandbox/state")["accounts"]["tokenCalls"]


def said(proxy) -> str:
    return proxy.err.read_text()


def reload(proxy) -> str:
    known = len(said(proxy))
    proxy.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: "reload: done" in said(proxy)[known:] or "reload refused" in said(proxy)[known:], limits.ANSWER), said(proxy)
    time.sleep(0.05)
    return said(proxy)[known:]


def status(client) -> int:
    return client.ask(request(target="/api/v1/status")).status


def told(proxy, path) -> str:
    """By the admin listener."""
    with Client(int(json.loads(proxy.file.read_text())["admin"]["listen"].rpartition(":")[2])) as client:
        return client.ask(request(target=path)).body.decode()


def metric(proxy, name) -> float:
    text = told(proxy, "/metrics")
    return sum(float(line.split()[-1]) for line in text.splitlines() if line.startswith(name))


THREADS = pytest.mark.parametrize("threads", [1, 2])


@THREADS
def test_a_right_secret_that_replaces_another_gets_a_token_at_once(sandbox, start, threads):
    """Which one is right the sandbox says; what changes is whether it has a line break, and by that the file, but not the secret."""
    path = sandbox.directory / "bloq-client-secret"
    right = path.read_text().rstrip("\n")
    proxy = start(threads=threads)
    with SteadyClient(proxy.client) as client:
        assert status(client) == 200
        path.write_text(right + "\n\n")
        assert "reload: done, and nothing has changed" in reload(proxy)
        assert calls(sandbox)["count"] == 1
        path.write_text(WRONG)
        assert "credential bloq: its clientSecret has changed" in reload(proxy)
        # It is refused, and the one before is used once more.
        assert eventually(lambda: calls(sandbox)["authentications"] == 3, limits.ANSWER), calls(sandbox)
        assert eventually(lambda: "token 2 obtained" in said(proxy), limits.ANSWER)
        path.write_text(right)
        assert "credential bloq: its clientSecret has changed" in reload(proxy)
        assert eventually(lambda: calls(sandbox)["authentications"] == 4, limits.ANSWER), calls(sandbox)
        assert eventually(lambda: "token 3 obtained" in said(proxy), limits.ANSWER)
        assert status(client) == 200
        assert calls(sandbox)["refreshes"] == 0
        assert "reload: done, and nothing has changed" in reload(proxy)


@THREADS
def test_a_botched_rotation_is_told_while_the_token_serves(sandbox, start, threads):
    path = sandbox.directory / "bloq-client-secret"
    proxy = start(threads=threads)
    with SteadyClient(proxy.client) as client:
        assert status(client) == 200
        path.write_text(WRONG)
        assert "credential bloq: its clientSecret has changed" in reload(proxy)
        assert eventually(lambda: "so the ones before are used once more" in said(proxy), limits.ANSWER), said(proxy)
        assert status(client) == 200
    assert calls(sandbox)["refused"] == 1
    assert [fault["code"] for fault in json.loads(told(proxy, "/status.json"))["errors"]] == ["changed_secrets_refused"]
    assert metric(proxy, 'bearerproxy_token_failures_total{credential="bloq",cause="refused"}') == 1


def test_no_request_waits_for_the_new_token(sandbox, start, tmp_path):
    """The endpoint is not there when the secret has changed: the old token goes on serving, with its connection."""
    path = sandbox.directory / "bloq-client-secret"
    proxy = start()
    with proxy.client() as client:
        assert status(client) == 200
        sandbox.control("btc", "POST", "/_sandbox/fail?status=500&count=9")
        path.write_text(WRONG)
        assert "credential bloq: its clientSecret has changed" in reload(proxy)
        assert eventually(lambda: "credential bloq: no token" in said(proxy), limits.ANSWER), said(proxy)
        assert status(client) == 200


def spoil_missing(path):
    path.unlink()


def spoil_empty(path):
    path.write_text("")


def spoil_directory(path):
    path.unlink()
    path.mkdir()


@THREADS
@pytest.mark.parametrize("spoil, reason", [(spoil_missing, "cannot be opened"), (spoil_empty, "is empty"), (spoil_directory, "is a directory")])
def test_a_secret_that_cannot_be_read_refuses_the_reload(sandbox, start, threads, spoil, reason):
    path = sandbox.directory / "bloq-client-secret"
    proxy = start(threads=threads)
    with proxy.client() as client:
        assert status(client) == 200
        spoil(path)
        text = reload(proxy)
        assert "reload refused, the running configuration stays in force" in text and "credentials.bloq.clientSecret" in text and reason in text, text
        assert "reload: done" not in text
        assert bearerproxy("check", "--config", proxy.file).returncode == 1
        assert status(client) == 200
    assert calls(sandbox)["count"] == 1
    assert metric(proxy, "bearerproxy_config_last_reload_successful ") == 0


def test_a_file_that_is_open_to_others_is_told_as_at_the_start(sandbox, start):
    path = sandbox.directory / "bloq-client-secret"
    proxy = start()
    assert "can be read by every user" not in said(proxy)
    os.chmod(path, 0o666)
    text = reload(proxy)
    assert "can be read by every user of this machine" in text and "can be changed by every user of this machine" in text
    assert "reload: done, and nothing has changed" in text
    assert calls(sandbox)["count"] == 1


def test_a_command_and_what_systemd_hands_over_are_read_as_well(sandbox, start, tmp_path):
    path = sandbox.directory / "bloq-client-secret"
    right = path.read_text()

    def change(credential):
        credential["clientSecret"] = {"command": ["cat", str(path)]}
        credential["clientId"] = {"systemd": "bloq-client-id"}

    proxy = start(change, environment={"CREDENTIALS_DIRECTORY": str(sandbox.directory)})
    with SteadyClient(proxy.client) as client:
        assert status(client) == 200
        assert "nothing has changed" in reload(proxy)
        path.unlink()
        text = reload(proxy)
        assert "reload refused" in text and "credentials.bloq.clientSecret: the command cat ended with status 1" in text, text
        secret_file(sandbox.directory, "bloq-client-secret", WRONG)
        secret_file(sandbox.directory, "bloq-client-id", "nobody-of-this-name")
        assert "credential bloq: its clientId and its clientSecret have changed" in reload(proxy)
        assert eventually(lambda: calls(sandbox)["authentications"] == 3, limits.ANSWER), calls(sandbox)
        assert status(client) == 200
    assert right not in said(proxy)


def test_the_token_cache_brings_no_token_of_a_secret_that_was_replaced(sandbox, start, tmp_path):
    cache = {"file": str(tmp_path / "tokens")}
    path = sandbox.directory / "bloq-client-secret"
    proxy = start(tokenCache=cache)
    with proxy.client() as client:
        assert status(client) == 200
        sandbox.control("btc", "POST", "/_sandbox/fail?status=500&count=9")
        path.write_text(WRONG)
        reload(proxy)
        assert eventually(lambda: "credential bloq: no token" in said(proxy), limits.ANSWER)
        assert status(client) == 200
    proxy.finish()
    after = start(tokenCache=cache)
    assert eventually(lambda: "credential bloq: its token in" in said(after), limits.ANSWER), said(after)
    assert "does not fit: it was sealed with other secrets" in said(after)
