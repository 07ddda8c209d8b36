import COpenSSL

/// An RSA key of 2,048 bits, made in memory, for signatures by RS256 (RFC 7518 3.3: RSASSA-PKCS1-v1_5 with SHA-256).
public final class SigningKey {
    /// SubjectPublicKeyInfo as PEM.
    public let publicKeyPEM: [UInt8]

    private let key: OpaquePointer

    /// - Throws: `library` when OpenSSL cannot make a key.
    public init() throws(TLSError) {
        defer { ErrorQueue.clear() }
        guard let key = openssl_generate_rsa(2048) else { throw .library(ErrorQueue.takeReason()) }
        do {
            publicKeyPEM = try PEM.text { PEM_write_bio_PUBKEY($0, key) }
        } catch {
            EVP_PKEY_free(key)
            throw error
        }
        self.key = key
    }

    /// The signature, 256 bytes.
    /// - Throws: `library` when OpenSSL cannot sign.
    public func signRS256(_ bytes: [UInt8]) throws(TLSError) -> [UInt8] {
        defer { ErrorQueue.clear() }
        let digest = EVP_MD_CTX_new()
        defer { EVP_MD_CTX_free(digest) }
        var signature = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(key)))
        var count = signature.count
        guard EVP_DigestSignInit(digest, nil, EVP_sha256(), nil, key) == 1,
            EVP_DigestSign(digest, &signature, &count, bytes, bytes.count) == 1
        else { throw .library(ErrorQueue.takeReason()) }
        return Array(signature.prefix(count))
    }

    /// Whether the signature is this key's over these bytes.
    public func verifyRS256(_ signature: [UInt8], of bytes: [UInt8]) -> Bool {
        let digest = EVP_MD_CTX_new()
        defer {
            EVP_MD_CTX_free(digest)
            ErrorQueue.clear()
        }
        return EVP_DigestVerifyInit(digest, nil, EVP_sha256(), nil, key) == 1
            && EVP_DigestVerify(digest, signature, signature.count, bytes, bytes.count) == 1
    }

    deinit {
        EVP_PKEY_free(key)
    }
}
