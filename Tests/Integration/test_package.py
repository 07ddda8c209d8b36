"""The Debian package, on a clean Debian: installed, run, upgraded under way, removed and purged. It takes root and debootstrap.

The root that debootstrap makes is kept in .build-tests; each run works on a copy."""

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import urllib.request
from collections import Counter
from pathlib import Path

import pytest

from harness import limits
from harness.load import Load
from harness.messages import eventually
from harness.processes import ENVIRONMENT, Process
from harness.sandbox import Sandbox
from harness.service import STARTER, Notifications, held
from harness.upstream import unused_port

PACKAGE = Path(__file__).parents[2]
KEPT = PACKAGE / ".build-tests" / "debian"
SUITE = "bookworm"
#: Keeps what it is told.
STUB = """#!/bin/sh
case "$*" in
*" show "*) echo bearerproxy ;;
*is-active*) [ ! -e /tmp/inactive ] ;;
*is-enabled*) [ ! -e /tmp/disabled ] ;;
*) echo {name} "$@" >>/tmp/calls ;;
esac
"""
#: Seconds; each is many times what it takes.
BUILD, INSTALL = 1800, 600

pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("debootstrap") or not shutil.which("dpkg-deb"), reason="it takes root, debootstrap and dpkg-deb"
)


@pytest.fixture(autouse=True)
def time_limit():
    """Building takes longer than a test may elsewhere; each command has a limit of its own."""
    yield


def run(*command, seconds=INSTALL, **environment) -> str:
    environment = {**ENVIRONMENT, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8", **environment}
    arguments = [str(argument) for argument in command]
    done = subprocess.run(arguments, cwd=PACKAGE, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, f"{arguments}: {done.returncode}\n{(done.stdout + done.stderr)[-4000:]}"
    return done.stdout


def possibly(*command) -> None:
    """What a container without a network, or without the right to mount, does not let happen."""
    try:
        run(*command)
    except AssertionError as failure:
        pytest.skip(f"this machine does not do it: {failure}")


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """The package, and the same with a later version."""
    directory = tmp_path_factory.mktemp("packages")
    # Its own scratch path is kept between runs.
    first = run("deploy/package", directory, seconds=BUILD).splitlines()[-1]
    version = re.search(r"_([\d.]+)_", first).group(1)
    return first, run("deploy/package", directory, seconds=BUILD, VERSION=f"{version}.1").splitlines()[-1], version


@pytest.fixture(scope="module")
def clean_root():
    if not (KEPT / "done").exists():
        shutil.rmtree(KEPT, ignore_errors=True)
        KEPT.mkdir(parents=True)
        possibly("debootstrap", "--variant=minbase", "--include=ca-certificates,init-system-helpers", SUITE, KEPT / "root")
        shutil.copy("/etc/resolv.conf", KEPT / "root/etc/resolv.conf")
        (KEPT / "done").touch()
    return KEPT / "root"


@pytest.fixture(scope="module")
def root(clean_root, tmp_path_factory):
    copy = tmp_path_factory.mktemp("debian") / "root"
    run("cp", "-a", clean_root, copy)
    possibly("mount", "-t", "proc", "proc", copy / "proc")
    yield copy
    run("umount", copy / "proc")


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    process = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield process
    assert process.terminate() == 0


@pytest.fixture(scope="module")
def port():
    return unused_port()


def inside(root: Path, *command) -> str:
    return run("chroot", root, *command)


def unit(root: Path) -> tuple[list, dict[str, str]]:
    """What the unit says, without systemd: its command as its user, with the secrets where LoadCredential puts them."""
    text = (root / "lib/systemd/system/bearerproxy.service").read_text()
    command = re.search(r"^ExecStart=(.*)$", text, re.M).group(1).split()
    user = re.search(r"^User=(.*)$", text, re.M).group(1)
    credentials = root / "run/credentials"
    credentials.mkdir(parents=True, exist_ok=True)
    for secret in (root / "etc/bearerproxy/secrets").iterdir():
        (credentials / f"secret_{secret.name}").write_bytes(secret.read_bytes())
        (credentials / f"secret_{secret.name}").chmod(0o400)
        shutil.chown(credentials / f"secret_{secret.name}", *identity(root, user))
    shutil.chown(credentials, *identity(root, user))
    return ["chroot", f"--userspec={user}:{user}", root, *command], {"CREDENTIALS_DIRECTORY": "/run/credentials"}


@contextlib.contextmanager
def service(root: Path, port: int, directory: Path, label: str):
    arguments, environment = unit(root)
    process = Process(arguments, directory, label, environment)
    process.wait_until(lambda: b"listening" in process.output or answers(port))
    yield process
    assert process.terminate() == 0, process.tail()


def identity(root: Path, user: str) -> tuple[int, int]:
    line = next(line for line in (root / "etc/passwd").read_text().splitlines() if line.startswith(f"{user}:"))
    return int(line.split(":")[2]), int(line.split(":")[3])


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/status", timeout=limits.ANSWER) as answer:
            return json.load(answer)["info"]["blocks"] > 0
    except OSError:
        return False


def install(root: Path, package: str) -> str:
    """What was said."""
    shutil.copy(package, root / "tmp/package.deb")
    return inside(root, "sh", "-c", "exec apt-get -q -y --no-install-recommends install /tmp/package.deb 2>&1")


def configure(root: Path, sandbox: Sandbox, listen: str) -> None:
    configuration = json.loads(json.dumps(sandbox.configuration))
    route = next(route for route in configuration["routes"] if route["name"] == "btc")
    route["listen"] = listen
    configuration["routes"] = [route]
    credential = configuration["credentials"]["bloq"]
    configuration["credentials"] = {"bloq": credential}
    shutil.copy(sandbox.directory / "ca.pem", root / "etc/bearerproxy/ca.pem")
    (root / "etc/bearerproxy/ca.pem").chmod(0o644)
    for settings in (route, credential):
        settings.setdefault("tls", {})["ca"] = "/etc/bearerproxy/ca.pem"
    for name in ("clientId", "clientSecret"):
        secret = root / "etc/bearerproxy/secrets" / name
        shutil.copy(credential[name]["file"], secret)
        secret.chmod(0o600)
        credential[name] = {"systemd": f"secret_{name}"}
    configuration["tokenCache"] = {"file": "/var/lib/bearerproxy/tokens"}
    (root / "etc/bearerproxy/proxy.json").write_text(json.dumps(configuration, indent=2))
    # systemd makes it when the service starts.
    state = root / "var/lib/bearerproxy"
    state.mkdir(mode=0o700, exist_ok=True)
    shutil.chown(state, *identity(root, "bearerproxy"))


def test_it_is_installed_run_upgraded_removed_and_purged(packages, root, sandbox, port, tmp_path):
    first, second, version = packages
    inside(root, "apt-get", "-q", "update")
    install(root, first)
    commit = run("git", "describe", "--always", "--exclude", "*", "--abbrev=12", "--dirty").strip()
    assert inside(root, "bearerproxy", "--version").startswith(f"bearerproxy {version} (commit {commit}, OpenSSL 3.")
    secrets = root / "etc/bearerproxy/secrets"
    assert secrets.stat().st_mode & 0o777 == 0o700
    assert not (root / "etc/bearerproxy/proxy.json").exists()

    configure(root, sandbox, f"127.0.0.1:{port}")
    written = (root / "etc/bearerproxy/proxy.json").read_text()
    with service(root, port, tmp_path, "first") as process:
        assert eventually(lambda: answers(port), limits.START)
        # The binary is replaced under a process that goes on.
        install(root, second)
        assert answers(port) and process.process.poll() is None
    assert f"Version: {version}.1" in inside(root, "dpkg", "--status", "bearerproxy")
    assert (root / "etc/bearerproxy/proxy.json").read_text() == written
    with service(root, port, tmp_path, "second"):
        assert eventually(lambda: answers(port), limits.START)
    assert (root / "var/lib/bearerproxy/tokens").exists()

    # With systemd, an upgrade restarts the service, unless the new version would not take the configuration.
    (root / "run/systemd/system").mkdir(parents=True)
    calls = root / "tmp/calls"
    for name in ("systemctl", "deb-systemd-invoke"):
        stub = root / "usr/local/sbin" / name
        stub.write_text(STUB.format(name=name))
        stub.chmod(0o755)
    configured = ["env", "PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "/var/lib/dpkg/info/bearerproxy.postinst", "configure", version]
    inside(root, *configured)
    assert "deb-systemd-invoke restart bearerproxy.service" in calls.read_text() and "start bearerproxy.socket" not in calls.read_text()
    # As after a removal, which has stopped both: the socket comes first, if it is enabled.
    for is_enabled in (True, False):
        calls.unlink()
        (root / "tmp/inactive").touch()
        if not is_enabled:
            (root / "tmp/disabled").touch()
        inside(root, *configured)
        invoked = [line for line in calls.read_text().splitlines() if line.startswith("deb-systemd-invoke")]
        socket = ["deb-systemd-invoke start bearerproxy.socket"] if is_enabled else []
        assert invoked == [*socket, "deb-systemd-invoke restart bearerproxy.service"]
    for name in ("inactive", "disabled"):
        (root / "tmp" / name).unlink()
    calls.unlink()
    (root / "etc/bearerproxy/proxy.json").write_text(written.replace('"upstream"', '"upstraem"'))
    done = subprocess.run(["chroot", root, *configured], capture_output=True, text=True, timeout=INSTALL)
    assert done.returncode == 0 and "restart" not in calls.read_text()
    assert "routes[0].upstraem: unknown key" in done.stderr and "The process of the version before goes on" in done.stderr
    (root / "etc/bearerproxy/proxy.json").write_text(written)
    for name in ("systemctl", "deb-systemd-invoke"):
        (root / "usr/local/sbin" / name).unlink()
    (root / "run/systemd/system").rmdir()

    inside(root, "apt-get", "-q", "-y", "remove", "bearerproxy")
    assert not (root / "usr/bin/bearerproxy").exists()
    assert (root / "var/lib/bearerproxy/tokens").exists()
    inside(root, "apt-get", "-q", "-y", "purge", "bearerproxy")
    assert not (root / "var/lib/bearerproxy").exists()
    assert (root / "etc/bearerproxy/proxy.json").read_text() == written


class Manager:
    """The part of systemd for the service of the root: holds its socket, gives it secrets, and restarts it when it is told so by
    `systemctl`, in whose place the root has a script that passes on what it is told, and ends when that has been done."""

    SYSTEMCTL = """#!/bin/sh
case "$*" in
*show*) echo bearerproxy ;;
*is-enabled*) echo enabled ;;
*restart*bearerproxy.service*)
    echo "$*" >/run/asked.new && mv /run/asked.new /run/asked
    count=0
    while [ ! -e /run/answered ] && [ $count -lt 600 ]; do sleep 0.1; count=$((count + 1)); done
    rm /run/answered ;;
esac
"""

    def __init__(self, root: Path, directory: Path):
        self.root, self.directory, self.socket = root, directory, held()
        self.port = self.socket.getsockname()[1]
        self.notifications = Notifications(directory, is_abstract=True)
        self.processes: list[Process] = []
        self.codes: list[int] = []
        self.over = threading.Event()
        self.watcher = threading.Thread(target=self._watch, daemon=True)
        # apt has the scripts look for commands where Debian puts them.
        self.systemctl, self.real, self.booted = root / "usr/bin/systemctl", root / "usr/bin/systemctl.real", root / "run/systemd/system"

    def __enter__(self):
        self.booted.mkdir(parents=True)
        self.systemctl.rename(self.real)
        self.systemctl.write_text(self.SYSTEMCTL)
        self.systemctl.chmod(0o755)
        self.start()
        self.watcher.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.watcher.join()
        self.codes.append(self.processes[-1].terminate())
        self.notifications.close()
        self.real.replace(self.systemctl)
        self.booted.rmdir()

    def start(self):
        arguments, environment = unit(self.root)
        told = {"LISTEN_FDS": "1", "LISTEN_FDNAMES": "web", "NOTIFY_SOCKET": self.notifications.name, **environment}
        number = self.socket.fileno()
        arguments = [sys.executable, "-c", STARTER, 1, number, *arguments]
        self.processes.append(Process(arguments, self.directory, f"managed{len(self.processes)}", told, pass_fds=[number]))
        assert self.notifications.has("READY", len(self.processes)), self.processes[-1].tail()

    def _watch(self):
        while not self.over.wait(0.05):
            if not (self.root / "run/asked").exists():
                continue
            (self.root / "run/asked").unlink()
            self.codes.append(self.processes[-1].terminate())
            self.start()
            (self.root / "run/answered").touch()


def test_an_upgrade_at_500_requests_a_second_fails_none(packages, root, sandbox, tmp_path, record_property):
    """apt, dpkg, the package's scripts and deb-systemd-invoke are Debian's own; systemd is the test (`Manager`)."""
    first, second, version = packages
    inside(root, "apt-get", "-q", "update")
    install(root, first)
    configure(root, sandbox, "systemd:web")
    with Manager(root, tmp_path) as manager, Load([manager.port]) as load:
        load.goes_on(1)
        text = install(root, second)
        assert len(manager.processes) == 2, text
        load.goes_on(1)
        # The new process runs what the new package has installed.
        assert os.readlink(f"/proc/{manager.processes[-1].process.pid}/exe") == str(root / "usr/bin/bearerproxy")
    assert f"Version: {version}.1" in inside(root, "dpkg", "--status", "bearerproxy")
    record_property("figures", load.figures)
    print(load.figures)
    assert len(manager.processes) == 2 and manager.codes == [0, 0]
    assert load.failures == []
    ledger = Counter(entry["rawtx"] for entry in sandbox.control("btc", "GET", "/_sandbox/state")["connect"]["transactions"])
    assert ledger == Counter(transaction for published in load.published for transaction in published)
    assert load.is_constant


def test_a_systemd_that_hands_no_directory_over_is_refused(packages):
    assert run("dpkg-deb", "--field", packages[0], "Breaks").strip() == "systemd (<< 251)"


def test_reference_schema_and_rules_are_in_it(packages, tmp_path):
    run("dpkg-deb", "--extract", packages[0], tmp_path)
    shared = tmp_path / "usr/share"
    for file, source in {
        "doc/bearerproxy/Reference.md": "Sources/bearerproxy/Documentation.docc/Reference.md",
        "bearerproxy/proxy.schema.json": "deploy/proxy.schema.json",
        "bearerproxy/prometheus/alerts.yaml": "deploy/prometheus/alerts.yaml",
        "bearerproxy/prometheus/dashboard.json": "deploy/prometheus/dashboard.json",
    }.items():
        assert (shared / file).read_bytes() == (PACKAGE / source).read_bytes()


def test_the_binary_needs_the_c_library_openssl_and_zlib(packages):
    fields = run("dpkg-deb", "--field", packages[0], "Depends")
    libraries = [name.split()[0] for name in fields.split(", ") if not name.startswith("systemd")]
    assert sorted(libraries) == ["libc6", "libssl3", "zlib1g"]
