import COpenSSL

/// Bytes that only those who know a secret can make or read: AES-256-GCM (NIST SP 800-38D), its key and nonce derived by
/// HKDF-SHA256 (RFC 5869) from the secret and a salt that each sealing has for itself.
///
///     salt (32) | ciphertext (as long as what is sealed) | tag (16)
///
/// It withstands guessing as well as the secret does: there is no slowness in it, as for passwords that people choose.
public enum Seal {
    /// Bytes of a salt.
    public static let saltBytes = 32
    /// Bytes by which the sealed form is longer.
    public static let addedBytes = saltBytes + tagBytes

    /// - Parameters:
    ///   - context: what the bytes are for. It is not in the sealed form; who opens it has to say the same.
    ///   - salt: `saltBytes` that nobody can foresee, never the same twice.
    /// - Throws: `library` when OpenSSL cannot do it.
    public static func close(
        _ bytes: Span<UInt8>, with secret: Span<UInt8>, for context: [UInt8], salt: [UInt8]
    ) throws(TLSError) -> [UInt8] {
        precondition(salt.count == saltBytes, "a salt has \(saltBytes) bytes")
        defer { ErrorQueue.clear() }
        var key = try derive(from: secret, salt: salt[...])
        defer { wipe(&key) }
        let cipher = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(cipher) }
        var sealed = salt + [UInt8](repeating: 0, count: bytes.count + tagBytes)
        var count: Int32 = 0
        let isDone = sealed.withUnsafeMutableBufferPointer { sealed in
            let ciphertext = sealed.baseAddress! + saltBytes
            return key.withUnsafeBufferPointer { key in
                EVP_EncryptInit_ex2(cipher, EVP_aes_256_gcm(), key.baseAddress!, key.baseAddress! + keyBytes, nil) == 1
            }
                && EVP_EncryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1
                && bytes.withUnsafeBufferPointer { EVP_EncryptUpdate(cipher, ciphertext, &count, $0.baseAddress, Int32($0.count)) } == 1
                && EVP_EncryptFinal_ex(cipher, ciphertext + bytes.count, &count) == 1
                && openssl_get_tag(cipher, Int32(tagBytes), ciphertext + bytes.count) == 1
        }
        guard isDone else { throw .library(ErrorQueue.takeReason()) }
        return sealed
    }

    /// What was sealed; nil if it was sealed with another secret or for something else, or is not what was sealed. The
    /// caller overwrites it when it is done.
    public static func open(_ sealed: [UInt8], with secret: Span<UInt8>, for context: [UInt8]) -> [UInt8]? {
        guard sealed.count >= addedBytes else { return nil }
        defer { ErrorQueue.clear() }
        guard var key = try? derive(from: secret, salt: sealed[..<saltBytes]) else { return nil }
        defer { wipe(&key) }
        let cipher = EVP_CIPHER_CTX_new()
        defer { EVP_CIPHER_CTX_free(cipher) }
        let byteCount = sealed.count - addedBytes
        var tag = Array(sealed.suffix(tagBytes))
        var bytes = [UInt8](repeating: 0, count: byteCount)
        var count: Int32 = 0
        let isDone = sealed.withUnsafeBufferPointer { sealed in
            key.withUnsafeBufferPointer { key in
                EVP_DecryptInit_ex2(cipher, EVP_aes_256_gcm(), key.baseAddress!, key.baseAddress! + keyBytes, nil) == 1
            }
                && EVP_DecryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1
                && EVP_DecryptUpdate(cipher, &bytes, &count, sealed.baseAddress! + saltBytes, Int32(byteCount)) == 1
                && openssl_set_tag(cipher, Int32(tagBytes), &tag) == 1
                && EVP_DecryptFinal_ex(cipher, nil, &count) == 1
        }
        guard isDone else {
            wipe(&bytes)
            return nil
        }
        return bytes
    }

    private static let keyBytes = 32
    private static let nonceBytes = 12
    private static let tagBytes = 16
    /// Keeps the key from being any other that is derived from the same secret.
    private static let purpose = Array("bearerproxy seal 1".utf8)

    /// A key, and the nonce behind it: the salt is used once, and so are both.
    private static func derive(from secret: Span<UInt8>, salt: ArraySlice<UInt8>) throws(TLSError) -> [UInt8] {
        let context = EVP_PKEY_CTX_new_id(EVP_PKEY_HKDF, nil)
        defer { EVP_PKEY_CTX_free(context) }
        let salt = Array(salt)
        var key = [UInt8](repeating: 0, count: keyBytes + nonceBytes)
        var count = key.count
        let isDone = EVP_PKEY_derive_init(context) == 1
            && EVP_PKEY_CTX_set_hkdf_md(context, EVP_sha256()) == 1
            && EVP_PKEY_CTX_set1_hkdf_salt(context, salt, Int32(salt.count)) == 1
            && secret.withUnsafeBufferPointer { EVP_PKEY_CTX_set1_hkdf_key(context, $0.baseAddress, Int32($0.count)) } == 1
            && EVP_PKEY_CTX_add1_hkdf_info(context, purpose, Int32(purpose.count)) == 1
            && EVP_PKEY_derive(context, &key, &count) == 1
        guard isDone, count == key.count else { throw .library(ErrorQueue.takeReason()) }
        return key
    }

    private static func wipe(_ bytes: inout [UInt8]) {
        bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    }
}
