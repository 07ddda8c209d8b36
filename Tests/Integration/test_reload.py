"""SIGHUP: another configuration in the place of the running one, while requests are under way."""

import datetime
import json
import os
import re
import signal
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
from harness import limits
from harness.certificates import Authority
from harness.encrypted import SecureClient, trusting
from harness.load import SteadyClient, in_parallel
from harness.messages import Broken, Client, Reader, eventually, request
from harness.processes import Proxy, accepts
from harness.service import Notifications, Service, listening
from harness.upstream import OK, answering, secret_file, unused_port


@pytest.fixture
def start(tmp_path, token):
    """A proxy of which the test changes the configuration."""
    started = []

    def make(*routes, credentials=None, environment=None, **top):
        if credentials is None:
            credentials = {"fixed": {"type": "static", "token": {"file": str(secret_file(tmp_path, "token", token))}}}
        top.setdefault("log", {"access": "off", "level": "info"})
        started.append(Proxy(tmp_path, {"routes": list(routes), "credentials": credentials, **top}, environment=environment, secrets=[token]))
        return started[-1]

    yield make
    for proxy in started:
        proxy.finish()


def read(proxy) -> dict:
    return json.loads(proxy.file.read_text())


def said(proxy) -> str:
    return proxy.err.read_text()


def reload(proxy, change=None, *, text=None) -> str:
    """Changes the file, and gives what the proxy says of it."""
    if text is None:
        document = read(proxy)
        if change is not None:
            change(document)
        text = json.dumps(document)
    proxy.file.write_text(text)
    known = len(said(proxy))
    proxy.process.send_signal(signal.SIGHUP)
    assert eventually(lambda: "reload: done" in said(proxy)[known:] or "reload refused" in said(proxy)[known:], 20), said(proxy)
    time.sleep(0.05)
    return said(proxy)[known:]


THREADS = pytest.mark.parametrize("threads", [1, 2])


@THREADS
def test_routes_come_change_and_go(start, route, make_upstream, threads):
    first, second = make_upstream(answering(OK)), make_upstream(answering(OK))
    proxy = start(route(first.port), threads=threads)
    port = unused_port()
    added = route(second.port, listen=f"127.0.0.1:{port}") | {"name": "second"}
    text = reload(proxy, lambda document: document["routes"].append(added))
    assert "reload: route second: added" in text and "route up" not in text
    with Client(port) as client, proxy.client() as other:
        assert client.ask(request(target="/a")).status == 200
        assert other.ask(request(target="/b")).status == 200
        assert [message.target for message in second.requests] == ["/a"]

        def exchange(document):
            document["routes"][0]["pathPrefix"] = "/only"
            document["routes"][1]["listen"] = document["routes"][0]["listen"]

        text = reload(proxy, exchange)
        assert "reload: route up: changed" in text and "reload: route second: changed" in text
        assert f"no longer listening on 127.0.0.1:{port}" in text
        # The connection stays, and the next request on it has the new routes.
        assert other.ask(request(target="/only/c")).status == 200
        assert other.ask(request(target="/d")).status == 200
        assert client.closed()
    assert [message.target for message in first.requests] == ["/b", "/only/c"]
    assert [message.target for message in second.requests] == ["/a", "/d"]
    assert not accepts(port)
    text = reload(proxy, lambda document: document["routes"].pop(0))
    assert "reload: route up: removed" in text
    assert "reload: done, and nothing has changed" in reload(proxy)


@THREADS
def test_what_is_unchanged_keeps_its_connections(start, route, make_upstream, threads):
    upstream = make_upstream()
    proxy = start(route(upstream.port), threads=threads)
    with proxy.client() as client:
        assert client.ask(request()).status == 200
        # A rule is no matter of the connections, nor is another route.
        reload(proxy, lambda document: document["routes"][0].update(allow={"methods": ["GET"]}))
        assert client.ask(request()).status == 200
        assert client.ask(request("POST"), "POST").status in (403, 405)
        reload(proxy, lambda document: document["routes"].append(document["routes"][0] | {"name": "more", "pathPrefix": "/more"}))
        assert client.ask(request()).status == 200
    assert upstream.accepted == 1


@THREADS
def test_a_request_under_way_ends_as_it_began(start, route, make_upstream, threads):
    asked, go = threading.Event(), threading.Event()

    def slow(connection):
        while connection.next() is not None:
            asked.set()
            go.wait(limits.ANSWER)
            connection.send(OK)

    former, later = make_upstream(slow), make_upstream()
    proxy = start(route(former.port), threads=threads)
    port = proxy.port
    with proxy.client() as client, proxy.client() as second:
        client.send(request(target="/former"))
        assert asked.wait(limits.ANSWER)

        def move(document):
            document["routes"] = [route(later.port, listen=f"127.0.0.1:{port}") | {"name": "later"}]

        reload(proxy, move)
        assert second.ask(request(target="/later")).status == 200
        go.set()
        assert client.response().status == 200
        assert client.ask(request(target="/then")).status == 200
    assert [message.target for message in former.requests] == ["/former"]
    assert [message.target for message in later.requests] == ["/later", "/then"]


BROKEN = [
    ("{", "reload refused, the running configuration stays in force"),
    (lambda document: document["routes"][0].update(colour="red"), "unknown key"),
    (lambda document: document["credentials"]["fixed"].update(token={"file": "/nowhere/at-all"}), "/nowhere/at-all"),
    (lambda document: document["routes"][0].update(tls={"ca": "/nowhere/ca.pem"}), "/nowhere/ca.pem"),
    (lambda document: document.update(threads=7), "threads: cannot be changed while the proxy runs; restart it"),
    (lambda document: document.update(log={"access": "stdout"}), "log: cannot be changed while the proxy runs"),
    (lambda document: document.update(limits={"connections": 7}), "limits: cannot be changed while the proxy runs"),
    (lambda document: document.update(tokenCache={"file": "/tmp/tokens"}), "tokenCache: cannot be changed while the proxy runs"),
    (lambda document: document.update(admin={"listen": "127.0.0.1:1"}), "admin: cannot be changed while the proxy runs"),
    (
        lambda document: document["routes"][0].update(listen=document["routes"][0]["listen"].replace("127.0.0.1", "localhost")),
        "is the same socket in another form",
    ),
]


@THREADS
def test_a_file_that_cannot_be_used_changes_nothing(start, route, make_upstream, threads):
    upstream = make_upstream()
    proxy = start(route(upstream.port), threads=threads)
    good = proxy.file.read_text()
    with proxy.client() as client:
        for broken, reason in BROKEN:
            proxy.file.write_text(good)
            text = reload(proxy, text=broken) if isinstance(broken, str) else reload(proxy, broken)
            assert reason in text and "reload: done" not in text, text
            assert client.ask(request()).status == 200
        # A port that another program has; the new listener beside it is closed again.
        taken, free = listening(), unused_port()

        def occupy(document):
            made = document["routes"][0]
            document["routes"] += [made | {"name": "free", "listen": f"127.0.0.1:{free}"}]
            document["routes"] += [made | {"name": "taken", "listen": f"127.0.0.1:{taken.getsockname()[1]}"}]

        proxy.file.write_text(good)
        text = reload(proxy, occupy)
        assert "route taken: cannot listen on" in text and "Address already in use" in text
        assert not accepts(free)
        taken.close()
        assert "route taken: added" in reload(proxy, text=proxy.file.read_text())
        assert accepts(free)
        assert client.ask(request()).status == 200


@THREADS
def test_a_new_secret_is_used_from_the_reload_on(start, route, make_upstream, tmp_path, token, threads):
    upstream = make_upstream()
    proxy = start(route(upstream.port), threads=threads)
    with proxy.client() as client:
        assert client.ask(request()).status == 200
        secret_file(tmp_path, "token", "another-token-of-the-same-file")
        proxy.secrets.append("another-token-of-the-same-file")
        assert "reload: credential fixed: its token has changed" in reload(proxy)
        assert client.ask(request()).status == 200
    sent = [message.one("Authorization") for message in upstream.requests]
    assert sent == [f"Bearer {token}", "Bearer another-token-of-the-same-file"]


def test_a_secret_that_came_with_a_refused_file_is_used_from_the_next_reload_on(start, route, make_upstream, tmp_path):
    upstream = make_upstream()
    proxy = start(route(upstream.port))
    good = proxy.file.read_text()
    with proxy.client() as client:
        assert client.ask(request()).status == 200
        secret_file(tmp_path, "token", "a-token-that-came-with-a-mistake")
        proxy.secrets.append("a-token-that-came-with-a-mistake")
        assert "reload refused" in reload(proxy, lambda document: document["routes"][0].update(tls={"ca": "/nowhere/ca.pem"}))
        assert client.ask(request()).status == 200
        assert "reload: credential fixed: its token has changed" in reload(proxy, text=good)
        assert client.ask(request()).status == 200
    sent = [message.one("Authorization") for message in upstream.requests]
    assert sent[0] == sent[1] and sent[2] == "Bearer a-token-that-came-with-a-mistake"


@THREADS
def test_a_reload_is_no_way_around_a_rate(start, route, make_upstream, threads):
    proxy = start(route(make_upstream().port, limits={"requestsPerSecond": 3}), threads=threads)
    statuses = []
    with SteadyClient(proxy.client) as client:
        for number in range(4):
            for _ in range(4):
                statuses.append(client.ask(request()).status)
            assert "reload: route up: changed" in reload(proxy, lambda document, n=number: document["routes"][0].update(serverTiming=n % 2 == 0))
    assert set(statuses) == {200, 429}
    # Each reload takes less than a second.
    assert statuses.count(200) < 12


@THREADS
def test_a_program_that_prints_a_secret_holds_up_a_reload_and_nobody_else(start, route, make_upstream, tmp_path, token, threads):
    """The loop reads a file of secrets meanwhile, for its token is refused."""
    first = str(secret_file(tmp_path, "token", token))

    def refusing(connection):
        while (message := connection.next()) is not None:
            is_new = message.one("Authorization") == "Bearer the-token-that-was-put-there"
            connection.send(OK if is_new else b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    go = tmp_path / "go"
    # Who has a program from the start is not confined.
    credentials = {
        "fixed": {"type": "static", "token": {"file": first}},
        "other": {"type": "static", "token": {"command": ["echo", "a-token-that-is-printed"]}},
    }
    proxy = start(route(make_upstream(refusing).port), credentials=credentials, threads=threads)
    proxy.secrets.append("the-token-that-was-put-there")
    document = read(proxy)
    script = f"until [ -e {go} ]; do sleep 0.05; done; echo printed-by-a-program"
    document["credentials"]["slow"] = {"type": "static", "token": {"command": ["sh", "-c", script]}}
    document["routes"].append(document["routes"][0] | {"name": "slow", "pathPrefix": "/slow", "credential": "slow"})
    proxy.file.write_text(json.dumps(document))
    proxy.process.send_signal(signal.SIGHUP)
    secret_file(tmp_path, "token", "the-token-that-was-put-there")
    with proxy.client() as client:
        assert eventually(lambda: client.ask(request()).status in (200, 401), 5)
        assert client.ask(request()).status == 200
    assert "reload" not in said(proxy)
    go.touch()
    assert eventually(lambda: "reload: route slow: added" in said(proxy), 20), said(proxy)


def descriptors(proxy) -> int:
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


@THREADS
def test_many_reloads_leave_nothing_behind(start, route, make_upstream, threads):
    ports = [make_upstream().port, make_upstream().port]
    proxy = start(route(ports[0]), threads=threads)
    listeners = [unused_port(), unused_port()]

    def turn(number):
        def change(document):
            made = document["routes"][0]
            made["connectTo"] = f"127.0.0.1:{ports[number % 2]}"
            document["routes"] = [made, made | {"name": "more", "listen": f"127.0.0.1:{listeners[number % 2]}"}]

        reload(proxy, change)
        for port in [proxy.port, listeners[number % 2]]:
            with Client(port) as client:
                assert client.ask(request()).status == 200

    turn(0)
    turn(1)
    time.sleep(2)
    known = descriptors(proxy)
    for number in range(10):
        turn(number)
    assert eventually(lambda: descriptors(proxy) <= known + 1, 20), (known, descriptors(proxy))


def resident(proxy) -> int:
    """KiB."""
    line = next(line for line in Path(f"/proc/{proxy.process.pid}/status").read_text().splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1])


@THREADS
def test_reloads_take_no_memory_for_good(start, route, make_upstream, threads):
    ports = [make_upstream().port, make_upstream().port]
    proxy = start(route(ports[0]), threads=threads)

    def turn(number):
        document = read(proxy)
        document["routes"][0]["connectTo"] = f"127.0.0.1:{ports[number % 2]}"
        if number % 2:
            document["credentials"]["spare"] = document["credentials"]["fixed"]
            document["routes"].append(document["routes"][0] | {"name": "spare", "pathPrefix": "/spare", "credential": "spare"})
        else:
            document["credentials"].pop("spare", None)
            document["routes"] = document["routes"][:1]
        known = len(said(proxy))
        proxy.file.write_text(json.dumps(document))
        proxy.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "reload: done" in said(proxy)[known:], 20), said(proxy)[known:]
        if number % 10 == 0:
            with proxy.client() as client:
                assert client.ask(request()).status == 200

    count = int(os.environ.get("RELOADS", "120"))
    for number in range(count // 3):
        turn(number)
    time.sleep(1.5)
    before = resident(proxy)
    for number in range(count):
        turn(number)
    assert eventually(lambda: resident(proxy) < before + 2048 + 2 * count, 5), (before, resident(proxy))
    print({"reloads": count, "before_KiB": before, "after_KiB": resident(proxy)})


@THREADS
def test_a_storm_of_signals_ends_with_the_last_file(start, route, make_upstream, threads):
    former, later = make_upstream(), make_upstream()
    proxy = start(route(former.port), threads=threads)
    over, answered = threading.Event(), []

    def ask(number):
        with SteadyClient(proxy.client) as client:
            while not over.is_set():
                assert client.ask(request("POST", f"/{number}/{len(answered)}", body=b"{}"), "POST").status == 200
                answered.append(number)

    def storm():
        try:
            def put(document):
                # Whoever reads meanwhile reads a whole file.
                proxy.file.with_suffix(".new").write_text(json.dumps(document))
                proxy.file.with_suffix(".new").rename(proxy.file)

            documents = [read(proxy) | {"drainTimeout": f"{20 + number}s"} for number in range(20)]
            for document in documents:
                put(document)
                for _ in range(50):
                    proxy.process.send_signal(signal.SIGHUP)
                    time.sleep(0.001)
            known = len(answered)
            documents[0]["routes"][0]["connectTo"] = f"127.0.0.1:{later.port}"
            put(documents[0])
            proxy.process.send_signal(signal.SIGHUP)
            assert eventually(lambda: "reload: route up: changed" in said(proxy), 20)
            assert eventually(lambda: len(answered) > known + 20, 20)
        finally:
            over.set()

    in_parallel(5, lambda number: ask(number) if number < 4 else storm())
    assert later.requests and len(former.requests) + len(later.requests) == len(answered)
    assert "reload refused" not in said(proxy)


def slow_upstream(go, asked):
    def serve(connection):
        while connection.next() is not None:
            asked.set()
            go.wait(limits.ANSWER)
            connection.send(OK)

    return serve


@THREADS
def test_a_drain_ends_a_reload_and_no_reload_begins_in_a_drain(start, route, make_upstream, token, threads):
    asked, go = threading.Event(), threading.Event()
    upstream = make_upstream(slow_upstream(go, asked))
    # Who has a program from the start is not confined, and may start others.
    proxy = start(
        route(upstream.port), credentials={"fixed": {"type": "static", "token": {"command": ["echo", token]}}}, threads=threads
    )
    with proxy.client() as client:
        client.send(request("POST", "/order", body=b"{}"))
        assert asked.wait(limits.ANSWER)
        document = read(proxy)
        document["credentials"]["slow"] = {"type": "static", "token": {"command": ["sleep", "8"]}}
        proxy.file.write_text(json.dumps(document))
        proxy.process.send_signal(signal.SIGHUP)
        time.sleep(0.2)
        proxy.process.send_signal(signal.SIGTERM)
        assert eventually(lambda: "draining" in said(proxy))
        proxy.process.send_signal(signal.SIGHUP)
        assert eventually(lambda: "reload refused, the running configuration stays in force: the proxy is ending" in said(proxy))
        go.set()
        assert client.response("POST").status == 200
    # It does not wait for the program.
    assert proxy.process.wait(5) == 0
    assert "reload: done" not in said(proxy)
    assert [message.target for message in upstream.requests] == ["/order"]


@THREADS
def test_reloads_under_load_fail_no_request(start, route, make_upstream, threads):
    former, later = make_upstream(), make_upstream()
    proxy = start(route(former.port), threads=threads)
    over, counts = threading.Event(), [0] * 8

    def ask(number):
        fields = {} if number % 2 else {"Connection": "close"}
        with SteadyClient(proxy.client) as client:
            while not over.is_set():
                assert client.ask(request("POST", f"/{number}/{counts[number]}", fields=fields, body=b"{}"), "POST").status == 200
                counts[number] += 1

    def reload_often():
        good = proxy.file.read_text()
        try:
            for number in range(20):
                proxy.file.write_text(good)
                if number % 5 == 4:
                    assert "reload refused" in reload(proxy, text="{")
                    continue

                def change(document, number=number):
                    document["routes"][0]["connectTo"] = f"127.0.0.1:{[former, later][number % 2].port}"
                    more = {"name": f"r{number}", "pathPrefix": f"/more{number}", "listen": document["routes"][0]["listen"]}
                    document["routes"] += [document["routes"][0] | more]
                    document["drainTimeout"] = f"{20 + number}s"

                assert "reload: done" in reload(proxy, change)
                known = list(counts)
                assert eventually(lambda known=known: all(now > before for now, before in zip(counts, known)), 30)
        finally:
            over.set()

    in_parallel(9, lambda number: ask(number) if number < 8 else reload_often())
    targets = [message.target for message in [*former.requests, *later.requests]]
    assert former.requests and later.requests
    assert sorted(targets) == sorted(f"/{number}/{index}" for number in range(8) for index in range(counts[number]))


@THREADS
def test_systemd_hears_of_reloads_and_its_sockets_can_be_taken_up_again(tmp_path, route, make_upstream, token, threads):
    notifications, web, spare = Notifications(tmp_path), listening(), listening()
    upstream = make_upstream()
    secret = str(secret_file(tmp_path, "token", token))

    def write(*names):
        routes = [route(upstream.port, listen=f"systemd:{name}") | {"name": name} for name in names]
        file.write_text(json.dumps({"routes": routes, "credentials": {"fixed": {"type": "static", "token": {"file": secret}}}, "threads": threads}))

    file = tmp_path / "proxy.json"
    write("web")
    service = Service(tmp_path, file, [("web", web), ("spare", spare)], notifications)
    try:
        assert notifications.has("READY")
        for number, names in enumerate([["spare"], ["web", "spare"], ["web"], ["spare"]]):
            write(*names)
            service.process.send_signal(signal.SIGHUP)
            assert notifications.has("READY", number + 2)
            before = notifications.messages[-2]
            assert before["RELOADING"] == "1" and int(before["MONOTONIC_USEC"]) > 0
            assert notifications.messages[-1]["STATUS"] == "serving " + ", ".join(names)
            for name, made in [("web", web), ("spare", spare)]:
                if name in names:
                    with Client(made.getsockname()[1]) as client:
                        assert client.ask(request()).status == 200
        file.write_text("{")
        service.process.send_signal(signal.SIGHUP)
        assert notifications.has("READY", 6)
        assert "serving spare; the configuration as it is now was refused" in notifications.messages[-1]["STATUS"]
    finally:
        assert service.terminate() == 0
        notifications.close()


@THREADS
def test_a_renewed_certificate_is_shown_from_the_reload_on(start, route, make_upstream, authority, tmp_path, threads):
    directory = tmp_path / "tls"
    directory.mkdir()

    def renew(label):
        leaf = authority.leaf(label, ["localhost"])
        for source, name in [(leaf.key, "key.pem"), (leaf.certificate, "certificate.pem")]:
            (directory / "new").write_bytes(source.read_bytes())
            (directory / "new").chmod(0o600)
            (directory / "new").rename(directory / name)
        return ssl.PEM_cert_to_DER_cert("-----BEGIN" + leaf.certificate.read_text().partition("-----BEGIN")[2])

    first = renew(f"first{threads}")
    settings = {"certificate": str(directory / "certificate.pem"), "key": str(directory / "key.pem")}
    proxy = start(route(make_upstream().port, listenTLS=settings), threads=threads)

    def shown(client):
        return client.connection.getpeercert(binary_form=True)

    with SecureClient(proxy.port, trusting(authority.certificate)) as former:
        assert former.ask(request()).status == 200 and shown(former) == first
        assert "nothing has changed" in reload(proxy)
        second = renew(f"second{threads}")
        assert second != first
        assert "reload: route up: changed" in reload(proxy)
        for _ in range(4):
            with SecureClient(proxy.port, trusting(authority.certificate)) as later:
                assert later.ask(request()).status == 200 and shown(later) == second
        assert former.ask(request()).status == 200
    (directory / "certificate.pem").write_text("no certificate")
    assert "reload refused" in reload(proxy)
    with SecureClient(proxy.port, trusting(authority.certificate)) as later:
        assert later.ask(request()).status == 200 and shown(later) == second


@THREADS
def test_who_is_revoked_has_no_further_request_on_a_connection_that_is_open(start, route, make_upstream, authority, tmp_path, threads):
    go, asked = threading.Event(), threading.Event()
    upstream = make_upstream(slow_upstream(go, asked))
    leaf = authority.leaf(f"revoking{threads}", ["localhost"])
    first, second = Authority(tmp_path / "first", "first"), Authority(tmp_path / "second", "second")
    names = [(made, made.leaf("client", [], usage="clientAuth")) for made in (first, second)]
    authorities = tmp_path / "clients.pem"
    authorities.write_bytes(first.certificate.read_bytes())
    settings = {"certificate": str(leaf.certificate), "key": str(leaf.key), "clientCA": str(authorities)}
    proxy = start(route(upstream.port, listenTLS=settings), threads=threads)
    former, latter = [trusting(authority.certificate, name) for _, name in names]
    idle = [SecureClient(proxy.port, former) for _ in range(4)]
    busy = SecureClient(proxy.port, former)
    begun = Client(proxy.port)
    try:
        go.set()
        for client in idle:
            assert client.ask(request()).status == 200
        go.clear()
        asked.clear()
        busy.send(request())
        assert asked.wait(10)
        authorities.write_bytes(second.certificate.read_bytes())
        assert "route up: changed" in reload(proxy)
        count = len(upstream.requests)
        for client in idle:
            with pytest.raises((OSError, Broken)):
                client.ask(request())
        go.set()
        assert busy.reader.response().status == 200
        with pytest.raises((OSError, Broken)):
            busy.ask(request())
        assert begun.connection.recv(1) == b""
        assert len(upstream.requests) == count
        with SecureClient(proxy.port, latter) as client:
            assert client.ask(request()).status == 200
        with pytest.raises((OSError, Broken)), SecureClient(proxy.port, former) as client:
            client.ask(request())
    finally:
        for client in [*idle, busy, begun]:
            client.connection.close()


@THREADS
def test_unix_sockets_come_and_go_in_a_directory_that_had_one(start, route, make_upstream, tmp_path, threads):
    upstream = make_upstream()
    first, second = tmp_path / "first.sock", tmp_path / "second.sock"
    proxy = start(route(upstream.port), route(upstream.port, listen=f"unix:{first}") | {"name": "first"}, threads=threads)

    def ask(path) -> int:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(str(path))
            connection.sendall(request())
            return Reader(connection).response().status

    assert ask(first) == 200
    assert f"listening on unix:{second}" in reload(proxy, lambda document: document["routes"][1].update(listen=f"unix:{second}?mode=0660"))
    assert ask(second) == 200 and second.stat().st_mode & 0o777 == 0o660
    with pytest.raises(ConnectionRefusedError):
        ask(first)
    reload(proxy, lambda document: document["routes"][1].update(listen=f"unix:{first}"))
    assert ask(first) == 200
    assert "cannot be changed while the proxy runs" in reload(
        proxy, lambda document: document["routes"][1].update(listen=f"unix:{first}?mode=0666")
    )
    assert ask(first) == 200


@THREADS
def test_whether_the_last_one_succeeded_can_be_asked(start, route, make_upstream, threads):
    port = unused_port()
    proxy = start(route(make_upstream(answering(OK)).port), admin={"listen": f"127.0.0.1:{port}"}, threads=threads)

    def get(path) -> str:
        with Client(port) as client:
            return client.ask(request(target=path)).body.decode()

    def told() -> tuple[str, float, dict, list]:
        """As metrics and as the status have it."""
        values = dict(re.findall(r"^bearerproxy_config_last_reload_(\w+) ([\d.]+)$", get("/metrics"), re.M))
        status = json.loads(get("/status.json"))
        faults = [fault for fault in status["errors"] if fault["code"] == "reload_refused"]
        return values["successful"], float(values["success_timestamp_seconds"]), status["configuration"], faults

    good = proxy.file.read_text()
    successful, began, configuration, faults = told()
    assert successful == "1" and abs(began - time.time()) < limits.START and faults == []
    assert configuration["isLastReloadSuccessful"] is True

    assert "unknown key" in reload(proxy, text=good.replace('"upstream"', '"upstraem"'))
    successful, moment, configuration, faults = told()
    assert (successful, moment, configuration["isLastReloadSuccessful"]) == ("0", began, False)
    # The mistakes of one file are one error.
    [fault] = faults
    assert fault["count"] == 1 and "routes[0].upstream: is missing" in fault["message"] and fault["advice"]

    assert "reload: done" in reload(proxy, text=good)
    successful, moment, configuration, faults = told()
    assert (successful, configuration["isLastReloadSuccessful"]) == ("1", True) and began < moment <= time.time() + 1
    stamp = datetime.datetime.fromisoformat(configuration["lastReloadSuccessTime"]).timestamp()
    assert abs(stamp - moment) < 1 and faults == [fault]
