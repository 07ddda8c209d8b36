import TLS
import Testing

struct SigningKeyTests {
    @Test func `a signature holds for its bytes and key alone`() throws {
        let (key, other) = (try SigningKey(), try SigningKey())
        let bytes = Array("header.payload".utf8)
        var signature = try key.signRS256(bytes)
        #expect(signature.count == 256)
        #expect(key.verifyRS256(signature, of: bytes))
        #expect(!key.verifyRS256(signature, of: bytes + [0]))
        #expect(!other.verifyRS256(signature, of: bytes))
        #expect(!key.verifyRS256([], of: bytes))
        signature[100] ^= 1
        #expect(!key.verifyRS256(signature, of: bytes))
    }
}
