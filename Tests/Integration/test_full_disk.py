"""A disk that is full, where the access log goes, or the token cache, and a log that is as long as a file may be: requests go on, it is
said, and it passes when there is room again."""

import json
import os
import resource
import subprocess

import pytest

from harness import limits
from harness.messages import eventually, request
from harness.processes import Proxy
from harness.sandbox import Sandbox

MEBIBYTE = 1 << 20


class Disk:
    """A small one, in memory."""

    reason = b"No space left on device"

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.ballast = directory / "ballast"
        mount = ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(directory)]
        done = subprocess.run(mount, capture_output=True, text=True, timeout=limits.ANSWER)
        if done.returncode != 0:
            pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")

    def fill(self, _proxy=None):
        with open(self.ballast, "ab", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while file.write(bytes(size)):
                        pass
                except OSError:
                    continue

    def empty(self, _proxy=None):
        self.ballast.unlink()

    def unmount(self):
        subprocess.run(["umount", str(self.directory)], check=True, timeout=limits.ANSWER)


class SizeLimit:
    """RLIMIT_FSIZE, as `ulimit -f` and LimitFSIZE= set it."""

    reason = b"File too large"
    # What stands in the files by then, and a line or two more.
    least = 32_768

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()

    def set(self, proxy, limit: int):
        resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))

    def fill(self, proxy):
        self.set(proxy, self.least)

    def empty(self, proxy):
        self.set(proxy, resource.RLIM_INFINITY)

    def unmount(self):
        pass


@pytest.fixture
def disk(tmp_path):
    if os.geteuid() != 0:
        pytest.skip("to mount a disk takes root's rights")
    made = Disk(tmp_path / "disk")
    yield made
    made.unmount()


def lines(path) -> list[dict]:
    """Each is whole, or this fails."""
    return [json.loads(line) for line in path.read_bytes().splitlines()]


@pytest.fixture(params=[Disk, SizeLimit], ids=["full disk", "size limit"])
def place(request):
    """Where the log goes."""
    if request.param is Disk:
        return request.getfixturevalue("disk")
    return SizeLimit(request.getfixturevalue("tmp_path") / "logs")


@pytest.fixture(params=[1, 2], ids=["1 loop", "2 loops"])
def logging(place, make_upstream, make_proxy, route, request):
    log = {"access": str(place.directory / "access.log"), "format": "json"}
    proxy = make_proxy(route(make_upstream().port), log=log, threads=request.param)
    yield proxy
    # It has the file, so that the disk could not go before it.
    proxy.finish()


def ask(proxy, count: int, target: str = "/"):
    with proxy.client() as client:
        for number in range(count):
            assert client.ask(request(target=f"{target}{number}")).status == 200


def test_lines_wait_and_are_written_when_there_is_room(logging, place):
    log = place.directory / "access.log"
    ask(logging, 2)
    assert eventually(lambda: len(lines(log)) == 2)
    place.fill(logging)
    ask(logging, 300, "/full/")
    known = b"log.access: cannot write into"
    assert eventually(lambda: known in logging.output and place.reason in logging.output), logging.tail()
    place.empty(logging)
    ask(logging, 1, "/after/")
    # The other loop's lines wait for its next turn.
    assert eventually(lambda: (ask(logging, 1, "/more/"), len([line for line in lines(log) if "/full/" in line["path"]]) == 300)[1]), len(lines(log))
    paths = [line["path"] for line in lines(log)]
    assert [path for path in paths if "/full/" in path] == [f"/full/{number}" for number in range(300)]
    assert b"lines were dropped" not in logging.output
    assert eventually(lambda: b"can be written again" in logging.output)
    # It is said when it begins and when it is over, and not with each request.
    assert logging.output.count(known) <= 2, logging.output.count(known)


def test_what_is_too_much_to_wait_is_dropped_and_counted(logging, place):
    log = place.directory / "access.log"
    place.fill(logging)
    count = 120
    ask(logging, count, f"/{'x' * 14_000}/")
    place.empty(logging)
    assert eventually(lambda: (ask(logging, 1, "/after/"), b"lines were dropped" in logging.output)[1]), logging.tail()
    told = next(line for line in logging.output.splitlines() if b"lines were dropped" in line)
    dropped = int(told.split(b" access lines were dropped")[0].rpartition(b'"')[2])
    assert place.reason in told and b"too slow" not in told, told
    kept = [line for line in lines(log) if "xxx" in line["path"]]
    assert 0 < dropped < count and len(kept) == count - dropped
    assert sum(len(line["path"]) for line in kept) > MEBIBYTE * 0.8


def test_standard_output_on_a_full_disk(disk, make_upstream, authority, route, token, tmp_path):
    """Events too: the directory of both is full."""
    secret = tmp_path / "token"
    secret.write_text(token)
    secret.chmod(0o600)
    configuration = {"routes": [route(make_upstream().port)], "credentials": {"fixed": {"type": "static", "token": {"file": str(secret)}}}}
    proxy = Proxy(disk.directory, configuration, secrets=[token])
    try:
        disk.fill()
        ask(proxy, 300, "/full/")
        disk.empty()
        ask(proxy, 1, "/after/")
        assert eventually(lambda: len([line for line in lines(proxy.out) if line.get("path", "").startswith("/full/")]) == 300)
    finally:
        proxy.finish()


def test_a_token_is_used_though_its_cache_cannot_be_written(disk, tmp_path):
    (tmp_path / "sandbox").mkdir()
    sandbox = Sandbox(tmp_path / "sandbox")
    file = disk.directory / "tokens"
    route = {name: value for name, value in sandbox.route("btc").items() if name != "listen"}
    configuration = {
        "routes": [route], "credentials": {"bloq": sandbox.configuration["credentials"]["bloq"]}, "tokenCache": {"file": str(file)},
    }  # fmt: skip

    def calls() -> int:
        return sandbox.control("btc", "GET", "/_sandbox/state")["accounts"]["tokenCalls"]["count"]

    def start(label: str) -> Proxy:
        return Proxy(tmp_path / label, configuration, label, secrets=sandbox.secrets())

    proxy = start("first")
    try:
        ask(proxy, 1, "/_sandbox/echo?")
        kept = file.read_bytes()
        disk.fill()
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        ask(proxy, 20, "/_sandbox/echo?")
        assert calls() == 2 and file.read_bytes() == kept and sorted(os.listdir(disk.directory)) == ["ballast", "tokens"]
        said = [line for line in proxy.output.splitlines() if b"its token is not kept for a restart" in line]
        assert len(said) == 1 and disk.reason in said[0] and b"credential bloq" in said[0], proxy.tail()
        proxy.finish()
        # The disk is full still: what it holds has been revoked since.
        proxy = start("second")
        ask(proxy, 20, "/_sandbox/echo?")
        assert calls() == 3 and file.read_bytes() == kept
        disk.empty()
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        ask(proxy, 20, "/_sandbox/echo?")
        assert calls() == 4 and file.read_bytes() != kept
        proxy.finish()
        proxy = start("third")
        ask(proxy, 20, "/_sandbox/echo?")
        assert calls() == 4 and b"its token from" in proxy.output
    finally:
        proxy.finish()
        assert sandbox.terminate() == 0
