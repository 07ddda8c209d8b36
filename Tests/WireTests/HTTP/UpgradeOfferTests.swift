import Testing
import Wire

/// What a request's fields offer to go on with; nil for nothing.
struct OfferVector: Sendable, CustomStringConvertible {
    let description: String
    let request: String
    let value: String?

    init(_ name: String, _ fields: [String], offers value: String?, start: String = "GET / HTTP/1.1") {
        description = name
        request = ([start, "Host: a"] + fields + ["", ""]).joined(separator: "\r\n")
        self.value = value
    }
}

private let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="

private let offerVectors: [OfferVector] = [
    OfferVector("a WebSocket handshake", ["Connection: Upgrade", "Upgrade: websocket", key], offers: "websocket"),
    OfferVector("in other cases", ["cONNECTION: uPGRADE", "uPGRADE: WebSocket", "sec-websocket-KEY: dGhlIHNhbXBsZSBub25jZQ=="], offers: "WebSocket"),
    OfferVector("among other options", ["Connection: keep-alive, X , upgrade", "Upgrade: websocket", key], offers: "websocket"),
    OfferVector("a protocol with a version", ["Connection: upgrade", "Upgrade: IRC/6.9"], offers: "IRC/6.9"),
    OfferVector("a list", ["Connection: upgrade", "Upgrade: a , b/1,,c"], offers: "a, b/1, c"),
    OfferVector("a list in two lines", ["Upgrade: a", "Connection: upgrade", "Upgrade: b"], offers: "a, b"),
    OfferVector("as many as there may be", ["Connection: upgrade", "Upgrade: a,b,c,d,e,f,g,h"], offers: "a, b, c, d, e, f, g, h"),
    OfferVector("of any method", ["Connection: upgrade", "Upgrade: irc"], offers: "irc", start: "POST / HTTP/1.1"),
    OfferVector("names that only begin like refused ones", ["Connection: upgrade", "Upgrade: h2x, https, tlsx, h3"], offers: "h2x, https, tlsx, h3"),

    OfferVector("no Upgrade", ["Connection: upgrade"], offers: nil),
    OfferVector("no Connection", ["Upgrade: irc"], offers: nil),
    OfferVector("Connection names something else", ["Connection: close", "Upgrade: irc"], offers: nil),
    OfferVector("Connection names it within a word", ["Connection: upgraded", "Upgrade: irc"], offers: nil),
    OfferVector("HTTP/1.0", ["Connection: upgrade", "Upgrade: irc"], offers: nil, start: "GET / HTTP/1.0"),
    OfferVector("an empty list", ["Connection: upgrade", "Upgrade: , ,"], offers: nil),
    OfferVector("a name that is no token", ["Connection: upgrade", "Upgrade: i@rc, other"], offers: nil),
    OfferVector("a version that is no token", ["Connection: upgrade", "Upgrade: irc/6/9, other"], offers: nil),
    OfferVector("a version that is empty", ["Connection: upgrade", "Upgrade: irc/, other"], offers: nil),
    OfferVector("a name that is empty", ["Connection: upgrade", "Upgrade: /1, other"], offers: nil),
    OfferVector("two words", ["Connection: upgrade", "Upgrade: web socket"], offers: nil),
    OfferVector("more than there may be", ["Connection: upgrade", "Upgrade: a,b,c,d,e,f,g,h,i"], offers: nil),

    OfferVector("h2c", ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA"], offers: nil),
    OfferVector("h2c in another case", ["Connection: upgrade", "Upgrade: H2C"], offers: nil),
    OfferVector("a draft of h2c", ["Connection: upgrade", "Upgrade: h2c-14, h2-16"], offers: nil),
    OfferVector("h2c with a version", ["Connection: upgrade", "Upgrade: h2c/1"], offers: nil),
    OfferVector("HTTP of any version", ["Connection: upgrade", "Upgrade: HTTP/2.0, http/1.1, HTTP"], offers: nil),
    OfferVector("TLS of any version", ["Connection: upgrade", "Upgrade: TLS/1.0, tls"], offers: nil),
    OfferVector("h2c among others", ["Connection: upgrade", "Upgrade: h2c, irc, TLS/1.2, chat/2, http/2"], offers: "irc, chat/2"),
    OfferVector("h2c in one line, another in the next", ["Connection: upgrade", "Upgrade: h2c", "Upgrade: irc"], offers: "irc"),

    OfferVector("a handshake without a key", ["Connection: upgrade", "Upgrade: websocket"], offers: nil),
    OfferVector("a handshake without a key, and another", ["Connection: upgrade", "Upgrade: websocket, irc"], offers: "irc"),
    OfferVector("a handshake with two keys", ["Connection: upgrade", "Upgrade: websocket", key, key], offers: nil),
    OfferVector("a handshake with a key spelled with _", ["Connection: upgrade", "Upgrade: websocket", "Sec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ=="], offers: nil),
    OfferVector("a handshake with a second key spelled with _", ["Connection: upgrade", "Upgrade: websocket", key, "Sec-WebSocket_Key: x"], offers: nil),
    OfferVector("a handshake with a short key", ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: c2hvcnQ="], offers: nil),
    OfferVector("a handshake with a key that is no base 64", ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j!!=="], offers: nil),
    OfferVector("a handshake by POST", ["Connection: upgrade", "Upgrade: websocket", key], offers: nil, start: "POST / HTTP/1.1"),
    OfferVector("a handshake with a version of the protocol", ["Connection: upgrade", "Upgrade: websocket/13"], offers: nil),
    OfferVector("Upgrade spelled with _ has no say", ["Connection: upgrade", "Upgrade: irc", "_Upgrade: x", "Up_grade: h2c"], offers: "irc"),
]

/// The fields of a 101 to an offer of `websocket` with the key of RFC 6455, of `irc/6.9` and of `chat`.
struct SwitchVector: Sendable, CustomStringConvertible {
    let description: String
    let response: String
    /// `.accepted` stands for the protocol that is named.
    let verdict: String

    init(_ name: String, _ fields: [String], is verdict: String, version: String = "HTTP/1.1") {
        description = name
        response = (["\(version) 101 Switching Protocols"] + fields + ["", ""]).joined(separator: "\r\n")
        self.verdict = verdict
    }
}

// The real hash of this key; any other key has another.
private let proof = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

private let switchVectors: [SwitchVector] = [
    SwitchVector("with its proof", ["Connection: upgrade", "Upgrade: websocket", proof], is: "websocket"),
    SwitchVector("in other cases", ["connection: Keep-Alive, Upgrade", "upgrade: WebSocket", proof], is: "WebSocket"),
    SwitchVector("another protocol, which needs no proof", ["Connection: upgrade", "Upgrade: IRC/6.9"], is: "IRC/6.9"),
    SwitchVector("without a proof", ["Connection: upgrade", "Upgrade: websocket"], is: "not proven"),
    SwitchVector("with an empty proof", ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept:"], is: "not proven"),
    SwitchVector("with the key for a proof", ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ=="], is: "not proven"),
    SwitchVector("with a proof in another case", ["Connection: upgrade", "Upgrade: websocket", "Sec-WebSocket-Accept: S3PPLMBITXAQ9KYGZZHZRBK+XOO="], is: "not proven"),
    SwitchVector("with two proofs", ["Connection: upgrade", "Upgrade: websocket", proof, proof], is: "not proven"),
    SwitchVector("with a proof spelled with _", ["Connection: upgrade", "Upgrade: websocket", "Sec_WebSocket_Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="], is: "not proven"),
    SwitchVector("no Upgrade", ["Connection: upgrade", proof], is: "not offered"),
    SwitchVector("no Connection", ["Upgrade: websocket", proof], is: "not offered"),
    SwitchVector("HTTP/1.0", ["Connection: upgrade", "Upgrade: websocket", proof], is: "not offered", version: "HTTP/1.0"),
    SwitchVector("two lines", ["Connection: upgrade", "Upgrade: websocket", "Upgrade: websocket", proof], is: "not offered"),
    SwitchVector("a list", ["Connection: upgrade", "Upgrade: websocket, irc/6.9", proof], is: "not offered"),
    SwitchVector("an empty value", ["Connection: upgrade", "Upgrade:", proof], is: "not offered"),
    SwitchVector("h2c", ["Connection: upgrade", "Upgrade: h2c"], is: "not offered"),
    SwitchVector("another version", ["Connection: upgrade", "Upgrade: irc/6.8"], is: "not offered"),
    SwitchVector("no version", ["Connection: upgrade", "Upgrade: irc"], is: "not offered"),
    SwitchVector("a version that was not offered", ["Connection: upgrade", "Upgrade: chat/1"], is: "not offered"),
    SwitchVector("a part of a name", ["Connection: upgrade", "Upgrade: chats"], is: "not offered"),
]

@Suite struct UpgradeOfferTests {
    @Test(arguments: offerVectors)
    func `an offer keeps what may be tunnelled`(vector: OfferVector) throws {
        let offer = try offer(vector.request)
        #expect(offer.map { String(decoding: $0.value, as: UTF8.self) } == vector.value)
    }

    @Test(arguments: switchVectors)
    func `a 101 is accepted if it names one protocol of the offer and proves it`(vector: SwitchVector) throws {
        let request = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket, irc/6.9, chat\r\n\(key)\r\n\r\n"
        let offer = try #require(try offer(request))
        let bytes = Array(vector.response.utf8)
        var head = ResponseHead()
        #expect(try head.parse(bytes.span) == bytes.count)
        // 20 bytes whose base 64 is the proof of RFC 6455, section 1.3; the hash itself is tested with TLS.
        let hash = try #require(Base64.decode("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        var hashed: [UInt8] = []
        let verdict = offer.verdict(on: head, in: bytes.span) { input in
            hashed = input
            return hash
        }
        switch verdict {
        case .accepted(let range): #expect(String(decoding: bytes[range], as: UTF8.self) == vector.verdict)
        case .notOffered: #expect(vector.verdict == "not offered")
        case .notProven: #expect(vector.verdict == "not proven")
        }
        #expect(hashed.isEmpty || hashed == Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    }

    private func offer(_ request: String) throws -> UpgradeOffer? {
        let bytes = Array(request.utf8)
        var head = RequestHead()
        #expect(try head.parse(bytes.span) == bytes.count)
        return UpgradeOffer(head, in: bytes.span)
    }
}
