import EventLoop
import Glibc
import Simulation

/// One end of a tunnel through the proxy: sends what it has to say in pieces, finishes or breaks off, and keeps what comes.
final class TunnelEnd {
    /// What it says before it finishes.
    let speech: [UInt8]
    private let pieces: [[UInt8]]
    private let pause: Duration
    /// It broke off, and its peer may have any part of what it said.
    private(set) var hasAborted = false
    private var connection: SimulatedClient?
    /// Bytes of heads before what the other end says.
    private var headCount: Int?

    init(mark: UInt8, _ dice: inout Seed) {
        let count = dice.chance(0.3) ? dice.integer(in: 0...100_000) : dice.integer(in: 0...3000)
        speech = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 251 &+ $0) ^ mark }
        pieces = dice.pieces(of: speech, countMax: dice.integer(in: 1...12))
        pause = dice.duration(in: .zero ... .milliseconds(300))
    }

    /// Takes a connection on which everything after the first `headCount` bytes belongs to the tunnel.
    func begin(_ connection: SimulatedClient, afterHead headCount: Int) {
        self.connection = connection
        self.headCount = headCount
        connection.closesAtEnd = false
    }

    /// Says everything, and finishes.
    func speak() {
        connection?.send(pieces: pieces, every: pause)
        connection?.finishSending()
    }

    /// What came from the other end; nil where there was no tunnel.
    var heard: ArraySlice<UInt8>? {
        guard let connection, let headCount, connection.received.count >= headCount else { return nil }
        return connection.received[headCount...]
    }

    /// The other end has finished, as far as can be told.
    var hasHeardAll: Bool {
        connection.map { $0.ending == .finished && [nil, EPIPE].contains($0.sendErrno) } ?? false
    }

    /// Nothing is left to be done.
    var isOver: Bool {
        guard let connection, !hasAborted else { return true }
        return connection.ending.map { $0 != .finished || connection.hasSentAll } ?? false
    }

    func setPaused(_ isPaused: Bool) { connection?.isPaused = isPaused }

    func abort() {
        guard let connection, !isOver else { return }
        hasAborted = true
        connection.abort()
    }
}
