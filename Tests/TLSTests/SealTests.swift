import TLS
import Testing

@Suite struct SealTests {
    private let text = Array("a token, and when it ends".utf8)
    private let secret = Array("client id and client secret".utf8)
    private let context = Array("bloq https://accounts.bloq.cloud".utf8)
    private let salt = [UInt8](0..<32)

    private func sealed(_ text: [UInt8]? = nil) throws -> [UInt8] {
        let bytes = text ?? self.text
        return try Seal.close(bytes.span, with: secret.span, for: context, salt: salt)
    }

    @Test(arguments: [0, 1, 16, 25, 70_000])
    func `what was sealed is opened with the same secret for the same purpose`(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        let sealed = try sealed(bytes)
        #expect(sealed.count == count + Seal.addedBytes)
        #expect(Seal.open(sealed, with: secret.span, for: context) == bytes)
    }

    /// Made with HKDF and AESGCM of Python's cryptography.
    private static let vector =
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f2fd392cff9360c7d4e70a1886029248c3e1f1e2588bb4c77d4"
        + "ccd10979285e8602d10bb81414171a70"

    @Test func `the sealed form is that of another implementation`() throws {
        let text = try sealed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(text == Self.vector)
    }

    @Test func `the sealed form hides what is in it, and differs with the salt`() throws {
        let first = try sealed()
        let second = try Seal.close(text.span, with: secret.span, for: context, salt: salt.reversed())
        #expect(first != second && first.dropFirst(32) != second.dropFirst(32))
        #expect(!String(decoding: first, as: UTF8.self).contains("token"))
    }

    @Test func `another secret, another purpose, and any other byte open nothing`() throws {
        let sealed = try sealed()
        for other in [Array("client id and client secret!".utf8), []] {
            #expect(Seal.open(sealed, with: other.span, for: context) == nil)
        }
        #expect(Seal.open(sealed, with: secret.span, for: context + [0]) == nil)
        #expect(Seal.open(sealed, with: secret.span, for: []) == nil)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(Seal.open(changed, with: secret.span, for: context) == nil, "byte \(index)")
        }
        for count in 0..<sealed.count { #expect(Seal.open(Array(sealed.prefix(count)), with: secret.span, for: context) == nil) }
        #expect(Seal.open(sealed + [0], with: secret.span, for: context) == nil)
    }
}
