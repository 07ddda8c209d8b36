internal import EventLoop
internal import TLS

/// A connection from a client, and the request that is under way on it.
///
/// Requests on one connection are served one after another (RFC 9112, section 9.3.2): what a client sends ahead
/// stays in the kernel, or in `input`, until its turn has come.
struct Downstream: ~Copyable {
    /// What the connection is doing.
    enum Phase: Equatable {
        /// TLS is being agreed on, where its listener demands it.
        case handshaking
        /// Between requests; an earlier answer may still be in `output`.
        case idle
        /// Part of a head has arrived.
        case receivingHead
        /// A request is under way: its own machine is `exchange.phase`.
        case exchanging
        /// The upstream has switched protocols: bytes both ways until both sides have ended.
        case tunnelling
        /// An answer or a tunnel has broken: the client is reset, once all that it was sent has reached it.
        case breaking
        /// The last answer is being sent, then the connection closes.
        case finishing
        /// Everything is sent, and what the client still sends is dropped until it has seen our end.
        case lingering
        /// Gone: removed at the end of this turn.
        case closed

        /// Whether the machine may go from this phase to `next`. Closing is always allowed, and final.
        @inline(__always)
        func mayBecome(_ next: Phase) -> Bool {
            switch self {
            case .handshaking: next == .idle || next == .lingering || next == .closed
            case .idle: next == .handshaking || next == .receivingHead || next == .exchanging || next == .breaking || next == .finishing || next == .closed
            case .receivingHead: next == .idle || next == .exchanging || next == .closed
            case .exchanging: next == .idle || next == .tunnelling || next == .breaking || next == .finishing || next == .closed
            case .tunnelling: next == .breaking || next == .finishing || next == .closed
            case .breaking: next == .closed
            case .finishing: next == .breaking || next == .lingering || next == .closed
            case .lingering: next == .closed
            case .closed: false
            }
        }
    }

    let descriptor: Descriptor
    let listener: Int
    let timer: TimerID
    private(set) var phase = Phase.idle
    /// What encrypts it, where its listener demands that.
    var tls: TLSConnection?
    /// Who its certificate says that the client is, where one was demanded.
    var clientName: String?
    /// When the present phase has lasted too long.
    var deadline = Instant.zero
    /// When its timer fires: then or before.
    var alarm = Instant.never
    /// From the client, and not yet understood.
    var input = Buffer()
    /// For the client, and not yet taken by its socket.
    var output = Buffer()
    /// Bytes of `input` in which no end of a head was found.
    var searchedCount = 0
    var canReceive = false
    var canSend = true
    /// Events tell of it.
    var isWatched = false
    /// An event said that the client has finished sending: no further edge will come.
    var isPeerClosed = false
    /// It goes on in the next turn, and has had its share of this one.
    var isResuming = false
    /// The end of the client's stream has been received.
    var isInputEnded = false
    /// That end was a reset, or another error.
    var isReset = false
    /// Of a tunnel: the client has been told that nothing more will come.
    var isOutputEnded = false
    /// The client may still be sending: a request that was not read to its end, or the next one.
    var isOwedInput = false
    /// It is one too many, and only told so.
    var isRefused = false
    /// Whose it is; nil until a route, or a limit, has asked.
    var user: ClientUser?
    /// Whether it has one of its user's places.
    var isCounted = false
    /// Its listener has gone: its next answer is the last.
    var isLeaving = false
    /// It has had a request.
    var hasBeenUsed = false
    /// While breaking: what had not reached the client yet, and until when some more of it has to.
    var unconfirmedCount = 0
    var confirmDeadline = Instant.zero
    /// When lingering ends, whatever the client still sends.
    var lingerEnd = Instant.zero
    private let exchanges: Unmanaged<ExchangePool>
    private var lent: UnsafeMutablePointer<Exchange>
    private var hasExchange = false

    /// - Parameter exchanges: outlives the connection.
    init(descriptor: consuming Descriptor, listener: Int, timer: TimerID, exchanges: ExchangePool) {
        self.descriptor = descriptor
        self.exchanges = .passUnretained(exchanges)
        lent = exchanges.none
        self.listener = listener
        self.timer = timer
    }

    deinit {
        if hasExchange { ExchangePool.discard(lent) }
    }

    /// The request that is under way. Between requests it is one that never began; its memory is lent at the first change.
    var exchange: Exchange {
        unsafeAddress { UnsafePointer(lent) }
        unsafeMutableAddress {
            if !hasExchange { lendExchange() }
            return lent
        }
    }

    private mutating func lendExchange() {
        lent = exchanges._withUnsafeGuaranteedRef { $0.lend() }
        hasExchange = true
    }

    /// The request has ended: its memory is for others.
    mutating func returnExchange() {
        guard hasExchange else { return }
        exchanges._withUnsafeGuaranteedRef { [lent] in
            $0.giveBack(lent)
        }
        lent = exchanges._withUnsafeGuaranteedRef { $0.none }
        hasExchange = false
    }

    /// Who its certificate says that the client is.
    var certifiedName: String? {
        switch tls {
        case .some(let tls): tls.peerCommonName
        case .none: nil
        }
    }

    /// Nothing that has arrived is left to be decrypted, and the socket had no more.
    var isExhausted: Bool {
        switch tls {
        case .some(let tls): tls.isExhausted
        case .none: false
        }
    }

    @inline(__always)
    mutating func become(_ next: Phase) {
        precondition(phase.mayBecome(next), "a client connection cannot go from \(phase) to \(next)")
        phase = next
    }
}
