import Wire

private let host = "Host: a\r\n\r\n"

/// Request lines and targets.
let requestLineVectors: [RequestVector] =
    acceptedMethods + refusedMethods + acceptedTargets + refusedTargets + versions + lineEndings

private let acceptedMethods: [RequestVector] = [
    .accept("GET", "GET / HTTP/1.1\r\n" + host),
    .accept("HEAD", "HEAD / HTTP/1.1\r\n" + host, method: .head),
    .accept("POST", "POST / HTTP/1.1\r\n" + host, method: .post),
    .accept("PUT", "PUT / HTTP/1.1\r\n" + host, method: .put),
    .accept("PATCH", "PATCH / HTTP/1.1\r\n" + host, method: .patch),
    .accept("DELETE", "DELETE / HTTP/1.1\r\n" + host, method: .delete),
    .accept("OPTIONS", "OPTIONS / HTTP/1.1\r\n" + host, method: .options),
    .accept("TRACE", "TRACE / HTTP/1.1\r\n" + host, method: .trace),
    .accept("a method in lower case is another", "get / HTTP/1.1\r\n" + host, method: .other),
    .accept("a method that begins like a known one", "GETS / HTTP/1.1\r\n" + host, method: .other),
    .accept("a method of one letter", "G / HTTP/1.1\r\n" + host, method: .other),
    .accept("a method of every kind of tchar", "!#$%&'*+-.^_`|~09Az / HTTP/1.1\r\n" + host, method: .other),
    .accept("a method of 32 bytes", String(repeating: "M", count: 32) + " / HTTP/1.1\r\n" + host, method: .other),
]

private let refusedMethods: [RequestVector] = [
    .refuse("a method of 33 bytes", String(repeating: "M", count: 33) + " / HTTP/1.1\r\n" + host, .methodTooLong),
    .refuse("no method", " / HTTP/1.1\r\n" + host, .byteNotAllowed(0x20, in: .method, at: 0)),
    .refuse("a colon in the method", "GE:T / HTTP/1.1\r\n" + host, .byteNotAllowed(0x3A, in: .method, at: 2)),
    .refuse("a tab after the method", "GET\t/ HTTP/1.1\r\n" + host, .byteNotAllowed(0x09, in: .method, at: 3)),
    .refuse("a method and nothing else", "GET\r\n" + host, .byteNotAllowed(0x0D, in: .method, at: 3)),
    .refuse("a method and a lone LF", "GET\n" + host, .bareLineFeed(at: 3)),
    .refuse("a NUL in the method", "G\u{0}T / HTTP/1.1\r\n" + host, .byteNotAllowed(0, in: .method, at: 1)),
    .refuse("obs-text in the method", "G\u{E9}T / HTTP/1.1\r\n" + host, .byteNotAllowed(0xE9, in: .method, at: 1)),
    .refuse("a TLS ClientHello", "\u{16}\u{3}\u{1}\u{2}\u{0}", .byteNotAllowed(0x16, in: .method, at: 0)),
    .refuse("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .versionNotSupported(major: 2, minor: 0)),
]

private let acceptedTargets: [RequestVector] = [
    .accept("a path", "GET /api/v1/block HTTP/1.1\r\n" + host, path: "/api/v1/block"),
    .accept("a path and a query", "GET /a?b=c&d HTTP/1.1\r\n" + host, path: "/a", query: "b=c&d"),
    .accept("an empty query", "GET /a? HTTP/1.1\r\n" + host, path: "/a", query: ""),
    .accept("a second question mark", "GET /a?b?c HTTP/1.1\r\n" + host, path: "/a", query: "b?c"),
    .accept("two slashes", "GET //a/b HTTP/1.1\r\n" + host, path: "//a/b"),
    .accept("dots are left as they are", "GET /a/../b/./c HTTP/1.1\r\n" + host, path: "/a/../b/./c"),
    .accept("percent-encoding", "GET /%2f%E2%82%AC?q=%20 HTTP/1.1\r\n" + host, path: "/%2f%E2%82%AC", query: "q=%20"),
    .accept("brackets and braces", "GET /a?f[x]={\"y\"|'z'} HTTP/1.1\r\n" + host, path: "/a", query: "f[x]={\"y\"|'z'}"),
    .accept(
        "a target of the greatest length", "GET /" + String(repeating: "a", count: 16_383) + " HTTP/1.1\r\n" + host,
        path: "/" + String(repeating: "a", count: 16_383)),
    .accept(
        "absolute-form", "GET http://a.example/b?c HTTP/1.1\r\n" + host, form: .absolute, path: "/b", query: "c",
        authority: "a.example"),
    .accept(
        "absolute-form in upper case", "GET HTTPS://A:1/ HTTP/1.1\r\n" + host, form: .absolute, path: "/",
        authority: "A:1"),
    .accept(
        "absolute-form without a path", "GET http://a.example HTTP/1.1\r\n" + host, form: .absolute, path: "",
        authority: "a.example"),
    .accept(
        "absolute-form with a query and no path", "GET http://a?b/c HTTP/1.1\r\n" + host, form: .absolute, path: "",
        query: "b/c", authority: "a"),
    .accept(
        "absolute-form of an IPv6 address", "GET http://[::1]:8080/x HTTP/1.1\r\n" + host, form: .absolute, path: "/x",
        authority: "[::1]:8080"),
    .accept(
        "asterisk-form", "OPTIONS * HTTP/1.1\r\n" + host, method: .options, form: .asterisk, path: ""),
    .accept(
        "authority-form", "CONNECT a.example:443 HTTP/1.1\r\n" + host, method: .connect, form: .authority, path: "",
        authority: "a.example:443"),
    .accept(
        "an at sign in a path", "GET http://a/b@c HTTP/1.1\r\n" + host, form: .absolute, path: "/b@c", authority: "a"),
]

private let refusedTargets: [RequestVector] = [
    .refuse("a target that is too long", "GET /" + String(repeating: "a", count: 16_384) + " ", .targetTooLong),
    .refuse("no target", "GET HTTP/1.1\r\n" + host, .versionMissing),
    .refuse("two spaces after the method", "GET  / HTTP/1.1\r\n" + host, .targetEmpty),
    .refuse("two spaces after the target", "GET /  HTTP/1.1\r\n" + host, .versionInvalid(at: 6)),
    .refuse("a space in the target", "GET /a b HTTP/1.1\r\n" + host, .versionInvalid(at: 7)),
    .refuse("a tab after the target", "GET /\tHTTP/1.1\r\n" + host, .byteNotAllowed(9, in: .target, at: 5)),
    .refuse("a fragment", "GET /a#b HTTP/1.1\r\n" + host, .byteNotAllowed(0x23, in: .target, at: 6)),
    .refuse("a backslash", "GET /a\\b HTTP/1.1\r\n" + host, .byteNotAllowed(0x5C, in: .target, at: 6)),
    .refuse("a NUL in the target", "GET /\u{0} HTTP/1.1\r\n" + host, .byteNotAllowed(0, in: .target, at: 5)),
    .refuse("DEL in the target", "GET /\u{7F} HTTP/1.1\r\n" + host, .byteNotAllowed(0x7F, in: .target, at: 5)),
    .refuse("obs-text in the target", "GET /\u{FC} HTTP/1.1\r\n" + host, .byteNotAllowed(0xFC, in: .target, at: 5)),
    .refuse("a bad percent-encoding", "GET /%zz HTTP/1.1\r\n" + host, .percentEncodingInvalid(at: 5)),
    .refuse("half a percent-encoding", "GET /%4 HTTP/1.1\r\n" + host, .percentEncodingInvalid(at: 5)),
    .refuse("a bad percent-encoding in the query", "GET /?q=10% HTTP/1.1\r\n" + host, .percentEncodingInvalid(at: 10)),
    .refuse("a path without a slash", "GET a HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("a query alone", "GET ?a HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("another scheme", "GET ftp://a/b HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("a scheme and one slash", "GET http:/a HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("absolute-form without a host", "GET http:///a HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("absolute-form with a port alone", "GET http://:80/a HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("user information", "GET http://u:p@a/ HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("a user name", "GET http://u@a/ HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("a port that is too great", "GET http://a:65536/ HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("an asterisk with GET", "GET * HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("an asterisk and more", "OPTIONS *a HTTP/1.1\r\n" + host, .targetInvalid),
    .refuse("CONNECT without a port", "CONNECT a HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("CONNECT with a path", "CONNECT /a HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("CONNECT with user information", "CONNECT u@a:1 HTTP/1.1\r\n" + host, .authorityInvalid),
    .refuse("authority-form with GET", "GET a.example:443 HTTP/1.1\r\n" + host, .targetInvalid),
]

private let versions: [RequestVector] = [
    .accept("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", minor: 0, persistent: false),
    .refuse("HTTP/0.9", "GET /\r\n" + host, .versionMissing),
    .refuse("HTTP/1.2", "GET / HTTP/1.2\r\n" + host, .versionNotSupported(major: 1, minor: 2)),
    .refuse("HTTP/2.0", "GET / HTTP/2.0\r\n" + host, .versionNotSupported(major: 2, minor: 0)),
    .refuse("HTTP/0.1", "GET / HTTP/0.1\r\n" + host, .versionNotSupported(major: 0, minor: 1)),
    .refuse("a minor version of two digits", "GET / HTTP/1.10\r\n" + host, .byteNotAllowed(0x30, in: .version, at: 14)),
    .refuse("no minor version", "GET / HTTP/1\r\n" + host, .versionInvalid(at: 12)),
    .refuse("a version in lower case", "GET / http/1.1\r\n" + host, .versionInvalid(at: 6)),
    .refuse("another protocol", "GET / HTTPS/1.1\r\n" + host, .versionInvalid(at: 10)),
    .refuse("a comma in the version", "GET / HTTP/1,1\r\n" + host, .versionInvalid(at: 12)),
    .refuse("a space after the version", "GET / HTTP/1.1 \r\n" + host, .byteNotAllowed(0x20, in: .version, at: 14)),
]

private let lineEndings: [RequestVector] = [
    .accept("an empty line first", "\r\nGET / HTTP/1.1\r\n" + host),
    .refuse("two empty lines first", "\r\n\r\nGET / HTTP/1.1\r\n" + host, .byteNotAllowed(0x0D, in: .method, at: 2)),
    .refuse("a lone LF first", "\nGET / HTTP/1.1\r\n" + host, .bareLineFeed(at: 0)),
    .refuse("a lone CR first", "\rGET / HTTP/1.1\r\n" + host, .bareCarriageReturn(at: 0)),
    .refuse("a lone LF after the request line", "GET / HTTP/1.1\n" + host, .bareLineFeed(at: 14)),
    .refuse("a lone CR after the request line", "GET / HTTP/1.1\r" + host, .bareCarriageReturn(at: 14)),
    .refuse("two CRs after the request line", "GET / HTTP/1.1\r\r\n" + host, .bareCarriageReturn(at: 14)),
    .refuse("a lone LF after the target", "GET /\n" + host, .bareLineFeed(at: 5)),
]
