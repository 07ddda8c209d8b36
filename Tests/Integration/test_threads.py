"""Several event loops on real threads: one proxy to clients, to providers and to the token endpoint."""

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import pytest

from harness import limits
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken, eventually, request
from harness.processes import BINARY, Proxy
from harness.sandbox import Sandbox
from harness.upstream import OK, secret_file

CLIENTS = 24
REQUESTS = 40


@pytest.fixture(scope="module")
def sandbox_of_threads(tmp_path_factory):
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    assert sandbox.terminate() == 0


def threads_of(proxy: Proxy) -> dict[str, int]:
    """The processor time of each thread, in ticks."""
    tasks = Path(f"/proc/{proxy.process.pid}/task")
    return {task.name: sum(map(int, (task / "stat").read_text().rpartition(")")[2].split()[11:13])) for task in tasks.iterdir()}


def ask_often(proxy: Proxy, port: int | None = None, target="/"):
    def run(_number):
        with SteadyClient(lambda: proxy.client(port)) as client:
            for _ in range(REQUESTS):
                assert client.ask(request(target=target)).status == 200

    in_parallel(CLIENTS, run)


def test_two_loops_share_the_work_and_write_whole_lines(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port), threads=2)
    ask_often(proxy, target="/" + "x" * 600)
    ticks = threads_of(proxy)
    assert len([count for count in ticks.values() if count > 0]) >= 2, ticks
    assert eventually(lambda: proxy.output.count(b'"path"') == CLIENTS * REQUESTS)
    lines = [line for line in proxy.output.splitlines() if b'"path"' in line]
    assert all(json.loads(line)["status"] == 200 for line in lines)


@pytest.mark.parametrize("threads", [2, 4])
def test_a_limit_of_connections_holds_over_all_loops(make_proxy, route, make_upstream, threads):
    lock = threading.Lock()
    busy, most = [0], [0]

    def serve(connection):
        while connection.next() is not None:
            with lock:
                busy[0] += 1
                most[0] = max(most[0], busy[0])
            time.sleep(0.005)
            with lock:
                busy[0] -= 1
            connection.send(OK)

    upstream = make_upstream(serve)
    proxy = make_proxy(route(upstream.port, limits={"concurrency": 3, "queue": 1000}), threads=threads)
    ask_often(proxy)
    assert most[0] <= 3
    assert len(upstream.requests) == CLIENTS * REQUESTS


def test_few_clients_are_spread_evenly(make_proxy, route, make_upstream):
    proxy = make_proxy(route(make_upstream().port), threads=2)
    clients = []
    try:
        for _ in range(8):
            clients.append(proxy.client())
            assert clients[-1].ask(request()).status == 200
        before = threads_of(proxy)
        for _ in range(100):
            for client in clients:
                assert client.ask(request()).status == 200
        spent = sorted(count - before[task] for task, count in threads_of(proxy).items() if task in before)[-2:]
        assert spent[0] * 3 > spent[1], spent
    finally:
        for client in clients:
            client.__exit__()


def test_a_token_is_fetched_once_for_all_loops(sandbox_of_threads, tmp_path):
    sandbox = sandbox_of_threads
    configuration = json.loads(json.dumps(sandbox.configuration))
    for settings in configuration["routes"]:
        del settings["listen"]
    proxy = Proxy(tmp_path, {**configuration, "threads": 2, "log": {"access": "stdout", "format": "json"}}, secrets=sandbox.secrets())
    try:
        ask_often(proxy, target="/api/v1/status")
        for _ in range(3):
            sandbox.control("btc", "POST", "/_sandbox/revoke")
            ask_often(proxy, target="/api/v1/status")
        assert proxy.err.read_text().count("credential bloq: token") == 4
    finally:
        proxy.finish()


@pytest.fixture
def held(route, make_upstream, tmp_path, token):
    """Starts a proxy with two loops, which is the test's to end; its upstream answers nothing before the event is set."""
    release = threading.Event()

    def serve(connection):
        while connection.next() is not None:
            release.wait(limits.ANSWER)
            connection.send(OK)

    upstream = make_upstream(serve)
    secret = secret_file(tmp_path, "token", token)
    configuration = {
        "routes": [route(upstream.port)],
        "credentials": {"fixed": {"type": "static", "token": {"file": str(secret)}}},
        "threads": 2,
    }

    def start(**more):
        return Proxy(tmp_path / "proxy", configuration | more, secrets=[token]), upstream, release

    return start


def test_all_loops_drain_and_then_the_process_ends(held):
    proxy, upstream, release = held()
    answers = []

    def ask(_number):
        with proxy.client() as client:
            answers.append(client.ask(request()).status)

    askers = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for asker in askers:
        asker.start()
    assert eventually(lambda: len(upstream.requests) == 8)
    proxy.process.send_signal(signal.SIGTERM)
    assert eventually(lambda: refuses(proxy.port))
    assert proxy.process.poll() is None
    release.set()
    for asker in askers:
        asker.join()
    assert answers == [200] * 8
    assert proxy.process.wait(limits.END) == 0
    proxy.check_secrets()


def test_a_loop_that_has_drained_waits_in_silence_for_one_that_has_not(held):
    proxy, upstream, release = held(drainTimeout="1s")
    with proxy.client() as client:
        client.send(request())
        assert eventually(lambda: len(upstream.requests) == 1)
        proxy.process.send_signal(signal.SIGTERM)
        assert proxy.process.wait(limits.END) == 0
    release.set()
    assert proxy.err.read_text().count("had not ended within") == 1
    proxy.check_secrets()


def refuses(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except ConnectionRefusedError:
        return True
    return False


def test_another_process_on_the_port_is_refused(make_proxy, route, make_upstream):
    proxy = make_proxy(route(make_upstream().port), threads=2)
    other = subprocess.run(
        [BINARY, "run", "--config", proxy.file], capture_output=True, timeout=limits.END, env=os.environ, check=False
    )
    assert other.returncode == 1
    assert b"Address already in use" in other.stderr


def test_a_drain_stops_listening_though_more_clients_come_than_there_is_room_for(held):
    """Each newcomer that is refused makes room for the next, who must not put the end of listening off."""
    proxy, upstream, release = held(limits={"connections": 2}, threads=1)
    holders = [proxy.client() for _ in range(2)]
    for holder in holders:
        holder.send(request())
    assert eventually(lambda: len(upstream.requests) == 2)
    refused, isOver = threading.Event(), threading.Event()

    def knock():
        while not isOver.is_set():
            try:
                with proxy.client() as client:
                    client.ask(request())
            except ConnectionRefusedError:
                refused.set()
                return
            except (OSError, Broken):
                continue

    knockers = [threading.Thread(target=knock, daemon=True) for _ in range(6)]
    for knocker in knockers:
        knocker.start()
    proxy.process.send_signal(signal.SIGTERM)
    is_refused = refused.wait(limits.CLOSE)
    isOver.set()
    release.set()
    for holder in holders:
        with holder:
            assert holder.response().status == 200
    assert proxy.terminate() == 0
    assert is_refused
