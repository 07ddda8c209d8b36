import Testing
import Wire

struct WebSocketHandshakeTests {
    @Test(arguments: [
        ("dGhlIHNhbXBsZSBub25jZQ==", true), ("", false), ("dGhlIHNhbXBsZSBub25jZQ", false), ("dGhlIHNhbXBsZSBub24=", false),
        ("dGhlIHNhbXBsZSBub25jZR==", false), ("dGhlIHNhbXBsZSBub25jZQ== ", false),
    ])
    func `a key is sixteen bytes in base 64`(value: String, isKey: Bool) {
        #expect(WebSocketHandshake.isKey(Array(value.utf8)) == isKey)
    }

    @Test func `the accept value is the base 64 of the hash of the key and the protocol's own identifier`() {
        var hashed: [UInt8] = []
        let accept = WebSocketHandshake.accept(key: Array("dGhlIHNhbXBsZSBub25jZQ==".utf8)) { bytes in
            hashed = bytes
            // The digest that RFC 6455 section 1.3 gives for its example.
            return [
                0xb3, 0x7a, 0x4f, 0x2c, 0xc0, 0x62, 0x4f, 0x16, 0x90, 0xf6, 0x46, 0x06, 0xcf, 0x38, 0x59, 0x45, 0xb2, 0xbe, 0xc4, 0xea,
            ]
        }
        #expect(hashed == Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
        #expect(accept == Array("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".utf8))
    }
}
