internal import EventLoop

/// The bounds of the proxy. What a route can set is in `Configuration`.
enum Limits {
    /// Exchanges of some 500 bytes that are kept for the next request when one has ended; what comes back beyond that is freed.
    static let idleExchangesMax = 1024
    /// Client connections that are being told that there are too many, besides those that are served. Others wait in the
    /// kernel's backlog.
    static let refusalsMax = 64
    /// Of these, such as are told that their user has too many. The rest is for when all places are taken.
    static let refusalsOfUsersMax = refusalsMax / 2
    /// Descriptors that no connection of a client or to an upstream takes, besides listeners': standard input and output, the loop's
    /// own and the log's (8), a file that is opened for a moment (4), look-ups of names (4 threads, 3 each), commands (4, 2 each).
    static let descriptorReserve = 32
    /// The same that one more loop has of its own: for epoll, to be woken (3), look-ups and commands (as above).
    static let loopDescriptors = 24
    /// Upstream connections at one time of one loop, over all routes; a route's own limit is `limits.concurrency`.
    static let upstreamsMax = 16_384
    /// Requests of one connection that are begun in one turn: who sends many at once, and is answered by the proxy itself, would keep the
    /// others waiting for all of them.
    static let requestsPerTurn = 64
    /// Connections accepted from one listener in one turn, so that a flood of them does not starve requests.
    static let acceptsPerTurn = 64
    /// So many times as many when a listener is about to be closed: more than a backlog holds.
    static let acceptRoundsAtEnd = 64
    /// A connection that waits for a request when the proxy drains may have one on its way: it is kept so long, and that request is its
    /// last. A client that asks oftener than this never sees its connection end without being told so before.
    static let drainGrace = Interval.milliseconds(250)
    /// A listener may have connections on which nothing has come, and which it was not shown: it stays open for `drainGrace`, too, but as
    /// long as there are clients only, which is looked at so often. A proxy without any ends at once, as people see it.
    /// Where there was no room for all, it stays open for as long again.
    static let drainStep = Interval.milliseconds(50)
    /// At the end of `drainTimeout` clients that have had no byte of an answer are told what became of their requests. So long those
    /// answers have to reach them; the process ends when they have.
    static let lastAnswerGrace = Interval.milliseconds(200)
    /// A client that has said all that it is going to say is not watched for so long: its answer comes sooner, mostly, and to begin
    /// to watch it costs as much as a tenth of the whole. If it leaves, that is seen so much later.
    static let watchDelay = Interval.milliseconds(50)
    /// What a reload has replaced is looked at so often, whether it is in use still.
    static let sweepInterval = Interval.seconds(1)
    /// A listener that no route has any more keeps those it had for so long: a client that another loop has accepted there may be on its
    /// way.
    static let retiredListenerSpan = Interval.seconds(5)
    /// TLS handshakes of clients at one time. Each holds some 40 KiB, and strangers may begin them: the next connection waits in
    /// the kernel's backlog ...
    static let handshakesMax = 512
    /// ... until one of them is over, or the oldest has taken so long, which then has to go.
    static let handshakePatience = Interval.seconds(1)
    /// Clients, and addresses of a provider, whose TLS fails are told of at most so often.
    static let tlsFaultInterval = Interval.seconds(1)
    /// Requests that get no token are told of at most so often for each credential: what is wrong was told with the call that failed.
    static let tokenFaultInterval = Interval.seconds(10)
    /// A client goes to another loop than the one that accepted it if that has fewer by more than 1, and by more than this part of
    /// its own: an eighth.
    static let loopShareTolerance = 8
    /// A loop gives a place among a destination's connections up for another loop's request only if that has waited so much longer
    /// than its own: to make a connection anew takes a handshake.
    static let placeTolerance = Interval.milliseconds(100)
    /// Idle clients that a loop ends each time when another has no place for a new one: hardly more than are wanted, and yet 80 a
    /// second.
    static let clientsYieldedMax = 8
    /// Among so many idle clients the one is looked for that has been so for longest, and gives its place up.
    static let idleClientsCompared = 64
    /// So long clients are refused before the other loops are asked anew whether one of theirs has become idle.
    static let refusalSpan = Interval.seconds(1)
    /// A connection that has no descriptor, while others rest in other loops' pools, looks for one so often until it has to be made.
    static let descriptorPause = Interval.milliseconds(2)
    /// How long accepting rests when the process has no descriptor left, or has to wait for another loop's.
    static let acceptPause = Interval.milliseconds(100)
    /// Field lines that a route injects: a token has at most 16 KiB, and a head that does not fit a buffer is refused.
    static let injectedBytesMax = 64 * 1024
    /// Content of a token answer. Real ones have some 2 KiB.
    static let tokenAnswerBytesMax = 64 * 1024
    /// A token from a file or a command that the upstream refuses is read again, and at most so often: an upstream may refuse
    /// every request.
    static let permanentTokenInterval = Interval.seconds(2)
    /// Memory held for replays over all requests, beyond one buffer each. Further requests are forwarded without one.
    static let replayBytesMax = 256 * 1024 * 1024
    /// What of it contents may take that are looked into: each is held before anybody has answered for it. Refused with 503.
    static let inspectedBytesMax = replayBytesMax / 2
    /// A content that is looked into for JSON-RPC calls. It is kept as a whole, and read in one go: a longer one would hold up the
    /// others. Refused with 413.
    static let rpcContentBytesMax = 1024 * 1024
    /// Calls in a batch: what go-ethereum takes. Refused with 403.
    static let rpcCallsMax = 1000
    /// The times of so many requests are kept for a route's `limits.requestsPerSecond`: 8 KiB. Where that is more, each stands for
    /// as many as it takes.
    static let rateGroupsMax = 1024
    /// So much of an answer's content is looked at for the text that says that the token was refused. Such answers are short, and
    /// others with that status wait for so much.
    static let refusalContentBytesMax = 4 * 1024
    /// A refused answer's content up to this is read to its end, so that the connection can be used again.
    static let discardBytesMax = 64 * 1024
    /// How long such a content may take.
    static let discardTimeout = Interval.seconds(2)
    /// An upstream connection is kept this long without a request. Servers commonly close after 60 to 75 s: we are first.
    static let pooledIdleTimeout = Interval.seconds(55)
    /// After the last answer of a connection, what the client still sends is read, so that its kernel does not discard the
    /// answer with a reset (RFC 9112, section 9.6): until it has sent nothing for so long ...
    static let lingerTimeout = Interval.seconds(2)
    /// ... and no longer than this. Many clients read no answer before they have sent all of a long content.
    static let lingerTimeMax = Interval.seconds(30)
    /// A client whose tunnel has broken is looked at so often, whether all that it was sent has reached it. If nothing
    /// more of it does for `lingerTimeout`, it is reset all the same.
    static let confirmInterval = Interval.milliseconds(50)
    /// A pooled connection gives the memory of its buffers back when it has not been used for so long, ...
    static let pooledRestTime = Interval.seconds(2)
    /// ... and after so long again, the process gives to the system what so many connections or more have given back: that takes
    /// about a millisecond.
    static let restedUpstreamsMin = 16
    /// How long an upstream has to say that it wants a content that was announced. After that it is sent: not all know
    /// `Expect: 100-continue`.
    static let announcementTimeout = Interval.seconds(1)
    /// How long no content of unknown length is announced to an upstream that has refused that (417) after some of it had gone.
    static let announcementPause = Interval.seconds(600)
    /// How long a content that cannot be sent twice waits after the upstream has said that it wants it, for a refusal that
    /// comes on the heels of that.
    static let refusalGrace = Interval.milliseconds(20)
    /// A client that has finished sending, and waits for its answer, may have closed the connection: it is looked for this
    /// long after its end was seen, when a process that closes has done so ...
    static let peerCheckDelay = Interval.milliseconds(50)
    /// ... and again so often.
    static let peerCheckInterval = Interval.seconds(1)
    /// Head of what it answers. Real ones have some 100 bytes, refusals up to 1 KiB.
    static let egressHeadBytesMax = 8 * 1024
    /// Addresses of a name are used this long before the name is looked up again.
    static let resolutionLifetime = Interval.seconds(30)
    /// For so much longer they are used while that is done, and no connection waits for it. A provider that moves keeps its
    /// old addresses for longer.
    static let staleResolutionMax = Interval.seconds(300)
    /// Addresses of one answer that are tried. More are the same machines in other words.
    static let addressesMax = 6
    /// Addresses that one connection tries: those of an answer, and of the next. Their sockets are told apart by three bits of
    /// the event token.
    static let attemptsMax = 8
    /// The next address is tried beside the earlier ones after this (RFC 8305, section 8).
    static let attemptDelay = Interval.milliseconds(250)
    /// An address that was reached where one before it was not is tried first for so long (RFC 6555, section 4.2).
    static let preferenceLifetime = Interval.seconds(600)
    /// An address is gone when no answer had it for so long: many a resolver gives some of the addresses in turn.
    static let goneAddressGrace = Interval.seconds(300)
    /// Addresses of a name that are remembered with the time of the last answer that had them.
    static let sightingsMax = 64
    /// A connection is opened ahead of its request where fewer are free than one for so many that are in use: a burst does not
    /// wait for handshakes, and a client that asks one thing after another opens no second connection.
    static let aheadShare = 4
    /// After a connection could not be made, none is opened ahead for so long.
    static let aheadPause = Interval.seconds(10)
    /// A connection that was opened ahead, and that nobody came for, is kept this long.
    static let unusedIdleTimeout = Interval.seconds(15)
    /// What was found out about a user's groups and name is used this long before the system is asked again ...
    static let userLifetime = Interval.seconds(60)
    /// ... and of so many users of a route at most; then all are asked for anew.
    static let rememberedUsersMax = 1024
    /// Interim answers (1xx) to one request. More is no protocol that anyone speaks.
    static let interimResponsesMax = 16
    /// An answer that the proxy makes itself. Interim answers that a client does not take leave so much room for it.
    static let answerBytesMax = 8 * 1024
    /// Of its message, before JSON makes up to six bytes of one.
    static let answerMessageBytesMax = 1000
    /// The end of a content waits for what follows it if so many bytes of it are the beginning of the token. Fewer tell little of
    /// it, and are the end of many a piece.
    static let heldBackBytesMin = 8
    /// Searches that a credential keeps for requests whose token was refused, one for each token that they had before. They hold
    /// tokens, and are forgotten with the next.
    static let jointSearchesMax = 4
    /// A piece of content at least this long is sent from where it was decrypted; a shorter one joins the bytes already waiting.
    static let handOverBytesMin = 8 * 1024
    /// Room in front of what an upstream sends, for the head that a client is sent: it is mostly longer by a request ID.
    static let headGrowthBytes = 256
    /// Seconds that a `Retry-After` is read as when it tells more: some 30 years, far beyond what is honoured.
    static let retryAfterSecondsMax = 999_999_999
    /// Times that one request is sent anew after a refusal: once with a newer token that was there or on its way already, and once with a
    /// fresh one.
    static let replaysMax = 2
    /// What one transfer may move in a turn of the loop, in bytes, before the others have their turn. Some 0.3 ms.
    static let transferBytesPerTurn = 1024 * 1024
    /// For how many bytes one counts that had to be inflated: it takes about so much longer.
    static let inflatedByteCost = 8
    /// What a step of a transfer counts for besides its bytes.
    static let transferStepBytes = 64
    /// A certificate that is valid for fewer days is told of by `check --online`: two weeks are time enough to renew one.
    static let certificateDaysMin = 14
    /// Clocks that differ by more are told of by `check --online`. Less is the time that an answer takes, and its whole seconds.
    static let clockDifferenceMax = Duration.seconds(30)
    /// So much of the answer to the request of a check is read. Its head is all that counts.
    static let checkedAnswerBytesMax = 256 * 1024
    /// A client's X-Request-Id is taken over up to this length.
    static let requestIDBytesMax = 128
    /// Connections of the admin listener: people, probes and a metrics collector. The next wait in the kernel's backlog.
    static let adminConnectionsMax = 32
    /// Of these, such as follow the status page's events: each is sent one a second. One more is refused with 503.
    static let adminSubscribersMax = 8
    /// A request's head there.
    static let adminHeadBytesMax = 16 * 1024
    /// How long such a head may take, and an answer of which nothing is taken.
    static let adminTimeout = Interval.seconds(10)
    /// How long that may take where all connections are taken and another waits: whoever means it sends its head with the connection ...
    static let adminHeadPatience = Interval.milliseconds(50)
    /// ... and takes its answer, and goes.
    static let adminAnswerPatience = Interval.seconds(1)
    /// How often the status page is told how things stand.
    static let adminEventInterval = Interval.seconds(1)
    /// Status and metrics are put together at most so often, whoever asks: that takes a millisecond or two where there are many routes.
    static let adminInterval = Interval.milliseconds(50)
    /// How long other loops have to say how they are. One that does not is shown as what it is: it hangs.
    static let reportPatience = Interval.milliseconds(500)
    /// Kinds of faults that a loop remembers: by route or credential, and code.
    static let faultsMax = 64
    /// A token that could not be renewed and has so little time left is not relied on any more: a balancer that asks every 10 s
    /// sends its requests elsewhere before it has run out.
    static let expiryWarned = Duration.seconds(30)
}
