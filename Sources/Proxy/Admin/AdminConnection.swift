internal import EventLoop
internal import Glibc

/// A connection of the admin listener: one request, its answer, and the end; or events until the client goes.
final class AdminConnection {
    enum Phase {
        /// Its request's head is on its way.
        case receiving
        /// The loops are asked for what it wants to know.
        case waiting
        /// An answer is being sent, the last thing on this connection.
        case sending
        /// It is sent events.
        case following
        /// Everything was sent; what still comes is dropped until the client has finished, too.
        case lingering
    }

    /// There is nothing more to be done on it.
    struct Ended: Error {}

    var phase = Phase.receiving
    /// What its request asks for, while it waits.
    var wanted = AdminPage.status
    /// Its request wants the head of the answer alone.
    var isHead = false
    private(set) var input: Buffer
    private let descriptor: Descriptor
    private let kernel: any Kernel
    /// What is to be sent, piece by piece. Other connections may have the same pieces, and none makes a copy.
    private var output: [[UInt8]] = []
    /// Of the first piece.
    private var sentCount = 0
    private var canReceive = false
    private var canSend = true
    private var droppedCount = 0
    /// The first event has been sent.
    private var isBegun = false

    init(_ descriptor: consuming Descriptor, kernel: any Kernel, input: consuming Buffer) {
        self.descriptor = descriptor
        self.kernel = kernel
        self.input = input
    }

    func giveBack(to pool: inout BufferPool) { pool.giveBack(&input) }

    func ready(_ readiness: Readiness) {
        if readiness.contains(.writable) { canSend = true }
        if !readiness.isDisjoint(with: [.readable, .peerClosed, .failed]) { canReceive = true }
    }

    /// Takes what has come of the head. False when nothing more is there for now.
    func receive() throws(Ended) -> Bool {
        guard canReceive, input.freeCapacity > 0 else { return false }
        let count = kernel.receive(descriptor.number, into: UnsafeMutableRawBufferPointer(input.room))
        guard count > 0 else {
            canReceive = false
            guard count == Int(-EAGAIN) else { throw Ended() }
            return false
        }
        input.grew(by: count)
        return true
    }

    /// The last thing that it is sent.
    func send(_ answer: AdminAnswer) { send(whole: [answer.head] + (isHead ? [] : [answer.content])) }

    func send(whole pieces: [[UInt8]]) {
        phase = .sending
        output = pieces
        sentCount = 0
    }

    /// What it is sent begins with the head of a stream; events follow.
    func beginEvents() {
        phase = .following
        output = [AdminAnswer.beginningOfEvents]
        sentCount = 0
        isBegun = false
    }

    /// One more event. It is left out for a client that has not taken the last one.
    func sendEvent(_ event: [UInt8]) {
        guard isFlushed || !isBegun else { return }
        isBegun = true
        output.append(event)
    }

    var isFlushed: Bool { output.isEmpty }

    /// Sends what the socket takes.
    func flush() throws(Ended) {
        while canSend, !isFlushed {
            guard sentCount < output[0].count else {
                output.removeFirst()
                sentCount = 0
                continue
            }
            let count = output[0].withUnsafeBytes { kernel.send(descriptor.number, from: UnsafeRawBufferPointer(rebasing: $0[sentCount...])) }
            guard count > 0 else {
                canSend = false
                guard count == Int(-EAGAIN) else { throw Ended() }
                return
            }
            sentCount += count
        }
    }

    /// All was sent. Bytes that are still to come would turn the end into a reset, which may take the answer back.
    func finish() {
        phase = .lingering
        kernel.shutdownWriting(descriptor.number)
    }

    /// Reads what nobody asked for, until there is nothing for now. Throws when the client has finished.
    func drop() throws(Ended) {
        input.removeAll()
        while canReceive {
            let count = kernel.receive(descriptor.number, into: UnsafeMutableRawBufferPointer(input.room))
            if count == Int(-EAGAIN) {
                canReceive = false
            } else {
                droppedCount += max(0, count)
                guard count > 0, droppedCount <= Limits.adminHeadBytesMax * 4 else { throw Ended() }
            }
        }
    }
}
