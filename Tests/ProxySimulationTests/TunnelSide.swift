import Simulation

/// One side of a tunnel: sends a stream that is told from all others, and holds what arrives against the other side's.
final class TunnelSide {
    /// How it ends.
    enum Manner {
        /// Its own end follows what it sends.
        case finishing
        /// Its own end follows the other's.
        case following
        /// It goes away after so many bytes: with an end, if nothing lies unread, or with a reset.
        case closing(after: Int)
        case aborting(after: Int)
        /// It never ends.
        case staying
    }

    let client: SimulatedClient
    private(set) var receivedCount = 0
    /// Where what arrived is not what the other end sent.
    private(set) var mismatch: Int?
    private let number: Int
    private let isClient: Bool
    private let manner: Manner
    /// Bytes that were given to the connection and are not the tunnel's.
    private let precedingCount: Int
    private var hasAborted = false

    init(_ client: SimulatedClient, number: Int, isClient: Bool, manner: Manner, precedingCount: Int) {
        self.client = client
        self.number = number
        self.isClient = isClient
        self.manner = manner
        self.precedingCount = precedingCount
        client.closesAtBothEnds = true
    }

    /// How much of its stream its socket has taken.
    var sentCount: Int { max(0, client.takenCount - precedingCount) }

    /// Whether it has told of its end.
    var hasFinished: Bool { client.hasFinishedSending }
    /// Whether it broke off without telling of its end.
    var hasBroken: Bool {
        if case .failed = client.ending { return !hasFinished }
        return hasAborted && !hasFinished
    }

    /// Sends its stream behind `head`, and ends as it does.
    func start(_ pieces: [[UInt8]], every pause: Duration) {
        if !pieces.isEmpty { client.send(pieces: pieces, every: pause) }
        if case .finishing = manner { client.finishSending() }
        leaveInTime()
    }

    func take(_ bytes: [UInt8]) {
        for (offset, byte) in bytes.enumerated() where byte != Self.byte(number, ofClient: !isClient, at: receivedCount + offset) {
            if mismatch == nil { mismatch = receivedCount + offset }
        }
        receivedCount += bytes.count
        leaveInTime()
    }

    /// The other end's end has come.
    func otherEnded() {
        if case .following = manner { client.finishSending() }
    }

    private func leaveInTime() {
        switch manner {
        case .closing(let count) where receivedCount >= count: client.close()
        case .aborting(let count) where receivedCount >= count:
            hasAborted = hasAborted || client.isOpen
            client.abort()
        default: break
        }
    }

    /// A part of what an end sends.
    static func stream(_ number: Int, ofClient: Bool, _ range: Range<Int>) -> [UInt8] { range.map { byte(number, ofClient: ofClient, at: $0) } }

    /// No power of two divides its period, and no two streams begin alike.
    private static func byte(_ number: Int, ofClient: Bool, at offset: Int) -> UInt8 {
        UInt8((offset + number * 37 + (ofClient ? 0 : 101)) % 251)
    }
}
