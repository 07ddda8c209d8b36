internal import EventLoop
internal import Glibc

/// One raw connection of `SimulatedClients`: sends given bytes, at once or in pieces, and collects what arrives.
public final class SimulatedClient {
    /// How a connection ended.
    public enum Ending: Equatable, Sendable {
        /// The peer sent its end after everything else.
        case finished
        /// Connecting, receiving or sending failed.
        case failed(errno: Int32)
        /// This side closed it.
        case closed
    }

    public private(set) var isConnected: Bool
    /// Everything that has arrived, unless `keepsReceived` is false.
    public private(set) var received: [UInt8] = []
    public private(set) var receivedCount = 0
    /// nil while something may still arrive.
    public private(set) var ending: Ending?
    /// Why sending failed. Unless it is EPIPE, the error that a receive would have met is spent, and what looks like the
    /// orderly end is none.
    public private(set) var sendErrno: Int32?
    /// Whether `received` is kept; the count always is.
    public var keepsReceived = true
    /// Closes as soon as the peer's end has come. Else the other direction stays open until `close`.
    public var closesAtEnd = true
    /// Closes as soon as both directions have ended, whichever ended last: what a tunnel's ends do.
    public var closesAtBothEnds = false {
        didSet { closesAtEnd = closesAtEnd && !closesAtBothEnds }
    }
    /// How much of what was given to send the socket has taken.
    public private(set) var takenCount = 0
    /// The end of what is sent has been given to the socket.
    public private(set) var hasFinishedSending = false
    /// Told each time something has arrived.
    public var whenReceived: ((SimulatedClient) -> Void)?
    /// Told once, when `ending` is known.
    public var whenEnded: ((SimulatedClient) -> Void)?
    /// A reader that stops: what arrives stays in the socket.
    public var isPaused = false {
        didSet { if oldValue, !isPaused { receiveAll() } }
    }

    static let connectionAborted = Int(ECONNABORTED)

    let descriptor: Int32
    let token: UInt64
    private unowned let owner: SimulatedClients
    /// Whether it has not been closed yet.
    public private(set) var isOpen = true
    private var outgoing: [UInt8] = []
    private var sentCount = 0
    private var pieces: [[UInt8]] = []
    private var pause = Duration.zero
    private var timer = TimerID.none
    private var isToFinish = false
    /// How receiving ended, which may not have been told yet.
    private var foundEnding: Ending?

    init(_ descriptor: Int32, isConnected: Bool, token: UInt64, of owner: SimulatedClients) {
        self.descriptor = descriptor
        self.isConnected = isConnected
        self.token = token
        self.owner = owner
    }

    /// Whether nobody has the other end any more.
    public var isPeerGone: Bool { !isOpen || owner.loop.kernel.isPeerGone(descriptor) }

    /// How much of what was sent here had arrived at the peer when it sent the byte at this place of its own. Only the simulated kernel
    /// knows.
    public func arrived(whenPeerSent place: Int) -> Arrived {
        (owner.loop.kernel as? SimulatedKernel)?.arrived(atPeerOf: descriptor, whenItSent: place) ?? Arrived()
    }

    /// What has arrived, as text.
    public var text: String { String(decoding: received, as: UTF8.self) }

    /// Whether everything that was given has been taken by the socket.
    public var hasSentAll: Bool { sentCount == outgoing.count && pieces.isEmpty }

    public func send(_ bytes: [UInt8]) {
        precondition(pieces.isEmpty, "pieces are still being sent")
        outgoing.append(contentsOf: bytes)
        flush()
    }

    public func send(_ text: String) { send(Array(text.utf8)) }

    /// Sends one piece now, and each further one after a pause (which a timer of the loop measures).
    public func send(pieces: [[UInt8]], every pause: Duration) {
        self.pieces.append(contentsOf: pieces)
        self.pause = pause
        if timer == .none { timer = owner.makeTimer(token: token) }
        timerFired()
    }

    /// Half close, after everything that was given to send.
    public func finishSending() {
        isToFinish = true
        flush()
    }

    /// Forgets what arrived so far: for the next answer on the same connection.
    public func clearReceived() { received = [] }

    /// Closes with a reset, as a client does that crashed.
    public func abort() {
        if isOpen { owner.loop.kernel.resetOnClose(descriptor) }
        close()
    }

    /// Closes; what the socket has not taken yet is not sent.
    public func close() { end(.closed, closes: true) }

    func ready(_ readiness: Readiness) {
        if !isConnected, !readiness.isDisjoint(with: [.writable, .failed]) {
            let code = owner.loop.kernel.connectError(of: descriptor)
            if code != 0 { return end(.failed(errno: code), closes: true) }
            isConnected = true
        }
        flush()
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .failed]) { receiveAll() }
    }

    func timerFired() {
        guard isOpen, !pieces.isEmpty else { return }
        outgoing.append(contentsOf: pieces.removeFirst())
        flush()
        if isOpen, !pieces.isEmpty { owner.loop.arm(timer, at: owner.loop.now + Interval(pause)) }
    }

    private func flush() {
        guard isOpen, isConnected, foundEnding == nil || foundEnding == .finished else { return }
        while sentCount < outgoing.count {
            let count = outgoing.withUnsafeBytes {
                owner.loop.kernel.send(descriptor, from: UnsafeRawBufferPointer(rebasing: $0[sentCount...]))
            }
            if count == Int(-EAGAIN) { return }
            // What the peer sent before it went is still to be read; then the error comes again, or the end.
            if count < 0 { return receiveAfterFailure(Int32(-count)) }
            sentCount += count
            takenCount += count
        }
        outgoing.removeAll(keepingCapacity: true)
        sentCount = 0
        if isToFinish, !hasFinishedSending, pieces.isEmpty {
            hasFinishedSending = true
            owner.loop.kernel.shutdownWriting(descriptor)
            if closesAtBothEnds, ending == .finished { end(.finished, closes: true) }
        }
    }

    private func receiveAfterFailure(_ code: Int32) {
        sendErrno = sendErrno ?? code
        outgoing = []
        sentCount = 0
        pieces = []
        if foundEnding == nil { receiveAll() }
        if ending == nil, let foundEnding { return end(foundEnding, closes: foundEnding != .finished || closesAtEnd || closesAtBothEnds) }
        if ending == .finished, !closesAtEnd, !closesAtBothEnds { return }
        end(.failed(errno: code), closes: true)
    }

    private func receiveAll() {
        var hasReceived = false
        while isOpen, foundEnding == nil, !isPaused {
            let count = withUnsafeTemporaryAllocation(byteCount: 16 * 1024, alignment: 1) { room -> Int in
                let count = owner.loop.kernel.receive(descriptor, into: room)
                if count > 0, keepsReceived { received.append(contentsOf: room[..<count]) }
                return count
            }
            if count == Int(-EAGAIN) { break }
            if count > 0 {
                hasReceived = true
                receivedCount += count
            } else {
                let found = count < 0 ? Ending.failed(errno: Int32(-count)) : sendErrno == ECONNRESET ? .failed(errno: ECONNRESET) : .finished
                // The error does not come a second time: whoever sends now would take what follows it for an orderly end.
                foundEnding = found
                if hasReceived { whenReceived?(self) }
                return end(found, closes: found != .finished || closesAtEnd || closesAtBothEnds && hasFinishedSending)
            }
        }
        if hasReceived { whenReceived?(self) }
    }

    private func end(_ ending: Ending, closes: Bool) {
        let isNews = self.ending == nil
        if isNews { self.ending = ending }
        if closes, isOpen {
            isOpen = false
            if timer != .none { owner.loop.removeTimer(timer) }
            owner.forget(token: token)
            owner.loop.kernel.close(descriptor)
        }
        if isNews {
            whenEnded?(self)
            whenEnded = nil
        }
        if !isOpen { whenReceived = nil }
    }
}
