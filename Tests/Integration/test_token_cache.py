"""Tokens that outlive the process: a restart does not authenticate anew, and the file gives nothing away."""

import json
import os
import re
import signal

import pytest

from harness import limits
from harness.messages import request
from harness.processes import Proxy, bearerproxy
from harness.sandbox import Sandbox
from harness.secrets import assert_no_secret
from harness.upstream import secret_file


@pytest.fixture
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture
def start(sandbox, tmp_path_factory, tmp_path):
    """Starts proxies for both routes of the sandbox, with one token cache."""
    started = []

    def make(change=lambda configuration: None) -> Proxy:
        configuration = json.loads(json.dumps(sandbox.configuration))
        for route in configuration["routes"]:
            del route["listen"]
        configuration["tokenCache"] = {"file": str(tmp_path / "tokens")}
        configuration.pop("log", None)
        change(configuration)
        proxy = Proxy(tmp_path_factory.mktemp("proxy"), configuration, secrets=sandbox.secrets())
        started.append(proxy)
        # From here on a signal drains it.
        proxy.wait_until(lambda: b"bearerproxy: listening on" in proxy.output)
        return proxy

    yield make
    for proxy in started:
        if proxy.process.poll() is None:
            proxy.finish()
        proxy.check_secrets()
        # Every JWT of these services begins alike.
        assert b"eyJ" not in proxy.output


def ask(proxy) -> list[int]:
    answers = []
    for port, target in zip(proxy.ports, ["/api/v1/status", "/api/v1/customers/me"]):
        with proxy.client(port) as client:
            answers.append(client.ask(request(target=target)).status)
    return answers


def calls(sandbox) -> tuple[int, int]:
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    return state["accounts"]["tokenCalls"]["count"], state["bloquo"]["tokenCalls"]["count"]


def test_a_restart_does_not_authenticate_anew(sandbox, start, tmp_path):
    proxy = start()
    assert ask(proxy) == [200, 200]
    assert calls(sandbox) == (1, 1)
    proxy.finish()
    for end in range(3):
        proxy = start()
        assert ask(proxy) == [200, 200]
        if end == 1:
            # Nothing has to be saved at the end: it was, when the token came.
            proxy.process.send_signal(signal.SIGKILL)
            proxy.process.wait(limits.END)
        else:
            proxy.finish()
    assert calls(sandbox) == (1, 1)
    assert b"its token from" in proxy.output
    assert sorted(os.listdir(tmp_path)) == ["tokens"]


def test_the_file_shows_neither_tokens_nor_secrets(sandbox, start, tmp_path):
    seen = []
    proxy = start()
    assert ask(proxy) == [200, 200]
    path = tmp_path / "tokens"
    assert path.stat().st_mode & 0o777 == 0o600
    content = path.read_bytes()
    assert content.startswith(b"bearerproxy token cache 1\n") and content.count(b"\n") == 3
    assert_no_secret(content, [*sandbox.secrets(), "eyJhbGciOi", '{"alg":"RS256"'], "the token cache")
    seen.append(content)
    # The same token is never sealed in the same way.
    sandbox.control("btc", "POST", "/_sandbox/revoke")
    assert ask(proxy) == [200, 200]
    seen.append(path.read_bytes())
    for line in range(1, 3):
        first, second = (content.split(b"\n")[line] for content in seen)
        assert first.split(b" ")[0] == second.split(b" ")[0] and first != second


def test_a_kept_token_that_was_revoked_is_renewed_and_no_client_sees_it(sandbox, start):
    proxy = start()
    assert ask(proxy) == [200, 200]
    proxy.finish()
    sandbox.control("btc", "POST", "/_sandbox/revoke")
    proxy = start()
    assert ask(proxy) == [200, 200]
    assert calls(sandbox) == (2, 2)
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    assert state["accounts"]["tokenCalls"]["refreshes"] == 1, "the refresh token was kept too"


@pytest.mark.parametrize("damage", [
    lambda content: b"",
    lambda content: content[:-10],
    lambda content: content.replace(b"cache 1", b"cache 2"),
    lambda content: re.sub(rb"(?<=[a-z] )(.{60})(.)", lambda match: match[1] + (b"A" if match[2] != b"A" else b"B"), content),
    lambda content: b"\n".join([content.split(b"\n")[0], b"bloq " + content.split(b"bloquo ")[1].split(b"\n")[0], b""]),
])  # fmt: skip
def test_what_does_not_fit_is_ignored_and_replaced(sandbox, start, tmp_path, damage):
    proxy = start()
    assert ask(proxy) == [200, 200]
    proxy.finish()
    path = tmp_path / "tokens"
    path.write_bytes(damage(path.read_bytes()))
    before = calls(sandbox)
    proxy = start()
    assert ask(proxy) == [200, 200]
    assert calls(sandbox) > before
    assert b"obtained anew" in proxy.output or b"does not fit" in proxy.output
    proxy.finish()
    before = calls(sandbox)
    proxy = start()
    assert ask(proxy) == [200, 200]
    assert calls(sandbox) == before


def test_tokens_of_other_secrets_or_another_endpoint_do_not_fit(sandbox, start):
    proxy = start()
    assert ask(proxy) == [200, 200]
    proxy.finish()

    def other_endpoint(configuration):
        configuration["credentials"]["bloq"]["accounts"] += "/v2"

    proxy = start(other_endpoint)
    assert b"credential bloq: its token in" in proxy.output and b"does not fit" in proxy.output
    assert b"credential bloquo: its token from" in proxy.output
    proxy.finish()
    path = sandbox.directory / "bloquo-client-secret"
    right = path.read_text()
    secret_file(sandbox.directory, path.name, "another-secret")
    proxy = start()
    assert b"credential bloquo: its token in" in proxy.output
    proxy.finish()
    secret_file(sandbox.directory, path.name, right)


def test_a_file_that_others_may_read_is_told_before_anything_listens(sandbox, tmp_path):
    path = tmp_path / "tokens"
    path.write_text("bearerproxy token cache 1\n")
    path.chmod(0o644)
    configuration = {**sandbox.configuration, "tokenCache": {"file": str(path)}}
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps(configuration, indent=2))
    for command, code in [("run", 78), ("check", 1)]:
        done = bearerproxy(command, "--config", file)
        assert done.returncode == code, done
        assert f'tokenCache.file: "{path}" is open to others; run chmod 600 on it, or remove it' in done.stderr
