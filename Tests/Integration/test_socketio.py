"""Socket.IO 2 (Engine.IO 3) with python-socketio 4: the sandbox's events, directly and through the proxy, and a server of
that library behind the proxy. Polls alone, a WebSocket alone, and polls that become a WebSocket."""

import json
import re

import pytest
import socketio

from harness import limits
from harness.messages import eventually, request
from harness.processes import Proxy
from harness.sandbox import Sandbox
from harness.socket_io import Client, Server, names_and_values, tokens_in

TRANSPORTS = {"polling": ["polling"], "websocket": ["websocket"], "upgrade": None}
# Each is read as a token by some server: in another case, encoded once and twice, behind a semicolon, as an array, …
EVIL = [
    "token=evil", "TOKEN=evil", "%74oken=evil", "%2574oken=evil", "a=b;token=evil", "token[]=evil", "+token=evil",
    "token=evil&token=evil", "x=1&Token=evil;tOKEN=evil", "token",
]  # fmt: skip


@pytest.fixture(params=TRANSPORTS)
def transports(request):
    return TRANSPORTS[request.param]


def check_transport(client: Client, transports):
    """An upgrade goes on while the first events come."""
    expected = "polling" if transports == ["polling"] else "websocket"
    assert eventually(lambda: client.transport == expected), client.transport


def make_sandbox(tmp_path_factory, *options):
    return Sandbox(tmp_path_factory.mktemp("sandbox"), *options)


def proxy_before(sandbox: Sandbox, tmp_path_factory) -> Proxy:
    configuration = json.loads(json.dumps(sandbox.configuration))
    for route in configuration["routes"]:
        del route["listen"]  # the harness picks free ports
    configuration["log"] = {"access": "stdout", "format": "json", "level": "debug"}
    return Proxy(tmp_path_factory.mktemp("proxy"), configuration, secrets=sandbox.secrets())


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory):
    process = make_sandbox(tmp_path_factory)
    yield process
    assert process.terminate() == 0


@pytest.fixture(scope="module")
def sandbox_proxy(sandbox, tmp_path_factory):
    process = proxy_before(sandbox, tmp_path_factory)
    yield process
    process.finish()
    # Every JWT of these services begins alike, and the queries are full of them.
    assert b"eyJ" not in process.output


@pytest.fixture(params=["directly", "through the proxy"])
def connect_address(request, sandbox, sandbox_proxy, monkeypatch):
    """Where Connect is, with all that a client there has to say for itself."""
    if request.param == "through the proxy":
        return sandbox_proxy.address
    for name in ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
        monkeypatch.setenv(name, str(sandbox.directory / "ca.pem"))
    return f"https://{sandbox.route('btc')['connectTo']}/?token={sandbox.access_token()}"


# The sandbox.


def test_a_subscriber_is_told_of_transactions_and_blocks(connect_address, sandbox, sandbox_proxy, transports):
    with Client(connect_address, transports, "tx", "block") as client:
        check_transport(client, transports)
        assert client.ask("subscribe", "inv") is None
        with sandbox_proxy.client() as other:
            fields = {"Content-Type": "application/json"}
            sent = other.ask(request("POST", "/api/v1/tx/send", fields, b'{"rawtx":"0100000001abcdef"}'))
            published = json.loads(sent.body)["txid"]
            while (told := client.next("tx")[0])["txid"] != published:
                pass
            assert told["vout"] == []
            # What the feed tells of can be found.
            announced = sandbox.control("btc", "POST", "/_sandbox/tx")["txid"]
            while (told := client.next("tx")[0])["txid"] != announced:
                pass
            found = json.loads(other.ask(request(target=f"/api/v1/tx/{announced}")).body)
            assert told["valueOut"] == found["valueOut"]
            paid = {out["scriptPubKey"]["addresses"][0]: round(float(out["value"]) * 1e8) for out in found["vout"]}
            assert {address: amount for entry in told["vout"] for address, amount in entry.items()} == paid
        block = sandbox.control("btc", "POST", "/_sandbox/block")["hash"]
        while client.next("block")[0] != block:
            pass
        assert client.ask("unsubscribe", "inv") is None


def test_without_a_push_something_happens_all_the_same(sandbox_proxy):
    with Client(sandbox_proxy.address, None, "tx") as client:
        client.ask("subscribe", "inv")
        assert len(client.next("tx")[0]["txid"]) == 64


def test_a_subscriber_to_addresses_is_told_of_those_alone(sandbox, sandbox_proxy, transports):
    with sandbox_proxy.client() as other:
        block = json.loads(other.ask(request(target="/api/v1/block-index/869000")).body)["blockHash"]
        transactions = json.loads(other.ask(request(target=f"/api/v1/txs?block={block}")).body)["txs"]
    mine, foreign = (entry["vout"][0]["scriptPubKey"]["addresses"][0] for entry in transactions[1:3])
    with Client(sandbox_proxy.address, transports, "bitcoind/addresstxid", "tx") as client:
        client.ask("subscribe", ("bitcoind/addresstxid", [mine, "no address"]))
        sandbox.control("btc", "POST", f"/_sandbox/tx?address={foreign}")
        txid = sandbox.control("btc", "POST", f"/_sandbox/tx?address={mine}")["txid"]
        assert client.next("bitcoind/addresstxid") == ({"address": mine, "txid": txid},)
        assert client.told["tx"].empty()


@pytest.mark.parametrize("query", ["", "?token=nonsense", "?token=a&token=b"])
@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_the_sandbox_refuses_what_has_no_good_token(sandbox, query, transport, monkeypatch):
    for name in ("REQUESTS_CA_BUNDLE", "WEBSOCKET_CLIENT_CA_BUNDLE"):
        monkeypatch.setenv(name, str(sandbox.directory / "ca.pem"))
    with pytest.raises(socketio.exceptions.ConnectionError):
        Client(f"https://{sandbox.route('btc')['connectTo']}/{query}", [transport])


def test_a_session_ends_with_its_token_and_the_next_begins_with_another(tmp_path_factory, transports):
    sandbox = make_sandbox(tmp_path_factory, "--token-lifetime", "3")
    proxy = proxy_before(sandbox, tmp_path_factory)
    with Client(proxy.address, transports, "block") as client:
        for number in range(1, 3):
            client.ask("subscribe", "inv")
            block = sandbox.control("btc", "POST", "/_sandbox/block")["hash"]
            assert client.next("block") == (block,)
            assert ends(client) == "jwt expired"
            client.next("connect")
            check_transport(client, transports)
            assert sandbox.control("btc", "GET", "/_sandbox/state")["connect"]["sessions"]["opened"] > number
    state = sandbox.control("btc", "GET", "/_sandbox/state")
    assert state["accounts"]["tokenCalls"]["count"] > 1
    assert state["connect"]["refused"] == 0, "each handshake and each poll had a token that was good"
    proxy.finish()
    assert sandbox.terminate() == 0


def test_a_session_ends_when_its_token_is_revoked(sandbox, sandbox_proxy, transports):
    with Client(sandbox_proxy.address, transports, "block") as client:
        client.ask("subscribe", "inv")
        sandbox.control("btc", "POST", "/_sandbox/revoke")
        assert ends(client) == "invalid token"
        client.next("connect")
        client.ask("subscribe", "inv")
        block = sandbox.control("btc", "POST", "/_sandbox/block")["hash"]
        while client.next("block")[0] != block:
            pass


def ends(client: Client) -> str:
    """The reason of the disconnection. Its event and that of the packet behind it come on threads of their own."""
    while not (arguments := client.next("disconnect")):
        pass
    return arguments[0]


# A server of the library.


@pytest.fixture(scope="module")
def server(tmp_path_factory, leaf):
    server = Server(tmp_path_factory.mktemp("socket-io"), leaf)
    yield server
    server.terminate()


@pytest.fixture(scope="module")
def server_proxy(make_proxy, route, server):
    # A client that leaves while it upgrades may keep a connection until the server's next ping, longer than a test waits.
    return make_proxy(route(server.port, socketIOToken=True), drainTimeout="5s")


@pytest.fixture(autouse=True)
def forget(request):
    if "server" in request.fixturenames:
        request.getfixturevalue("server").forget()


def check_tokens(server: Server, token: str, transports):
    """Each request had the token once, first, and nothing that could be taken for another."""
    targets = server.targets
    assert targets
    for target in targets:
        assert tokens_in(target) == [token], names_and_values(target)
        assert target.startswith("/socket.io/?token=")
        assert "evil" not in target
    seen = {re.search("transport=([a-z]+)", target)[1] for target in targets}
    # A last poll of a client that has left may still have been under way when the record began anew.
    assert seen >= set(transports or ["polling", "websocket"])


def test_events_travel_both_ways(server, server_proxy, token, transports):
    with Client(server_proxy.address, transports, "news") as client:
        check_transport(client, transports)
        data = {"text": "grüße, \"quoted\" & 100 % €", "list": [1, 2.5, None, True]}
        assert client.ask("echo", data) == data
        server.emit(data)
        assert client.next("news") == (data,)
        assert client.ask("echo", b"\x00\xff binary") == b"\x00\xff binary"
    check_tokens(server, token, transports)


def test_rooms_are_kept_apart(server, server_proxy, token, transports):
    with Client(server_proxy.address, transports, "told") as one, Client(server_proxy.address, transports, "told") as two:
        one.ask("enter", "a")
        two.ask("enter", "b")
        one.ask("tell", ("b", "for two"))
        one.ask("tell", ("a", "for one"))
        assert one.next("told") == ("for one",)
        assert two.next("told") == ("for two",)
        two.ask("leave", "b")
        one.ask("tell", ("b", "for nobody"))
        two.ask("enter", "a")
        one.ask("tell", ("a", "for both"))
        assert one.next("told") == ("for both",) and two.next("told") == ("for both",)
    check_tokens(server, token, transports)


@pytest.mark.parametrize("size", [100, 70_000, 1_000_000])
def test_large_payloads_arrive_whole(server, server_proxy, token, transports, size):
    with Client(server_proxy.address, transports) as client:
        data = "aü" * (size // 3)
        assert client.ask("echo", data) == data
    check_tokens(server, token, transports)


@pytest.mark.parametrize("query", EVIL)
def test_a_token_of_the_client_never_arrives(server, server_proxy, token, transports, query):
    with Client(f"{server_proxy.address}/?{query}", transports) as client:
        assert client.ask("echo", 1) == 1
    check_tokens(server, token, transports)


@pytest.mark.parametrize("query", EVIL)
def test_nor_does_one_that_no_library_would_send(server, server_proxy, token, query):
    """Libraries normalise what they are given; these are the bytes themselves."""
    with server_proxy.client() as client:
        answer = client.ask(request(target=f"/socket.io/?{query}&EIO=3&transport=polling"))
        assert answer.status == 200, answer.body
    check_tokens(server, token, ["polling"])


def test_the_server_ends_the_session_and_the_next_handshake_has_a_new_token(
    tmp_path_factory, sandbox, leaf, authority, transports
):
    """Accounts is the sandbox's: the tokens are JWTs that the proxy obtains and renews."""
    server = Server(tmp_path_factory.mktemp("socket-io"), leaf)
    credential = json.loads(json.dumps(sandbox.configuration["credentials"]["bloq"]))
    up = {
        "name": "up", "upstream": "https://upstream.test", "connectTo": f"127.0.0.1:{server.port}", "credential": "bloq",
        "tls": {"ca": str(authority.certificate)}, "socketIOToken": True,
    }  # fmt: skip
    proxy = Proxy(tmp_path_factory.mktemp("proxy"), {"routes": [up], "credentials": {"bloq": credential}}, secrets=sandbox.secrets())
    try:
        with Client(f"{proxy.address}/?token=evil", transports) as client:
            assert client.ask("echo", 1) == 1
            (first,) = set(tokens_in(server.targets[0]))
            server.forget()
            # The token has run out: the server tells everybody to go, and refuses what comes with it.
            server.end_sessions(first)
            client.next("disconnect")
            reconnect(client, proxy, transports)
            assert client.ask("echo", 2) == 2
        targets = server.targets
        assert server.refusals >= 1
        assert all(len(tokens_in(target)) == 1 and "evil" not in target for target in targets)
        (second,) = set(tokens_in(targets[-1]))
        assert first != second and second.startswith("eyJ")
        handshakes = [tokens_in(target) for target in targets if "sid=" not in target]
        assert handshakes[-1] == [second]
    finally:
        server.terminate()
        proxy.finish()
    assert b"eyJ" not in proxy.output


def reconnect(client: Client, proxy: Proxy, transports):
    """python-socketio comes back by itself unless the server closed the transport with a packet of Engine.IO."""
    if not eventually(lambda: not client.told["connect"].empty(), 1):
        client.client.connect(f"{proxy.address}/?token=evil", transports=transports)
    client.next("connect", limits.ANSWER)
