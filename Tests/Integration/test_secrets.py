"""Secrets on the outside of the process: where they come from, and what becomes of them while it runs."""

import json
import os
import time

import pytest

from harness import limits
from harness.messages import request
from harness.processes import PACKAGE, Proxy, bearerproxy
from harness.sandbox import Sandbox
from harness.upstream import secret_file


@pytest.fixture
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture
def start(sandbox, tmp_path_factory):
    """Starts proxies for the sandbox's Bloq route; each has to end well, and to have let no secret out."""
    started = []

    def make(change=lambda credential: None, environment=None, secrets=(), **top) -> Proxy:
        configuration = json.loads(json.dumps(sandbox.configuration))
        route = next(route for route in configuration["routes"] if route["name"] == "btc")
        del route["listen"]
        credential = configuration["credentials"]["bloq"]
        change(credential)
        document = {"routes": [route], "credentials": {"bloq": credential}, **top}
        directory = tmp_path_factory.mktemp("proxy")
        proxy = Proxy(directory, document, environment=environment, secrets=[*sandbox.secrets(), *secrets])
        started.append(proxy)
        return proxy

    yield make
    for proxy in started:
        proxy.finish()
        # Every JWT of these services begins alike.
        assert b"eyJ" not in proxy.output


def calls(sandbox) -> dict:
    return sandbox.control("btc", "GET", "/_sandbox/state")["accounts"]["tokenCalls"]


def status(proxy) -> int:
    with proxy.client() as client:
        return client.ask(request(target="/api/v1/status")).status


def wait_until(done):
    deadline = time.monotonic() + limits.ANSWER
    while not done():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def revoke(sandbox):
    """Access and refresh tokens: the next request needs the client keys."""
    sandbox.control("btc", "POST", "/_sandbox/revoke-refresh")
    sandbox.control("btc", "POST", "/_sandbox/revoke")


def replace(path, text):
    new = path.with_name("new")
    secret_file(path.parent, "new", text)
    os.replace(new, path)


def test_secrets_from_a_command_and_from_systemd(sandbox, start):
    def change(credential):
        credential["clientId"] = {"command": ["cat", credential["clientId"]["file"]]}
        credential["clientSecret"] = {"systemd": "bloq-client-secret"}

    proxy = start(change, environment={"CREDENTIALS_DIRECTORY": str(sandbox.directory)})
    assert status(proxy) == 200
    revoke(sandbox)
    assert status(proxy) == 200
    assert calls(sandbox)["authentications"] == 2


def test_what_is_missing_is_told_before_anything_listens(sandbox, tmp_path):
    route = sandbox.route("btc")
    credential = sandbox.configuration["credentials"]["bloq"]
    credential = {
        **credential,
        "clientId": {"command": ["sh", "-c", "echo hunter2; exit 3"]},
        "clientSecret": {"systemd": "bloq-client-secret"},
    }
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps({"routes": [route], "credentials": {"bloq": credential}}))
    for command, code in [("run", 78), ("check", 1)]:
        done = bearerproxy(command, "--config", file)
        assert done.returncode == code, done
        assert "credentials.bloq.clientId: the command sh ended with status 3" in done.stderr
        assert "credentials.bloq.clientSecret: systemd has handed no credentials over" in done.stderr
        assert "hunter2" not in done.stderr + done.stdout


def test_a_secret_that_is_late_is_there_at_the_next_start_which_the_unit_makes(sandbox, start, tmp_path):
    path = tmp_path / "late"
    credential = {**sandbox.configuration["credentials"]["bloq"], "clientSecret": {"file": str(path)}}
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps({"routes": [sandbox.route("btc")], "credentials": {"bloq": credential}}))
    done = bearerproxy("run", "--config", file)
    assert done.returncode == 78 and "credentials.bloq.clientSecret:" in done.stderr and str(path) in done.stderr
    unit = (PACKAGE / "deploy/systemd/bearerproxy.service").read_text().splitlines()
    assert {"Restart=on-failure", "RestartPreventExitStatus=64", "StartLimitIntervalSec=0"} <= set(unit)
    secret_file(tmp_path, "late", (sandbox.directory / "bloq-client-secret").read_text())
    assert status(start(lambda credential: credential.update(clientSecret={"file": str(path)}))) == 200


def test_a_configuration_can_be_checked_without_its_secrets(sandbox, tmp_path):
    credential = {**sandbox.configuration["credentials"]["bloq"], "clientId": {"env": "NOT_SET"}, "clientSecret": {"systemd": "nothing"}}
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps({"routes": [sandbox.route("btc")], "credentials": {"bloq": credential}}))
    assert bearerproxy("check", "--config", file).returncode == 1
    done = bearerproxy("check", "--without-secrets", "--config", file)
    assert done.returncode == 0 and "no mistakes, as far as can be told without secrets" in done.stdout, done
    assert bearerproxy("check", "--without-secrets", "--online", "--config", file).returncode == 64
    file.write_text(file.read_text().replace('"upstream"', '"upstraem"'))
    assert bearerproxy("check", "--without-secrets", "--config", file).returncode == 1


def test_a_secret_that_is_replaced_is_taken_and_a_wrong_one_falls_back(sandbox, start):
    path = sandbox.directory / "bloq-client-secret"
    right = path.read_text()
    proxy = start(secrets=["wrong-wrong-wrong"])
    assert status(proxy) == 200
    replace(path, "wrong-wrong-wrong")
    revoke(sandbox)
    assert status(proxy) == 200, "the one that worked is tried once more"
    assert calls(sandbox) == {"authentications": 3, "refreshes": 1, "refused": 2, "count": 4}
    assert b"so the ones before are used once more" in proxy.output
    replace(path, right)
    revoke(sandbox)
    assert status(proxy) == 200
    assert calls(sandbox)["authentications"] == 4


def test_wrong_credentials_cost_few_calls_and_their_correction_ends_the_pause(sandbox, start):
    path = sandbox.directory / "bloq-client-secret"
    right = path.read_text()
    replace(path, "wrong-wrong-wrong")
    proxy = start(secrets=["wrong-wrong-wrong"])
    wait_until(lambda: calls(sandbox)["count"] >= 1)
    with proxy.client() as client:
        answer = client.ask(request(target="/api/v1/status"))
    assert answer.status == 503 and b"credential_unavailable" in answer.body
    assert calls(sandbox)["count"] == 1
    replace(path, right)
    began = time.monotonic()
    wait_until(lambda: calls(sandbox)["count"] == 2)
    wait_until(lambda: status(proxy) == 200)
    assert time.monotonic() - began < 60, "the pause is five minutes"
    assert calls(sandbox)["count"] == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="nobody but root reads the environment of a process that is not to be dumped")
def test_no_thread_shows_what_came_in_the_environment(sandbox, start):
    secret = (sandbox.directory / "bloq-client-secret").read_text()
    seen = sandbox.directory / "seen"

    def change(credential):
        credential["clientSecret"] = {"env": "THE_SECRET"}
        # A program that is run gets the environment without it, at the start and later.
        script = f"env >> {seen}; cat {credential['clientId']['file']}"
        credential["clientId"] = {"command": ["sh", "-c", script]}

    proxy = start(change, environment={"THE_SECRET": secret, "KEPT": "kept"})
    assert status(proxy) == 200
    revoke(sandbox)
    assert status(proxy) == 200
    tasks = os.listdir(f"/proc/{proxy.process.pid}/task")
    for environ in [f"/proc/{proxy.process.pid}/environ", *(f"/proc/{proxy.process.pid}/task/{task}/environ" for task in tasks)]:
        try:
            with open(environ, "rb") as file:
                content = file.read()
        except FileNotFoundError:
            continue  # a thread that has ended
        assert b"KEPT=kept" in content
        assert secret.encode() not in content and b"THE_SECRET" not in content
    printed = seen.read_text()
    assert printed.count("KEPT=kept") == 2
    assert secret not in printed and "THE_SECRET" not in printed
