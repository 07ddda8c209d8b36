import COpenSSL

/// Hashes that a protocol asks for by name.
public enum Digest {
    /// SHA-1 (FIPS 180-4), 20 bytes. It binds an answer to a WebSocket handshake (RFC 6455, section 1.3), and is no protection of
    /// anything.
    public static func sha1(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha1(), count: 20) }

    /// SHA-256 (FIPS 180-4), 32 bytes.
    public static func sha256(_ bytes: [UInt8]) -> [UInt8] { digest(bytes, EVP_sha256(), count: 32) }

    private static func digest(_ bytes: [UInt8], _ kind: OpaquePointer?, count: Int) -> [UInt8] {
        defer { ErrorQueue.clear() }
        var digest = [UInt8](repeating: 0, count: count)
        let isDone = EVP_Digest(bytes, bytes.count, &digest, nil, kind, nil) == 1
        precondition(isDone, "OpenSSL offers this hash on every system that this runs on")
        return digest
    }
}
