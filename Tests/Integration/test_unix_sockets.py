"""Unix sockets: who may open the file, from its first moment on, and what is never put out of the way for it."""

import grp
import json
import os
import signal
import socket
import stat

import pytest

from harness.messages import Reader, request
from harness.processes import BINARY, Process, bearerproxy
from harness.upstream import secret_file
from harness.users import ALICE, MALLORY, PYTHON, ask_as, needs_root, open_directory, remove, run_as

ASK = request(fields={"Connection": "close"})


@pytest.fixture
def where():
    path = open_directory()
    yield path
    remove(path)


@pytest.fixture
def start(tmp_path, route, make_upstream, token, where):
    """Starts a proxy on one socket, and ends it after the test."""
    started = []
    upstream = make_upstream()

    def make(options="", path=None, wrapper=(), top=None, **more):
        listen = f"unix:{path or where / 'p.sock'}{options}"
        document = {
            "routes": [{**route(upstream.port), "listen": listen, **more}],
            "credentials": {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}},
            **(top or {}),
        }
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps(document))
        process = Process([*wrapper, BINARY, "run", "--config", file], tmp_path, f"proxy{len(started)}")
        process.file = file
        started.append(process)
        return process

    yield make
    for process in started:
        process.terminate()


def listening(process):
    process.wait_until(lambda: b"listening on unix:" in process.output)
    return process


def ended(process) -> tuple[int, str]:
    code = process.process.wait(30)
    return code, process.output.decode()


def mode(path) -> int:
    return stat.S_IMODE(os.lstat(path).st_mode)


@pytest.mark.parametrize("options, wanted", [("", 0o600), ("?mode=0660", 0o660), ("?mode=0666", 0o666), ("?mode=0600", 0o600)])
@pytest.mark.parametrize("mask", ["000", "077", "777"])
def test_the_file_has_the_mode_whatever_the_umask(start, where, options, wanted, mask):
    listening(start(options, wrapper=["/bin/sh", "-c", f'umask {mask}; exec "$@"', "sh"]))
    assert mode(where / "p.sock") == wanted


@needs_root
@pytest.mark.parametrize("group", ["daemon", "4711"])
def test_the_file_belongs_to_the_group_by_name_or_number(start, where, group):
    listening(start(f"?mode=0660&group={group}"))
    made = os.lstat(where / "p.sock")
    assert made.st_gid == (int(group) if group.isdigit() else grp.getgrnam(group).gr_gid)
    assert stat.S_IMODE(made.st_mode) == 0o660 and made.st_uid == os.geteuid()


@needs_root
def test_members_of_the_group_may_connect_and_others_may_not(start, where):
    listening(start("?mode=0660&group=4711"))
    code = "import socket; socket.socket(socket.AF_UNIX).connect(%r)" % str(where / "p.sock")
    assert run_as(MALLORY, PYTHON, "-c", code, group=4711).returncode == 0
    refused = run_as(MALLORY, PYTHON, "-c", code)
    assert refused.returncode != 0 and b"PermissionError" in refused.stderr


@needs_root
def test_the_file_is_never_wider_than_it_is_in_the_end(start, where, tmp_path):
    """In between it would be open to the group that the proxy itself is in."""
    trace = tmp_path / "trace"
    process = start("?mode=0660&group=4711", wrapper=["strace", "-D", "-f", "-e", "trace=umask,bind,fchmod,chmod,fchownat", "-o", trace])
    listening(process)
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]
    bound = next(index for index, call in enumerate(calls) if call.startswith("bind(") and "p.sock" in call)
    assert calls[bound - 1].startswith("fchmod(") and "0600" in calls[bound - 1]
    assert [call.split("(")[0] for call in calls[bound + 1 : bound + 3]] == ["fchownat", "chmod"]
    assert not [call for call in calls if call.startswith("umask(")]


def test_a_stale_socket_is_replaced_and_one_in_use_is_not(start, where):
    first = listening(start("?mode=0600"))
    code, said = ended(start("?mode=0600"))
    assert code == 1 and "another program listens there" in said
    with socket.socket(socket.AF_UNIX) as client:
        client.connect(str(where / "p.sock"))
        client.sendall(ASK)
        assert Reader(client).response().status == 200
    first.process.kill()
    first.process.wait()
    assert (where / "p.sock").exists()
    listening(start("?mode=0660"))
    assert mode(where / "p.sock") == 0o660
    # It was ended by force on purpose.
    first.terminate = lambda: 0


@pytest.mark.parametrize("kind", ["file", "directory", "link", "dangling link", "pipe"])
def test_what_is_no_socket_stays(start, where, kind):
    path, other = where / "p.sock", where / "precious"
    other.write_text("precious")
    other.chmod(0o640)
    match kind:
        case "file":
            path.write_text("precious")
        case "directory":
            path.mkdir()
        case "link":
            path.symlink_to(other)
        case "dangling link":
            path.symlink_to(where / "nowhere")
        case "pipe":
            os.mkfifo(path)

    def facts():
        found = os.lstat(path)
        return found.st_ino, found.st_mode, found.st_uid, found.st_gid, found.st_mtime_ns

    before = facts()
    code, said = ended(start("?mode=0666"))
    assert code == 1 and "which is no socket" in said and "remove it, or choose another path" in said
    assert facts() == before
    assert other.read_text() == "precious" and mode(other) == 0o640


def test_a_directory_that_all_may_write_to_is_warned_of(start, where):
    where.chmod(0o777)
    process = listening(start())
    assert f"all may write to {where}; run chmod o-w {where}" in process.output.decode()
    checked = bearerproxy("check", "--config", process.file)
    assert checked.returncode == 0 and f"warning: {process.file}:1:" in checked.stderr and "routes[0].listen: every user can" in checked.stderr
    # Where only the file's owner may take it away, there is nothing to say.
    where.chmod(0o1777)
    assert "every user can" not in bearerproxy("check", "--config", process.file).stderr


def test_a_group_that_is_not_there_is_found_before_the_start(start):
    process = start("?mode=0660&group=no-such-group")
    code, said = ended(process)
    assert code == 78 and 'routes[0].listen: this machine has no group "no-such-group"' in said
    process.terminate = lambda: 0


@needs_root
def test_only_the_users_of_the_list_may_ask_through_an_open_socket(start, where):
    listening(start("?mode=0666", allow={"users": [ALICE]}))
    assert ask_as(ALICE, str(where / "p.sock"), ASK).startswith(b"HTTP/1.1 200 ")
    assert ask_as(MALLORY, str(where / "p.sock"), ASK).startswith(b"HTTP/1.1 403 ")


def test_who_waits_for_a_place_when_the_proxy_drains_gets_it(start, where):
    """The table is full of clients that ask nothing; each newcomer has the place of one of them."""
    process = listening(start(top={"limits": {"connections": 8}}))

    def connect():
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(30)
        client.connect(str(where / "p.sock"))
        return client

    idle = [connect() for _ in range(8)]
    for client in idle:
        client.sendall(request())
        assert Reader(client).response("GET").status == 200
    process.process.send_signal(signal.SIGSTOP)
    newcomers = [connect() for _ in range(6)]
    for client in newcomers:
        client.sendall(request())
    process.process.send_signal(signal.SIGTERM)
    process.process.send_signal(signal.SIGCONT)
    assert [Reader(client).response("GET").status for client in newcomers] == [200] * 6
    assert process.process.wait(30) == 0
    for client in idle + newcomers:
        client.close()
