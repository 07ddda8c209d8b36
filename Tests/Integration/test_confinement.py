"""What the process gives up at its start: core files, new privileges, root, and the files that are not its own."""

import ctypes
import json
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from pathlib import Path

import pytest
from harness import limits
from harness.messages import eventually, request
from harness.processes import BINARY, ENVIRONMENT, Process, Proxy, accepts, bearerproxy
from harness.secrets import assert_no_secret
from harness.upstream import answering, secret_file, unused_port

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
USER = pwd.getpwnam("nobody")


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def landlock_version() -> int:
    """What the kernel says of it; 0 where it has none."""
    libc = ctypes.CDLL(None, use_errno=True)
    return max(0, libc.syscall(444, None, ctypes.c_size_t(0), 1))


LANDLOCK = pytest.mark.skipif(landlock_version() == 0, reason="this kernel has no Landlock")


@pytest.fixture
def place(authority):
    """A directory that every user can reach, with the authority's certificate."""
    with tempfile.TemporaryDirectory(prefix="bearerproxy-test-") as directory:
        path = Path(directory)
        path.chmod(0o711)
        shutil.copy(authority.certificate, path / "ca.pem")
        (path / "ca.pem").chmod(0o644)
        yield path


@pytest.fixture
def reachable(route, place):
    def make(port: int, **more) -> dict:
        return route(port, **more) | {"tls": {"ca": str(place / "ca.pem")}}

    return make


def belonging_to_user(path: Path) -> Path:
    os.chown(path, USER.pw_uid, USER.pw_gid)
    return path


class As(Proxy):
    """A proxy that root starts, and that becomes a user."""

    def __init__(self, directory: Path, configuration: dict, *arguments, secrets=(), ready=None, environment=None, before=()):
        self.secrets, self.seen, self.ports = list(secrets), [], []
        for route in configuration["routes"]:
            if "listen" not in route:
                route["listen"] = f"127.0.0.1:{unused_port()}"
            if not route["listen"].startswith("unix:"):
                self.ports.append(int(route["listen"].rpartition(":")[2]))
        configuration.setdefault("log", {"access": "stdout", "format": "json", "level": "debug"})
        self.file = directory / "proxy.json"
        self.file.write_text(json.dumps(configuration, indent=2))
        Process.__init__(self, [*before, BINARY, "run", "--config", self.file, *arguments], directory, "as", environment)
        self.wait_until(ready or (lambda: all(accepts(port) for port in self.ports)))


@pytest.fixture
def start(place, token):
    """Starts a proxy in a place that the user can reach."""
    made = []

    def start(*routes, arguments=(), credentials=None, **top) -> As:
        options = {name: top.pop(name) for name in ("ready", "environment", "before") if name in top}
        if credentials is None:
            credentials = {"fixed": {"type": "static", "token": {"file": str(place / "token")}}}
            if not (place / "token").exists():
                belonging_to_user(secret_file(place, "token", token)) if os.geteuid() == 0 else secret_file(place, "token", token)
        made.append(As(place, {"routes": list(routes), "credentials": credentials, **top}, *arguments, secrets=[token], **options))
        return made[-1]

    yield start
    for proxy in made:
        proxy.finish()


def test_no_core_is_dumped_and_no_new_privilege_is_gained(start, reachable, make_upstream):
    proxy = start(reachable(make_upstream().port))
    pid = proxy.process.pid
    assert status_of(pid)["NoNewPrivs"] == "1"
    core = next(line for line in Path(f"/proc/{pid}/limits").read_text().splitlines() if line.startswith("Max core file size"))
    assert core.split()[-3:-1] == ["0", "0"], core
    if os.geteuid() == 0:
        assert int(Path(f"/proc/{pid}/coredump_filter").read_text(), 16) == 0


@ROOT_ONLY
def test_a_process_of_the_same_user_reads_neither_memory_nor_environment(start, reachable, make_upstream):
    before = ["setpriv", f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}", "--clear-groups"]
    proxy = start(reachable(make_upstream().port), before=before)

    def read(pid: int, name: str) -> subprocess.CompletedProcess:
        return subprocess.run([*before, "head", "-c", "1", f"/proc/{pid}/{name}"], capture_output=True, text=True, timeout=limits.ANSWER)

    assert status_of(proxy.process.pid)["Uid"].split() == [str(USER.pw_uid)] * 4
    other = subprocess.Popen([*before, "sleep", "600"], env={**ENVIRONMENT, "A": "b"})
    try:
        assert eventually(lambda: status_of(other.pid)["Name"] == "sleep")
        assert read(other.pid, "environ").returncode == 0, "a process without protection is read"
    finally:
        other.kill()
        other.wait()
    for name in ["environ", "maps", "mem", "auxv"]:
        result = read(proxy.process.pid, name)
        assert result.returncode != 0 and "Permission denied" in result.stderr, (name, result)


def core_of(pid: int, directory: Path) -> bytes:
    subprocess.run(
        ["gcore", "-o", directory / "core", str(pid)], check=True, capture_output=True, timeout=limits.TEST, stdin=subprocess.DEVNULL
    )
    return (directory / f"core.{pid}").read_bytes()


@pytest.mark.skipif(shutil.which("gcore") is None, reason="there is no gdb, and deploy/test could not install it")
@ROOT_ONLY
def test_a_core_that_root_takes_holds_no_memory(start, reachable, make_upstream, place, token):
    proxy = start(reachable(make_upstream().port))
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    marker = str(proxy.file).encode()
    core = core_of(proxy.process.pid, place)
    assert_no_secret(core, [token], "a core file")
    assert marker not in core
    # The same search finds what is in memory, where memory is in the core.
    Path(f"/proc/{proxy.process.pid}/coredump_filter").write_text("0x33")
    assert marker in core_of(proxy.process.pid, place)


# --- the files that it needs, and no other


def replaced(path: Path, content: str):
    new = secret_file(path.parent, path.name + ".new", content)
    new.rename(path)


def refusing_all_but(token: str):
    def serve(message):
        if message.one("Authorization") == f"Bearer {token}":
            return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"

    return answering(serve)


@LANDLOCK
def test_a_confined_process_reads_its_own_directories_and_no_other(start, reachable, make_upstream, place, tmp_path_factory, token):
    new = token + "-new"
    own, other = place / "own", tmp_path_factory.mktemp("elsewhere")
    own.mkdir()
    file = secret_file(own, "token", token)
    upstream = make_upstream(refusing_all_but(new))
    proxy = start(reachable(upstream.port), credentials={"fixed": {"type": "static", "token": {"file": str(file)}}})
    proxy.secrets.append(new)
    assert eventually(lambda: f"confined by Landlock (version {landlock_version()})" in proxy.tail())
    assert str(own) in proxy.tail()

    # The name leads out of the directory: nobody could tell this from a file that is to be spied out.
    file.unlink()
    file.symlink_to(secret_file(other, "token", new))
    with proxy.client() as client:
        assert client.ask(request()).status == 401
    assert eventually(lambda: "cannot be opened: Permission denied" in proxy.tail()), proxy.tail()
    assert eventually(lambda: "Landlock denies it to this process" in proxy.tail()), proxy.tail()

    # A file that was put into the place of the one before, as deployments do it, is read.
    replaced(file, new)

    def passes() -> bool:
        with proxy.client() as client:
            return client.ask(request()).status == 200

    assert eventually(passes), proxy.tail()


@LANDLOCK
def test_a_secret_whose_directory_is_exchanged_by_a_link_is_read_anew(start, reachable, make_upstream, tmp_path_factory, token):
    new = token + "-new"
    # Not below the directory of the configuration, all of which is readable.
    place = tmp_path_factory.mktemp("elsewhere")
    # As Kubernetes mounts secrets: mount/token -> ..data/token, mount/..data -> ..1.
    mount = place / "mount"
    for version, secret in {"..1": token, "..2": new}.items():
        (mount / version).mkdir(parents=True)
        secret_file(mount / version, "token", secret)
    (mount / "..data").symlink_to("..1")
    (mount / "token").symlink_to("..data/token")
    # As deployments exchange a version: apps/current -> apps/1, with the link in the middle.
    for version, secret in {"1": token, "2": new}.items():
        (place / "apps" / version / "secrets").mkdir(parents=True)
        secret_file(place / "apps" / version / "secrets", "token", secret)
    (place / "apps" / "current").symlink_to(place / "apps" / "1")
    paths = {"mounted": mount / "token", "deployed": place / "apps" / "current" / "secrets" / "token"}
    upstream = make_upstream(refusing_all_but(new))
    proxy = start(
        *(reachable(upstream.port, credential=name) | {"name": name} for name in paths),
        credentials={name: {"type": "static", "token": {"file": str(path)}} for name, path in paths.items()},
    )
    proxy.secrets.append(new)
    assert eventually(lambda: "confined by Landlock" in proxy.tail())

    def exchange(link: Path, target: str):
        (link.parent / "next").symlink_to(target)
        (link.parent / "next").rename(link)

    exchange(mount / "..data", "..2")
    exchange(place / "apps" / "current", str(place / "apps" / "2"))

    def passes(port: int) -> bool:
        with proxy.client(port) as client:
            return client.ask(request()).status == 200

    for port in proxy.ports:
        assert eventually(lambda: passes(port)), proxy.tail()
    assert "Permission denied" not in proxy.tail()


@LANDLOCK
def test_a_confined_process_writes_its_token_cache_and_its_log(start, reachable, make_upstream, place, token):
    def serve(message):
        if message.target == "/token":
            body = b'{"access_token":"%s","token_type":"Bearer","expires_in":3600}' % token.encode()
            return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    upstream = make_upstream(answering(serve))
    up = reachable(upstream.port, credential="oauth")
    id, secret = secret_file(place, "id", "the-client"), secret_file(place, "secret", "the-secret-of-the-client")
    credential = {
        "type": "oauth2",
        "tokenURL": "https://upstream.test/token",
        "clientId": {"file": str(id)},
        "clientSecret": {"file": str(secret)},
        "connectTo": up["connectTo"],
        "tls": up["tls"],
    }
    (place / "cache").mkdir()
    (place / "log").mkdir()
    proxy = start(
        up,
        credentials={"oauth": credential},
        tokenCache={"file": str(place / "cache" / "tokens")},
        log={"access": str(place / "log" / "access"), "format": "json", "level": "debug"},
    )
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    assert "confined by Landlock" in proxy.tail()
    assert eventually(lambda: (place / "cache" / "tokens").exists()), proxy.tail()
    assert eventually(lambda: '"status":200' in (place / "log" / "access").read_text())
    assert "is not kept" not in proxy.tail()


def test_a_log_that_is_a_device_opens_no_directory_to_the_process(start, reachable, make_upstream):
    upstream = make_upstream(answering(lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))
    proxy = start(reachable(upstream.port), log={"access": "/dev/stderr", "format": "json", "level": "info"})
    (line,) = [line for line in proxy.output.decode().splitlines() if "confined by Landlock" in line]
    assert "/dev" not in line
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    assert eventually(lambda: '"status":200' in proxy.tail())


def test_a_process_that_starts_programs_is_not_confined_and_says_so(start, reachable, make_upstream, place, token):
    file = secret_file(place, "token", token)
    proxy = start(
        reachable(make_upstream().port), credentials={"fixed": {"type": "static", "token": {"command": ["cat", str(file)]}}}
    )
    assert eventually(lambda: "not confined by Landlock: the programs that print secrets" in proxy.tail())
    with proxy.client() as client:
        assert client.ask(request()).status == 200


# --- another user


@ROOT_ONLY
def test_root_becomes_the_user_for_ever(start, reachable, make_upstream, place, token):
    upstream = make_upstream(refusing_all_but(token))
    (place / "sockets").mkdir()
    path = place / "sockets" / "up.sock"
    tcp = reachable(upstream.port)
    unix = reachable(upstream.port, name="second.test") | {"name": "unix", "listen": f"unix:{path}"}
    # A port that only root may have.
    tcp["listen"] = f"127.0.0.1:{low_port()}"
    proxy = start(tcp, unix, arguments=["--user", USER.pw_name])
    assert eventually(lambda: "listening on" in proxy.tail()), proxy.tail()
    state = status_of(proxy.process.pid)
    assert state["Uid"].split() == [str(USER.pw_uid)] * 4
    assert state["Gid"].split() == [str(USER.pw_gid)] * 4
    assert set(map(int, state["Groups"].split())) == set(os.getgrouplist(USER.pw_name, USER.pw_gid))
    assert int(state["CapPrm"], 16) == int(state["CapEff"], 16) == int(state["CapAmb"], 16) == 0
    assert os.stat(f"/proc/{proxy.process.pid}/environ").st_uid == 0, "it is not to be dumped by its new user either"
    with proxy.client() as client:
        assert client.ask(request()).status == 200
    assert "running as root" not in proxy.tail()
    made = os.stat(path)
    assert stat.S_ISSOCK(made.st_mode) and stat.S_IMODE(made.st_mode) == 0o600
    assert (made.st_uid, made.st_gid) == (USER.pw_uid, USER.pw_gid)
    with socket.socket(socket.AF_UNIX) as stream:
        stream.settimeout(limits.ANSWER)
        stream.connect(str(path))
        stream.sendall(request())
        assert b" 200 " in stream.recv(4096).split(b"\r\n")[0]


def low_port() -> int:
    for port in range(1023, 800, -1):
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    pytest.skip("no port below 1024 is free")


@ROOT_ONLY
def test_a_secret_that_the_user_may_not_read_is_a_mistake_at_the_start(reachable, make_upstream, place, token):
    file = secret_file(place, "token", token)
    configuration = {
        "routes": [reachable(make_upstream().port, listen="127.0.0.1:0")],
        "credentials": {"fixed": {"type": "static", "token": {"file": str(file)}}},
    }
    path = place / "proxy.json"
    path.write_text(json.dumps(configuration))
    result = bearerproxy("run", "--config", path, "--user", USER.pw_name)
    assert result.returncode == 78, result
    assert "credentials.fixed.token" in result.stderr and "let the user that runs bearerproxy read it" in result.stderr


@ROOT_ONLY
def test_programs_run_as_the_user_from_the_start(start, reachable, make_upstream, place, token):
    seen = place / "seen"
    seen.mkdir()
    belonging_to_user(seen)
    file = belonging_to_user(secret_file(place, "token", token))
    script = f"{{ id -u; id -ru; id -g; echo $HOME; sed -n 's/^Uid://p' /proc/self/status; }} > {seen}/user; cat {file}"
    start(
        reachable(make_upstream().port),
        arguments=["--user", f"{USER.pw_uid}:{USER.pw_gid}"],
        credentials={"fixed": {"type": "static", "token": {"command": ["sh", "-c", script]}}},
    )
    user, real, group, home, ids = (seen / "user").read_text().splitlines()
    assert (user, real, group) == (str(USER.pw_uid), str(USER.pw_uid), str(USER.pw_gid))
    assert ids.split() == [str(USER.pw_uid)] * 4, "a program could go back to root"
    assert home == USER.pw_dir


@pytest.mark.parametrize("name", ["nobody-has-this-name", "root", "0", "", "nobody:no-group-has-this-name"])
def test_a_user_that_is_none_is_refused(name, place):
    result = bearerproxy("run", "--user", name, directory=place)
    assert result.returncode == 64, result
    assert f"--user {name}" in result.stderr


def test_only_root_becomes_another(place):
    if os.geteuid() == 0:
        arguments = ["setpriv", f"--reuid={USER.pw_uid}", f"--regid={USER.pw_gid}", "--clear-groups", BINARY, "run", "--user", "nobody"]
        result = subprocess.run(arguments, capture_output=True, text=True, timeout=limits.ANSWER, env=ENVIRONMENT, cwd=place)
    else:
        result = bearerproxy("run", "--user", "nobody", directory=place)
    assert result.returncode == 1 and "only root can become another user" in result.stderr


@ROOT_ONLY
def test_root_without_a_user_is_warned(start, reachable, make_upstream):
    proxy = start(reachable(make_upstream().port))
    assert eventually(lambda: "warning: running as root" in proxy.tail())


# --- what others could do with its files


@pytest.mark.parametrize("command", ["check", "run"])
def test_what_others_could_change_is_warned_of(command, reachable, place, token):
    port = unused_port()
    secret = secret_file(place, "token", token)
    cache = place / "cache"
    cache.mkdir()
    configuration = {
        "routes": [reachable(1, listen=f"127.0.0.1:{port}")],
        "credentials": {"fixed": {"type": "static", "token": {"file": str(secret)}}},
        "tokenCache": {"file": str(cache / "tokens")},
    }
    path = place / "proxy.json"
    path.write_text(json.dumps(configuration))

    def warnings() -> str:
        if command == "check":
            result = bearerproxy("check", "--config", path)
            assert result.returncode == 0, result
            return result.stderr
        process = Process([BINARY, "run", "--config", path], place, "warned")
        process.wait_until(lambda: accepts(port))
        assert process.terminate() == 0
        return process.tail()

    path.chmod(0o644)
    assert "every user of this machine" not in warnings()
    path.chmod(0o666)
    secret.chmod(0o602)
    cache.chmod(0o777)
    told = warnings()
    assert f"{path}: every user of this machine can change it" in told
    assert 'token\\" can be changed by every user' in told or 'token" can be changed by every user' in told
    assert f"{cache}: every user of this machine can write there" in told
    # As in /tmp: nobody removes what is not theirs.
    cache.chmod(0o1777)
    assert f"{cache}: every user" not in warnings()


# --- descriptors


def descriptors(proxy) -> int:
    return len(os.listdir(f"/proc/{proxy.process.pid}/fd"))


@ROOT_ONLY
def test_connections_never_take_the_last_descriptors(start, reachable, make_upstream, place, token):
    new = token + "-new"
    accepted = {token}

    def serve(message):
        is_known = (message.one("Authorization") or "").removeprefix("Bearer ") in accepted
        return b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n" % (b"200 OK" if is_known else b"401 Unauthorized")

    upstreams = [make_upstream(answering(serve)) for _ in range(3)]
    routes = [reachable(upstream.port) | {"name": f"up{number}"} for number, upstream in enumerate(upstreams)]
    proxy = start(*routes, before=["prlimit", "--nofile=64:64"])
    proxy.secrets.append(new)
    listeners = len(routes)
    clients, served, most = [], 0, 0
    # More clients than there are descriptors, each with a connection that stays.
    for number in range(80):
        stream = socket.create_connection(("127.0.0.1", proxy.ports[number % listeners]), timeout=limits.ANSWER)
        clients.append(stream)
        stream.sendall(request())
        most = max(most, descriptors(proxy))
    # Whoever asks again and again is served, with all upstreams in turn: connections that rest give way.
    for number in range(30):
        with proxy.client(proxy.ports[number % listeners]) as client:
            answer = client.ask(request())
            assert answer.status in (200, 503), answer
            served += answer.status == 200
        most = max(most, descriptors(proxy))
    assert served > 0
    assert most <= 64 - 16, f"{most} of 64 descriptors were open"
    assert "cannot accept" not in proxy.tail() and "Too many open files" not in proxy.tail()
    # The rest is there for what has to be opened now: the secret's file.
    replaced(place / "token", new)
    os.chown(place / "token", USER.pw_uid, USER.pw_gid)
    accepted.clear()
    accepted.add(new)

    def passes() -> bool:
        with proxy.client() as client:
            return client.ask(request()).status == 200

    assert eventually(passes), proxy.tail()
    for stream in clients:
        stream.close()


@pytest.mark.skipif(shutil.which("gcore") is None, reason="there is no gdb, and deploy/test could not install it")
@ROOT_ONLY
def test_what_was_done_with_a_token_leaves_none_in_memory(start, reachable, make_upstream, place, token):
    """Where all memory is in the core, as it is in that of a kernel with other ideas, the secrets' own pages are not, and no
    buffer holds what has been sent."""
    upstream = make_upstream(refusing_all_but(token))
    proxy = start(reachable(upstream.port))
    for _ in range(3):
        with proxy.client() as client:
            for _ in range(5):
                assert client.ask(request("POST", body=b"marker-of-a-content")).status == 200
    Path(f"/proc/{proxy.process.pid}/coredump_filter").write_text("0x33")
    core = core_of(proxy.process.pid, place)
    assert b"marker-of-a-content" in core, "what is no secret stays in its buffer"
    assert_no_secret(core, [token], "the memory that is not the secrets' own")
