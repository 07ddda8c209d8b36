"""allow.rpcMethods on the running proxy: what is refused does not arrive, and what is allowed arrives byte for byte."""

import json
import select
import socket
import threading
import time

import pytest

from harness.messages import eventually, request
from harness.upstream import answering
from test_malformed_requests import assert_own_error

JSON = ("Content-Type", "application/json")
CALL = b'{"jsonrpc":"2.0","id":1,"method":"getblockcount"}'
MEBIBYTE = 1 << 20

ALLOWED = {
    "a call": CALL,
    "a method by the pattern": b'{"method":"getblockhash","params":[1],"id":0}',
    "a method without a star": b'{"method":"eth_call"}',
    "a batch": b'[{"method":"getblockcount"},{"method":"eth_call","id":2}]',
    "white space": b' \r\n\t{ "method" : "getblock" } \n',
    "an escaped letter": b'{"method":"get\\u0062lock"}',
    "a name in the parameters": b'{"method":"getblock","params":{"method":"sendtoaddress","Method":1}}',
    "a key twice in the parameters": b'{"method":"getblock","params":{"a":1,"a":2}}',
    "characters outside ASCII": '{"method":"getblock","params":["é日本"]}'.encode(),
}
REFUSED = {
    "another method": (403, b'{"method":"sendtoaddress"}', "sendtoaddress"),
    "another method in capitals": (403, b'{"method":"GETBLOCK"}', "GETBLOCK"),
    "a prefix of a method without a star": (403, b'{"method":"eth_calls"}', "eth_calls"),
    "a method with something before it": (403, b'{"method":"xgetblock"}', None),
    "one of a batch": (403, b'[{"method":"getblock"},{"method":"sendtoaddress"}]', "sendtoaddress"),
    "the last of a long batch": (403, b"[" + b'{"method":"getblock"},' * 999 + b'{"method":"stop"}]', "stop"),
    "a batch that is too long": (403, b"[" + b'{"method":"getblock"},' * 1000 + b'{"method":"getblock"}]', "more than 1000"),
    "many keys": (403, b'{"method":"getblock",%s"x":1}' % b"".join(b'"k%d":1,' % number for number in range(31)), "32 keys"),
    "an empty batch": (403, b"[]", "empty batch"),
    "a batch in a batch": (403, b'[[{"method":"sendtoaddress"}]]', None),
    "no call": (403, b"{}", None),
    "a number": (403, b"1", None),
    "a key in another case": (403, b'{"Method":"sendtoaddress"}', None),
    "a second key in another case": (403, b'{"method":"getblock","METHOD":"sendtoaddress"}', None),
    "a second key with a NUL": (403, b'{"method":"getblock","method\\u0000":"sendtoaddress"}', None),
    "a first key with a NUL and more": (403, b'{"method\\u0000x":"sendtoaddress","method":"getblock"}', "control character"),
    "another key with a control character": (403, b'{"method":"getblock","id\\u001f":1}', "control character"),
    "a second key with a space": (403, b'{"method":"getblock"," method":"sendtoaddress"}', None),
    "a method that is a list": (403, b'{"method":["getblock","sendtoaddress"]}', None),
    "a method with a NUL": (403, b'{"method":"getblock\\u0000"}', None),
    "two keys": (400, b'{"method":"getblock","method":"sendtoaddress"}', None),
    "two keys, one escaped": (400, b'{"method":"getblock","\\u006dethod":"sendtoaddress"}', None),
    "a second call behind the first": (400, b'{"method":"getblock"}\n{"method":"sendtoaddress"}', None),
    "a long key twice": (400, b'{"%s":1,"%s":2}' % (b"A" * 70_000, b"A" * 70_000), "A" * 40 + '"...'),
    "a key of control characters twice": (403, b'{"%s":1,"%s":2}' % (b"\\u0001" * 12_000, b"\\u0001" * 12_000), "control character"),
    "a key of one long character twice": (400, '{{"e{0}":1,"e{0}":2}}'.format("\u0301" * 30_000).encode(), "stands twice"),
    "something behind the call": (400, b'{"method":"getblock"}x', None),
    "a NUL behind the call": (400, b'{"method":"getblock"}\0', None),
    "a comment": (400, b'{"method":"getblock"/*","x":"*/}', None),
    "a byte order mark": (400, b'\xef\xbb\xbf{"method":"getblock"}', None),
    "UTF-16": (400, '{"method":"sendtoaddress"}'.encode("utf-16-le"), None),
    "no UTF-8": (400, b'{"method":"getblock","x":"\xff"}', None),
    "nothing but white space": (400, b"  ", None),
    "deep nesting": (400, b'{"method":"getblock","params":' + b"[" * 500_000, None),
    "a form": (400, b"method=sendtoaddress", None),
}


@pytest.fixture(scope="module")
def upstream(make_upstream):
    return make_upstream(answering())


@pytest.fixture(scope="module")
def proxy(make_proxy, route, upstream):
    allow = {"rpcMethods": ["getblock*", "eth_call"]}
    return make_proxy(route(upstream.port, allow=allow))


@pytest.fixture
def arrived(upstream):
    """What arrived since the test began. All of it comes on connections that were there, or on later ones."""
    before = {connection.number: len(connection.requests) for connection in upstream.connections}

    def check() -> list:
        return [
            (message.method, message.target, message.body)
            for connection in list(upstream.connections)
            for message in connection.requests[before.get(connection.number, 0) :]
        ]

    return check


def call(content=CALL, fields=(JSON,), **more) -> bytes:
    return request("POST", "/", fields=list(fields), body=content, **more)


def chunked(content: bytes, size: int) -> bytes:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("content", ALLOWED.values(), ids=ALLOWED)
@pytest.mark.parametrize("framing", ["a length", "chunks", "byte by byte", "expect"])
def test_an_allowed_call_arrives_as_it_is(proxy, arrived, content, framing):
    with proxy.client() as client:
        if framing == "chunks":
            client.send(chunked(content, 7))
        elif framing == "byte by byte":
            for byte in call(content):
                client.send(bytes([byte]))
        elif framing == "expect":
            client.send(call(content, [JSON, ("Expect", "100-continue")])[: -len(content)])
            assert client.reader.head().status == 100
            client.send(content)
        else:
            client.send(call(content))
        answer = client.response("POST")
        assert answer.status == 200, answer.body
        assert client.ask(call()).status == 200, "the connection goes on"
    assert arrived() == [("POST", "/", content), ("POST", "/", CALL)]


@pytest.mark.parametrize("status, content, named", REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("framing", ["a length", "chunks"])
def test_a_refused_call_does_not_arrive(proxy, arrived, status, content, named, framing):
    with proxy.client() as client:
        client.send_as_far_as_taken(chunked(content, 50_000) if framing == "chunks" else call(content))
        error = assert_own_error(client.response(), status, None)
        if named:
            assert named in error["message"]
        # All of it has been received: another may follow.
        assert client.ask(call()).status == 200
    assert arrived() == [("POST", "/", CALL)]


def test_a_long_name_is_cut_and_escaped_in_the_message(proxy, arrived):
    with proxy.client() as client:
        error = assert_own_error(client.ask(call(b'{"method":"%s"}' % (b'\\"<' * 42))), 403, "forbidden")
        assert len(error["message"]) < 400
        assert_own_error(client.ask(call(b'{"method":"%s"}' % (b"x" * 129))), 403, "forbidden")
    assert arrived() == []


FIELDS = {
    "no type": [],
    "a form's type": [("Content-Type", "application/x-www-form-urlencoded")],
    "plain text": [("Content-Type", "text/plain")],
    "another character set": [("Content-Type", "application/json; charset=utf-16")],
    "two types": [JSON, ("Content-Type", "text/plain")],
    "the type with a low line besides": [JSON, ("Content_Type", "text/plain")],
    "an unknown parameter": [("Content-Type", "application/json; a=b; charset=utf-8")],
    "a coding": [JSON, ("Content-Encoding", "gzip")],
    "the coding identity": [JSON, ("Content-Encoding", "identity")],
    "a coding with a low line": [JSON, ("Content_Encoding", "br")],
    "a field for the method": [JSON, ("X-HTTP-Method-Override", "PUT")],
    "a field for the path": [JSON, ("X-Original-URL", "/wallet")],
    "a type that would not go on": [JSON, ("Connection", "content-type")],
    "a type that would not go on, with a low line": [JSON, ("Connection", "keep-alive, Content_Type")],
    "a coding that would not go on": [JSON, ("Connection", "Content-Encoding")],
}


@pytest.mark.parametrize("fields", FIELDS.values(), ids=FIELDS)
def test_a_content_that_may_be_read_otherwise(proxy, arrived, fields):
    with proxy.client() as client:
        assert_own_error(client.ask(call(fields=fields)), 403, "forbidden")
    assert arrived() == []


@pytest.mark.parametrize(
    "kind", ["application/json", "Application/JSON", "application/json;charset=UTF-8", 'application/json; charset="utf-8"', "application/json-rpc"])
def test_types_of_json(proxy, arrived, kind):
    with proxy.client() as client:
        assert client.ask(call(fields=[("Content-Type", kind)])).status == 200
    assert arrived() == [("POST", "/", CALL)]


@pytest.mark.parametrize("query", ["?method=sendtoaddress", "?", "?a"])
def test_a_query_beside_the_content(proxy, arrived, query):
    """Some servers take a call from there."""
    with proxy.client() as client:
        error = assert_own_error(client.ask(request("POST", "/" + query, fields=[JSON], body=CALL)), 403, "forbidden")
        assert "query" in error["message"]
        assert client.closed()
    with proxy.client() as client:
        assert client.ask(call()).status == 200
    assert arrived() == [("POST", "/", CALL)]


def test_other_methods_and_paths_and_upgrades(proxy, arrived):
    upgrade = [JSON, ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]
    for method in ["GET", "PUT", "OPTIONS", "QUERY", "post"]:
        with proxy.client() as client:
            answer = client.ask(request(method, "/?method=sendtoaddress", fields=[JSON], body=b"" if method == "GET" else CALL))
            assert answer.one("Allow") == "POST"
            assert_own_error(answer, 405, "method_refused")
    with proxy.client() as client:
        assert_own_error(client.ask(request("GET", "/", fields=upgrade)), 403, "forbidden")
        assert_own_error(client.ask(request("POST", "//", fields=[JSON])), 403, "forbidden")
        assert_own_error(client.ask(request("POST", "/", fields=[JSON])), 403, "forbidden")
    assert arrived() == []


def test_the_longest_content_and_one_byte_more(proxy, arrived):
    def long(count: int) -> bytes:
        start, end = b'{"method":"getblock","params":["', b'"]}'
        return start + b"a" * (count - len(start) - len(end)) + end

    with proxy.client() as client:
        assert client.ask(call(long(MEBIBYTE))).status == 200
        client.send(chunked(long(MEBIBYTE), 60_000))
        assert client.response().status == 200
    for data in [call(long(MEBIBYTE + 1)), chunked(long(MEBIBYTE + 1), 60_000)]:
        with proxy.client() as client:
            client.send_as_far_as_taken(data)
            error = assert_own_error(client.response(), 413, "content_too_large")
            assert "allow.rpcMethods" in error["message"]
            assert client.closed()
    assert [len(body) for _, _, body in arrived()] == [MEBIBYTE, MEBIBYTE]


def test_the_routes_own_limit_counts_as_well(make_proxy, route, upstream, arrived):
    proxy = make_proxy(route(upstream.port, allow={"rpcMethods": ["*"]}, limits={"requestBody": 60}))
    with proxy.client() as client:
        assert client.ask(call()).status == 200
        assert_own_error(client.ask(call(CALL + b" " * 20)), 413, "content_too_large")
    assert arrived() == [("POST", "/", CALL)]


def test_a_content_that_does_not_end(make_proxy, route, upstream, proxy, arrived):
    impatient = make_proxy(route(upstream.port, allow={"rpcMethods": ["*"]}, timeouts={"requestBody": "300ms"}))
    with impatient.client() as client:
        client.send(call()[:-1])
        error = assert_own_error(client.response(), 408, "request_timeout")
        assert "content" in error["message"] and "300" in error["message"]
        assert client.closed()
    with proxy.client() as client:
        client.send(call()[:-1])
        client.connection.shutdown(socket.SHUT_WR)
        assert client.closed()
    with proxy.client() as client:
        client.send(chunked(CALL, 7)[:-20] + b"zz\r\n")
        assert_own_error(client.response(), 400, "bad_request")
        assert client.closed()
    assert arrived() == []


def test_a_content_that_comes_in_drops(make_proxy, route, upstream, arrived):
    """Each byte is no reason to wait as long again: what there is of the content takes memory that others want."""
    proxy = make_proxy(route(upstream.port, allow={"rpcMethods": ["*"]}, timeouts={"requestBody": "1s"}))
    with proxy.client() as client:
        client.send(call(b" " * 1000 + CALL)[: -len(CALL) - 1000])
        began = time.monotonic()
        while time.monotonic() < began + 20 and not select.select([client.connection], [], [], 0.1)[0]:
            client.send(b" ")
        assert_own_error(client.response(), 408, "request_timeout")
        assert client.closed()
    assert arrived() == []


def test_a_request_behind_the_call_waits_its_turn(proxy, arrived):
    with proxy.client() as client:
        client.send(call() + call(b'{"method":"stop"}') + chunked(CALL, 3) + call(b'{"method":"eth_call"}'))
        assert [client.response().status for _ in range(4)] == [200, 403, 200, 200]
    assert [body for _, _, body in arrived()] == [CALL, CALL, b'{"method":"eth_call"}']


def test_an_http_1_0_client(proxy, arrived):
    with proxy.client() as client:
        client.send(b"POST / HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(CALL), CALL))
        assert client.response().status == 200
    assert arrived() == [("POST", "/", CALL)]


def test_many_at_once(proxy, arrived):
    """Half of them are refused, and each gets its own answer."""
    results = []

    def ask(number: int):
        method = "getblock" if number % 2 else "stop"
        content = json.dumps({"method": method, "id": number, "pad": "x" * 10_000}).encode()
        with proxy.client() as client:
            client.send_as_far_as_taken(call(content))
            answer = client.response()
            results.append((answer.status, number % 2, answer.body))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result for result in results if result[0] != (200 if result[1] else 403)] == []
    assert len(results) == 40
    assert len(arrived()) == 20


def test_a_401_sends_the_same_content_again(make_proxy, route, make_upstream, tmp_path):
    """By a token that changes: with the new one the call arrives once more, as it was."""
    file = tmp_path / "token"
    file.write_text("first-token")
    file.chmod(0o600)

    def answer(message) -> bytes:
        if message.one("Authorization") == "Bearer first-token":
            file.write_text("second-token")
            return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    upstream = make_upstream(answering(answer))
    # What is looked into is kept in any case, whatever replayBody says.
    proxy = make_proxy(
        route(upstream.port, allow={"rpcMethods": ["get*"]}, replayBody=0), secrets=["first-token", "second-token"],
        credentials={"fixed": {"type": "static", "token": {"file": str(file)}}})
    content = b'{"method":"getblock","params":["%s"]}' % (b"x" * 300_000)
    with proxy.client() as client:
        assert client.ask(call(content)).status == 200
    assert [message.body for message in upstream.requests] == [content, content]


def test_no_query_and_no_content_is_in_the_log(proxy):
    with proxy.client() as client:
        client.ask(request("POST", "/?hush=hush", fields=[JSON], body=CALL))
    with proxy.client() as client:
        client.ask(call(b'{"method":"stop","params":["hushhush"]}'))
    assert eventually(lambda: b'"status":403' in proxy.output)
    time.sleep(0.1)
    assert b"hush" not in proxy.output
