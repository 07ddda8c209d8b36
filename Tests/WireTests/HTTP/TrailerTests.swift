import Testing
import Wire

/// Field lines of a trailer section, what a filter removes besides what no trailer may be, and what stays.
struct TrailerVector: Sendable, CustomStringConvertible {
    let description: String
    let lines: [String]
    let filtered: [String]
    let kept: [String]

    init(_ name: String, _ lines: [String], removing filtered: [String] = [], keeps kept: [String]) {
        description = name
        self.lines = lines
        self.filtered = filtered
        self.kept = kept
    }
}

private let trailerVectors: [TrailerVector] = [
    TrailerVector("none", [], keeps: []),
    TrailerVector("one", ["X-Checksum: abc"], keeps: ["X-Checksum: abc"]),
    TrailerVector("byte for byte, in order, with duplicates", ["a:1", "B: \t2 \t", "a:", "B: 3"], keeps: ["a:1", "B: \t2 \t", "a:", "B: 3"]),
    TrailerVector("a value with colons", ["Server-Timing: a;b=\"c:d\""], keeps: ["Server-Timing: a;b=\"c:d\""]),
    TrailerVector("what trailers are for", ["Digest: x", "ETag: \"1\"", "Grpc-Status: 0", "Server-Timing: a"], keeps: ["Digest: x", "ETag: \"1\"", "Grpc-Status: 0", "Server-Timing: a"]),
    TrailerVector("framing", ["Content-Length: 5", "Transfer-Encoding: chunked", "A: 1"], keeps: ["A: 1"]),
    TrailerVector("framing spelled with _", ["Content_Length: 5", "transfer_encoding: chunked", "A: 1"], keeps: ["A: 1"]),
    TrailerVector("the connection's own", ["Connection: close", "Keep-Alive: 1", "TE: x", "Trailer: y", "Upgrade: z", "Proxy-Connection: 1", "HTTP2-Settings: x"], keeps: []),
    TrailerVector("routing", ["Host: evil", "X-Forwarded-For: 1", "Forwarded: for=1", "Via: 1.1 x", "X-Original-URL: /admin", "X-Real-IP: 1"], keeps: []),
    TrailerVector("authentication", ["Authorization: Bearer evil", "Proxy-Authorization: x", "WWW-Authenticate: Basic", "Cookie: a", "Set-Cookie: a=b"], keeps: []),
    TrailerVector("authentication in other spellings", ["AUTHORIZATION: 1", "proxy_authorization: 2", "set_COOKIE: 3", "www_authenticate: 4"], keeps: []),
    TrailerVector("origin", ["Origin: http://localhost", "Sec-Fetch-Site: none", "sec_fetch_site: same-origin"], keeps: []),
    TrailerVector("request modifiers", ["Cache-Control: no-store", "Expect: 100-continue", "Range: bytes=0-", "If-Match: *", "If-None-Match: *", "Max-Forwards: 1"], keeps: []),
    TrailerVector("another method", ["X-HTTP-Method-Override: DELETE", "x_http_method_override: DELETE"], keeps: []),
    TrailerVector("another method and path in further spellings", OverridingFields.names.map { "\($0): DELETE" } + ["x_forwarded_uri: /a", "A: 1"], keeps: ["A: 1"]),
    TrailerVector("another path", ["X-Override-URL: /a", "X-Original-URI: /a", "X-Original-Method: DELETE", "X-Rewrite-URI: /a", "X-Forwarded-Uri: /a"], keeps: []),
    TrailerVector("response control", ["Date: now", "Age: 1", "Expires: 0", "Location: /x", "Retry-After: 1", "Vary: *"], keeps: []),
    TrailerVector("how content is read", ["Content-Type: text/html", "Content-Encoding: gzip", "Content-Range: bytes 0-1/2", "content_type: x"], keeps: []),
    TrailerVector("the request's name", ["X-Request-Id: 1"], keeps: []),
    TrailerVector("a name of one's own", ["X-Api-Key: 1", "x_api_key: 2", "X-Api-Keys: 3"], removing: ["X-Api-Key"], keeps: ["X-Api-Keys: 3"]),
    TrailerVector("customerId", ["customerid: 1", "A: 1"], removing: ["customerId"], keeps: ["A: 1"]),
    TrailerVector("runs between removed lines", ["Host: 1", "A: 1", "B: 2", "Date: 3", "C: 4"], keeps: ["A: 1", "B: 2", "C: 4"]),
]

@Suite struct TrailerTests {
    @Test(arguments: trailerVectors)
    func `trailers go on but for those that no trailer may be, whole, in pieces, and with bytes behind them`(_ vector: TrailerVector) throws {
        let section = vector.lines.map { $0 + "\r\n" }.joined()
        let body = latin1("3;x=y\r\nabc\r\n0\r\n" + section + "\r\n")
        for size in [body.count, 1, 2, 5] {
            #expect(try trailers(of: body, inPiecesOf: size) == section, "in pieces of \(size)")
        }
        #expect(try trailers(of: body + latin1("HTTP/1.1 200 OK\r\n"), inPiecesOf: 1000) == section)

        let lines = latin1(section)
        let filter = FieldFilter(removing: TrailerSection.forbiddenNames + vector.filtered)
        let expected = vector.kept.map { $0 + "\r\n" }.joined()
        let copied = [UInt8](capacity: expected.utf8.count) { output in
            let isWhole = TrailerSection.write(lines.span, except: filter, into: &output)
            #expect(isWhole)
        }
        #expect(latin1(copied) == expected)
        guard !expected.isEmpty else { return }
        _ = [UInt8](capacity: expected.utf8.count - 1) { output in
            let isWhole = TrailerSection.write(lines.span, except: filter, into: &output)
            #expect(!isWhole)
        }
    }

    @Test func `nothing of a trailer section is done with before all of it is there`() throws {
        var decoder = ChunkedDecoder()
        let steps: [(input: String, consumed: Int, held: Int, trailers: Range<Int>, isComplete: Bool)] = [
            ("0\r\nA: ", 3, 3, 3..<3, false), ("A: ", 0, 3, 0..<0, false), ("A: 1\r\nB", 0, 7, 0..<0, false),
            ("A: 1\r\nB:\r\n\r\nNEXT", 12, 0, 0..<10, true), ("NEXT", 0, 0, 0..<0, true),
        ]
        for expected in steps {
            let step = try decoder.step(latin1(expected.input).span)
            #expect(step.consumed == expected.consumed)
            #expect(step.content.isEmpty)
            #expect(step.isComplete == expected.isComplete)
            #expect(decoder.heldCount == expected.held)
            if step.isComplete, expected.consumed > 0 { #expect(step.trailers == expected.trailers) } else { #expect(step.trailers.isEmpty) }
        }
    }

    @Test func `trailers do not count as content, however little of it is wanted`() throws {
        let body = latin1("3\r\nabc\r\n0\r\nA: 1\r\n\r\n")
        var decoder = ChunkedDecoder()
        var consumed = 0
        var content: [UInt8] = []
        while true {
            let rest = Array(body[consumed...])
            let step = try decoder.step(rest.span, contentMax: 1)
            #expect(step.content.count <= 1)
            content += rest[step.content]
            consumed += step.consumed
            guard step.isComplete else { continue }
            #expect(latin1(Array(rest[step.trailers])) == "A: 1\r\n")
            break
        }
        #expect(latin1(content) == "abc" && consumed == body.count)
    }

    @Test(arguments: [
        ("TE: trailers", true), ("TE: gzip;q=0.5 ,\tTRAILERS", true), ("te: deflate\r\nTE: trailers", true), ("TE:", false),
        ("TE: trailers;q=0", false), ("TE: gzip", false), ("TE: trailersx", false), ("T_E: trailers", false), ("A: trailers", false),
    ])
    func `a client takes trailers if its TE says so`(_ fields: String, isAccepted: Bool) throws {
        #expect(try head(fields).acceptsTrailers == isAccepted)
        #expect(try !head(fields, version: "1.0").acceptsTrailers)
    }

    @Test(arguments: [
        ("A: 1", true), ("Connection: close", true), ("Connection: TE, keep-alive, , Upgrade", true), ("Connection: Trailer", true),
        ("Connection: X-Own", false), ("Connection: ETag", false), ("Connection: close\r\nConnection: Host", false),
    ])
    func `trailers may follow a head whose Connection names no field of the message`(_ fields: String, isAllowed: Bool) throws {
        #expect(try head(fields).allowsTrailers == isAllowed)
        var response = ResponseHead()
        _ = try response.parse(latin1("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n").span)
        #expect(response.allowsTrailers == isAllowed)
    }

    @Test(arguments: [
        ("A: 1", ""), ("Trailer: X-Sum", "Trailer: X-Sum\r\n"), ("trailer:a\r\nB: 1\r\nTRAILER: b , c\r\nD: 1", "trailer:a\r\nTRAILER: b , c\r\n"),
        ("Trailer: a\r\nConnection: X-Own", ""),
    ])
    func `the announcement of trailers is copied on its own`(_ fields: String, expected: String) throws {
        let bytes = latin1("HTTP/1.1 200 OK\r\n\(fields)\r\n\r\n")
        var response = ResponseHead()
        _ = try response.parse(bytes.span)
        let copied = [UInt8](capacity: expected.utf8.count) { output in
            let isWhole = response.writeTrailerField(from: bytes.span, into: &output)
            #expect(isWhole)
        }
        #expect(latin1(copied) == expected)
        let request = latin1("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n\r\n")
        let copiedToo = [UInt8](capacity: expected.utf8.count) { output in
            var head = RequestHead()
            let count = try? head.parse(request.span)
            let isWhole = head.writeTrailerField(from: request.span, into: &output)
            #expect(count == request.count && isWhole)
        }
        #expect(latin1(copiedToo) == expected)
    }

    private func head(_ fields: String, version: String = "1.1") throws -> RequestHead {
        var head = RequestHead()
        _ = try head.parse(latin1("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n\r\n").span)
        return head
    }

    /// The trailers of a body that comes in pieces of `size` bytes.
    private func trailers(of bytes: [UInt8], inPiecesOf size: Int) throws -> String? {
        var decoder = ChunkedDecoder()
        var consumed = 0
        var available = 0
        while true {
            let step = try decoder.step(bytes.span.extracting(consumed..<available))
            let start = consumed
            consumed += step.consumed
            if step.isComplete { return latin1(Array(bytes[start + step.trailers.lowerBound..<start + step.trailers.upperBound])) }
            guard step.content.isEmpty else { continue }
            if available == bytes.count { return nil }
            available = min(available + size, bytes.count)
        }
    }
}
