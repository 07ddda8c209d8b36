/// What this target bounds.
enum Limits {
    /// Ciphertext that one receive may bring, in bytes, so that a system call serves several records. Held once per
    /// connection. Exactly four full records of TLS 1.3 (RFC 8446 5.2: a header of 5 bytes, 16,384 of content, its
    /// type, and a tag of 16), and OpenSSL's alignment: it completes a record that has begun by a receive for that
    /// record alone, so a few bytes more or less would make about 30 calls of the 17 for a mebibyte.
    static let ciphertextBufferBytes = 4 * (5 + 16_384 + 1 + 16) + 7

    /// The same for the connections of a server that strangers may reach: one full record, and OpenSSL's alignment. A request
    /// is seldom longer.
    static let recordBytesMax = 5 + 16_384 + 1 + 16 + 7

    /// Content of a record (RFC 8446 5.1).
    static let recordContentBytesMax = 16_384

    /// Records that one send takes at most, where more than one is written: as many as a buffer of 64 KiB makes.
    static let recordsOfSendMax = 4

    /// Room for the ciphertext of so many, and for a record of the protocol's own before each of them. Held once by a context.
    static let gatheringBufferBytes = recordsOfSendMax * (5 + recordContentBytesMax + 1 + 16 + 1024)

    /// Server names whose newest sessions a context keeps. A proxy has a handful of upstreams; the oldest name goes.
    static let sessionsMax = 64

    /// Of each name: servers commonly send two at once, and one of theirs may be good for a single connection.
    static let sessionsOfNameMax = 4

    /// The system's bundle of authorities, where it could not be read, is tried again after this: who mends it waits no longer.
    static let bundlePause = Duration.seconds(5)

    /// Bytes of a server name (RFC 1035 2.3.4), without a final dot.
    static let serverNameBytesMax = 253

    /// Names of a wrong certificate that an error message lists: enough to see whose it is.
    static let namesShownMax = 8

    /// Certificates of a chain whose pins an error message lists: server, intermediate and root.
    static let pinsShownMax = 3

    /// Bytes of one text out of a stranger's certificate in an error message.
    static let textBytesMax = 200

    /// Bytes of a common name (RFC 5280, ub-common-name).
    static let commonNameBytesMax = 64

    /// Days that a certificate made by `Authority` is valid: longer than a trial, too short to rely on.
    static let certificateDays = 30
}
