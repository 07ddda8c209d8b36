/// The bounds of the emulated services.
enum Limits {
    /// Bytes of a request's content. It is held in memory until the request is answered; uploads in tests have 1 to 16 MiB.
    static let contentBytesMax = 32 << 20
    /// Bytes that one receive takes: four TLS records.
    static let receiveBytes = 64 * 1024
    /// Bytes of content that are made and coded at once, in a chunked answer one chunk.
    static let contentPieceBytes = 16 * 1024
    /// Connections of one service. More wait in the listener's backlog until one ends.
    static let connectionsMax = 4096
    /// A connection on which nothing moved for this long is closed.
    static let idleTimeout = Duration.seconds(75)
    /// How long the rest of a refused request is read and dropped, so that the answer is not lost to a reset.
    static let lingerTimeout = Duration.seconds(5)
    /// Pause before connections are accepted again after the system refused one, for want of descriptors mostly.
    static let acceptRetryDelay = Duration.milliseconds(200)
    /// Bytes of one answer of `/_sandbox/bytes`. They are made as the client takes them.
    static let patternBytesMax = 1 << 30
    /// Opaque tokens that are valid at once; the oldest is forgotten for one more.
    static let opaqueTokensMax = 4096
    /// Verified JWTs that are remembered, so that a signature is not verified again with each request.
    static let verifiedTokensMax = 256
    /// Entries of a ledger. It lives as long as the process; what comes beyond is refused with 503.
    static let ledgerEntriesMax = 100_000
    /// Quotes that wait for their execution; beyond it a quote is refused with 503.
    static let quotesMax = 10_000
    /// Blocks or transactions in one answer.
    static let listEntriesMax = 200
    /// Addresses in one request.
    static let addressesMax = 100
}
