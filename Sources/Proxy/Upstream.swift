internal import EventLoop
internal import TLS
internal import Wire

/// A connection to an upstream, or to a token endpoint.
struct Upstream: ~Copyable {
    enum Phase: Equatable {
        /// Its host's name is being looked up.
        case resolving
        case connecting
        /// It leads to the egress proxy, which is asked for the way to the origin.
        case askingEgress
        case handshaking
        /// In the pool.
        case idle
        /// It has a request.
        case serving
        /// It has switched protocols: never used for anything else.
        case tunnelling
        /// The rest of an answer that nobody wants is read, so that the connection can be used again.
        case discarding
        /// Gone: removed at the end of this turn.
        case closed

        @inline(__always)
        func mayBecome(_ next: Phase) -> Bool {
            switch self {
            case .resolving: next == .connecting || next == .closed
            case .connecting:
                next == .askingEgress || next == .handshaking || next == .idle || next == .closed
            case .askingEgress: next == .handshaking || next == .closed
            case .handshaking: next == .idle || next == .connecting || next == .closed
            case .idle: next == .serving || next == .closed
            case .serving: next == .idle || next == .tunnelling || next == .discarding || next == .closed
            case .tunnelling: next == .closed
            case .discarding: next == .idle || next == .closed
            case .closed: false
            }
        }
    }

    /// For whom the connection is, or will be when it is established.
    enum Client: Equatable {
        /// Whoever is first in the queue of its destination.
        case none
        case exchange(Handle<Downstream>)
        /// A request of this client that waits for it: the one with this number. By the time that the connection is established, the client
        /// may wait for another, with another upstream.
        case waiting(Handle<Downstream>, exchange: UInt64)
        /// The token call of the credential with this index.
        case tokenCall(Int)
    }

    /// Which part of the answer is read next.
    enum Response {
        case head, content
    }

    let destination: Destination
    let timer: TimerID
    private(set) var phase = Phase.resolving
    var client = Client.none
    /// When the present phase has lasted too long; `never` while it serves a request, whose own deadline holds.
    var deadline = Instant.zero
    /// When its timer fires: at the deadline, or before that.
    var alarm = Instant.never
    private var descriptor: Descriptor?
    /// The descriptor's number; -1 before there is one.
    private(set) var number: Int32 = -1
    var tls: TLSConnection?
    /// Until it can be used.
    var race: AddressRace? = AddressRace()
    /// Which of the addresses it is connected to; -1 before. Its events bear it.
    private(set) var place = -1
    /// What it is connected to.
    private(set) var address: SocketAddress?
    /// The name no longer leads to its address: it ends with its request.
    var isOutdated = false
    /// Nobody waited for it when it was begun.
    var isAhead = false
    /// It cannot be made, which is still to be told.
    var fault: UpstreamFault?
    var connectDeadline = Instant.zero
    /// There is none for it yet: another loop has been asked to give one up.
    var awaitsDescriptor = false
    var canReceive = false
    var canSend = false
    var isPeerClosed = false
    /// Received, decrypted, and not yet understood.
    var input = Buffer()
    /// Bytes of `input` in which no end of a head was found.
    var searchedCount = 0
    /// To be encrypted and sent.
    var output = Buffer()
    /// In the pool: until then it may be used again soon, and keeps all that it has.
    var restTime = Instant.zero
    /// It has been in the pool for a while, and has given back what it does not need there.
    var isResting = false
    /// It has served a request, or rested in the pool: the upstream may have closed it meanwhile.
    var isReused = false
    /// Not one byte of the present request was handed to the kernel.
    var isUntouched = true
    /// Not one byte of an answer to the present request has been received.
    var isUnanswered = true
    /// Sending failed; what was received before may still hold an answer.
    var isSendBroken = false
    /// Sending failed in a way that took the place of the error that a receive would have met: what looks like the orderly
    /// end of the stream is none.
    var isReset = false
    /// Of a tunnel: it has ended its side.
    var isInputEnded = false
    /// Of a tunnel: it has been told that nothing more will come.
    var isOutputEnded = false
    /// The upstream said that it will keep the connection after this answer.
    var keepsAlive = false
    private(set) var response = Response.head
    /// Finds the end of the answer's content, once its head has been read. In its own place, for to take it out and put it back at each
    /// step would cost more than the step.
    var reader = BodyReader(.none)
    var discardedCount = 0

    init(destination: Destination, timer: TimerID, client: Client) {
        self.destination = destination
        self.timer = timer
        self.client = client
    }

    /// Nothing that has arrived is left to be decrypted, and the socket had no more.
    var isExhausted: Bool {
        switch tls {
        case .some(let tls): tls.isExhausted
        case .none: false
        }
    }

    /// How it is encrypted, and for how many days the certificate is still valid; nil of plain HTTP.
    var encryption: (version: String, certificateDays: Int?)? {
        switch tls {
        case .some(let tls): (tls.version, tls.certificateDays)
        case .none: nil
        }
    }

    @inline(__always)
    mutating func become(_ next: Phase) {
        precondition(phase.mayBecome(next), "an upstream connection cannot go from \(phase) to \(next)")
        phase = next
    }

    /// The attempt has succeeded: it is the connection, and the others are given up.
    mutating func own(_ attempt: AddressAttempt) {
        number = attempt.number
        descriptor = attempt.takeDescriptor()
        place = attempt.place
        address = attempt.address
    }

    /// TLS did not come about with what it is connected to: that ends, and another address is tried.
    mutating func disown() {
        become(.connecting)
        tls = nil
        descriptor = nil
        number = -1
        place = -1
        address = nil
        // That was said of the address.
        isOutdated = false
        canReceive = false
        canSend = false
        isPeerClosed = false
    }

    /// Ends the connection at once. Nothing can be sent or received any more, by whoever still holds a handle: the number may be
    /// another connection's by then.
    mutating func releaseDescriptor() {
        tls = nil
        race = nil
        descriptor = nil
        number = -1
    }

    /// A request is about to be written.
    mutating func beginRequest(for client: Client) {
        become(.serving)
        self.client = client
        isUntouched = true
        isUnanswered = true
        keepsAlive = false
        awaitHead()
    }

    /// A head comes next; or the one that is there is looked at anew.
    mutating func awaitHead() {
        response = .head
        searchedCount = 0
    }

    /// The head has been read: content that is framed so comes next.
    mutating func awaitContent(_ framing: BodyFraming) {
        response = .content
        reader.begin(framing)
    }
}
