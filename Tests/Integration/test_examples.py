"""deploy/examples: the same small program in six languages, each of which knows an address of the proxy and nothing else."""

import json
import subprocess
from pathlib import Path

import pytest

from harness import limits
from harness.processes import ENVIRONMENT, Proxy
from harness.sandbox import Sandbox

EXAMPLES = Path(__file__).parents[2] / "deploy" / "examples"
COMMANDS = {
    "shell": ["sh", "publish.sh"],
    "Python": ["python3", "publish.py"],
    "Node": ["node", "publish.js"],
    "Java": ["java", "Publish.java"],
    "Perl": ["perl", "publish.pl"],
    "Tcl": ["tclsh", "publish.tcl"],
}


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture(scope="module")
def proxy(sandbox, tmp_path_factory):
    configuration = json.loads(json.dumps(sandbox.configuration))
    configuration["routes"] = [route for route in configuration["routes"] if route["name"] == "btc"]
    del configuration["routes"][0]["listen"]  # the harness picks a free port
    process = Proxy(tmp_path_factory.mktemp("proxy"), configuration, secrets=sandbox.secrets())
    yield process
    process.finish()


def run(language: str, transaction: str, url: str) -> subprocess.CompletedProcess:
    environment = {**ENVIRONMENT, "PUBLISH_URL": url}
    command = [*COMMANDS[language], transaction]
    return subprocess.run(command, cwd=EXAMPLES, env=environment, capture_output=True, text=True, timeout=limits.TEST)


@pytest.mark.parametrize("language", COMMANDS)
def test_the_program_publishes_once_though_its_token_was_revoked(language, sandbox, proxy):
    transaction = f"0100000001{list(COMMANDS).index(language):08x}"
    sandbox.control("btc", "POST", "/_sandbox/revoke")
    done = run(language, transaction, f"http://localhost:{proxy.port}")
    assert (done.returncode, done.stderr) == (0, "")
    published = [entry for entry in sandbox.control("btc", "GET", "/_sandbox/state")["connect"]["transactions"] if entry["rawtx"] == transaction]
    assert len(published) == 1
    height, answer = done.stdout.splitlines()
    assert height.startswith("height ") and int(height.split()[1]) >= 870_000
    assert answer == f"published {published[0]['txid']}"


@pytest.mark.parametrize("language", COMMANDS)
def test_the_program_says_why_the_provider_refused(language, proxy):
    done = run(language, "this is none", f"http://localhost:{proxy.port}")
    assert done.returncode not in (0, None)
    assert "published" not in done.stdout
    assert "not published: TX decode failed" in done.stderr


@pytest.mark.parametrize("language", COMMANDS)
def test_the_address_is_the_only_thing_that_the_program_knows(language):
    text = (EXAMPLES / COMMANDS[language][1]).read_text()
    assert "http://localhost:8080" in text
    assert not any(word in text.lower() for word in ("authorization", "bearer", "secret:", "clientid", "https:"))
