"""nginx redirects to itself and sets cookies for itself; common clients stay with the proxy all the same."""

import http.cookiejar
import subprocess
import urllib.request

import pytest
import requests

from harness import limits
from harness.processes import ENVIRONMENT, Process, accepts
from harness.upstream import unused_port

NAME = "upstream.test"

CONFIGURATION = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
events {{ worker_connections 256; }}
http {{
    log_format asked '$request_method $uri $http_host "$http_cookie"';
    access_log {directory}/access.log asked;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    default_type text/plain;
    port_in_redirect off;
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name {name};
        ssl_certificate {leaf.certificate};
        ssl_certificate_key {leaf.key};
        root {directory}/www;
        if ($http_authorization != "Bearer {token}") {{ return 401; }}
        location = /away {{ return 302 https://elsewhere.test/x; }}
        location = /absolute {{ return 302 https://{name}/landed?from=absolute; }}
        location = /path {{ return 303 /landed; }}
        location = /plain {{ return 307 http://{name}/landed; }}
        location = /schemeless {{ absolute_redirect off; return 308 //{name}/landed; }}
        location = /twice {{ return 301 https://{name}/absolute; }}
        location = /landed {{ return 200 "landed $request_method $args"; }}
        location = /base/in {{ return 302 https://{name}/base/landed; }}
        location = /base/path {{ return 302 /base/landed; }}
        location = /base/out {{ return 302 https://{name}/landed; }}
        location = /base/landed {{ return 200 "landed below"; }}
        location = /login {{
            add_header Set-Cookie "session=s1; Domain={name}; Path=/; Secure; HttpOnly; SameSite=None";
            add_header Set-Cookie "plain=p1";
            add_header Set-Cookie "other=o1; Domain=elsewhere.test";
            return 302 https://{name}/whoami;
        }}
        location = /whoami {{ return 200 "$http_cookie"; }}
        location = /base/login {{
            add_header Set-Cookie "below=b1; Path=/base; Secure";
            add_header Set-Cookie "deep=d1; Path=/base/whoami; Domain={name}; Secure";
            return 200 "set";
        }}
        location = /base/whoami {{ return 200 "$http_cookie"; }}
    }}
}}
"""


class Nginx(Process):
    def __init__(self, directory, leaf, token):
        self.port, self.directory = unused_port(), directory
        (directory / "www" / "folder").mkdir(parents=True)
        (directory / "www" / "folder" / "index.html").write_text("the folder")
        file = directory / "nginx.conf"
        file.write_text(CONFIGURATION.format(directory=directory, port=self.port, name=NAME, leaf=leaf, token=token))
        super().__init__(["/usr/sbin/nginx", "-p", directory, "-c", file, "-e", directory / "error.log", "-g", "user root;"], directory, "nginx")
        self.wait_until(lambda: accepts(self.port))

    def log(self) -> str:
        return (self.directory / "access.log").read_text()


@pytest.fixture(scope="module")
def server(tmp_path_factory, leaf, token):
    process = Nginx(tmp_path_factory.mktemp("nginx"), leaf, token)
    yield process
    process.terminate()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, server):
    return make_proxy(route(server.port, cookies=True))


@pytest.fixture(scope="module")
def below(make_proxy, route, server):
    return make_proxy(route(server.port, upstream=f"https://{NAME}/base", pathPrefix="/shop", stripPrefix=True, cookies=True))


def curl(*arguments) -> str:
    command = ["curl", "-sS", "--noproxy", "", "--max-time", str(limits.ANSWER), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limits.TEST, env=ENVIRONMENT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def session() -> requests.Session:
    made = requests.Session()
    made.trust_env = False
    return made


REDIRECTS = [("absolute", "from=absolute"), ("path", ""), ("plain", ""), ("schemeless", ""), ("twice", "from=absolute")]


@pytest.mark.parametrize("path, query", REDIRECTS)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_curl_follows_a_redirect_and_stays_with_the_proxy(proxy, host, path, query):
    shown = curl("-L", "-w", "\n%{url_effective}", f"http://{host}:{proxy.port}/{path}")
    assert shown == f"landed GET {query}\nhttp://{host}:{proxy.port}/landed" + (f"?{query}" if query else "")


@pytest.mark.parametrize("path, query", REDIRECTS)
def test_requests_follows_a_redirect_and_stays_with_the_proxy(proxy, path, query):
    answer = session().get(f"{proxy.address}/{path}", timeout=limits.ANSWER)
    assert (answer.text, answer.url.partition("?")[0]) == (f"landed GET {query}", f"{proxy.address}/landed")


def test_a_redirect_that_nginx_makes_itself(proxy):
    assert curl("-L", f"{proxy.address}/folder") == "the folder"


def test_a_redirect_to_another_host_is_the_client_s_to_follow(proxy):
    assert curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{proxy.address}/away") == "302 https://elsewhere.test/x"


@pytest.mark.parametrize("path", ["in", "path"])
def test_a_redirect_below_base_path_and_prefix(below, path):
    shown = curl("-L", "-w", "\n%{url_effective}", f"{below.address}/shop/{path}")
    assert shown == f"landed below\n{below.address}/shop/landed"


def test_a_redirect_out_of_the_base_path_is_left_alone(below):
    shown = curl("-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", f"{below.address}/shop/out")
    assert shown == f"302 https://{NAME}/landed"


def test_a_client_of_http_1_0_without_host_gets_a_path(proxy):
    head = curl("-0", "-H", "Host:", "-D", "-", "-o", "/dev/null", f"{proxy.address}/absolute")
    assert "\nLocation: /landed?from=absolute\n" in head


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cookie_for_the_upstream_comes_back_from_curl(proxy, tmp_path, host):
    jar = tmp_path / "jar"
    address = f"http://{host}:{proxy.port}"
    followed = curl("-L", "-c", jar, "-b", jar, f"{address}/login")
    later = curl("-b", jar, f"{address}/whoami")
    for shown in [followed, later]:
        assert sorted(shown.split("; ")) == ["plain=p1", "session=s1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_cookie_for_the_upstream_comes_back_from_requests(proxy, host):
    client = session()
    followed = client.get(f"http://{host}:{proxy.port}/login", timeout=limits.ANSWER)
    later = client.get(f"http://{host}:{proxy.port}/whoami", timeout=limits.ANSWER)
    for answer in [followed, later]:
        assert sorted(answer.text.split("; ")) == ["plain=p1", "session=s1"]


def test_a_cookie_for_the_upstream_comes_back_from_urllib(proxy):
    jar = http.cookiejar.CookieJar()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(jar))
    with opener.open(f"{proxy.address}/login", timeout=limits.ANSWER) as answer:
        assert sorted(answer.read().decode().split("; ")) == ["plain=p1", "session=s1"]


def test_cookies_below_base_path_and_prefix_come_back_where_they_belong(below):
    client = session()
    client.get(f"{below.address}/shop/login", timeout=limits.ANSWER)
    assert sorted((cookie.name, cookie.path) for cookie in client.cookies) == [("below", "/shop"), ("deep", "/shop/whoami")]
    assert sorted(client.get(f"{below.address}/shop/whoami", timeout=limits.ANSWER).text.split("; ")) == ["below=b1", "deep=d1"]


def test_a_client_that_has_this_as_its_proxy_stays_with_it(proxy, server):
    """It names the upstream in its URLs, over http; a redirect to https would lead it past the proxy."""
    shown = curl("-L", "-x", proxy.address, "-w", "\n%{url_effective}", f"http://{NAME}/twice")
    assert shown == f"landed GET from=absolute\nhttp://{NAME}/landed?from=absolute"
    client = session()
    client.proxies = {"http": proxy.address}
    answer = client.get(f"http://{NAME}/login", timeout=limits.ANSWER)
    assert sorted(answer.text.split("; ")) == ["plain=p1", "session=s1"]
    assert f"GET /whoami {NAME}" in server.log()
