import Testing
import Wire

@Suite struct RequestHeadTests {
    @Test(arguments: [
        ("\u{16}", 1), ("\u{80}", 1), ("\n", 1), ("{", 1), ("GET  ", 5), ("GET /\u{1}", 6), ("GET / F", 7),
        ("GET / HTTP/2.0", 14), ("GET / HTTP/1.1\r\n ", 17), ("GET / HTTP/1.1\r\nA ", 18),
        ("GET / HTTP/1.1\r\nA: b\n", 21), ("POST / HTTP/1.1\r\nContent-Length: x\r\n", 36),
    ])
    func `a fault is refused at the byte that shows it`(_ text: String, _ count: Int) {
        var head = RequestHead()
        let (outcome, refusedAt) = head.outcomeByteByByte(latin1(text))
        guard case .refused = outcome else {
            Issue.record("not refused: \(outcome)")
            return
        }
        #expect(refusedAt == count)
    }

    @Test(arguments: 0...255)
    func `each byte is judged by itself, wherever it stands`(_ number: Int) {
        let byte = UInt8(number)
        let isVisible = byte > 0x20 && byte < 0x7F
        var head = RequestHead()
        for place in 0..<20 {
            let text = Array(repeating: UInt8(ascii: "m"), count: place) + [byte] + latin1("mm")
            let value = latin1("GET / HTTP/1.0\r\nA: ") + text + latin1("\r\n\r\n")
            #expect(head.accepts(value) == (byte == 9 || byte == 0x20 || byte >= 0x80 || isVisible))
            let name = latin1("GET / HTTP/1.0\r\nm") + text + latin1(": v\r\n\r\n")
            let isToken = isVisible && !latin1("\"(),/:;<=>?@[\\]{}").contains(byte)
            #expect(head.accepts(name) == (isToken || byte == UInt8(ascii: ":")))
            let method = text + latin1(" / HTTP/1.0\r\n\r\n")
            #expect(head.accepts(method) == isToken)
            let target = latin1("GET /") + text + latin1(" HTTP/1.0\r\n\r\n")
            #expect(head.accepts(target) == (isVisible && !latin1("#%\\").contains(byte)))
        }
    }

    @Test func `lines are found by name, and spellings with _ are another name`() throws {
        let bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\nCookie: 1\r\nContent_Type: x\r\ncookie: 2\r\nX-Own: 3\r\n\r\n")
        var head = RequestHead()
        _ = try head.parse(bytes.span)
        let (cookies, first) = (head.count(of: .cookie), head.first(.cookie))
        #expect(cookies == 2)
        #expect(first.map { latin1(bytes[$0.valueRange]) } == "1")
        let contentTypes = (head.first(.contentType) == nil, head.count(of: .contentType))
        #expect(contentTypes == (true, 0))
        let variant = head.field(at: 2)
        #expect(variant.name == .contentType && variant.isVariant)
        let own = head.field(at: 4)
        #expect(own.name == .other && !own.isVariant)
    }

    @Test(arguments: knownNames)
    func `a known name is known in every case and in no other spelling`(_ spelling: String, _ name: FieldName) throws {
        var head = RequestHead()
        let spellings = [spelling, spelling.lowercased(), spelling.uppercased()]
        let strangers = [spelling + "x", "x" + spelling, String(spelling.dropLast()), "~" + spelling.dropFirst()]
        for (text, expected) in spellings.map({ ($0, name) }) + strangers.map({ ($0, FieldName.other) }) {
            let bytes = latin1("GET / HTTP/1.0\r\n\(text): 1\r\n\r\n")
            _ = try? head.parse(bytes.span)
            #expect(head.field(at: 0).name == expected, "\(text)")
        }
    }

    @Test func `every known name is tried`() {
        #expect(Set(knownNames.map(\.1)) == Set(FieldName.allCases).subtracting([.other]))
    }

    @Test func `a head that comes in pieces is not read again from its start`() throws {
        let bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n")
        var head = RequestHead()
        let before = try head.parse(bytes.span.extracting(first: 25))
        #expect(before == nil)
        let spoiled = [UInt8](repeating: 0, count: 25) + bytes[25...]
        do throws(MessageError) {
            _ = try head.parse(spoiled.span)
            Issue.record("the Host that was spoiled was not seen in the end")
        } catch {
            #expect(error == .hostInvalid)
        }
    }

    @Test func `after reset another head is read, whatever was read of the last`() throws {
        let bytes = latin1("GET /%41?b HTTP/1.1\r\nHost: a\r\n\r\n")
        var head = RequestHead()
        for count in 0..<bytes.count {
            let part = try head.parse(bytes.span.extracting(first: count))
            #expect(part == nil)
            head.reset()
            let other = latin1("POST /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\n")
            let end = try head.parse(other.span)
            #expect(end == other.count)
            let facts = (head.target.query, head.framing, head.isPersistent)
            #expect(facts == (nil, .length(2), false))
            head.reset()
        }
    }

    @Test func `errors carry their status`() {
        #expect(MessageError.targetTooLong.status == 414)
        #expect(MessageError.tooManyFields.status == 431)
        #expect(MessageError.headTooLong.status == 431)
        #expect(MessageError.transferEncodingNotImplemented.status == 501)
        #expect(MessageError.versionNotSupported(major: 2, minor: 0).status == 505)
        #expect(MessageError.hostMissing.status == 400)
    }
}

extension RequestHead {
    mutating func accepts(_ bytes: [UInt8]) -> Bool {
        outcome(bytes, first: bytes.count) == .accepted(bytes.count, count: bytes.count)
    }

    /// The outcome of the first prefix that leads to one, and its length.
    mutating func outcomeByteByByte(_ bytes: [UInt8]) -> (Outcome<Int>, Int) {
        for count in 0...bytes.count {
            let outcome = outcome(bytes, first: count)
            if outcome != .incomplete { return (outcome, count) }
        }
        return (.incomplete, bytes.count)
    }

    /// Reads the first `count` of `bytes` and tells what came of it.
    private mutating func outcome(_ bytes: [UInt8], first count: Int) -> Outcome<Int> {
        do throws(MessageError) {
            guard let end = try parse(bytes.span.extracting(first: count)) else { return .incomplete }
            return .accepted(end, count: end)
        } catch {
            return .refused(error)
        }
    }
}

private let knownNames: [(String, FieldName)] = [
    ("Host", .host), ("Connection", .connection), ("Content-Length", .contentLength),
    ("Transfer-Encoding", .transferEncoding), ("TE", .te), ("Trailer", .trailer), ("Upgrade", .upgrade),
    ("Keep-Alive", .keepAlive), ("Proxy-Connection", .proxyConnection), ("Proxy-Authorization", .proxyAuthorization),
    ("Proxy-Authenticate", .proxyAuthenticate), ("Authorization", .authorization), ("Expect", .expect), ("Via", .via),
    ("Date", .date), ("Server", .server), ("Location", .location), ("Set-Cookie", .setCookie), ("Cookie", .cookie),
    ("Origin", .origin), ("Referer", .referer), ("Sec-Fetch-Site", .secFetchSite), ("Accept-Encoding", .acceptEncoding),
    ("Content-Encoding", .contentEncoding), ("Content-Type", .contentType), ("Vary", .vary), ("ETag", .etag),
    ("X-Request-Id", .xRequestID), ("Retry-After", .retryAfter), ("customerId", .customerID),
    ("HTTP2-Settings", .http2Settings),
]

/// SplitMix64: the same numbers from the same seed.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}

/// One to three changes: a byte replaced, removed, doubled or put in, mostly by bytes that matter.
func damage(_ bytes: [UInt8], using random: inout SeededGenerator) -> [UInt8] {
    var damaged = bytes
    let notable = latin1("\r\n\t :,;=%?/*_-[]\"\\\u{0}\u{7F}\u{80}0aF")
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        guard let index = damaged.indices.randomElement(using: &random) else { break }
        let byte = notable.randomElement(using: &random) ?? 0
        switch Int.random(in: 0..<4, using: &random) {
        case 0: damaged[index] = byte
        case 1: damaged.remove(at: index)
        case 2: damaged.insert(damaged[index], at: index)
        default: damaged.insert(byte, at: index)
        }
    }
    return damaged
}
