"""`decompress`: nginx compresses, and common clients that did not ask for it read what it compressed."""

import gzip
import http.client
import json
import random
import shutil
import subprocess
import threading
import time
import urllib.request
import zlib

import pytest
import requests

from harness import limits
from harness.messages import Broken, eventually, request
from harness.processes import ENVIRONMENT, Process, accepts
from harness.upstream import answering, unused_port

MEBIBYTE = 1 << 20
# How much memory the proxy may take on, whatever it inflates.
GROWTH_MAX = 8 * MEBIBYTE
DOCUMENT = json.dumps([{"height": height, "hash": f"{height * 7919:064x}"} for height in range(5000)]).encode()

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    log_format asked '$request_method $uri "$http_accept_encoding" "$sent_http_content_encoding" $status';
    access_log {directory}/access.log asked;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type application/json;
    gzip on;
    gzip_types *;
    gzip_proxied any;
    gzip_min_length 1;
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {leaf.certificate};
        ssl_certificate_key {leaf.key};
        root {directory}/www;
    }}
}}
"""


class Nginx(Process):
    def __init__(self, directory, leaf):
        self.port, self.directory = unused_port(), directory
        (directory / "www").mkdir()
        (directory / "www" / "document").write_bytes(DOCUMENT)
        file = directory / "nginx.conf"
        file.write_text(CONFIGURATION.format(directory=directory, port=self.port, leaf=leaf))
        super().__init__(["/usr/sbin/nginx", "-p", directory, "-c", file, "-e", directory / "error.log", "-g", "user root;"], directory, "nginx")
        self.wait_until(lambda: accepts(self.port))

    def last(self) -> str:
        return (self.directory / "access.log").read_text().splitlines()[-1]

    def says(self, *lines: str) -> bool:
        """Whether the last line becomes one of these: nginx writes it when the answer has gone."""
        return eventually(lambda: self.last() in lines)


@pytest.fixture(scope="module")
def server(tmp_path_factory, leaf):
    process = Nginx(tmp_path_factory.mktemp("nginx"), leaf)
    yield process
    process.terminate()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, server):
    return make_proxy(route(server.port, decompress=True))


@pytest.fixture(scope="module")
def url(proxy):
    return proxy.address + "/document"


def run(*command) -> subprocess.CompletedProcess:
    return subprocess.run([str(word) for word in command], capture_output=True, timeout=limits.TEST, env=ENVIRONMENT)


def curl(*arguments) -> bytes:
    done = run("curl", "-sS", "--noproxy", "*", "--max-time", limits.ANSWER, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def head_of(url, *arguments) -> dict:
    lines = curl("-o", "/dev/null", "-D", "-", *arguments, url).decode().split("\r\n")
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}


NODE = "require('http').get(process.argv[1], r => { r.pipe(process.stdout); r.on('aborted', () => process.exit(3)); })"


def by_curl(url):
    return curl(url)


def by_old_curl(url):
    return curl("-0", url)


def by_urllib(url):
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=limits.ANSWER) as answer:
        return answer.read()


def by_requests_without_coding(url):
    return requests.get(url, headers={"Accept-Encoding": None}, proxies={"http": ""}, timeout=limits.ANSWER).content


def by_node(url):
    if shutil.which("node") is None:
        pytest.skip("this needs Node")
    done = run("node", "-e", NODE, url)
    assert done.returncode == 0, done.stderr
    return done.stdout


CLIENTS = [by_curl, by_old_curl, by_urllib, by_requests_without_coding, by_node]


@pytest.mark.parametrize("client", CLIENTS)
def test_a_client_that_did_not_ask_reads_what_nginx_compressed(url, server, client):
    assert client(url) == DOCUMENT
    assert server.says('GET /document "gzip" "gzip" 200'), server.last()


def test_a_client_that_asks_gets_what_nginx_compressed(url, server, tmp_path):
    wire = curl("-H", "Accept-Encoding: gzip", url)
    assert len(wire) < len(DOCUMENT) / 4 and gzip.decompress(wire) == DOCUMENT
    assert curl("--compressed", url) == DOCUMENT
    assert eventually(lambda: '"gzip" 200' in server.last() and '"gzip" "gzip"' not in server.last()), server.last()
    assert requests.get(url, proxies={"http": ""}, timeout=limits.ANSWER).content == DOCUMENT


def test_the_head_says_what_the_content_is(url):
    head = head_of(url)
    assert head["etag"].startswith('W/"') and "accept-encoding" in head["vary"].lower()
    for name in ["content-encoding", "content-length", "accept-ranges"]:
        assert name not in head
    bare = head_of(url, "-I")
    assert bare["etag"] == head["etag"] and "content-length" not in bare and "content-encoding" not in bare


def test_a_tag_is_good_for_asking_again(url, server):
    tag = head_of(url)["etag"]
    head = curl("-o", "/dev/null", "-D", "-", "-H", f"If-None-Match: {tag}", url).decode()
    assert head.startswith("HTTP/1.1 304 ") and f"\r\nETag: {tag}\r\n" in head and "Content-Length" not in head
    assert server.says('GET /document "gzip" "" 304', 'GET /document "gzip" "-" 304'), server.last()


def test_a_range_is_one_of_the_document(url):
    assert curl("-r", "10-29", url) == DOCUMENT[10:30]


def test_many_on_one_connection(url):
    with requests.Session() as session:
        session.trust_env = False
        session.headers["Accept-Encoding"] = "identity"
        for _ in range(50):
            assert session.get(url, timeout=limits.ANSWER).content == DOCUMENT
        pools = session.get_adapter(url).poolmanager.pools
        assert sum(pools[key].num_connections for key in pools.keys()) == 1


# What no third party's server does when asked: pieces at a chosen time, and content that is wrong.


def chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n" if data else b""


HEAD = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n"


def test_events_come_one_by_one(make_proxy, make_upstream, route):
    seen = threading.Semaphore(0)

    def serve(connection):
        connection.next()
        compressor = zlib.compressobj(wbits=31)
        connection.send(HEAD)
        for number in range(3):
            data = compressor.compress(f"data: {number}\n\n".encode()) + compressor.flush(zlib.Z_SYNC_FLUSH)
            connection.send(chunk(data))
            # The next is sent when the client has this one.
            assert seen.acquire(timeout=limits.ANSWER)
        connection.send(chunk(compressor.flush()) + b"0\r\n\r\n")

    proxy = make_proxy(route(make_upstream(serve).port, decompress=True))
    with requests.get(proxy.address, headers={"Accept-Encoding": None}, proxies={"http": ""}, stream=True, timeout=limits.ANSWER) as answer:
        lines = answer.iter_lines(chunk_size=1)
        for number in range(3):
            assert next(lines) == f"data: {number}".encode()
            assert next(lines) == b""
            seen.release()
        assert list(lines) == []


@pytest.fixture(scope="module")
def contents():
    return {}


@pytest.fixture(scope="module")
def maker(make_proxy, make_upstream, route, contents):
    """A proxy before an upstream that sends whatever content a test has put under the path."""

    def serve(connection):
        while (message := connection.next()) is not None:
            connection.send(HEAD)
            content = contents[message.target]
            for start in range(0, len(content), 50_000):
                connection.send(chunk(content[start : start + 50_000]))
            connection.send(b"0\r\n\r\n")

    return make_proxy({**route(make_upstream(serve).port, decompress=True), "name": "squeezed"})


def flipped(data: bytes, offset: int) -> bytes:
    changed = bytearray(data)
    changed[offset] ^= 1
    return bytes(changed)


WHOLE = gzip.compress(DOCUMENT)
BROKEN = {
    "truncated": WHOLE[:-1],
    "checksum": flipped(WHOLE, -8),
    "length": flipped(WHOLE, -1),
    "garbage": WHOLE + b"\n",
    "no gzip": DOCUMENT,
    "bomb": gzip.compress(bytes(64 * MEBIBYTE)),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_what_is_not_whole_gzip_is_an_error_for_every_client(maker, contents, fault):
    target = "/" + fault.replace(" ", "-")
    contents[target] = BROKEN[fault]
    url = maker.address + target
    for version in [[], ["-0"]]:
        done = run("curl", "-sS", "--fail", "--noproxy", "*", "--max-time", limits.ANSWER, "-o", "/dev/null", *version, url)
        assert done.returncode != 0
    with pytest.raises((OSError, http.client.HTTPException)):
        by_urllib(url)
    with maker.client() as client:
        try:
            # Where it is found before any of it has gone.
            assert client.ask(request(target=target)).status == 502
        except (Broken, ConnectionError):
            pass
    log = maker.output.decode()
    assert any("route squeezed: " in line and "its gzip content" in line for line in log.splitlines())
    if fault == "bomb":
        assert "more than 256 times its size" in log
    # The proxy is as well as before.
    contents["/whole"] = WHOLE
    assert by_curl(maker.address + "/whole") == DOCUMENT


def memory(proxy) -> int:
    """The most memory that the process ever had, in bytes."""
    lines = (line.split() for line in open(f"/proc/{proxy.process.pid}/status"))
    return next(int(line[1]) * 1024 for line in lines if line[0] == "VmHWM:")


def test_memory_does_not_grow_with_what_is_inflated(maker, contents):
    text = random.Random(1).randbytes(32 * MEBIBYTE).hex().encode()
    contents["/large"] = gzip.compress(text, 1)
    contents["/whole"] = WHOLE
    assert by_curl(maker.address + "/whole") == DOCUMENT
    before = memory(maker)
    begun = time.monotonic()
    assert by_curl(maker.address + "/large") == text
    print(f"64 MiB from {len(contents['/large'])} bytes in {time.monotonic() - begun:.2f} s, {memory(maker) - before} bytes more")
    assert memory(maker) - before < GROWTH_MAX


def test_a_client_that_does_not_read_stops_the_upstream(maker, contents):
    text = random.Random(2).randbytes(32 * MEBIBYTE).hex().encode()
    contents["/stopped"] = gzip.compress(text, 1)
    contents["/whole"] = WHOLE
    assert by_curl(maker.address + "/whole") == DOCUMENT
    before = memory(maker)
    with maker.client() as client:
        client.send(request(target="/stopped"))
        time.sleep(1)
        assert memory(maker) - before < GROWTH_MAX
        assert client.response().body == text
    assert memory(maker) - before < GROWTH_MAX
