internal import Credentials
internal import EventLoop
internal import Wire

/// One request and its response, from the head that was accepted to the last byte of the answer.
struct Exchange: ~Copyable {
    /// Where the request stands. Reading the request and writing the response are two machines of their own
    /// (`requestBody` and `responsePhase`): an upstream may answer before a request has ended.
    enum Phase: Equatable {
        case none
        /// Its content is looked into first, and has to be there as a whole.
        case receivingContent
        case waitingForToken
        case waitingForConnection
        /// An upstream connection serves it.
        case forwarding
        /// The upstream has answered 101.
        case tunnelling
        /// The answer is complete, the upstream's or the proxy's own; it may still be in the output.
        case answered

        @inline(__always)
        func mayBecome(_ next: Phase) -> Bool {
            switch self {
            case .none: next == .receivingContent || next == .waitingForToken || next == .answered
            case .receivingContent: next == .waitingForToken || next == .answered || next == .none
            case .waitingForToken: next == .waitingForConnection || next == .answered || next == .none
            case .waitingForConnection:
                next == .forwarding || next == .waitingForToken || next == .answered || next == .none
            case .forwarding:
                next == .waitingForToken || next == .waitingForConnection || next == .tunnelling || next == .answered || next == .none
            case .tunnelling: next == .none
            case .answered: next == .none
            }
        }
    }

    /// How much of a final response the client has been given.
    enum ResponsePhase: Equatable {
        case none, head, complete
    }

    /// How the response's content is framed towards the client.
    enum ResponseCoding {
        /// By its length, or it has none, or by the end of the connection: bytes as they are.
        case identity
        case chunked
    }

    private(set) var phase = Phase.none
    /// Tells exchanges apart, over all connections: never used twice.
    var number: UInt64 = 0
    /// Index of the route; -1 before one was found.
    var route = -1
    var started = Instant.zero
    var timing = Timing()

    // The request
    /// Where method and path stand in the kept head, for the access log.
    var methodRange = 0..<0
    var pathRange = 0..<0
    var method = Method.other
    var minorVersion: UInt8 = 1
    var isPersistent = false
    /// The client said that this request is its last on the connection.
    var isLast = false
    var requestFraming = BodyFraming.none
    var requestBody = BodyReader(.none)
    var expectsContinue = false
    /// It offers protocols to go on with in a tunnel.
    var offersTunnel = false
    var copy = ReplayCopy()
    /// The content has a length that is more than may be kept. What has gone of it is, as long as that is not too much.
    var isTooLongToKeep = false
    /// Its content is looked into before anything goes upstream.
    var isInspected = false
    /// Whether trailers of the request go upstream.
    var forwardsTrailers = false
    /// Field lines of the request's trailer section that go upstream, in each attempt. Most requests have none.
    var trailers: [UInt8] = []
    /// Bytes of `copy` that the budget for replays was charged with.
    var chargedCount = 0
    var requestID = RequestID()

    // This attempt
    var upstream = Handle<Upstream>.none
    var generation: UInt64 = 0
    /// How much of the copy's content has been handed to this attempt's upstream connection.
    var copyOffset = 0
    var isRequestEndWritten = false
    /// The upstream was asked for a 100 because the content is too long to be kept, or may turn out to be.
    var isAnnounced = false
    /// Nothing is taken from the client yet of a content that is too long, and no more than is kept of one of unknown length ...
    var isHeld = false
    /// ... and until when, on the loop's clock.
    var heldUntil = Instant.zero

    // All attempts
    /// The generation of the token that was refused to this request.
    var refusedGeneration: UInt64?
    /// When a token was first refused to this request: one that is asked for after that is the last that it gets.
    var firstRefused: Instant?
    /// It is sent again, and no answer has shown yet whether the new token is worth more.
    var isReplayOpen = false
    var replayCount = 0
    var hasRetriedConnection = false
    /// An attempt had sent some of it when its connection ended: whatever comes of the next, it may have taken effect.
    var wasSentBefore = false
    /// The upstream refused to be asked for a 100.
    var refusesAnnouncement = false

    // The content's coding
    /// The upstream is asked for gzip although the client did not ask for it.
    var asksForGzip = false
    /// The response is, or stands for, gzip that is inflated: its head must not speak of the bytes that the upstream sent.
    var isInflated = false
    /// Inflates the content; nil where there is none.
    var inflater: GzipDecoder?

    // The token in the response
    /// Finds those that the request had, in all attempts; nil where none was long enough to be looked for.
    var search: SecretSearch?
    /// The content can be looked at.
    var isContentLegible = false
    /// The end of the content so far, if a token may begin with it ...
    var heldBack: [UInt8] = []
    /// ... and how much of that the client has been given.
    var heldBackSentCount = 0

    // The response
    var responsePhase = ResponsePhase.none
    var responseCoding = ResponseCoding.identity
    /// Whether trailers of the response go to the client.
    var forwardsResponseTrailers = false
    /// The last chunk has been written, with the trailers.
    var isResponseEndWritten = false
    var status = 0
    var interimCount = 0
    /// The response stands first in the client's output, and not a byte of it has gone: it can still be taken back.
    var isResponseHeld = false
    /// The client was told to go on with its content.
    var wasContinued = false
    var receivedCount = 0
    var sentCount = 0

    /// A request begins. What holds memory was let go of when the one before it ended (`end`).
    mutating func begin(number: UInt64, at now: Instant, requestID: RequestID) {
        precondition(phase == .none, "a request cannot begin before the one before it has ended")
        self.number = number
        started = now
        timing = Timing()
        self.requestID = requestID
        route = -1
        method = .other
        methodRange = 0..<0
        pathRange = 0..<0
        minorVersion = 1
        isPersistent = false
        isLast = false
        requestFraming = .none
        requestBody.begin(.none)
        expectsContinue = false
        offersTunnel = false
        isTooLongToKeep = false
        isInspected = false
        forwardsTrailers = false
        generation = 0
        copyOffset = 0
        isRequestEndWritten = false
        isAnnounced = false
        isHeld = false
        heldUntil = .zero
        refusedGeneration = nil
        firstRefused = nil
        isReplayOpen = false
        replayCount = 0
        hasRetriedConnection = false
        wasSentBefore = false
        refusesAnnouncement = false
        isReplayed = false
        beginResponse()
    }

    private mutating func beginResponse() {
        asksForGzip = false
        interimCount = 0
        wasContinued = false
        receivedCount = 0
        forgetResponse()
    }

    /// Nothing of a response has gone, and another begins.
    private mutating func forgetResponse() {
        isInflated = false
        isContentLegible = false
        heldBackSentCount = 0
        responsePhase = .none
        responseCoding = .identity
        forwardsResponseTrailers = false
        isResponseEndWritten = false
        status = 0
        isResponseHeld = false
        sentCount = 0
    }

    /// The response that is held gives way to another. What was held back has to be wiped before.
    mutating func takeBackResponse() {
        precondition(isResponseHeld && heldBack.isEmpty, "a response of which something is left cannot be taken back")
        inflater = nil
        forgetResponse()
    }

    /// The request is over: gives up what it held. What was held back has to be wiped before.
    mutating func end(pool: inout BufferPool) {
        if inflater != nil { inflater = nil }
        search = nil
        if !trailers.isEmpty { trailers = [] }
        copy.end(pool: &pool)
        chargedCount = 0
        upstream = .none
        become(.none)
    }

    @inline(__always)
    mutating func become(_ next: Phase) {
        precondition(phase.mayBecome(next), "a request cannot go from \(phase) to \(next)")
        phase = next
    }

    /// Whether it was sent again with another token.
    private(set) var isReplayed = false

    /// Whether the request can be sent once more from its beginning: of its content, all that was taken from the client is kept.
    var isReplayable: Bool { copy.isWhole || receivedCount == 0 }

    /// Some of the content, or the end of one that is empty, was handed to this attempt's upstream connection.
    var isContentBegun: Bool { copyOffset > 0 || isRequestEndWritten || !copy.isWhole }

    /// Times that it was sent once more for another reason than its token.
    var retryCount: Int { (hasRetriedConnection ? 1 : 0) + (refusesAnnouncement ? 1 : 0) }

    /// All of the request has been received from the client and handed to the upstream connection.
    var isRequestSent: Bool { requestBody.isComplete && isRequestEndWritten }

    /// What became of the request upstream. The attempt that is under way, if one is, had sent nothing of it where it `isUntouched`.
    func fate(isUntouched: Bool = true) -> RequestFate {
        if !isUntouched || wasSentBefore { return .sent }
        // A token, or an announcement of which the head alone had gone.
        return refusedGeneration == nil && !refusesAnnouncement ? .notSent : .notAccepted
    }

    /// A new attempt begins with nothing sent.
    mutating func beginAttempt(on upstream: Handle<Upstream>, generation: UInt64) {
        self.upstream = upstream
        self.generation = generation
        copyOffset = 0
        isRequestEndWritten = false
        isAnnounced = false
        isHeld = false
        isReplayed = refusedGeneration != nil
        become(.forwarding)
    }
}
