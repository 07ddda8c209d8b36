import COpenSSL

/// Hashes that a protocol asks for by name.
public enum Digest {
    /// SHA-1 (FIPS 180-4), 20 bytes. It binds an answer to a WebSocket handshake (RFC 6455, section 1.3), and is no protection of
    /// anything.
    public static func sha1(_ bytes: [UInt8]) -> [UInt8] {
        defer { ErrorQueue.clear() }
        var digest = [UInt8](repeating: 0, count: 20)
        let isDone = EVP_Digest(bytes, bytes.count, &digest, nil, EVP_sha1(), nil) == 1
        precondition(isDone, "OpenSSL offers SHA-1 on every system that this runs on")
        return digest
    }
}
