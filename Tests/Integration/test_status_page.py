"""The status page in a real browser, and the events that it follows."""

import json
import shutil
import socket
import threading
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from harness import limits
from harness.messages import eventually, request
from harness.upstream import OK, answering, secret_file, unused_port
from test_admin import Admin, TokenService

PATIENCE = limits.ANSWER * 1000  # milliseconds


@pytest.fixture(scope="module")
def browser():
    executable = shutil.which("chromium")
    assert executable, "these tests need Debian's package chromium"
    with sync_playwright() as playwright:
        # Its own sandbox wants rights that a test's user may not have; it loads nothing but the page under test.
        browser = playwright.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser):
    """Opens a page; in the end none may have had an error, or anything from elsewhere."""
    problems, pages = [], []

    def open_page(port, **more):
        page = browser.new_page(**more)
        pages.append(page)
        page.on("console", lambda message: problems.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if f"127.0.0.1:{port}" not in request.url and not request.url.startswith("data:") else None)
        answer = page.goto(f"http://127.0.0.1:{port}/")
        assert answer.status == 200
        return page

    yield open_page
    for page in pages:
        page.close()
    assert problems == []


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def troubled(make_proxy, route, upstream, tmp_path_factory):
    """A proxy of which one route works, one upstream is down, and one credential has no token."""
    directory = tmp_path_factory.mktemp("secrets")
    service = TokenService()
    service.status = 401
    port = unused_port()
    credentials = {
        "fixed": {"type": "static", "token": {"file": str(secret_file(directory, "token", "a-token-of-its-own"))}},
        "oauth": service.credential(directory),
    }
    proxy = make_proxy(
        route(upstream.port),
        route(unused_port(), name="upstream.test") | {"name": "down"},
        route(upstream.port, credential="oauth") | {"name": "billing"},
        credentials=credentials,
        admin={"listen": f"127.0.0.1:{port}"},
        secrets=["a-token-of-its-own", "secret-of-the-client"],
    )
    return proxy, port, service, directory


def card(page, kind, name):
    return page.locator(f"#{kind} .card").filter(has=page.get_by_role("heading", name=name, exact=True))


def test_the_page_shows_what_works_and_what_does_not(troubled, visit):
    proxy, port, service, directory = troubled
    page = visit(port)
    expect(page.locator("#state")).to_contain_text("not ready", timeout=PATIENCE)
    for place, status in ((0, 200), (1, 502), (2, 503)):
        with proxy.client(proxy.ports[place]) as client:
            assert client.ask(request("GET", "/a")).status == status
    expect(card(page, "tokens", "fixed")).to_contain_text("permanent", timeout=PATIENCE)
    expect(card(page, "tokens", "fixed")).to_contain_text("never", timeout=PATIENCE)
    expect(card(page, "tokens", "oauth")).to_contain_text("✗ refused", timeout=PATIENCE)
    expect(card(page, "tokens", "oauth")).to_contain_text("What to do: ", timeout=PATIENCE)
    expect(card(page, "routes", "up")).to_contain_text("✓", timeout=PATIENCE)
    expect(card(page, "routes", "billing")).to_contain_text("✗ no token", timeout=PATIENCE)
    expect(page.locator("#state")).to_have_text("✗ not ready: credential oauth", timeout=PATIENCE)
    expect(page.locator("#tokens-title")).to_have_text("Tokens 2, of which 1 in trouble", timeout=PATIENCE)
    errors = page.locator("#errors li")
    expect(errors.filter(has_text="upstream_unreachable")).to_contain_text("on route down", timeout=PATIENCE)
    expect(errors.filter(has_text="no_token")).to_contain_text("of credential oauth", timeout=PATIENCE)
    # It follows: nobody loads it anew.
    service.status = 200
    secret_file(directory, "client-secret", "another-secret-of-the-client")
    expect(page.locator("#state")).to_contain_text("✓ ready", timeout=PATIENCE)
    expect(card(page, "tokens", "oauth")).to_contain_text("59 min", timeout=PATIENCE)
    bar = card(page, "tokens", "oauth").get_by_role("img", name="100 % of the token's life is left")
    expect(bar).to_be_visible(timeout=PATIENCE)


def test_a_token_that_the_api_refuses_looks_like_it(make_proxy, route, make_upstream, visit, tmp_path):
    service, isRefusing = TokenService(), threading.Event()
    upstream = make_upstream(answering(lambda _: b"HTTP/1.1 401 X\r\nContent-Length: 0\r\n\r\n" if isRefusing.is_set() else OK))
    port = unused_port()
    proxy = make_proxy(
        route(upstream.port, credential="oauth"), credentials={"oauth": service.credential(tmp_path)}, admin={"listen": f"127.0.0.1:{port}"},
        secrets=["secret-of-the-client"])
    page = visit(port)
    token, up = card(page, "tokens", "oauth"), card(page, "routes", "up")
    expect(page.locator("#state")).to_have_text("✓ ready", timeout=PATIENCE)
    expect(page.locator("#version")).to_contain_text("OpenSSL", timeout=PATIENCE)
    assert "low" not in token.locator("svg.bar").get_attribute("class")
    service.status = 401
    isRefusing.set()
    assert proxy.client().ask(request("GET", "/a")).status == 503
    expect(up).to_contain_text("✗ token refused", timeout=PATIENCE)
    expect(token).to_contain_text("The API refuses the token, and there is no new one", timeout=PATIENCE)
    # It has most of its life left, and is of no use.
    expect(token.locator("svg.bar")).to_have_class("bar low doubted", timeout=PATIENCE)
    service.status = 200
    isRefusing.clear()
    secret_file(tmp_path, "client-secret", "another-secret-of-the-client")
    expect(up).to_contain_text("✓", timeout=PATIENCE)


def test_rates_and_times_are_plotted(troubled, visit):
    proxy, port, *_ = troubled
    page = visit(port)
    up = card(page, "routes", "up")
    path = up.locator("svg.plot path").first
    deadline = time.monotonic() + limits.ANSWER
    while "L" not in (path.get_attribute("d") if path.count() else "") or up.locator("dd").nth(1).inner_text() == "–":
        assert time.monotonic() < deadline
        with proxy.client() as client:
            for _ in range(10):
                assert client.ask(request("GET", "/a")).status == 200
        page.wait_for_timeout(100)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390, 320])
def test_everybody_can_read_it(troubled, visit, scheme, width):
    _, port, *_ = troubled
    page = visit(port, color_scheme=scheme, viewport={"width": width, "height": 800})
    expect(card(page, "routes", "up")).to_be_visible(timeout=PATIENCE)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_it_is_used_by_keyboard(troubled, visit):
    _, port, *_ = troubled
    page = visit(port)
    expect(page.locator("#summary")).to_contain_text("loop", timeout=PATIENCE)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the routes")).to_be_focused()
    page.keyboard.press("Tab")
    pause = page.get_by_role("button", name="Pause")
    expect(pause).to_be_focused()
    page.keyboard.press("Space")
    expect(pause).to_have_attribute("aria-pressed", "true")
    shown = page.locator("#summary").inner_text()
    page.wait_for_timeout(2500)
    assert page.locator("#summary").inner_text() == shown
    page.keyboard.press("Space")
    expect(page.locator("#summary")).not_to_have_text(shown, timeout=PATIENCE)


def test_what_strangers_write_is_text(troubled, visit):
    proxy, port, *_ = troubled
    page = visit(port)
    with proxy.client() as client:
        assert client.ask(request("GET", "/a", {"Origin": "http://<img src=x onerror=alert(1)>"})).status == 403
    expect(page.locator("#errors")).to_contain_text("<img src=x onerror=alert(1)>", timeout=PATIENCE)
    assert page.locator("#errors img").count() == 0


def test_the_page_lets_nothing_in_that_it_did_not_bring(troubled):
    _, port, *_ = troubled
    _, fields, content = Admin(port).get("/")
    policy = fields["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'sha256-") and "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy and "form-action 'none'" in policy and "base-uri 'none'" in policy
    assert b"https://" not in content and b"http://" not in content.replace(b"http://www.w3.org/2000/svg", b"")


def test_the_page_says_when_nobody_answers_and_goes_on_when_somebody_does(make_proxy, route, upstream, browser):
    port = unused_port()
    first = make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"})
    page = browser.new_page()
    page.goto(f"http://127.0.0.1:{port}/")
    expect(page.locator("#state")).to_contain_text("✓ ready", timeout=PATIENCE)
    first.terminate()
    expect(page.locator("#state")).to_contain_text("no answer", timeout=PATIENCE)
    make_proxy(route(upstream.port), admin={"listen": f"127.0.0.1:{port}"})
    expect(page.locator("#state")).to_contain_text("✓ ready", timeout=PATIENCE)
    page.close()


# The events


def events(admin) -> socket.socket:
    connection = admin.connect()
    connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return connection


def read_until(connection, isTrue) -> bytes:
    data = b""
    while not isTrue(data):
        piece = connection.recv(65536)
        assert piece, data[-200:]
        data += piece
    return data


def test_an_event_a_second_each_the_whole_status(troubled):
    _, port, *_ = troubled
    with events(Admin(port)) as connection:
        data = read_until(connection, lambda data: data.count(b"\n\n") >= 3)
    head, _, rest = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
    first, second, third = [json.loads(event.removeprefix(b"data: ")) for event in rest.split(b"\n\n")[:3]]
    assert first.keys() == Admin(port).status().keys()
    assert 0.5 < third["uptimeSeconds"] - second["uptimeSeconds"] < 10


def test_only_so_many_follow_and_who_goes_leaves_its_place(troubled):
    _, port, *_ = troubled
    admin = Admin(port)
    followers = [events(admin) for _ in range(8)]
    for follower in followers:
        read_until(follower, lambda data: b"\n\n" in data)
    code, fields, content = admin.get("/events")
    assert code == 503 and fields["retry-after"] and b"close one" in content
    # Others are served meanwhile.
    assert admin.get("/healthz")[0] == 200
    followers.pop().close()

    def is_let_in():
        with events(admin) as connection:
            return connection.recv(65536).startswith(b"HTTP/1.1 200")

    assert eventually(is_let_in)
    for follower in followers:
        follower.close()


def test_who_follows_and_takes_nothing_holds_nobody_up(make_proxy, route, upstream):
    port = unused_port()
    names = [f"route-{number}" for number in range(60)]
    routes = [route(upstream.port) | {"name": name, "listen": f"127.0.0.1:{unused_port()}"} for name in names]
    make_proxy(*routes, admin={"listen": f"127.0.0.1:{port}"})
    admin = Admin(port)
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(limits.ANSWER)
    admin.status()
    connection.connect(("127.0.0.1", port))
    connection.sendall(b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    time.sleep(3)
    assert admin.get("/healthz")[0] == 200
    # What it gets in the end is whole events; the others were left out.
    data = read_until(connection, lambda data: data.count(b"\n\n") >= 2)
    connection.close()
    event = data.partition(b"\r\n\r\n")[2].split(b"\n\n")[0]
    assert list(json.loads(event.removeprefix(b"data: "))["routes"]) == names


def test_head_of_events_ends(troubled):
    _, port, *_ = troubled
    code, fields, content = Admin(port).get("/events", method="HEAD")
    assert code == 200 and fields["content-type"] == "text/event-stream" and content == b""
