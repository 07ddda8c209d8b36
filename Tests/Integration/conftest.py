"""Fixtures that every black-box test may use. They start the real executable, on ports that the kernel picks."""

import os
import secrets as random
import signal
from pathlib import Path

import pytest

from harness import limits
from harness.certificates import Authority
from harness.processes import BINARY, Nginx, Proxy
from harness.upstream import Upstream, secret_file

NAME = "upstream.test"


def pytest_sessionstart(session):
    if not os.access(BINARY, os.X_OK):
        pytest.exit(f"there is no executable at {BINARY}: run swift build, or set BEARERPROXY", returncode=2)


@pytest.fixture(autouse=True)
def time_limit():
    """No test hangs: the alarm raises inside it."""

    def expire(_signal, _frame):
        raise TimeoutError(f"the test took more than {limits.TEST} s")

    signal.signal(signal.SIGALRM, expire)
    signal.alarm(limits.TEST)
    yield
    signal.alarm(0)


@pytest.fixture(scope="session")
def authority(tmp_path_factory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def leaf(authority):
    return authority.leaf("upstream", [NAME, "second.test", "127.0.0.1"])


@pytest.fixture(scope="session")
def token() -> str:
    return "token-" + random.token_hex(20)


@pytest.fixture(scope="module")
def directory(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("proxy")


@pytest.fixture(scope="module")
def make_upstream(leaf):
    """Starts upstreams; all of them end with the module."""
    made = []

    def make(serve=None, leaf=leaf) -> Upstream:
        made.append(Upstream(leaf, serve))
        return made[-1]

    yield make
    for upstream in made:
        upstream.close()


@pytest.fixture(scope="module")
def make_proxy(tmp_path_factory, authority, token):
    """Starts proxies; each is ended after the module, has to drain, and must have let no secret out."""
    made = []

    def make(*routes: dict, credentials: dict | None = None, environment=None, secrets=(), **top) -> Proxy:
        directory = tmp_path_factory.mktemp("proxy")
        if credentials is None:
            credentials = {"fixed": {"type": "static", "token": {"file": str(secret_file(directory, "token", token))}}}
        configuration = {"routes": list(routes), "credentials": credentials, **top}
        proxy = Proxy(directory, configuration, environment=environment, secrets=[token, *secrets])
        made.append(proxy)
        return proxy

    yield make
    problems = []
    for proxy in made:
        try:
            proxy.finish()
        except AssertionError as problem:
            problems.append(str(problem))
    assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def route(authority):
    """A route to a port of this machine under the name in the certificate."""

    def make(port: int, name: str = NAME, credential: str = "fixed", **more) -> dict:
        made = {
            "name": "up",
            "upstream": f"https://{name}",
            "connectTo": f"127.0.0.1:{port}",
            "credential": credential,
            "tls": {"ca": str(authority.certificate)},
        }
        made.update(more)
        return made

    return make


@pytest.fixture(scope="module")
def nginx(tmp_path_factory, leaf, token):
    process = Nginx(tmp_path_factory.mktemp("nginx"), leaf, token, NAME)
    yield process
    process.terminate()
