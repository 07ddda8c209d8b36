"""Common clients on one side and nginx on the other: no code of this project but the proxy in between."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import requests

from harness import limits
from harness.messages import eventually
from harness.processes import ENVIRONMENT
from harness.upstream import OK, answering

MEBIBYTE = 1 << 20
ORDER = {"amount": "0.01", "currency": "BTC", "note": "grüße, \"quoted\""}
MANY = 200


@pytest.fixture(scope="module")
def proxy(make_proxy, route, nginx):
    return make_proxy(route(nginx.port))


@pytest.fixture(scope="module")
def recorder(make_upstream):
    return make_upstream(answering(OK))


@pytest.fixture(scope="module")
def recorder_proxy(make_proxy, route, recorder):
    return make_proxy(route(recorder.port))


class Answer:
    def __init__(self, status: int, body: bytes, connections: int | None = None, kind: str = ""):
        self.status, self.body, self.connections, self.kind = status, body, connections, kind


class Curl:
    """curl, Debian's."""

    connections_most = 1

    def __init__(self, directory: Path):
        self.directory = directory

    def run(self, *arguments) -> str:
        command = ["curl", "-sS", "--noproxy", "*", "--max-time", str(limits.ANSWER), *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.TEST, env=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def ask(self, *arguments) -> Answer:
        body = self.directory / "answer"
        shown = self.run("-o", body, "-w", "%{http_code} %{content_type}", *arguments)
        status, _, kind = shown.partition(" ")
        return Answer(int(status), body.read_bytes(), kind=kind)

    def get(self, url: str) -> Answer:
        return self.ask(url)

    def post_json(self, url: str, text: str) -> Answer:
        return self.ask("-H", "Content-Type: application/json", "--data-raw", text, url)

    def send_file(self, method: str, url: str, file: Path) -> Answer:
        return self.ask("-X", method, "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{file}", url)

    def many(self, url: str, count: int) -> Answer:
        shown = self.run("-o", "/dev/null", "-w", "%{http_code} %{num_connects}\n", f"{url}?n=[1-{count}]")
        rows = [line.split() for line in shown.splitlines()]
        assert len(rows) == count and {status for status, _ in rows} == {"200"}, rows
        return Answer(200, b"", connections=sum(int(made) for _, made in rows))


class Requests:
    """Python's requests."""

    connections_most = 1

    def __init__(self, _directory: Path):
        self.session = requests.Session()
        self.session.trust_env = False

    def answer(self, answer) -> Answer:
        return Answer(answer.status_code, answer.content, kind=answer.headers.get("Content-Type", ""))

    def get(self, url: str) -> Answer:
        return self.answer(self.session.get(url, timeout=limits.ANSWER))

    def post_json(self, url: str, text: str) -> Answer:
        fields = {"Content-Type": "application/json"}
        return self.answer(self.session.post(url, data=text.encode(), headers=fields, timeout=limits.ANSWER))

    def send_file(self, method: str, url: str, file: Path) -> Answer:
        return self.answer(self.session.request(method, url, data=file.read_bytes(), timeout=limits.ANSWER))

    def many(self, url: str, count: int) -> Answer:
        for number in range(count):
            assert self.session.get(f"{url}?n={number}", timeout=limits.ANSWER).status_code == 200
        pools = self.session.get_adapter(url).poolmanager.pools
        return Answer(200, b"", connections=sum(pools[key].num_connections for key in pools.keys()))


class Fetch:
    """Node's fetch."""

    # fetch hands over the end of a body before it counts the connection as free, so now and then it opens another.
    connections_most = 10

    def __init__(self, directory: Path):
        self.directory = directory

    def run(self, task: dict) -> Answer:
        out = self.directory / "answer"
        script = Path(__file__).with_name("fetch.mjs")
        command = ["node", str(script), json.dumps({**task, "out": str(out)})]
        done = subprocess.run(command, capture_output=True, text=True, timeout=limits.TEST, env=ENVIRONMENT)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        return Answer(told["status"], out.read_bytes(), told["connections"], told["kind"] or "")

    def get(self, url: str) -> Answer:
        return self.run({"url": url})

    def post_json(self, url: str, text: str) -> Answer:
        return self.run({"url": url, "method": "POST", "text": text, "kind": "application/json"})

    def send_file(self, method: str, url: str, file: Path) -> Answer:
        return self.run({"url": url, "method": method, "file": str(file), "kind": "application/octet-stream"})

    def many(self, url: str, count: int) -> Answer:
        return self.run({"url": url, "count": count})


def node_has_fetch() -> bool:
    if shutil.which("node") is None:
        return False
    probe = subprocess.run(["node", "-p", "typeof fetch"], capture_output=True, text=True, timeout=limits.ANSWER)
    return probe.stdout.strip() == "function"


@pytest.fixture(params=[Curl, Requests, Fetch], ids=["curl", "requests", "fetch"])
def client(request, tmp_path):
    if request.param is Fetch and not node_has_fetch():
        pytest.skip("this needs Node 18 or newer, whose fetch is built in")
    return request.param(tmp_path)


@pytest.fixture
def big_file(tmp_path) -> Path:
    path = tmp_path / "big"
    path.write_bytes(os.urandom(MEBIBYTE))
    return path


def test_get(client, proxy):
    answer = client.get(proxy.address + "/api/v1/status")
    assert answer.status == 200
    assert json.loads(answer.body) == {"status": "ok", "height": 879544}
    assert answer.kind.startswith("application/json")


def test_post_with_a_json_body(client, proxy):
    answer = client.post_json(proxy.address + "/echo", json.dumps(ORDER))
    assert answer.status == 200
    assert json.loads(answer.body) == ORDER


def test_a_mebibyte_down(client, proxy, nginx, big_file):
    content = big_file.read_bytes()
    (nginx.files / "down").write_bytes(content)
    answer = client.get(proxy.address + "/files/down")
    assert answer.status == 200
    assert answer.body == content, hashlib.sha256(answer.body).hexdigest()


def test_a_mebibyte_up_to_a_file_of_nginx(client, proxy, nginx, big_file):
    target = nginx.files / "up"
    target.unlink(missing_ok=True)
    answer = client.send_file("PUT", proxy.address + "/files/up", big_file)
    assert answer.status == 201
    assert target.read_bytes() == big_file.read_bytes()


def test_a_mebibyte_up_in_a_post(client, recorder_proxy, recorder, big_file):
    recorder.forget()
    answer = client.send_file("POST", recorder_proxy.address + "/orders", big_file)
    assert (answer.status, answer.body) == (200, b"ok")
    assert [message.body == big_file.read_bytes() for message in recorder.requests] == [True]


def test_two_hundred_requests_on_one_connection(client, proxy, nginx):
    before = len(nginx.log())
    answer = client.many(proxy.address + "/api/v1/status", MANY)
    assert answer.connections <= client.connections_most
    assert eventually(lambda: len(nginx.log()) >= before + MANY)
    entries = nginx.log()[before:]
    assert [entry["status"] for entry in entries] == [200] * MANY
    # One after another, so that one pooled connection to nginx carries them all.
    assert len({entry["connection"] for entry in entries}) <= client.connections_most


def test_an_answer_that_nginx_refuses_comes_through(client, proxy):
    assert client.get(proxy.address + "/files/absent").status == 404
