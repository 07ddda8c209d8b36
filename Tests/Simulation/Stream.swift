internal import EventLoop

/// One end of a simulated connection, with the habits of Linux's TCP.
final class Stream: Socket {
    enum State { case connecting, established, closed }

    var state: State
    /// The other end; nil before the connection has one.
    var peer: Stream?
    /// The address that was connected to: names the faults that apply.
    let service: SocketAddress
    /// Sent and not yet with the peer.
    var outgoing = ByteQueue()
    /// Arrived and not yet received.
    var incoming = ByteQueue()
    let sendBytesMax: Int
    let receiveBytesMax: Int
    /// All that was sent, and where in it each send ended whose bytes have not all gone.
    private var sentCount = 0
    private var sendEnds: [Int] = []
    /// All that has arrived, and all but what came last; the end counts as one more.
    private var arrivedCount = 0
    private var arrivedBeforeCount = 0
    private var lastArrival = Duration.zero
    /// How much had arrived when what stands from this place on was sent.
    private var sends: [(place: Int, arrived: Arrived)] = []
    /// What SO_ERROR would say.
    var error: Int32 = 0
    /// Nothing more is sent: the end follows what is outgoing.
    var isSendingShut = false
    /// The end has reached the peer.
    var isEndDelivered = false
    /// The peer's end has arrived.
    var isEndReceived = false
    /// Closing resets the peer, whatever has arrived.
    var resetsOnClose = false
    /// A send found no room: tell when there is (SOCK_NOSPACE).
    var lacksRoom = false
    var isDeliveryPlanned = false
    /// The listener that waits for its first bytes.
    weak var awaiting: Listener?
    /// A descriptor or a listener's queue has it. Else what arrives is answered with a reset.
    var isHeld = true

    init(_ state: State, address: SocketAddress, service: SocketAddress, sendBytesMax: Int, receiveBytesMax: Int) {
        self.state = state
        self.service = service
        self.sendBytesMax = sendBytesMax
        self.receiveBytesMax = receiveBytesMax
        super.init(address: address)
    }

    func noteArrival(_ count: Int, at now: Duration) {
        if lastArrival != now { arrivedBeforeCount = arrivedCount }
        lastArrival = now
        arrivedCount += count
    }

    /// So many bytes were given to send.
    func noteSend(_ count: Int, at now: Duration) {
        let isTold = now - lastArrival > Arrived.telling
        let arrived = Arrived(count: arrivedCount, toldCount: isTold ? arrivedCount : arrivedBeforeCount)
        if sends.last?.arrived != arrived { sends.append((sentCount, arrived)) }
        sentCount += count
        sendEnds.append(sentCount)
    }

    /// How many of the outgoing bytes go before the first send ends that is not all gone.
    func takeFirstSendCount() -> Int {
        let goneCount = sentCount - outgoing.count
        sendEnds.removeFirst(sendEnds.firstIndex { $0 > goneCount } ?? sendEnds.count)
        return (sendEnds.first ?? sentCount) - goneCount
    }

    /// How much had arrived when the byte at this place was sent.
    func arrived(whenSent place: Int) -> Arrived { sends.last { $0.place <= place }?.arrived ?? Arrived() }

    /// Linux: the room is at least half of what is queued.
    var hasRoom: Bool { sendBytesMax - outgoing.count >= max(1, outgoing.count / 2) }

    /// As tcp_poll says it. What finds no room asks to be told.
    override func readiness() -> Readiness {
        var readiness: Readiness = []
        if state == .connecting { return readiness }
        if state == .closed { readiness.insert([.readable, .writable, .peerClosed]) }
        if isEndReceived { readiness.insert([.readable, .peerClosed]) }
        if !incoming.isEmpty { readiness.insert(.readable) }
        if isSendingShut || hasRoom { readiness.insert(.writable) } else { lacksRoom = true }
        if error != 0 { readiness.insert([.readable, .failed]) }
        return readiness
    }
}
