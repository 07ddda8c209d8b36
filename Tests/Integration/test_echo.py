"""An upstream that repeats the token, as error pages of debugging servers do: the client gets asterisks, as many as it has bytes."""

import base64
import gzip
import html
import json
import time
import urllib.parse

import pytest

from harness.messages import Broken, request
from harness.upstream import answering, secret_file
from test_trouble import bloq, json_answer, jwt  # noqa: F401

STATUSES = [200, 201, 302, 400, 401, 403, 404, 500, 502, 503]


def answer(content: bytes, status=200, fields=(), chunks=None) -> bytes:
    lines = [f"HTTP/1.1 {status} Reason"] + [f"{name}: {value}" for name, value in fields]
    if chunks is None:
        return "\r\n".join([*lines, f"Content-Length: {len(content)}", "", ""]).encode() + content
    pieces = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in chunks)
    return "\r\n".join([*lines, "Transfer-Encoding: chunked", "", ""]).encode() + pieces + b"0\r\n\r\n"


def forms(secret: str) -> dict[str, str]:
    def encoded(before: str, encode=base64.b64encode) -> str:
        return encode((before + secret).encode()).decode()

    return {
        "as it is": secret,
        "percent-encoded": urllib.parse.quote(secret, safe=""),
        "percent-encoded, lower case": "".join(c if c.isalnum() or c in "-._~" else f"%{ord(c):02x}" for c in secret),
        "percent-encoded but for slashes": urllib.parse.quote(secret),
        "percent-encoded twice": urllib.parse.quote(urllib.parse.quote(secret, safe=""), safe=""),
        "in JSON of PHP": secret.replace("/", "\\/"),
        "in JSON for HTML": secret.replace("&", "\\u0026").replace("'", "\\u0027").replace("=", "\\u003d"),
        "in HTML": html.escape(secret),
        "in a form": urllib.parse.quote_plus(secret),
        "in digits": secret.encode().hex(),
        "in base 64": encoded(""),
        "in base 64 behind one byte": encoded("x"),
        "in base 64 behind a scheme": encoded("Bearer "),
        "in base 64 for URLs": encoded("ab", base64.urlsafe_b64encode),
    }


TOKENS = {
    "opaque": "tok-" + "0123456789abcdef" * 3,
    "JWT": jwt(3600),
    "with reserved characters": "a/b+c==" * 5 + "~!$&'()*,;:@",
}


class Echo:
    """A proxy with this token, and an upstream whose answer a test decides."""

    def __init__(self, make_proxy, route, make_upstream, directory, token, **more):
        self.reply = b""
        self.serve = None
        self.token = token
        self.upstream = make_upstream(self.respond)
        file = secret_file(directory, f"token-{abs(hash(token))}", token)
        self.proxy = make_proxy(
            route(self.upstream.port, **more), credentials={"fixed": {"type": "static", "token": {"file": str(file)}}}, secrets=[token]
        )

    def respond(self, connection):
        while (message := connection.next()) is not None:
            assert message.one("Authorization") == f"Bearer {self.token}"
            if self.serve is not None:
                self.serve(connection)
            else:
                connection.send(self.reply)

    def get(self, reply: bytes | None = None, fields=(), method="GET"):
        self.reply = reply
        with self.proxy.client() as client:
            return client.ask(request(method, fields=fields), method)


@pytest.fixture(scope="module", params=TOKENS)
def echo(make_proxy, route, make_upstream, directory, request):
    return Echo(make_proxy, route, make_upstream, directory, TOKENS[request.param])


def stars(text: str, secret: str) -> str:
    return text.replace(secret, "*" * len(secret))


@pytest.mark.parametrize("form", forms("x"))
def test_no_form_of_it_comes_through_in_a_content(echo, form):
    shown = forms(echo.token)[form]
    text = json.dumps({"message": "who is this?", "headers": {"Authorization": f"Bearer {shown}"}})
    found = echo.get(answer(text.encode())).body.decode()
    assert len(found) == len(text) and found.startswith('{"message": "who is this?"') and found.endswith('"}}')
    if "base 64" not in form:
        assert found == stars(text, json.dumps(shown)[1:-1]) or found == stars(text, shown)
    else:
        assert found.count("*") >= len(echo.token) * 8 // 6 - 2


@pytest.mark.parametrize("status", STATUSES)
def test_in_a_head_and_a_content_of_any_status(echo, status):
    fields = [("X-Debug", f"Authorization: Bearer {echo.token}"), ("WWW-Authenticate", f'Bearer realm="{echo.token}"'), ("X-Plain", "plain")]
    found = echo.get(answer(f"<p>{echo.token}</p>".encode(), status, fields))
    hidden = "*" * len(echo.token)
    assert found.status == status and found.body.decode() == f"<p>{hidden}</p>"
    assert found.one("X-Debug") == f"Authorization: Bearer {hidden}" and found.one("X-Plain") == "plain"
    assert found.one("WWW-Authenticate") == f'Bearer realm="{hidden}"'


def test_in_a_reason_phrase_and_an_interim_answer(echo):
    early = f"HTTP/1.1 103 Early {echo.token}\r\nLink: </{echo.token}>\r\n\r\n".encode()
    final = answer(b"ok").replace(b"Reason", f"Bad {echo.token}".encode())
    found = echo.get(early + final)
    hidden = "*" * len(echo.token)
    assert found.start == f"HTTP/1.1 200 Bad {hidden}"
    assert [(message.start, message.one("Link")) for message in found.interim] == [(f"HTTP/1.1 103 Early {hidden}", f"</{hidden}>")]


@pytest.mark.parametrize("location", ["https://login.test/?next=%2Fa%3Fq%3D{0}", "/b?token={0}", "https://upstream.test/x?a=1&token={0}&b=2", "//other.test/{0}"])
def test_in_a_redirect(echo, location):
    shown = urllib.parse.quote(echo.token, safe="")
    found = echo.get(answer(b"", 302, [("Location", location.format(shown)), ("Set-Cookie", f"last={shown}; Domain=upstream.test")]))
    assert shown not in found.raw_head.decode() and found.one("Location").count("*") >= len(shown)
    assert found.one("Set-Cookie") == "last=" + "*" * len(shown)


def test_in_a_trailer(echo):
    reply = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: %s\r\n\r\n" % echo.token.encode()
    echo.reply = reply
    with echo.proxy.client() as client:
        client.send(request(fields=[("TE", "trailers"), ("Connection", "TE")]))
        assert client.reader.head().status == 200
        while b"\r\n0\r\n" not in client.reader.buffer or not client.reader.buffer.endswith(b"\r\n\r\n"):
            client.reader.more()
        assert b"X-Sum: " + b"*" * len(echo.token) in client.reader.buffer


def test_an_answer_to_head(echo):
    found = echo.get(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX-A: %s\r\n\r\n" % echo.token.encode(), method="HEAD")
    assert found.one("X-A") == "*" * len(echo.token) and found.one("Content-Length") == "1000"


@pytest.mark.parametrize("size", [1, 2, 7, 8, 9, 16, 61, 64, 100])
def test_over_the_boundaries_of_chunks(echo, size):
    """Its first bytes, fewer than eight, may have gone when the rest comes. More never do."""
    text = f"before {echo.token} between {echo.token}{echo.token} behind".encode()
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    found = echo.get(answer(b"", chunks=chunks)).body
    assert len(found) == len(text) and found.startswith(b"before ") and found.endswith(b" behind")
    assert echo.token[8:].encode() not in found
    assert found.count(b"*") >= 3 * (len(echo.token) - 7)
    if size >= 8:
        longest = max(range(len(echo.token) + 1), key=lambda count: count if echo.token[:count].encode() in found else -1)
        assert longest < 8


@pytest.mark.parametrize("length", ["Content-Length", "close"])
def test_over_the_boundaries_of_tls_records_that_come_apart(echo, length):
    text = f"[{echo.token}]".encode()

    def serve(connection):
        framing = f"Content-Length: {len(text)}\r\n" if length == "Content-Length" else "Connection: close\r\n"
        connection.send(f"HTTP/1.1 200 OK\r\n{framing}\r\n".encode())
        for at in range(0, len(text), 11):
            connection.send(text[at : at + 11])
            time.sleep(0.02)
        if length == "close":
            connection.finish()

    echo.serve = serve
    try:
        assert echo.get().body == b"[" + b"*" * len(echo.token) + b"]"
    finally:
        echo.serve = None


def test_in_a_long_content_again_and_again(echo):
    piece = (f"line {echo.token} " + "x" * 997 + "\n").encode()
    text = piece * 3000
    found = echo.get(answer(text)).body
    # Where what arrived together ended within its first bytes, these have gone.
    for line in found.splitlines(keepends=True):
        assert len(line) == len(piece) and line[5 + 8 :] == piece.replace(echo.token.encode(), b"*" * len(echo.token))[5 + 8 :]
    chunked = echo.get(answer(b"", chunks=[text[at : at + 1500] for at in range(0, len(text), 1500)])).body
    assert len(chunked) == len(text) and echo.token[8:].encode() not in chunked


@pytest.mark.parametrize("framing", ["chunks", "length", "gzip"])
def test_for_a_client_that_takes_nothing_for_a_while(echo, framing):
    """All buffers are full, and what was held back needs room of its own."""
    text = (f"<{echo.token}>" + echo.token[: len(echo.token) // 2]).encode() * 30_000
    size = len(echo.token) + 13
    if framing == "gzip":
        echo.reply = answer(gzip.compress(text, 1), 500, [("Content-Encoding", "gzip")])
    else:
        echo.reply = answer(text) if framing == "length" else answer(b"", chunks=[text[at : at + size] for at in range(0, len(text), size)])
    with echo.proxy.client() as client:
        client.send(request())
        time.sleep(0.5)
        found = client.response().body
    assert len(found) == len(text) and echo.token[8:].encode() not in found
    differing = sum(1 for old, new in zip(text, found) if old != new and new != ord("*"))
    assert differing == 0 and found.count(b"<") >= 30_000


def test_what_only_begins_like_it_comes_through_whole(echo):
    """At the end of a chunk, of the content, and with the next bytes being other ones."""
    start = echo.token[: min(60, len(echo.token) // 2 - 1)].encode()
    for chunks in [[start], [b"a " + start, b"?? " + start], [start[:20], start[20:], start], [start] * 5]:
        assert echo.get(answer(b"", chunks=chunks)).body == b"".join(chunks)
    assert echo.get(answer(start)).body == start


def test_much_of_it_at_the_end_of_a_content_is_hidden(echo):
    """A range, or a text that was cut to a length: all but a byte says as much as all."""
    for shown in [echo.token[:-1], echo.token[: len(echo.token) // 2 + 1]]:
        text = f"you sent {shown}".encode()
        hidden = b"you sent " + b"*" * len(shown)
        assert echo.get(answer(text)).body == hidden
        assert echo.get(answer(b"", chunks=[text])).body == hidden
        assert echo.get(answer(gzip.compress(text), 400, [("Content-Encoding", "gzip")])).body == hidden


def test_an_event_goes_on_at_once_even_if_it_ends_as_the_token_begins(echo):
    """Fewer than eight bytes are not held back, and no event ends with more: the client has it before the next is sent."""
    events = [b"data: hello\n\n", b"data: " + echo.token[:7].encode(), b"\n\n", b"data: " + echo.token.encode() + b"\n\n"]

    def serve(connection):
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for event in events:
            connection.send(b"%x\r\n%s\r\n" % (len(event), event))
            received.append(time.monotonic())
            assert taken(len(received))
        connection.send(b"0\r\n\r\n")

    received, seen = [], []

    def taken(count):
        deadline = time.monotonic() + 5
        while len(seen) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        return len(seen) >= count

    echo.serve = serve
    try:
        with echo.proxy.client() as client:
            client.send(request())
            client.reader.head()
            for event in events:
                assert client.reader.take(int(client.reader.line(), 16)) == event.replace(echo.token.encode(), b"*" * len(echo.token))
                client.reader.take(2)
                seen.append(event)
            assert client.reader.chunked() == b""
    finally:
        echo.serve = None


@pytest.mark.parametrize("asked", ["gzip", None])
@pytest.mark.parametrize("status", [400, 403, 404, 500, 302])
def test_in_a_compressed_error_page(echo, status, asked):
    """It is inflated, also for a client that takes gzip, for else nobody could see what is in it."""
    text = f"<p>You sent {echo.token}</p>".encode()
    fields = [("Content-Encoding", "gzip"), ("Content-Type", "text/html"), ("ETag", '"abc"'), ("Cache-Control", "no-transform")]
    found = echo.get(answer(gzip.compress(text), status, fields), [("Accept-Encoding", asked)] if asked else [])
    assert found.status == status and found.body == text.replace(echo.token.encode(), b"*" * len(echo.token))
    assert found.one("Content-Encoding") is None and found.one("ETag") == 'W/"abc"'


def test_a_compressed_error_page_for_head_and_without_content(echo):
    found = echo.get(b"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: 99\r\n\r\n", method="HEAD")
    assert found.one("Content-Encoding") is None and found.one("Content-Length") is None
    found = echo.get(b"HTTP/1.1 404 No\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n")
    assert found.body == b"" and found.one("Content-Length") == "0"


def test_a_compressed_answer_of_success_is_left_alone(echo):
    """README says so: what the client asked for in gzip, it gets as it came."""
    content = gzip.compress(b"plain text, and much of it" * 10)
    found = echo.get(answer(content, 200, [("Content-Encoding", "gzip")]), [("Accept-Encoding", "gzip")])
    assert found.body == content and found.one("Content-Encoding") == "gzip"


def test_what_was_inflated_for_the_client_is_looked_at(make_proxy, route, make_upstream, directory):
    token = TOKENS["opaque"] + "2"
    echo = Echo(make_proxy, route, make_upstream, directory, token, decompress=True)
    text = (f"{token} " + "y" * 5000).encode() * 100
    found = echo.get(answer(gzip.compress(text), 200, [("Content-Encoding", "gzip")]))
    assert len(found.body) == len(text) and token[8:].encode() not in found.body


def test_in_the_head_of_a_switch_and_not_in_the_tunnel(echo):
    """What stands in a tunnel is nobody's to read."""

    def serve(connection):
        connection.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: line-protocol\r\nX-Debug: %s\r\n\r\n" % echo.token.encode())
        connection.send(b"tunnelled " + echo.token[:20].encode() + b"\n")

    echo.serve = serve
    try:
        with echo.proxy.client() as client:
            client.send(request(fields=[("Connection", "upgrade"), ("Upgrade", "line-protocol")]))
            found = client.reader.head()
            assert found.status == 101 and found.one("X-Debug") == "*" * len(echo.token)
            assert client.reader.take(31) == b"tunnelled " + echo.token[:20].encode() + b"\n"
    finally:
        echo.serve = None


def test_of_basic_credentials_the_password_too(make_proxy, route, make_upstream, directory):
    user, password = "somebody", "correct/horse+battery staple"
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    upstream = make_upstream(answering(lambda _: answer(f"{user} {encoded} {password} {urllib.parse.quote(password)}".encode(), 401)))
    credentials = {"fixed": {"type": "basic", "username": {"file": str(secret_file(directory, "user", user))}, "password": {"file": str(secret_file(directory, "password", password))}}}  # fmt: skip
    proxy = make_proxy(route(upstream.port), credentials=credentials, secrets=[password, encoded])
    with proxy.client() as client:
        found = client.ask(request())
    assert found.status == 401 and set(found.body.decode().removeprefix(user)) == {"*", " "}


def test_the_tokens_of_all_attempts(make_proxy, route, make_upstream, bloq):
    """The first is refused, and the answer to the second has both."""
    given = []

    def accounts(_):
        given.append(jwt(3600, len(given)))
        return json_answer({"accessToken": given[-1], "refreshToken": "r" * 40})

    service = make_upstream(answering(accounts))

    def reply(message):
        mine = message.one("Authorization").removeprefix("Bearer ")
        if mine == given[0]:
            return answer(b"jwt expired", 401)
        return answer(" ".join(given).encode())

    upstream = make_upstream(answering(reply))
    proxy = make_proxy(route(upstream.port, credential="bloq"), credentials=bloq(service.port), secrets=given)
    with proxy.client() as client:
        found = client.ask(request())
    assert found.status == 200 and len(given) == 2
    assert found.body.decode() == " ".join("*" * len(token) for token in given)
    proxy.secrets += given


def test_what_is_no_token_is_not_touched(echo):
    """Another's token, a short piece of this one, and 200 kB of anything."""
    text = (jwt(60, 99) + echo.token[5:25] + "*" * 50).encode() + bytes(range(256)) * 800
    assert echo.get(answer(text)).body == text


ANSWER = "<p>insufficient funds: {0}</p>"


@pytest.mark.parametrize("status", [401, 402, 302])
@pytest.mark.parametrize("content", ["empty", "plain", "one byte", "padded", "two members", "damaged", "truncated", "garbage behind"])
@pytest.mark.parametrize("framing", ["chunks", "single bytes", "close", "length"])
def test_a_definite_answer_keeps_its_status_whatever_is_wrong_with_its_gzip(echo, status, content, framing):
    """A 502 would say that nobody knows what became of the request."""
    text = ANSWER.format(echo.token).encode()
    coded = gzip.compress(text)
    sent = {
        "empty": b"", "plain": text, "one byte": b"\x1f" + text, "padded": coded + bytes(600), "two members": coded + bytes(3) + coded,
        "damaged": coded[:-5] + b"!" + coded[-4:], "truncated": coded[:-4], "garbage behind": coded + b"x",
    }[content]  # fmt: skip
    expected = {"empty": b"", "one byte": b"\x1f" + text, "two members": text + text}.get(content, text)
    coding = [("Content-Encoding", "gzip")]
    if framing == "close":
        reply = answer(b"", status, coding).replace(b"Content-Length: 0", b"Connection: close") + sent
    elif framing == "length":
        reply = answer(sent, status, coding)
    else:
        size = 1 if framing == "single bytes" else 1 << 20
        reply = answer(b"", status, coding, chunks=[sent[at : at + size] for at in range(0, len(sent), size)])

    def serve(connection):
        connection.send(reply)
        if framing == "close":
            connection.finish()

    echo.serve = serve
    try:
        with echo.proxy.client() as client:
            client.send(request())
            head = client.reader.head()
            assert head.status == status and head.one("Content-Encoding") is None
            if content in ("damaged", "truncated", "garbage behind"):
                with pytest.raises(Broken):
                    client.reader.chunked()
            else:
                found = client.reader.chunked() if head.one("Transfer-Encoding") else client.reader.take(int(head.one("Content-Length")))
                assert len(found) == len(expected) and echo.token[8:].encode() not in found
                if framing != "single bytes":
                    assert found.decode() == stars(expected.decode(), echo.token)
    finally:
        echo.serve = None


@pytest.mark.parametrize("status", [200, 400])
@pytest.mark.parametrize("coding", ["identity", "", "Identity, identity", ","])
def test_what_is_said_to_have_no_coding_is_looked_at(echo, coding, status):
    found = echo.get(answer(f"<p>{echo.token}</p>".encode(), status, [("Content-Encoding", coding)]))
    assert found.body == b"<p>" + b"*" * len(echo.token) + b"</p>" and found.one("Content-Encoding") == coding


@pytest.mark.parametrize("coding", ["gzip, identity", "identity,gzip", ",x-gzip,"])
def test_gzip_in_a_list_with_nothing_else_is_gzip(echo, coding):
    found = echo.get(answer(gzip.compress(f"<p>{echo.token}</p>".encode()), 400, [("Content-Encoding", coding)]))
    assert found.body == b"<p>" + b"*" * len(echo.token) + b"</p>" and found.one("Content-Encoding") is None
