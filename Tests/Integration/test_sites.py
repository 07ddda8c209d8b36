"""Host, Origin and Sec-Fetch-Site: what a page of another site can make a browser send, and what the proxy's own may."""

import socket

import pytest

from harness import limits
from harness.messages import Reader, request
from harness.upstream import unused_port

HANDSHAKE = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    own = route(upstream.port)
    own["listen"] = f"127.0.0.1:{unused_port()}"
    return make_proxy(own, own | {"name": "dev", "pathPrefix": "/dev", "allow": {"origins": ["http://localhost:3000"]}})


def asked(proxy, upstream, **message):
    """The answer, and whether the request went upstream."""
    before = len(upstream.requests)
    with proxy.client() as client:
        answer = client.ask(request(**message), message.get("method", "GET"))
    return answer, len(upstream.requests) > before


# Each has its reason: a name that leads here by DNS rebinding, or another way to write an address of this machine that
# browsers or resolvers understand (inet_aton(3), RFC 3986 section 7.4, "0.0.0.0 day" of 2024).
FOREIGN_HOSTS = [
    "evil.example", "evil.example:PORT", "localhost.evil.example:PORT", "127.0.0.1.nip.io:PORT", "localhost.:PORT", "localhost.",
    "127.0.0.1.", "0.0.0.0", "0.0.0.0:PORT", "0:PORT", "0", "127.1:PORT", "127.0.1:PORT", "2130706433:PORT", "0x7f000001:PORT", "0x7f.1:PORT",
    "0177.0.0.1:PORT", "017700000001:PORT", "127.000.000.001:PORT", "127.0.0.2:PORT", "[::]:PORT", "[::]", "[::ffff:127.0.0.1]:PORT",
    "[::ffff:7f00:1]:PORT", "[0:0:0:0:0:0:0:1]:PORT", "[::0001]:PORT", "upstream.test", "localhost%2eevil.example", "%6cocalhost:PORT", "xn--localhost-9fh",
    "ip6-localhost:PORT", "localhost.localdomain:PORT", "sub.localhost:PORT", "localhost,evil.example", "host.docker.internal:PORT", "169.254.169.254",
]


@pytest.mark.parametrize("handshake", [False, True], ids=["request", "handshake"])
@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_a_host_that_is_not_the_listeners_is_refused(proxy, upstream, host, handshake):
    answer, went = asked(proxy, upstream, host=host.replace("PORT", str(proxy.port)), fields=HANDSHAKE if handshake else {})
    assert answer.status == 403 and not went
    assert b'"code":"forbidden"' in answer.body and b"allow.hosts" in answer.body


@pytest.mark.parametrize("host", ["", " ", ":80", "user@localhost", "localhost:0x50", "::1", "[::1%25lo]", "local host", "localhost/x"])
def test_a_host_that_is_none_is_malformed(proxy, upstream, host):
    answer, went = asked(proxy, upstream, host=host)
    assert answer.status == 400 and not went


@pytest.mark.parametrize("host", ["localhost", "localhost:PORT", "LocalHost:PORT", "127.0.0.1", "127.0.0.1:PORT", "[::1]:PORT", "localhost:9"])
def test_the_names_of_loopback_are_the_listeners(proxy, upstream, host):
    answer, went = asked(proxy, upstream, host=host.replace("PORT", str(proxy.port)))
    assert answer.status == 200 and went


@pytest.mark.parametrize("target, status", [
    ("http://0.0.0.0:PORT/", 421), ("http://evil.example/", 421), ("http://127.1:PORT/", 421), ("http://localhost.:PORT/", 421),
    ("http://localhost:PORT/", 200), ("http://upstream.test/", 200),
])
def test_the_authority_of_an_absolute_target_is_held_to_the_same(proxy, upstream, target, status):
    answer, went = asked(proxy, upstream, target=target.replace("PORT", str(proxy.port)))
    assert answer.status == status and went == (status == 200)


# name: (fields, status). OWN is the listener's origin; the requests' Host is localhost:PORT.
SITES = {
    "no browser at all": ({}, 200),
    "the listener's own page": ({"Origin": "OWN", "Sec-Fetch-Site": "same-origin"}, 200),
    "the listener's own page, in another case": ({"Origin": "HTTP://LOCALHOST:PORT"}, 200),
    "an address typed by a person": ({"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}, 200),
    # Another port of this machine is the same site; without an Origin it can neither read the answer nor send but a GET.
    "a link on a page of the same site": ({"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}, 200),
    "a post of another port of this machine": ({"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}, 403),
    "a page of another name of this machine": ({"Origin": "http://127.0.0.1:PORT", "Sec-Fetch-Site": "cross-site"}, 403),
    "the same place by https": ({"Origin": "https://localhost:PORT"}, 403),
    "the same host without its port": ({"Origin": "http://localhost"}, 403),
    "another site": ({"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}, 403),
    "an old browser, which says the origin alone": ({"Origin": "https://evil.example"}, 403),
    "an image, a script or a link on another site": ({"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}, 403),
    "the own origin, but another site says the browser": ({"Origin": "OWN", "Sec-Fetch-Site": "cross-site"}, 403),
    "a sandboxed frame, a data: page, or a page without referrer": ({"Origin": "null"}, 403),
    "a file": ({"Origin": "file://"}, 403),
    "an extension": ({"Origin": "chrome-extension://aaaabbbbccccddddeeeeffffgggghhhh"}, 403),
    "an empty origin": ({"Origin": ""}, 403),
    "the own origin with a slash": ({"Origin": "OWN/"}, 403),
    "the own origin as the beginning of a name": ({"Origin": "OWN.evil.example"}, 403),
    "the own origin as user information": ({"Origin": "http://localhost:PORT@evil.example"}, 403),
    "a list of origins": ({"Origin": "OWN, http://evil.example"}, 403),
    "a list of origins with a space": ({"Origin": "OWN http://evil.example"}, 403),
    "an unspecified address": ({"Origin": "http://0.0.0.0:PORT", "Sec-Fetch-Site": "cross-site"}, 403),
    "a field of another spelling": ({"Sec_Fetch_Site": "cross-site"}, 403),
    # Where the proxy has another name than loopback's, and no TLS, that is all that a browser says of an image's page.
    "an image on another site, over plain HTTP": ({"Referer": "https://evil.example/page"}, 403),
    "an image on another port of this machine, over plain HTTP": ({"Referer": "http://localhost:3000/"}, 403),
    "an image on an own page": ({"Referer": "OWN/page?from=https://evil.example/"}, 200),
    "a link on a page of the same site, which says where": ({"Referer": "http://localhost:3000/", "Sec-Fetch-Site": "same-site"}, 200),
}


@pytest.mark.parametrize("method", ["GET", "POST", "handshake", "preflight"])
@pytest.mark.parametrize("name", SITES)
def test_pages_of_other_sites_are_refused(proxy, upstream, name, method):
    template, status = SITES[name]
    own = f"http://localhost:{proxy.port}"
    fields = {key: value.replace("OWN", own).replace("PORT", str(proxy.port)) for key, value in template.items()}
    message = {"host": f"localhost:{proxy.port}", "method": method if method.isupper() else "GET"}
    if method == "handshake":
        fields = {**HANDSHAKE, **fields}
    if method == "preflight":
        message["method"] = "OPTIONS"
        fields |= {"Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "authorization", "Access-Control-Request-Private-Network": "true"}
    answer, went = asked(proxy, upstream, fields=fields, **message)
    assert answer.status == status and went == (status == 200), answer
    assert not [field for field, _ in answer.fields if field.lower().startswith("access-control-")], answer.fields
    if status == 403:
        assert b'"code":"forbidden"' in answer.body and b"may not use route" in answer.body


def test_two_origins_are_refused(proxy, upstream):
    own = f"http://localhost:{proxy.port}"
    answer, went = asked(proxy, upstream, host=f"localhost:{proxy.port}", fields=[("Origin", own), ("Origin", own)])
    assert answer.status == 403 and not went


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
def test_an_origin_that_is_listed_may_use_its_route_alone(proxy, upstream, method):
    fields = {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"}
    assert asked(proxy, upstream, target="/dev/x", method=method, fields=fields)[0].status == 200
    answer, went = asked(proxy, upstream, target="/x", method=method, fields=fields)
    assert answer.status == 403 and not went


def test_a_listener_on_another_loopback_address_has_that_name_too(make_proxy, route, upstream):
    port = unused_port()
    here, there = route(upstream.port), route(upstream.port)
    proxy = make_proxy({**here, "listen": f"127.0.0.1:{port}"}, {**there, "name": "second", "listen": f"127.0.0.2:{port}"})
    for address, host, status in [("127.0.0.2", "127.0.0.2", 200), ("127.0.0.2", "127.0.0.3", 403), ("127.0.0.1", "127.0.0.2", 403)]:
        with socket.create_connection((address, port), timeout=limits.ANSWER) as connection:
            connection.sendall(request(host=f"{host}:{port}"))
            assert Reader(connection).response().status == status
    assert proxy.process.poll() is None
