"""deploy/systemd: what systemd itself says of the units, and that the proxy lives with what the service forbids.

They are not started: no test has systemd as its first process."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from harness import limits
from harness.messages import eventually
from harness.processes import BINARY, ENVIRONMENT, Process
from harness.sandbox import Sandbox

UNITS = Path(__file__).parents[2] / "deploy" / "systemd"
#: The score of `systemd-analyze security`, from 0 (nothing is left to give up) to 10.
EXPOSURE_BELOW = 2.0

pytestmark = pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd-analyze")


def analyze(*arguments) -> subprocess.CompletedProcess:
    command = ["systemd-analyze", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=limits.TEST, env=ENVIRONMENT, stdin=subprocess.DEVNULL)


@pytest.fixture
def installed(tmp_path):
    """The units, as where the executable is that they name."""
    for unit in (UNITS / "bearerproxy.service", UNITS / "bearerproxy.socket"):
        (tmp_path / unit.name).write_text(unit.read_text().replace("/usr/bin/bearerproxy", str(BINARY)))
    return tmp_path


@pytest.mark.parametrize("name", ["bearerproxy.service", "bearerproxy.socket"])
def test_systemd_finds_no_mistake(installed, name):
    done = analyze("verify", "--man=no", installed / name)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_service_is_exposed_less_than_two(installed):
    done = analyze("security", "--offline=true", installed / "bearerproxy.service")
    score = re.search(r"Overall exposure level for bearerproxy.service: ([\d.]+)", done.stdout)
    assert score, done.stdout + done.stderr
    assert float(score.group(1)) < EXPOSURE_BELOW


def members(name: str) -> set[str]:
    """The system calls of a group, and of the groups in it."""
    if not name.startswith("@"):
        return {name}
    listed = [line.strip() for line in analyze("syscall-filter", name).stdout.splitlines()[1:]]
    return set().union(*(members(member) for member in listed if member and not member.startswith("#")))


def test_the_service_may_make_every_system_call_that_the_proxy_makes(tmp_path):
    allowed = set()
    for line in (UNITS / "bearerproxy.service").read_text().splitlines():
        if not line.startswith("SystemCallFilter="):
            continue
        names = line.removeprefix("SystemCallFilter=")
        listed = set().union(*map(members, names.removeprefix("~").split()))
        allowed = allowed - listed if names.startswith("~") else allowed | listed
    allowed |= members("@default")

    sandbox = Sandbox(tmp_path)
    configuration = tmp_path / "traced.json"
    socket = tmp_path / "traced.sock"
    text = (tmp_path / "proxy.json").read_text()
    configuration.write_text(re.sub(r'"listen": "[^"]*"', f'"listen": "unix:{socket}?mode=0660"', text, count=1))
    traced = Process(["strace", "-D", "-f", "-qq", "-c", "-o", tmp_path / "calls", BINARY, "run", "--config", configuration], tmp_path, "traced")
    traced.wait_until(socket.exists)
    curl = ["curl", "-sS", "--fail", "--unix-socket", str(socket), "http://localhost/api/v1/status"]
    subprocess.run(curl, check=True, capture_output=True, timeout=limits.ANSWER, env=ENVIRONMENT)
    assert traced.terminate() == 0
    assert sandbox.terminate() == 0
    # strace writes its table after the end.
    assert eventually(lambda: "total" in (tmp_path / "calls").read_text())
    made = {line.split()[-1] for line in (tmp_path / "calls").read_text().splitlines()[2:-2]}
    assert "epoll_wait" in made
    assert made <= allowed, sorted(made - allowed)
