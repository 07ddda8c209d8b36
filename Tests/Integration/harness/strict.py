"""What may leave the proxy: requests that no two readers can understand in two ways."""

import re

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
REQUEST_LINE = re.compile(TOKEN + rb" (\*|/[!-~]*) HTTP/1\.1")
FIELD_LINE = re.compile(TOKEN + rb":[\t\x20-\x7e\x80-\xff]*")
# Fields of one connection, and others that only the client and the proxy have to do with (RFC 9110 7.6.1).
NEVER = {"keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "http2-settings"}
# Protocols that would be HTTP in a tunnel, which nobody holds to the rules.
NO_TUNNELS = re.compile(r"(h2c?|http|tls)(/.*)?", re.IGNORECASE)


def assert_unambiguous(raw_head: bytes, host: str, token: str):
    """A head as an upstream received it, without its last empty line."""
    start, *lines = raw_head.split(b"\r\n")
    assert REQUEST_LINE.fullmatch(start), start
    fields = []
    for line in lines:
        assert FIELD_LINE.fullmatch(line), line
        name, _, value = line.decode("latin-1").partition(":")
        # As the most lenient reader would see it.
        fields.append((name.lower().replace("_", "-"), value.strip(" \t")))

    def all_of(name):
        return [value for spelled, value in fields if spelled == name]

    assert all_of("host") == [host]
    assert all_of("authorization") == [f"Bearer {token}"]
    framing = all_of("content-length") + all_of("transfer-encoding")
    assert len(framing) <= 1, framing
    for length in all_of("content-length"):
        assert re.fullmatch("0|[1-9][0-9]*", length), length
    assert all_of("transfer-encoding") in ([], ["chunked"])
    assert not NEVER & {name for name, _ in fields}, fields
    assert all_of("expect") in ([], ["100-continue"])
    assert len(all_of("connection")) <= 1
    for option in ",".join(all_of("connection")).lower().split(","):
        assert option.strip() in ("", "upgrade", "te", "close"), fields
    assert bool(all_of("upgrade")) == ("upgrade" in ",".join(all_of("connection")).lower())
    for protocol in ",".join(all_of("upgrade")).split(","):
        assert not NO_TUNNELS.fullmatch(protocol.strip()), fields
    assert "of-the-client" not in raw_head.decode("latin-1")
