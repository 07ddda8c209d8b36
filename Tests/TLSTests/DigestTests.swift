import TLS
import Testing

struct DigestTests {
    @Test func `the digest is that of the example in RFC 6455`() {
        let bytes = Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        let text = Digest.sha1(bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == "b37a4f2cc0624f1690f64606cf385945b2bec4ea")
    }
}
