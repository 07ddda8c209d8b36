import TLS
import Testing

struct DigestTests {
    @Test func `the digest is that of the example in RFC 6455`() {
        let bytes = Array("dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8)
        #expect(text(Digest.sha1(bytes)) == "b37a4f2cc0624f1690f64606cf385945b2bec4ea")
    }

    @Test func `the digests of 256 bits are those of the examples in FIPS 180`() {
        #expect(text(Digest.sha256(Array("abc".utf8))) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        #expect(text(Digest.sha256([])) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    }

    private func text(_ digest: [UInt8]) -> String { digest.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}
