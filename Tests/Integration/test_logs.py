"""The access log while the proxy runs: its fields, and opening it anew."""

import json
import os
import resource
import signal
import time

import pytest

from harness import limits
from harness.messages import eventually, request
from harness.processes import Proxy
from harness.upstream import OK, answering, secret_file


def lines(path, count):
    """So many lines of the file."""
    deadline = time.monotonic() + limits.ANSWER
    while True:
        found = path.read_text().splitlines() if path.exists() else []
        if len(found) >= count:
            return found
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_a_line_says_how_long_what_took(make_proxy, make_upstream, route, tmp_path):
    log = tmp_path / "access.log"
    proxy = make_proxy(route(make_upstream().port), log={"access": str(log), "format": "json"})
    with proxy.client() as client:
        assert client.ask(request("GET", "/a")).status == 200
    [line] = [json.loads(line) for line in lines(log, 1)]
    assert line["status"] == 200 and line["route"] == "up"
    assert 0 < line["upstreamMicroseconds"] < line["microseconds"]
    # The connection had to be made first.
    assert line["queueMicroseconds"] > 0
    assert "error" not in line and "replays" not in line


def test_the_access_log_is_opened_anew_although_the_process_is_confined(make_proxy, make_upstream, route, tmp_path):
    log = tmp_path / "access.log"
    proxy = make_proxy(route(make_upstream().port), log={"access": str(log), "format": "json"}, threads=2)
    for number in range(3):
        for _ in range(4):
            with proxy.client() as client:
                assert client.ask(request("GET", "/a")).status == 200
        assert len(lines(log, 4)) == 4
        log.rename(tmp_path / f"access.log.{number}")
        os.kill(proxy.process.pid, signal.SIGUSR1)
        # The signal is acted on in a turn of its own.
        lines(log, 0)
        deadline = time.monotonic() + limits.ANSWER
        while not log.exists():
            assert time.monotonic() < deadline
            time.sleep(0.02)
    assert [len((tmp_path / f"access.log.{number}").read_text().splitlines()) for number in range(3)] == [4, 4, 4]


def test_where_the_file_cannot_be_opened_anew_lines_go_on_into_the_one_before(make_proxy, make_upstream, route, tmp_path):
    directory = tmp_path / "logs"
    directory.mkdir()
    log = directory / "access.log"
    proxy = make_proxy(route(make_upstream().port), log={"access": str(log), "format": "json"})
    moved = tmp_path / "moved"
    directory.rename(moved)
    os.kill(proxy.process.pid, signal.SIGUSR1)
    for _ in range(2):
        with proxy.client() as client:
            assert client.ask(request("GET", "/a")).status == 200
    assert len(lines(moved / "access.log", 2)) == 2


def test_a_signal_before_the_process_serves_does_not_end_it(make_proxy, make_upstream, route, token):
    program = ["/bin/sh", "-c", f"kill -USR1 $PPID; printf %s {token}"]
    credentials = {"fixed": {"type": "static", "token": {"command": program}}}
    proxy = make_proxy(route(make_upstream().port), credentials=credentials)
    with proxy.client() as client:
        assert client.ask(request()).status == 200


def test_a_log_as_long_as_a_file_may_be_does_not_end_the_process(make_proxy, make_upstream, route, tmp_path):
    log = tmp_path / "access.log"
    proxy = make_proxy(route(make_upstream().port), log={"access": str(log), "format": "json"})
    # As `ulimit -f` and LimitFSIZE= set it: a write beyond it raises SIGXFSZ, which ends whoever does not ignore it.
    resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))
    for number in range(100):
        with proxy.client() as client:
            assert client.ask(request("GET", f"/{number}")).status == 200
    assert log.stat().st_size == 8192
    resource.prlimit(proxy.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    with proxy.client() as client:
        assert client.ask(request("GET", "/100")).status == 200
    assert [json.loads(line)["path"] for line in lines(log, 101)] == [f"/{number}" for number in range(101)]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_reader_of_standard_output_that_has_gone_is_told_of(make_upstream, route, tmp_path, token, threads):
    upstream = make_upstream(answering(OK))
    configuration = {
        "routes": [route(upstream.port)], "credentials": {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}},
        "log": {"access": "stdout", "level": "info"}, "threads": threads,
    }  # fmt: skip
    # The shell's pipe ends with its reader.
    proxy = Proxy(tmp_path, configuration, secrets=[token], before=["/bin/bash", "-c", 'exec "$@" > >(exec head -n 1 >&2)', "bash"])
    told = b"log.access: cannot write into standard output: Broken pipe"
    try:
        with proxy.client() as client:
            for _ in range(20):
                assert client.ask(request()).status == 200
            assert eventually(lambda: (client.ask(request()), told in proxy.err.read_bytes())[1]), proxy.tail()
    finally:
        proxy.finish()
    assert proxy.err.read_bytes().count(told) == 1
