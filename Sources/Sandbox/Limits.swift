internal import EventLoop

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
    static let idleTimeout = Interval.seconds(75)
    /// How long the rest of a refused request is read and dropped, so that the answer is not lost to a reset.
    static let lingerTimeout = Interval.seconds(5)
    /// Pause before connections are accepted again after the system refused one, for want of descriptors mostly.
    static let acceptRetryDelay = Interval.milliseconds(200)
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
    /// Sessions of events that are open at once; a handshake beyond it is refused with 503.
    static let eventSessionsMax = 1024
    /// Packets that wait for one session's client, and their bytes. A client that lets more come together loses its
    /// session: one that keeps up has a handful waiting.
    static let eventQueuePacketsMax = 1024
    static let eventQueueBytesMax = 256 * 1024
    /// Bytes of one POST of packets, and of one WebSocket message. What clients tell Connect has a few hundred.
    static let eventMessageBytesMax = 1 << 20
    /// Packets of one POST.
    static let payloadPacketsMax = 256
    /// How often sessions are looked at: for tokens that have run out, and clients that are gone.
    static let eventCheckInterval = Interval.seconds(1)
    /// How long an upgrade may take from its handshake to its last packet.
    static let upgradeTimeout = Duration.seconds(10)
    /// How long a session that has ended waits for the poll that fetches the reason.
    static let farewellTimeout = Duration.seconds(10)
    /// Addresses of which one session is told. More are not subscribed to.
    static let subscribedAddressesMax = 1000
    /// How late chaos makes an answer at most.
    static let chaosDelayMillisecondsMax = 2000
    /// Between two revocations of all tokens by chaos there are so many requests.
    static let chaosRevocationDistance = 10
    /// Digits of the number by which a client asks for an acknowledgement.
    static let acknowledgementDigitsMax = 15
}
