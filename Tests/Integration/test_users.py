"""allow.users: who may ask, on loopback TCP of both families and on Unix sockets; clients are other users, by setpriv."""

import json
import re
import socket
import struct

import pytest

from harness.messages import Client, eventually, request
from harness.processes import bearerproxy
from harness.upstream import unused_port
from harness.users import ALICE, BIN, DAEMON, MALLORY, ask_as, needs_root, open_directory, remove

pytestmark = needs_root

ASK = request(fields={"Connection": "close"})


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream()


@pytest.fixture(scope="module")
def socket_directory():
    path = open_directory()
    yield path
    remove(path)


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream, socket_directory):
    """Its first listeners are for alice (a number), daemon (a name) and the group bin; the open route asks nobody."""
    users = {"allow": {"users": [ALICE, "daemon", "@bin"]}}
    port, six = unused_port(), unused_port()
    listeners = {
        "four": {"listen": f"127.0.0.1:{port}", **users},
        "six": {"listen": f"localhost:{six}", **users},
        "open": {"listen": f"127.0.0.1:{port}", "pathPrefix": "/open"},
        "unix": {"listen": f"unix:{socket_directory}/p.sock?mode=0666", **users},
    }
    return make_proxy(*({**route(upstream.port), "name": name, **more} for name, more in listeners.items()))


@pytest.fixture(params=["127.0.0.1", "::1", "::ffff:127.0.0.1", "unix"])
def address(request, proxy, socket_directory):
    if request.param == "unix":
        return f"{socket_directory}/p.sock"
    return f"{request.param}:{proxy.ports[1] if request.param == '::1' else proxy.ports[0]}"


def error(answer: bytes) -> dict:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 403 "), answer
    return json.loads(body)["error"]


@pytest.mark.parametrize("user", [ALICE, DAEMON, BIN])
def test_a_user_who_is_listed_may_ask(proxy, upstream, address, user):
    before = len(upstream.requests)
    answer = ask_as(user, address, ASK)
    assert answer.startswith(b"HTTP/1.1 200 "), answer
    assert len(upstream.requests) == before + 1


@pytest.mark.parametrize("user, shown", [(MALLORY, f"user {MALLORY} "), (0, "user 0 "), (33, "user 33 ")])
def test_any_other_user_is_refused_and_nothing_goes_upstream(proxy, upstream, address, user, shown):
    before = len(upstream.requests)
    refusal = error(ask_as(user, address, ASK))
    assert refusal["code"] == "forbidden"
    assert refusal["message"].startswith(shown) and "allow.users" in refusal["message"]
    assert len(upstream.requests) == before


def test_each_request_of_a_connection_is_refused_and_the_open_route_is_not(proxy, upstream):
    asked = request() + request(target="/open/x") + request(fields={"Connection": "close"})
    answers = ask_as(MALLORY, f"127.0.0.1:{proxy.port}", asked)
    assert re.findall(rb"HTTP/1\.1 (\d+) ", answers) == [b"403", b"200", b"403"]


def test_the_access_log_tells_the_user_where_it_was_asked_for(proxy):
    ask_as(ALICE, f"127.0.0.1:{proxy.port}", request(target="/of-alice", fields={"Connection": "close"}))
    ask_as(ALICE, f"127.0.0.1:{proxy.port}", request(target="/open/to-all", fields={"Connection": "close"}))

    def lines():
        shown = [json.loads(line) for line in proxy.out.read_text().splitlines()]
        return {line["path"]: line.get("uid") for line in shown}

    assert eventually(lambda: "/open/to-all" in lines())
    assert lines()["/of-alice"] == ALICE
    assert lines()["/open/to-all"] is None


def test_a_websocket_handshake_is_refused_as_any_request_is(proxy, upstream):
    fields = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="}
    before = len(upstream.requests)
    answer = ask_as(MALLORY, f"127.0.0.1:{proxy.port}", request(fields=fields) + ASK)
    assert answer.startswith(b"HTTP/1.1 403 ")
    assert len(upstream.requests) == before


def test_a_connection_that_is_handed_on_stays_its_makers(proxy):
    """A user who gets a connection from another asks as that one: the kernel knows who made it, and no more."""
    become = f"os.setgroups([]); os.setgid({MALLORY}); os.setuid({MALLORY})"
    assert ask_as(0, f"127.0.0.1:{proxy.port}", ASK, prelude=become).startswith(b"HTTP/1.1 403 ")
    made_by_alice = "import os; os.setegid(%d); os.seteuid(%d)" % (ALICE, ALICE)
    script = f"""
{made_by_alice}
client.close()
client = socket.socket(); client.connect((host, int(port)))
os.seteuid(0); os.setegid(0); {become}
"""
    assert ask_as(0, f"127.0.0.1:{proxy.port}", ASK, prelude=script).startswith(b"HTTP/1.1 200 ")


def test_a_client_that_has_closed_is_nobody_and_never_root(make_proxy, route, upstream):
    """The kernel gives a socket without a process to user 0."""
    proxy = make_proxy(route(upstream.port, allow={"users": ["root"]}))
    assert ask_as(0, f"127.0.0.1:{proxy.port}", ASK).startswith(b"HTTP/1.1 200 ")
    before = len(upstream.requests)
    for reset in [False, True]:
        with Client(proxy.port) as client:
            client.connection.sendall(request(target="/gone")[:-2])
            # The rest and the end arrive together, so that the request is whole only when the socket is nobody's.
            client.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, 1)
            client.connection.sendall(b"\r\n")
            if reset:
                client.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert len(upstream.requests) == before


@pytest.mark.parametrize(
    "users, code, shown",
    [
        (["daemon", "@daemon", "@4711", 4711], 0, ""),
        (["no-such-user"], 1, 'routes[0].allow.users[0]: this machine has no user "no-such-user"'),
        (["daemon", "@no-such-group"], 1, 'routes[0].allow.users[1]: this machine has no group "no-such-group"'),
        (["shadow"], 1, 'the group of that name is "@shadow"'),
        (["1000"], 1, "a user's number stands without quotes; write 1000"),
    ],
)
def test_names_are_looked_up_before_anything_is_served(tmp_path, authority, users, code, shown):
    document = {
        "routes": [
            {"listen": "127.0.0.1:0", "upstream": "https://upstream.test", "credential": "c", "allow": {"users": users}}
        ],
        "credentials": {"c": {"type": "static", "token": {"env": "TOKEN"}}},
    }
    file = tmp_path / "proxy.json"
    file.write_text(json.dumps(document))
    done = bearerproxy("check", "--config", file, environment={"TOKEN": "t" * 32})
    assert done.returncode == code, done
    assert shown in done.stdout + done.stderr
    if code:
        run = bearerproxy("run", "--config", file, environment={"TOKEN": "t" * 32})
        assert run.returncode == 78 and shown in run.stderr, run
