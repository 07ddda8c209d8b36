"""What other programs make of the inputs that fuzzing found: second_opinion.py TARGET FILE

FILE has a line for each input: its bytes in hexadecimal digits, and what the product read. Where the product accepts one, Python's
json, zlib and hashlib, or h11, have to accept it too and mean the same; where the product refuses, it may well be the stricter one."""

import base64
import hashlib
import io
import json
import sys
import zlib

LIMIT = 1 << 24


def unhex(word):
    return b"" if word == "-" else bytes.fromhex(word)


class Repeated(ValueError):
    """A key stands twice in an object, which Python would take."""


def unique(pairs):
    if len({key for key, _ in pairs}) < len(pairs):
        raise Repeated
    return dict(pairs)


def loads(text):
    def refuse(constant):
        raise ValueError(constant)

    def number(digits):
        """As it stands: the product keeps every digit."""
        return ("number", digits)

    return json.loads(text, object_pairs_hook=unique, parse_constant=refuse, parse_int=number, parse_float=number)


def depth(value):
    if isinstance(value, (dict, list)):
        return 1 + max((depth(each) for each in (value.values() if isinstance(value, dict) else value)), default=0)
    return 0


def is_well_formed(value):
    """No half of a surrogate pair, which Python takes and no UTF-8 has."""
    if isinstance(value, str):
        return not any(0xD800 <= ord(character) < 0xE000 for character in value)
    if isinstance(value, dict):
        return all(is_well_formed(key) and is_well_formed(each) for key, each in value.items())
    return all(map(is_well_formed, value)) if isinstance(value, list) else True


def check_json(source, verdict, words):
    try:
        text = source.decode()
        meant = None if text.startswith("\ufeff") else [loads(text)]
    except (ValueError, RecursionError):
        meant = None
    if meant and (depth(meant[0]) > 64 or not is_well_formed(meant[0])):
        meant = None
    if verdict == "refused":
        return None if meant is None else "Python's json takes it"
    if meant is None:
        return "Python's json refuses it"
    return None if loads(unhex(words[0]).decode()) == meant[0] else f"Python's json means {meant[0]!r}"


def check_calls(source, verdict, words):
    if verdict == "refused":
        return None
    try:
        # Keys of calls stand once; within parameters, Python takes the last of several, and nobody looks for a method there.
        found = json.loads(source.decode())
    except (ValueError, RecursionError):
        return "Python's json refuses it"
    calls = found if isinstance(found, list) else [found]
    named = [call.get("method", "").encode() for call in calls]
    return None if named == [unhex(word) for word in words[0].split(",")] else f"Python's json has the calls {named}"


def check_gzip(source, verdict, words):
    if verdict != "accepted":
        return None
    content, rest = b"", source
    try:
        while rest:
            inflater = zlib.decompressobj(31)
            content += inflater.decompress(rest, LIMIT)
            if not inflater.eof:
                return "zlib wants more of it"
            rest = inflater.unused_data
    except zlib.error as reason:
        return f"zlib refuses it: {reason}"
    return None if content == unhex(words[0]) else "zlib inflates something else"


def fields(word):
    if word == "-":
        return []
    return [tuple(map(unhex, line.split(":"))) for line in word.split(",")]


def content_end(connection, framing):
    """What is wrong where a content is to be framed so; None where it is."""
    import h11

    def next_end():
        while isinstance(event := connection.next_event(), h11.Data):
            pass
        return event

    if framing.isdigit() and int(framing) > 1 << 20:
        return None
    if framing == "chunked":
        connection.receive_data(b"1\r\nx\r\n0\r\n\r\n")
    elif framing == "untilClose":
        connection.receive_data(b"xyz")
        connection.receive_data(b"")
    elif framing != "none":
        connection.receive_data(b"x" * int(framing))
    end = next_end()
    if not isinstance(end, h11.EndOfMessage):
        return f"h11 has {end!r} where the content ends"
    return "h11 sees more behind the content" if connection.trailing_data[0] else None


def check_request(source, verdict, words):
    import h11

    if verdict != "accepted":
        return None
    count, minor, method, target, lines = int(words[0]), words[1], unhex(words[2]), unhex(words[3]), fields(words[5])
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    # h11 does not skip an empty line (RFC 9112 section 2.2).
    connection.receive_data(source[:count].removeprefix(b"\r\n"))
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as reason:
        return f"h11 refuses it: {reason}"
    if not isinstance(event, h11.Request):
        return f"h11 has {event!r}"
    same = method == event.method and target == event.target and event.http_version == b"1." + minor.encode()
    return compare(event, lines, same) or content_end(connection, words[4])


def check_response(source, verdict, words):
    import h11

    if verdict != "accepted":
        return None
    count, minor, status, reason_phrase, lines = int(words[0]), words[1], int(words[2]), unhex(words[3]), fields(words[5])
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=1 << 20)
    # An offer to switch protocols, so that 101 is an answer to it.
    connection.send(h11.Request(method="GET", target="/", headers=[("Host", "a"), ("Connection", "upgrade"), ("Upgrade", "websocket")]))
    connection.send(h11.EndOfMessage())
    connection.receive_data(source[:count])
    try:
        event = connection.next_event()
    except h11.RemoteProtocolError as reason:
        # There is no content, so nothing depends on its coding, and the field is not handed on.
        if (status < 200 or status in (204, 304)) and "Transfer-Encoding" in str(reason):
            return None
        return f"h11 refuses it: {reason}"
    if not isinstance(event, (h11.Response, h11.InformationalResponse)):
        return f"h11 has {event!r}"
    same = status == event.status_code and event.http_version == b"1." + minor.encode() and reason_phrase.strip() == event.reason.strip()
    # Behind an interim response comes another.
    return compare(event, lines, same) or (content_end(connection, words[4]) if status >= 200 else None)


def compare(event, lines, same):
    theirs = [(name.lower(), value.strip(b" \t")) for name, value in event.headers]
    # h11 lowers the value of Transfer-Encoding.
    ours = [(name.lower(), value.lower() if name.lower() == b"transfer-encoding" else value) for name, value in lines]
    return None if same and theirs == ours else f"h11 has {event!r}"


def check_chunked(source, verdict, words):
    import h11

    if verdict != "accepted":
        return None
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=1 << 20)
    connection.receive_data(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + source[: int(words[0])])
    content = io.BytesIO()
    try:
        while True:
            event = connection.next_event()
            if isinstance(event, h11.Data):
                content.write(event.data)
            elif isinstance(event, h11.EndOfMessage):
                break
            elif event in (h11.NEED_DATA, h11.PAUSED):
                return f"h11 has {event!r}"
    except h11.RemoteProtocolError as reason:
        return f"h11 refuses it: {reason}"
    return None if content.getvalue() == unhex(words[1]) else "h11 reads other content"


def check_upgrade(source, verdict, words):
    key, accept = map(unhex, words)
    if len(base64.b64decode(key, validate=True)) != 16:
        return "Python's base64 has another count of bytes"
    meant = base64.b64encode(hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
    return None if accept == meant else f"Python's hashlib and base64 make {meant!r}"


CHECKS = {
    "upgrade": check_upgrade,
    "json": check_json,
    "json-rpc": check_calls,
    "gzip": check_gzip,
    "request-head": check_request,
    "response-head": check_response,
    "chunked": check_chunked,
}


def main():
    check = CHECKS.get(sys.argv[1])
    if check is None:
        return 0
    count = wrong = 0
    with open(sys.argv[2]) as lines:
        for line in lines:
            source, verdict, *words = line.split()
            count += 1
            if (fault := check(unhex(source), verdict, words)) is not None:
                wrong += 1
                print(f"{sys.argv[1]}: {fault}; the product: {verdict}\n    {unhex(source)!r}")
    print(f"{sys.argv[1]}: {count} inputs, {wrong} on which the second opinion differs")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
