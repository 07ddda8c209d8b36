import Wire

/// Bytes of a response head, the method it answers, and what it has to mean.
struct ResponseVector: Sendable, CustomStringConvertible {
    let name: String
    let bytes: [UInt8]
    let method: Wire.Method
    let expected: Outcome<ResponseMeaning>

    var description: String { name }

    static func accept(
        _ name: String, _ text: String, answering method: Wire.Method = .get, status: Int = 200, reason: String = "OK",
        minor: UInt8 = 1, framing: BodyFraming = .untilClose, persistent: Bool = true, upgrade: Bool = false
    ) -> ResponseVector {
        let meaning = ResponseMeaning(
            status: status, reason: reason, minorVersion: minor, framing: framing, isPersistent: persistent,
            hasUpgrade: upgrade)
        return ResponseVector(
            name: name, bytes: latin1(text), method: method,
            expected: .accepted(meaning, count: text.unicodeScalars.count))
    }

    static func refuse(
        _ name: String, _ text: String, answering method: Wire.Method = .get, _ error: MessageError
    ) -> ResponseVector {
        ResponseVector(name: name, bytes: latin1(text), method: method, expected: .refused(error))
    }
}

struct ResponseMeaning: Equatable, Sendable {
    var status: Int
    var reason: String
    var minorVersion: UInt8
    var framing: BodyFraming
    var isPersistent: Bool
    var hasUpgrade: Bool
}

extension ResponseHead {
    mutating func outcome(_ bytes: [UInt8], first count: Int, answering method: Wire.Method) -> Outcome<ResponseMeaning> {
        do throws(MessageError) {
            guard let end = try parse(bytes.span.extracting(first: count)) else { return .incomplete }
            let meaning = ResponseMeaning(
                status: status, reason: latin1(bytes[reason]), minorVersion: minorVersion,
                framing: try framing(answering: method), isPersistent: isPersistent, hasUpgrade: hasUpgrade)
            return .accepted(meaning, count: end)
        } catch {
            return .refused(error)
        }
    }
}

private func ok(_ lines: String) -> String { "HTTP/1.1 200 OK\r\n" + lines + "\r\n" }

let responseVectors: [ResponseVector] = statusLines + refusedStatusLines + framings + refusedFramings

private let statusLines: [ResponseVector] = [
    .accept("a status line", "HTTP/1.1 200 OK\r\n\r\n"),
    .accept("HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", minor: 0, persistent: false),
    .accept("HTTP/1.0 kept alive", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n", minor: 0, framing: .length(0)),
    .accept("an empty reason", "HTTP/1.1 200 \r\n\r\n", reason: ""),
    .accept("no space and no reason", "HTTP/1.1 200\r\n\r\n", reason: ""),
    .accept("a reason of several words", "HTTP/1.1 404 Not\tFound \u{E9}\r\n\r\n", status: 404, reason: "Not\tFound \u{E9}"),
    .accept("a reason that begins with a space", "HTTP/1.1 200  OK\r\n\r\n", reason: " OK"),
    .accept("the least status", "HTTP/1.1 100 Continue\r\n\r\n", status: 100, reason: "Continue", framing: .none),
    .accept("the greatest status", "HTTP/1.1 599 X\r\n\r\n", status: 599, reason: "X"),
]

private let refusedStatusLines: [ResponseVector] = [
    .refuse("status 099", "HTTP/1.1 099 X\r\n\r\n", .statusInvalid),
    .refuse("status 600", "HTTP/1.1 600 X\r\n\r\n", .statusInvalid),
    .refuse("a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", .statusInvalid),
    .refuse("a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", .statusInvalid),
    .refuse("a status with a letter", "HTTP/1.1 2x0 OK\r\n\r\n", .statusInvalid),
    .refuse("a signed status", "HTTP/1.1 +20 OK\r\n\r\n", .statusInvalid),
    .refuse("two spaces before the status", "HTTP/1.1  200 OK\r\n\r\n", .statusInvalid),
    .refuse("a tab before the status", "HTTP/1.1\t200 OK\r\n\r\n", .statusInvalid),
    .refuse("a reason without a space", "HTTP/1.1 200OK\r\n\r\n", .statusInvalid),
    .refuse("a tab before the reason", "HTTP/1.1 200\tOK\r\n\r\n", .statusInvalid),
    .refuse("no status", "HTTP/1.1\r\n\r\n", .statusInvalid),
    .refuse("a NUL in the reason", "HTTP/1.1 200 O\u{0}K\r\n\r\n", .byteNotAllowed(0, in: .reason, at: 14)),
    .refuse("a lone LF after the reason", "HTTP/1.1 200 OK\nA: b\r\n\r\n", .bareLineFeed(at: 15)),
    .refuse("a lone CR after the reason", "HTTP/1.1 200 OK\rA: b\r\n\r\n", .bareCarriageReturn(at: 15)),
    .refuse("a lone LF after the status", "HTTP/1.1 200\nA: b\r\n\r\n", .bareLineFeed(at: 12)),
    .refuse("an empty line first", "\r\nHTTP/1.1 200 OK\r\n\r\n", .versionInvalid(at: 0)),
    .refuse("HTTP/1.2 from upstream", "HTTP/1.2 200 OK\r\n\r\n", .versionNotSupported(major: 1, minor: 2)),
    .refuse("HTTP/2 from upstream", "HTTP/2.0 200 OK\r\n\r\n", .versionNotSupported(major: 2, minor: 0)),
    .refuse("HTTP/2 without a minor version", "HTTP/2 200\r\n\r\n", .versionInvalid(at: 6)),
    .refuse("a version in lower case", "http/1.1 200 OK\r\n\r\n", .versionInvalid(at: 0)),
    .refuse("another protocol", "ICY 200 OK\r\n\r\n", .versionInvalid(at: 0)),
    .refuse("a document without a head", "<!DOCTYPE html>", .versionInvalid(at: 0)),
    .refuse("an early byte of TLS", "\u{15}\u{3}\u{1}", .versionInvalid(at: 0)),
    .refuse("a folded line in a response", ok("A: b\r\n c\r\n"), .foldedLine(at: 23)),
    .refuse("white space before the colon in a response", ok("A : b\r\n"), .whiteSpaceBeforeColon(at: 18)),
    .refuse("a control byte in a response field", ok("A: \u{7}\r\n"), .byteNotAllowed(7, in: .fieldValue, at: 20)),
    .refuse("101 field lines in a response", ok(String(repeating: "A: b\r\n", count: 101)), .tooManyFields),
    .refuse("a response head that is too long", ok("A: " + String(repeating: "v", count: 65_536) + "\r\n"), .headTooLong),
]

private let chunked = "Transfer-Encoding: chunked\r\n"

private let framings: [ResponseVector] = [
    .accept("a length", ok("Content-Length: 5\r\n"), framing: .length(5)),
    .accept("a length of zero", ok("Content-Length: 0\r\n"), framing: .length(0)),
    .accept("chunked", ok(chunked), framing: .chunked),
    .accept("until the connection closes", ok("Connection: close\r\n"), persistent: false),
    .accept("an answer to HEAD", ok("Content-Length: 5\r\n"), answering: .head, framing: .none),
    .accept("an answer to HEAD that would be chunked", ok(chunked), answering: .head, framing: .none),
    .accept("204", "HTTP/1.1 204 No\r\n\r\n", status: 204, reason: "No", framing: .none),
    .accept("204 with a length", "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n", status: 204, reason: "No", framing: .none),
    .accept("304 with a length", "HTTP/1.1 304 No\r\nContent-Length: 9\r\n\r\n", status: 304, reason: "No", framing: .none),
    .accept("103", "HTTP/1.1 103 Early\r\nLink: a\r\n\r\n", status: 103, reason: "Early", framing: .none),
    .accept("a 200 to CONNECT", ok(""), answering: .connect, framing: .none),
    .accept("a 407 to CONNECT", "HTTP/1.1 407 No\r\nContent-Length: 2\r\n\r\n", answering: .connect, status: 407, reason: "No", framing: .length(2)),
    .accept("205 has content like the others", "HTTP/1.1 205 R\r\nContent-Length: 0\r\n\r\n", status: 205, reason: "R", framing: .length(0)),
    .accept(
        "101", "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", status: 101, reason: "S", framing: .none,
        upgrade: true),
    .accept("two Hosts mean nothing in a response", ok("Host: a b\r\nHost: c\r\nContent-Length: 1\r\n"), framing: .length(1)),
]

private let refusedFramings: [ResponseVector] = [
    .refuse("two lengths", ok("Content-Length: 5\r\nContent-Length: 6\r\n"), .contentLengthRepeated),
    .refuse("two lengths for HEAD", ok("Content-Length: 5\r\nContent-Length: 6\r\n"), answering: .head, .contentLengthRepeated),
    .refuse("a list of lengths", ok("Content-Length: 5, 5\r\n"), .contentLengthRepeated),
    .refuse("a negative length", ok("Content-Length: -5\r\n"), .contentLengthInvalid),
    .refuse("a length and a coding", ok("Content-Length: 5\r\n" + chunked), .lengthAndTransferEncoding),
    .refuse("a coding and a length", ok(chunked + "Content-Length: 5\r\n"), .lengthAndTransferEncoding),
    .refuse("another coding", ok("Transfer-Encoding: gzip\r\n"), .transferEncodingInvalid),
    .refuse("a coding before chunked", ok("Transfer-Encoding: gzip, chunked\r\n"), .transferEncodingNotImplemented),
    .refuse("chunked twice", ok(chunked + chunked), .transferEncodingInvalid),
    .refuse("chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\n" + chunked + "\r\n", .transferEncodingInHTTP10),
]
