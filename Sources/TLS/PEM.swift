import COpenSSL

/// Certificates and keys as text in memory (RFC 7468).
enum PEM {
    /// All certificates of the text, in order, each owned by the caller; at least one.
    static func certificates(_ text: [UInt8]) throws(TLSError) -> [OpaquePointer] {
        defer { ErrorQueue.clear() }
        var certificates: [OpaquePointer] = []
        withBIO(reading: text) { bio in
            while let certificate = PEM_read_bio_X509(bio, nil, refusePassphrase, nil) {
                certificates.append(certificate)
            }
        }
        let code = ErrorQueue.oldest
        let isWhole = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE
        if isWhole && !certificates.isEmpty { return certificates }
        certificates.forEach(X509_free)
        let reason = isWhole ? "no CERTIFICATE block" : ErrorQueue.text(of: code)
        throw .configuration("certificates cannot be read: \(reason); expected PEM")
    }

    /// The first private key of the text, owned by the caller.
    static func privateKey(_ text: [UInt8]) throws(TLSError) -> OpaquePointer {
        defer { ErrorQueue.clear() }
        var key: OpaquePointer?
        withBIO(reading: text) { bio in
            key = PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil)
        }
        if let key { return key }
        throw .configuration("the private key cannot be read: \(ErrorQueue.takeReason()); expected PEM, not encrypted")
    }

    /// What `write` puts into the BIO it is given; `write` answers 1 when it worked.
    static func text(_ write: (OpaquePointer) -> Int32) throws(TLSError) -> [UInt8] {
        defer { ErrorQueue.clear() }
        let bio = BIO_new(BIO_s_mem())
        defer { BIO_free(bio) }
        guard let bio, write(bio) == 1 else { throw .library(ErrorQueue.takeReason()) }
        var start: UnsafePointer<UInt8>?
        let count = openssl_bio_memory(bio, &start)
        return Array(UnsafeBufferPointer(start: start, count: count))
    }

    /// The text of at most 48 bytes in base 64 (RFC 4648 4).
    static func base64(_ bytes: [UInt8]) -> String {
        precondition(bytes.count <= 48, "a longer text would need another buffer")
        let text = [UInt8](unsafeUninitializedCapacity: 65) { buffer, count in
            count = Int(EVP_EncodeBlock(buffer.baseAddress, bytes, Int32(bytes.count)))
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// OpenSSL would ask for a passphrase at the terminal: a service has none, so an encrypted key is an error.
    static let refusePassphrase:
        @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
            _, _, _, _ in -1
        }

    private static func withBIO(reading text: [UInt8], _ body: (OpaquePointer?) -> Void) {
        text.withUnsafeBytes { bytes in
            let bio = BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            defer { BIO_free(bio) }
            if bio != nil { body(bio) }
        }
    }
}
