"""As a service of systemd: sockets that are there before the process and after it, and what it says of itself."""

import json
import os
import signal
import socket
import tempfile
import threading
import time

import pytest
from harness import limits
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken, Client, Reader, eventually, request
from harness.processes import BINARY, Process
from harness.secrets import assert_no_secret
from harness.service import Notifications, Service, listening
from harness.upstream import OK, secret_file, unused_port


@pytest.fixture
def configure(tmp_path, token):
    def make(*routes, **top):
        credentials = {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}}
        file = tmp_path / "proxy.json"
        file.write_text(json.dumps({"routes": routes, "credentials": credentials, **top}))
        return file

    return make


@pytest.fixture(params=[False, True], ids=["path", "abstract"])
def notifications(request, tmp_path):
    made = Notifications(tmp_path, request.param)
    yield made
    made.close()


@pytest.fixture
def start(tmp_path, token):
    started = []

    def make(file, sockets, notifications=None, **environment):
        started.append(Service(tmp_path, file, sockets, notifications, f"service{len(started)}", **environment))
        return started[-1]

    yield make
    for service in started:
        service.terminate()
        assert_no_secret(service.output, [token], service.label)


def port_of(made: socket.socket) -> int:
    return made.getsockname()[1]


@pytest.mark.parametrize("threads", [1, 2])
def test_sockets_by_name_and_what_systemd_is_told(configure, start, notifications, route, make_upstream, tmp_path, threads):
    upstream = make_upstream()
    path = str(tmp_path / "passed.sock")
    sockets = [("web", listening()), ("local", listening(path, socket.AF_UNIX)), ("web", listening(("127.0.0.2", 0)))]
    file = configure(
        route(upstream.port, listen="systemd:web", allow={"hosts": ["localhost", "127.0.0.2"]}),
        route(upstream.port, listen="systemd:local") | {"name": "second"},
        threads=threads,
    )
    # Who connects before there is a process waits for it.
    early = Client(port_of(sockets[0][1]))
    early.send(request())
    service = start(file, sockets, notifications)
    assert early.response().status == 200
    assert notifications.has("READY")
    assert notifications.messages[0]["READY"] == "1" and "second" in notifications.messages[0]["STATUS"]
    with Client(port_of(sockets[0][1])) as client:
        assert client.ask(request()).status == 200
    with socket.create_connection(("127.0.0.2", port_of(sockets[2][1]))) as connection:
        connection.sendall(request())
        assert Reader(connection).response().status == 200
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(request())
        assert Reader(connection).response().status == 200
    early.__exit__()
    assert service.terminate() == 0
    assert notifications.has("STOPPING")
    assert notifications.messages[-1]["STOPPING"] == "1" and int(notifications.messages[-1]["EXTEND_TIMEOUT_USEC"]) == 35_000_000


@pytest.mark.parametrize(
    "mode, directory, users, isWarned",
    [(0o666, 0o755, None, True), (0o660, 0o755, None, False), (0o666, 0o750, None, False), (0o666, 0o755, [os.getuid()], False), (None, 0o755, None, True)],
    ids=["all", "group", "closed directory", "allow.users", "abstract"],
)
def test_a_unix_socket_that_every_user_can_use_is_warned_of(configure, start, route, make_upstream, mode, directory, users, isWarned):
    with tempfile.TemporaryDirectory() as place:
        path = f"{place}/web.sock"
        os.chmod(place, directory)
        made = listening("\0" + path if mode is None else path, socket.AF_UNIX)
        if mode is not None:
            os.chmod(path, mode)
        service = start(configure(route(make_upstream().port, listen="systemd:web", **({"allow": {"users": users}} if users else {}))), [("web", made)])
        service.wait_until(lambda: b"listening" in service.output)
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect("\0" + path if mode is None else path)
            connection.sendall(request())
            assert Reader(connection).response().status == 200
        assert (b"warning: route up: every user of this machine can use" in service.output) == isWarned
        made.close()


@pytest.mark.parametrize("threads", [1, 2])
def test_the_watchdog_hears_from_the_loops(configure, start, notifications, route, make_upstream, threads):
    sockets = [("web", listening())]
    file = configure(route(make_upstream().port, listen="systemd:web"), threads=threads)
    service = start(file, sockets, notifications, WATCHDOG_USEC="400000")
    assert notifications.has("WATCHDOG", 3)
    service.process.send_signal(signal.SIGSTOP)
    time.sleep(0.3)
    known = notifications.count("WATCHDOG")
    time.sleep(0.6)
    assert notifications.count("WATCHDOG") == known
    service.process.send_signal(signal.SIGCONT)
    assert notifications.has("WATCHDOG", known + 2)


def test_no_watchdog_where_another_process_is_meant(configure, start, notifications, route, make_upstream):
    file = configure(route(make_upstream().port, listen="systemd:web"))
    start(file, [("web", listening())], notifications, WATCHDOG_USEC="100000", WATCHDOG_PID="1")
    assert notifications.has("READY")
    time.sleep(0.5)
    assert notifications.count("WATCHDOG") == 0


def test_ready_is_not_said_before_every_loop_has_its_thread(configure, notifications, route, make_upstream, tmp_path):
    file = configure(route(make_upstream().port, listen=f"127.0.0.1:{unused_port()}"), threads=2)
    # A thread's stack is as large as this limit, and so large none can be.
    arguments = ["prlimit", f"--stack={1 << 46}:", BINARY, "run", "--config", file]
    process = Process(arguments, tmp_path, "proxy", {"NOTIFY_SOCKET": notifications.name})
    assert process.process.wait(limits.END) == 1 and b"pthread_create" in process.output
    assert notifications.messages == []


def ended(service) -> tuple[int, str]:
    return service.process.wait(limits.END), service.output.decode()


def test_what_cannot_be_used_is_said(configure, start, route, make_upstream):
    port = make_upstream().port
    file = configure(route(port, listen="systemd:web"))
    code, text = ended(start(file, [("other", listening())]))
    assert code == 78 and 'routes[0].listen: systemd passed no socket on that has the name "web"; start bearerproxy by a .socket unit' in text
    code, text = ended(start(file, [("web", listening())], LISTEN_PID="1"))
    assert code == 78 and "systemd passed no socket on" in text
    code, text = ended(start(file, [("web", listening(("0.0.0.0", 0)))]))
    assert code == 78 and "so other machines could use the credential; write ListenStream=127.0.0.1:PORT into the unit" in text
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    code, text = ended(start(file, [("web", bound)]))
    assert code == 1 and "descriptor 3 (web), which systemd passed on, does not wait for connections" in text
    code, text = ended(start(file, [("web", socket.socket(socket.AF_INET, socket.SOCK_DGRAM))]))
    assert code == 1 and "does not wait for connections; write ListenStream=" in text
    code, text = ended(start(file, [("web", listening())], LISTEN_FDNAMES="a:b"))
    assert code == 1 and "LISTEN_FDNAMES=a:b is not what systemd writes" in text


def test_an_exposed_socket_and_one_that_no_route_uses(configure, start, route, make_upstream):
    made = listening(("0.0.0.0", 0))
    file = configure(route(make_upstream().port, listen="systemd:web", exposed=True))
    service = start(file, [("web", made), ("spare", listening())])
    with Client(port_of(made)) as client:
        assert client.ask(request()).status == 200
    assert eventually(lambda: b"no route listens on the socket spare, which systemd passed on" in service.output)


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("is_second_signal", [False, True], ids=["drainTimeout", "second-signal"])
def test_an_order_that_the_end_cuts_off_is_answered(configure, start, route, make_upstream, threads, is_second_signal):
    """On a connection that was used before, many clients ask again by themselves where it ends without a byte of an answer: the next
    process has the socket, and would send the order once more."""
    release = threading.Event()

    def serve(connection):
        while (message := connection.next()) is not None:
            if message.method == "POST":
                release.wait(limits.ANSWER)
            connection.send(OK)

    upstream = make_upstream(serve)
    made = listening()
    file = configure(
        route(upstream.port, listen="systemd:web"), threads=threads, drainTimeout="60s" if is_second_signal else "1s", log={"access": "stdout"}
    )
    first = start(file, [("web", made)])
    with Client(port_of(made)) as client:
        assert client.ask(request()).status == 200
        client.send(request("POST", "/order", body=b'{"amount":"1"}'))
        assert eventually(lambda: len(upstream.requests) == 2)
        first.process.send_signal(signal.SIGTERM)
        if is_second_signal:
            assert eventually(lambda: b"draining" in first.output)
            first.process.send_signal(signal.SIGTERM)
        # What a client does that knows of nothing better.
        answers = []
        try:
            answers.append(client.response("POST"))
        except (OSError, Broken):
            start(file, [("web", made)])
            with Client(port_of(made)) as again:
                again.send(request("POST", "/order", body=b'{"amount":"1"}'))
                eventually(lambda: len(upstream.requests) == 3)
        assert [answer.status for answer in answers] == [504]
        assert "the request had been sent; whether it took effect is not known" in json.loads(answers[0].body)["error"]["message"]
        assert client.closed()
    assert first.process.wait(limits.END) == 0
    release.set()
    start(file, [("web", made)])
    with Client(port_of(made)) as client:
        assert client.ask(request()).status == 200
    assert sum(message.method == "POST" for message in upstream.requests) == 1
    assert b'"status":504' in first.output and b"cut_off" not in first.output


@pytest.mark.parametrize("threads", [1, 2])
def test_a_restart_under_load_fails_no_request(configure, start, route, make_upstream, threads):
    upstream = make_upstream()
    made = listening()
    file = configure(route(upstream.port, listen="systemd:web"), threads=threads, log={"access": "off"})
    port, over, counts = port_of(made), threading.Event(), [0] * 8

    def ask(number):
        """Half of the clients keep their connections, and half make one for each request."""
        fields = {} if number % 2 else {"Connection": "close"}
        with SteadyClient(lambda: Client(port)) as client:
            while not over.is_set():
                assert client.ask(request("POST", f"/{number}/{counts[number]}", fields=fields, body=b"{}"), "POST").status == 200
                counts[number] += 1

    def restart():
        service = start(file, [("web", made)])
        try:
            for _ in range(4):
                known = list(counts)
                assert eventually(lambda known=known: all(now > before + 20 for now, before in zip(counts, known)), 30)
                assert service.terminate() == 0
                service = start(file, [("web", made)])
            known = list(counts)
            assert eventually(lambda: all(now > before + 20 for now, before in zip(counts, known)), 30)
        finally:
            over.set()

    in_parallel(9, lambda number: ask(number) if number < 8 else restart())
    targets = [message.target for message in upstream.requests]
    assert sorted(targets) == sorted(f"/{number}/{index}" for number in range(8) for index in range(counts[number]))


def test_a_restart_without_systemd_answers_all_that_had_connected(make_proxy, route, make_upstream):
    upstream = make_upstream()
    proxy = make_proxy(route(upstream.port))
    waiting = [proxy.client() for _ in range(5)]
    asked = proxy.client()
    assert asked.ask(request()).status == 200
    # Who says nothing is accepted a second later.
    time.sleep(1.5)
    proxy.process.send_signal(signal.SIGTERM)
    for client in [*waiting, asked]:
        answer = client.ask(request())
        assert (answer.status, answer.one("Connection")) == (200, "close")
        client.__exit__()
    assert proxy.process.wait(limits.END) == 0
