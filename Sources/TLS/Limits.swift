/// What this target bounds.
enum Limits {
    /// Ciphertext that one receive may bring, in bytes: four full records (RFC 8446 5.2: a 5-byte header and at most
    /// 16,384 bytes, plus what AEAD adds: 24 bytes in TLS 1.2, 17 in TLS 1.3), so that a system call serves several.
    /// Held once per connection.
    static let ciphertextBufferBytes = 4 * (5 + 16_384 + 24)

    /// Server names whose newest session a context keeps. A proxy has a handful of upstreams; the oldest name goes.
    static let sessionsMax = 64

    /// Bytes of a server name (RFC 1035 2.3.4), without a final dot.
    static let serverNameBytesMax = 253

    /// Names of a wrong certificate that an error message lists: enough to see whose it is.
    static let namesShownMax = 8

    /// Bytes of one text out of a stranger's certificate in an error message.
    static let textBytesMax = 200

    /// Bytes of a common name (RFC 5280, ub-common-name).
    static let commonNameBytesMax = 64

    /// Days that a certificate made by `Authority` is valid: longer than a trial, too short to rely on.
    static let certificateDays = 30
}
