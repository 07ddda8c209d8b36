import Wire

/// A request whose field lines after Host are `lines`.
private func get(_ lines: String) -> String { "GET / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" }
private func post(_ lines: String) -> String { "POST / HTTP/1.1\r\nHost: a\r\n" + lines + "\r\n" }
private func host(_ value: String) -> String { "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n" }

/// Field lines, Host, and what frames the content and keeps the connection.
let requestFieldVectors: [RequestVector] =
    acceptedFields + refusedFields + sizes + acceptedHosts + refusedHosts + lengths + codings + connections

private let acceptedFields: [RequestVector] = [
    .accept("no white space", get("A:b\r\n"), fields: ["Host=a", "A=b"]),
    .accept("white space around the value", get("A: \t b c\t \r\n"), fields: ["Host=a", "A=b c"]),
    .accept("an empty value", get("A:\r\nB:  \r\n"), fields: ["Host=a", "A=", "B="]),
    .accept("a tab in the value", get("A: b\tc\r\n"), fields: ["Host=a", "A=b\tc"]),
    .accept("obs-text in the value", get("A: \u{80}\u{E9}\u{FF}\r\n"), fields: ["Host=a", "A=\u{80}\u{E9}\u{FF}"]),
    .accept("colons in the value", get("A: b:c: d\r\n"), fields: ["Host=a", "A=b:c: d"]),
    .accept("a name of every kind of tchar", get("!#$%&'*+-.^_`|~09Az: b\r\n"), fields: ["Host=a", "!#$%&'*+-.^_`|~09Az=b"]),
    .accept("repeated names keep their order", get("A: 1\r\nB: 2\r\nA: 3\r\n"), fields: ["Host=a", "A=1", "B=2", "A=3"]),
    .accept(
        "a long value", get("A: " + String(repeating: "x\u{A0}~", count: 1000) + "\r\n"),
        fields: ["Host=a", "A=" + String(repeating: "x\u{A0}~", count: 1000)]),
]

private let refusedFields: [RequestVector] = [
    .refuse("a space before the colon", get("A : b\r\n"), .whiteSpaceBeforeColon(at: 26)),
    .refuse("a tab before the colon", get("A\t: b\r\n"), .whiteSpaceBeforeColon(at: 26)),
    .refuse("no name", get(": b\r\n"), .nameEmpty(at: 25)),
    .refuse("no colon", get("A\r\n"), .colonMissing(at: 26)),
    .refuse("no colon and a lone LF", get("A\n"), .bareLineFeed(at: 26)),
    .refuse("a folded line", get("A: b\r\n c\r\n"), .foldedLine(at: 31)),
    .refuse("a line folded with a tab", get("A: b\r\n\tc: d\r\n"), .foldedLine(at: 31)),
    .refuse("a folded first line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", .foldedLine(at: 16)),
    .refuse("a folded empty line", get("A: b\r\n \r\n"), .foldedLine(at: 31)),
    .refuse("a lone LF after a value", get("A: b\nC: d\r\n"), .bareLineFeed(at: 29)),
    .refuse("a lone CR in a value", get("A: b\rc\r\n"), .bareCarriageReturn(at: 29)),
    .refuse("two CRs after a value", get("A: b\r\r\n"), .bareCarriageReturn(at: 29)),
    .refuse("a NUL in a value", get("A: b\u{0}c\r\n"), .byteNotAllowed(0, in: .fieldValue, at: 29)),
    .refuse("a control byte in a value", get("A: \u{1F}\r\n"), .byteNotAllowed(0x1F, in: .fieldValue, at: 28)),
    .refuse("DEL in a value", get("A: 01234567\u{7F}89\r\n"), .byteNotAllowed(0x7F, in: .fieldValue, at: 36)),
    .refuse("a vertical tab in a value", get("A: \u{B}\r\n"), .byteNotAllowed(0x0B, in: .fieldValue, at: 28)),
    .refuse("a NUL in a name", get("A\u{0}: b\r\n"), .byteNotAllowed(0, in: .fieldName, at: 26)),
    .refuse("obs-text in a name", get("A\u{E9}: b\r\n"), .byteNotAllowed(0xE9, in: .fieldName, at: 26)),
    .refuse("a bracket in a name", get("A[0]: b\r\n"), .byteNotAllowed(0x5B, in: .fieldName, at: 26)),
    .refuse("a slash in a name", get("A/B: b\r\n"), .byteNotAllowed(0x2F, in: .fieldName, at: 26)),
    .refuse("a quote before a name", get("\"A\": b\r\n"), .byteNotAllowed(0x22, in: .fieldName, at: 25)),
    .refuse("a lone LF for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\n", .bareLineFeed(at: 25)),
    .refuse("a lone CR for the empty line", "GET / HTTP/1.1\r\nHost: a\r\n\rX", .bareCarriageReturn(at: 25)),
]

private let sizes: [RequestVector] = [
    .accept("a name of the greatest length", get(String(repeating: "n", count: 256) + ": v\r\n")),
    .refuse("a name that is too long", get(String(repeating: "n", count: 257) + ": v\r\n"), .nameTooLong(at: 25)),
    .accept("100 field lines", get(String(repeating: "A: b\r\n", count: 99))),
    .refuse("101 field lines", get(String(repeating: "A: b\r\n", count: 100)), .tooManyFields),
    .accept("a head of the greatest length", get("A: " + String(repeating: "v", count: 65_536 - 32) + "\r\n")),
    .refuse(
        "a head that is too long", get("A: " + String(repeating: "v", count: 65_536 - 31) + "\r\n"), .headTooLong),
]

private let acceptedHosts: [RequestVector] = [
    .accept("a host with a port", host("localhost:8080")),
    .accept("a host with an empty port", host("localhost:")),
    .accept("a port of 65535", host("a:65535")),
    .accept("an IPv4 address", host("127.0.0.1:80")),
    .accept("an underscore in the host", host("my_service")),
    .accept("every kind of byte of a host", host("aZ09-._~!$&'()*+,;=%2e")),
    .accept("an IPv6 address", host("[::1]")),
    .accept("an IPv6 address with a port", host("[::1]:8080")),
    .accept("the IPv6 address of zeros", host("[::]")),
    .accept("an IPv6 address of eight groups", host("[1:2:3:4:5:6:7:abCD]")),
    .accept("an IPv6 address shortened at its end", host("[2001:db8::]")),
    .accept("an IPv6 address shortened by one group", host("[1:2:3:4:5:6::8]")),
    .accept("an IPv6 address that ends with an IPv4 one", host("[::ffff:192.0.2.1]")),
    .accept("a target whose authority is not the Host's", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", form: .absolute, authority: "b"),
    .accept("HTTP/1.0 with Host", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", minor: 0, persistent: false),
]

private let refusedHosts: [RequestVector] = [
    .refuse("no Host", "GET / HTTP/1.1\r\nA: b\r\n\r\n", .hostMissing),
    .refuse("no field at all", "GET / HTTP/1.1\r\n\r\n", .hostMissing),
    .refuse("two Hosts", get("Host: b\r\n"), .hostRepeated),
    .refuse("two equal Hosts", get("hOST: a\r\n"), .hostRepeated),
    .refuse("three Hosts", get("Host: b\r\nHost: c\r\n"), .hostRepeated),
    .refuse("two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", .hostRepeated),
    .refuse("an empty Host", host(""), .hostInvalid),
    .refuse("a port without a host", host(":80"), .hostInvalid),
    .refuse("user information in Host", host("u@a"), .hostInvalid),
    .refuse("a path in Host", host("a/b"), .hostInvalid),
    .refuse("a query in Host", host("a?b"), .hostInvalid),
    .refuse("a space in Host", host("a b"), .hostInvalid),
    .refuse("a scheme in Host", host("http://a"), .hostInvalid),
    .refuse("a backslash in Host", host("a\\b"), .hostInvalid),
    .refuse("obs-text in Host", host("\u{E9}"), .hostInvalid),
    .refuse("a bad percent-encoding in Host", host("a%2"), .hostInvalid),
    .refuse("a port that is no number", host("a:b"), .hostInvalid),
    .refuse("a signed port", host("a:+80"), .hostInvalid),
    .refuse("a port of 65536", host("a:65536"), .hostInvalid),
    .refuse("a port of six digits", host("a:000080"), .hostInvalid),
    .refuse("two ports", host("a:1:2"), .hostInvalid),
    .refuse("an IPv6 address without brackets", host("::1"), .hostInvalid),
    .refuse("an open bracket", host("[::1"), .hostInvalid),
    .refuse("a byte after the bracket", host("[::1]a"), .hostInvalid),
    .refuse("empty brackets", host("[]"), .hostInvalid),
    .refuse("an IPv6 address shortened twice", host("[1::2::3]"), .hostInvalid),
    .refuse("an IPv6 address of seven groups", host("[1:2:3:4:5:6:7]"), .hostInvalid),
    .refuse("an IPv6 address of nine groups", host("[1:2:3:4:5:6:7:8:9]"), .hostInvalid),
    .refuse("a group of five digits", host("[::12345]"), .hostInvalid),
    .refuse("an IPv6 address that ends with a colon", host("[1:2:3:4:5:6:7:]"), .hostInvalid),
    .refuse("three colons", host("[:::1]"), .hostInvalid),
    .refuse("a zone", host("[fe80::1%25eth0]"), .hostInvalid),
    .refuse("an IPv4 part that is too great", host("[::256.0.0.1]"), .hostInvalid),
    .refuse("an IPv4 part of three numbers", host("[::1.2.3]"), .hostInvalid),
    .refuse("an invalid Host in HTTP/1.0", "GET / HTTP/1.0\r\nHost: a b\r\n\r\n", .hostInvalid),
]

private let lengths: [RequestVector] = [
    .accept("a length", post("Content-Length: 5\r\n"), method: .post, framing: .length(5)),
    .accept("a length of zero", post("content-length:0\r\n"), method: .post, framing: .length(0)),
    .accept("a length with leading zeros", post("CONTENT-LENGTH: 007\r\n"), method: .post, framing: .length(7)),
    .accept("a length with GET", get("Content-Length: 3\r\n"), framing: .length(3)),
    .accept("the greatest length", post("Content-Length: 9223372036854775807\r\n"), method: .post, framing: .length(.max)),
    .accept("a length spelled with _ is another field", post("Content_Length: 5\r\n"), method: .post),
    .refuse("a length above all", post("Content-Length: 9223372036854775808\r\n"), .contentLengthInvalid),
    .refuse("a length of 20 digits", post("Content-Length: 00000000000000000005\r\n"), .contentLengthInvalid),
    .refuse("an empty length", post("Content-Length:\r\n"), .contentLengthInvalid),
    .refuse("a negative length", post("Content-Length: -1\r\n"), .contentLengthInvalid),
    .refuse("a signed length", post("Content-Length: +5\r\n"), .contentLengthInvalid),
    .refuse("a hexadecimal length", post("Content-Length: 0x5\r\n"), .contentLengthInvalid),
    .refuse("a length with a fraction", post("Content-Length: 5.0\r\n"), .contentLengthInvalid),
    .refuse("a space in a length", post("Content-Length: 1 0\r\n"), .contentLengthInvalid),
    .refuse("a length in words", post("Content-Length: five\r\n"), .contentLengthInvalid),
    .refuse("a list of equal lengths", post("Content-Length: 5, 5\r\n"), .contentLengthRepeated),
    .refuse("a list of lengths", post("Content-Length: 5,6\r\n"), .contentLengthRepeated),
    .refuse("two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), .contentLengthRepeated),
    .refuse("two equal lengths", post("Content-Length: 5\r\ncontent-length: 5\r\n"), .contentLengthRepeated),
    .refuse(
        "a length and a coding", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), .lengthAndTransferEncoding),
    .refuse(
        "a coding and a length", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), .lengthAndTransferEncoding),
    .refuse("a length and an empty coding", post("Content-Length: 5\r\nTransfer-Encoding:\r\n"), .lengthAndTransferEncoding),
    .refuse(
        "a length and an unknown coding", post("Content-Length: 5\r\nTransfer-Encoding: gzip, chunked\r\n"),
        .lengthAndTransferEncoding),
]

private func coding(_ value: String) -> String { post("Transfer-Encoding: " + value + "\r\n") }

private let codings: [RequestVector] = [
    .accept("chunked", coding("chunked"), method: .post, framing: .chunked),
    .accept("chunked in another case", coding("CHUnked"), method: .post, framing: .chunked),
    .accept("chunked with white space around", coding(" \tchunked\t "), method: .post, framing: .chunked),
    .accept("a coding spelled with _ is another field", post("Transfer_Encoding: chunked\r\n"), method: .post),
    .refuse("a coding before chunked", coding("gzip, chunked"), .transferEncodingNotImplemented),
    .refuse("two codings before chunked", coding("gzip,deflate , chunked"), .transferEncodingNotImplemented),
    .refuse("a coding without chunked", coding("gzip"), .transferEncodingInvalid),
    .refuse("identity", coding("identity"), .transferEncodingInvalid),
    .refuse("chunked twice", coding("chunked, chunked"), .transferEncodingInvalid),
    .refuse("chunked on two lines", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), .transferEncodingInvalid),
    .refuse("a list on two lines", post("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"), .transferEncodingInvalid),
    .refuse("chunked and then another", coding("chunked, gzip"), .transferEncodingInvalid),
    .refuse("an empty coding", coding(""), .transferEncodingInvalid),
    .refuse("a comma before chunked", coding(", chunked"), .transferEncodingInvalid),
    .refuse("a comma after chunked", coding("chunked,"), .transferEncodingInvalid),
    .refuse("chunked with a parameter", coding("chunked;a=b"), .transferEncodingInvalid),
    .refuse("chunked in quotes", coding("\"chunked\""), .transferEncodingInvalid),
    .refuse("a letter before chunked", coding("xchunked"), .transferEncodingInvalid),
    .refuse("a space in chunked", coding("chun ked"), .transferEncodingInvalid),
    .refuse("obs-text after chunked", coding("chunked\u{A0}"), .transferEncodingInvalid),
    .refuse("a vertical tab before chunked", coding("\u{B}chunked"), .byteNotAllowed(0x0B, in: .fieldValue, at: 45)),
    .refuse(
        "chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
]

private let old = "GET / HTTP/1.0\r\n"

private let connections: [RequestVector] = [
    .accept("close", get("Connection: close\r\n"), persistent: false),
    .accept("close in another case, in a list", get("Connection: foo ,, Close\r\n"), persistent: false),
    .accept("close on the second line", get("Connection: foo\r\nConnection: close\r\n"), persistent: false),
    .accept("keep-alive in HTTP/1.0", old + "Connection: Keep-Alive\r\n\r\n", minor: 0),
    .accept("close and keep-alive", old + "Connection: keep-alive, close\r\n\r\n", minor: 0, persistent: false),
    .accept("closed is not close", get("Connection: closed, clos\r\n")),
    .accept("an empty Connection", get("Connection:\r\n")),
    .accept("Expect", get("Expect: 100-Continue\r\n"), continues: true),
    .accept("another expectation", get("Expect: 100-continue-now\r\n")),
    .accept("Expect in HTTP/1.0", old + "Expect: 100-continue\r\n\r\n", minor: 0, persistent: false),
    .accept("an upgrade", get("Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"), upgrade: true),
    .accept("an upgrade that Connection does not name", get("Upgrade: websocket\r\n")),
    .accept("an upgrade without the field", get("Connection: upgrade\r\n")),
    .accept(
        "an upgrade in HTTP/1.0", old + "Connection: upgrade\r\nUpgrade: a\r\n\r\n", minor: 0, persistent: false),
    .accept("32 options", get("Connection: " + String(repeating: "a,", count: 32) + "\r\n")),
    .refuse("33 options", get("Connection: " + String(repeating: "a,", count: 33) + "\r\n"), .tooManyConnectionOptions),
]
