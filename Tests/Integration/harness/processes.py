"""The processes under test, and nginx. Each is ended by its own process id."""

import json
import os
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

from . import limits
from .messages import Client
from .secrets import assert_no_secret
from .upstream import unused_port

PACKAGE = Path(__file__).resolve().parents[3]
BINARY = os.environ.get("BEARERPROXY") or str(PACKAGE / ".build/debug/bearerproxy")

# What a process of the product starts with: nothing of the machine that could change how it behaves.
ENVIRONMENT = {
    "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
    "HOME": os.environ.get("HOME", "/"),
    "LANG": "C.UTF-8",
    "SWIFT_BACKTRACE": "enable=no",
    # What deploy/sanitize tells the sanitizer in the product.
    **{name: os.environ[name] for name in ("ASAN_OPTIONS", "TSAN_OPTIONS") if name in os.environ},
}


def bearerproxy(*arguments, environment=None, directory=None) -> subprocess.CompletedProcess:
    """Runs the executable to its end."""
    return subprocess.run(
        [BINARY, *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=limits.ANSWER,
        env={**ENVIRONMENT, **(environment or {})},
        cwd=directory,
    )


def accepts(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


class Process:
    """A process that runs while a test does; what it prints is kept in files."""

    def __init__(self, arguments, directory: Path, label: str, environment=None, pass_fds=()):
        self.label = label
        self.out, self.err = directory / f"{label}.out", directory / f"{label}.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.process = subprocess.Popen(
                [str(argument) for argument in arguments],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env={**ENVIRONMENT, **(environment or {})},
                cwd=directory,
                pass_fds=pass_fds,
            )

    @property
    def output(self) -> bytes:
        return self.out.read_bytes() + self.err.read_bytes()

    def wait_until(self, ready):
        deadline = time.monotonic() + limits.START
        while not ready():
            if self.process.poll() is not None:
                raise RuntimeError(f"{self.label} ended with {self.process.returncode}: {self.tail()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"{self.label} was not ready after {limits.START} s: {self.tail()}")
            time.sleep(0.02)

    def tail(self) -> str:
        return self.output.decode(errors="replace")[-2000:]

    def terminate(self) -> int:
        """SIGTERM, and its exit code; a process that does not end in time is killed, and that is a failure."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limits.END)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(limits.END)
            raise AssertionError(f"{self.label} did not end within {limits.END} s of SIGTERM") from None


class Proxy(Process):
    """`bearerproxy run` with a configuration that a test made; the routes that have a port have it in `ports`."""

    def __init__(self, directory: Path, configuration: dict, label="proxy", environment=None, secrets=(), before=()):
        """`before` is a command that becomes the proxy."""
        directory.mkdir(parents=True, exist_ok=True)
        self.secrets = list(secrets)
        self.seen: list[bytes] = []
        self.ports = []
        for route in configuration["routes"]:
            if "listen" not in route:
                route["listen"] = f"127.0.0.1:{unused_port()}"
            if not route["listen"].startswith("unix:"):
                self.ports.append(int(route["listen"].rpartition(":")[2]))
        # The last that is opened.
        admin = configuration.get("admin", {}).get("listen", "unix:")
        awaited = self.ports + ([] if admin.startswith("unix:") else [int(admin.rpartition(":")[2])])
        configuration.setdefault("log", {"access": "stdout", "format": "json", "level": "debug"})
        self.file = directory / f"{label}.json"
        self.file.write_text(json.dumps(configuration, indent=2))
        super().__init__([*before, BINARY, "run", "--config", self.file], directory, label, environment)
        self.wait_until(lambda: all(accepts(port) for port in awaited))

    @property
    def port(self) -> int:
        return self.ports[0]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self, port: int | None = None) -> Client:
        code = self.process.poll()
        assert code is None, f"the proxy has ended with {code}: {self.tail()}"
        return Client(port or self.port, watch=self.seen.append)

    def finish(self):
        """Ends the proxy: it drains, exits with 0, and has let no secret out."""
        code = self.terminate()
        self.check_secrets()
        assert code == 0, f"the proxy ended with {code}: {self.tail()}"

    def check_secrets(self):
        assert_no_secret(self.output, self.secrets, f"the output of {self.label}")
        assert_no_secret(b"".join(self.seen), self.secrets, f"an answer of {self.label}")


class Nginx(Process):
    """Debian's nginx as the upstream: TLS, and 401 for all but exactly the right Authorization."""

    def __init__(self, directory: Path, leaf, token: str, name: str = "upstream.test"):
        directory.mkdir(parents=True, exist_ok=True)
        self.port, self.plain_port = unused_port(), unused_port()
        self.directory = directory
        self.files = directory / "www" / "files"
        self.files.mkdir(parents=True)
        (directory / "temporary").mkdir()
        file = directory / "nginx.conf"
        file.write_text(CONFIGURATION.format(**locals(), port=self.port, plain_port=self.plain_port))
        # Workers that run as another user could not read a directory that only the test's user may enter.
        user = ["-g", "user root;"] if os.geteuid() == 0 else []
        executable = shutil.which("nginx") or "/usr/sbin/nginx"
        error_log = directory / "error.log"
        super().__init__([executable, "-p", directory, "-c", file, "-e", error_log, *user], directory, "nginx")
        self.wait_until(lambda: accepts(self.port) and accepts(self.plain_port))

    def log(self) -> list[dict]:
        """One entry a request to the TLS server: connection, method, path, status, host, authorization seen or not."""
        return [json.loads(line) for line in (self.directory / "access.log").read_text().splitlines()]


CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 1024; }}
http {{
    log_format entries escape=json
        '{{"connection":$connection,"method":"$request_method","path":"$uri","status":$status,"host":"$http_host"}}';
    access_log off;
    client_body_temp_path {directory}/temporary/body;
    proxy_temp_path {directory}/temporary/proxy;
    fastcgi_temp_path {directory}/temporary/fastcgi;
    uwsgi_temp_path {directory}/temporary/uwsgi;
    scgi_temp_path {directory}/temporary/scgi;
    client_max_body_size 8m;
    default_type application/json;
    map_hash_bucket_size 512;
    map $http_authorization $authorized {{
        default 0;
        "Bearer {token}" 1;
    }}
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name};
        ssl_certificate {leaf.certificate};
        ssl_certificate_key {leaf.key};
        access_log {directory}/access.log entries;
        root {directory}/www;
        if ($authorized = 0) {{ return 401 '{{"message":"who are you"}}'; }}
        if ($host != "{name}") {{ return 421; }}
        location = /api/v1/status {{ return 200 '{{"status":"ok","height":879544}}'; }}
        location = /echo {{
            proxy_pass http://127.0.0.1:{plain_port};
            proxy_set_header X-Content "$request_body";
            proxy_set_header X-Asked-Type "$content_type";
        }}
        location /files/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
    }}
    server {{
        listen 127.0.0.1:{plain_port};
        add_header X-Asked-Type $http_x_asked_type;
        return 200 $http_x_content;
    }}
}}
"""
