import EventLoop
import Simulation

/// A client with several errands on one connection, and habits of its own.
final class Customer {
    let provider: World.Provider
    let errands: [Errand]
    let arrival: Duration
    /// Sends all at once, before anything is answered.
    private let isPipelining: Bool
    /// Sends its end right behind the last errand.
    private let isHalfClosing: Bool
    /// Goes away at once when all is answered; else waits for the proxy to close.
    private let isLeaving: Bool
    /// Loses patience so long after it came.
    let patience: Duration?
    private let pieceCountMax: Int
    private let pause: Duration

    private var reader = HTTPAnswerReader()
    private var client: SimulatedClient?
    private var sentCount = 0
    private var hasConnected = false

    init(_ provider: World.Provider, errands: [Errand], dice: inout Seed) {
        self.provider = provider
        self.errands = errands
        arrival = dice.duration(in: .zero ... .seconds(20))
        isPipelining = dice.chance(0.3)
        isHalfClosing = dice.chance(0.2)
        isLeaving = dice.chance(0.6)
        patience = dice.chance(0.2) ? dice.duration(in: .zero ... .seconds(5)) : nil
        pieceCountMax = dice.chance(0.4) ? dice.integer(in: 2...12) : 1
        pause = dice.duration(in: .zero ... .milliseconds(800))
        pieceSeed = dice.split()
    }

    private var pieceSeed: Seed

    /// Nothing more will come for it.
    var isDone: Bool { hasConnected && (client?.ending != nil || client == nil) }

    func arrive(in world: World) {
        hasConnected = true
        // Where no descriptor is left, it goes home again.
        guard let client = try? world.connect(provider) else { return }
        self.client = client
        client.whenReceived = { [unowned self] _ in goOn() }
        client.whenEnded = { [unowned self] client in
            reader.feed(client)
            reader.streamEnded(isOrderly: client.ending == .finished)
        }
        sendNext()
    }

    func leave() {
        client?.close()
    }

    /// Stops to read for a while.
    func pauseReading() { client?.isPaused = true }

    func goOnReading() { client?.isPaused = false }

    private func sendNext() {
        guard let client, sentCount < errands.count else { return }
        let sent = isPipelining ? errands[sentCount...] : errands[sentCount...sentCount]
        sentCount += sent.count
        for errand in sent { reader.expect(isHead: errand.isHead) }
        let pieces = pieceSeed.pieces(of: sent.flatMap(\.bytes), countMax: pieceCountMax)
        client.send(pieces: pieces, every: pause)
        if isHalfClosing, sentCount == errands.count { client.finishSending() }
    }

    private func goOn() {
        guard let client else { return }
        guard reader.feed(client) == sentCount, client.ending == nil else { return }
        if sentCount == errands.count {
            if isLeaving { client.close() }
        } else if client.hasSentAll {
            sendNext()
        }
        // An answer that came before its request was sent is the connection's last: the proxy closes.
    }
}

// MARK: the verdict

extension Customer {
    /// Errands whose answer was a refusal although a new token would have cured it.
    var refusedReplayable: [Errand] { zip(errands, reader.answers).filter { $1.status == 401 && $0.isReplayable }.map(\.0) }

    /// What it did not get although nothing failed: an answer other than the one it asked for, or none.
    var disappointments: [String] {
        var found = zip(errands, reader.answers).filter { errand, answer in
            answer.status != 200 && (answer.status != 401 || errand.isReplayable)
        }.map { errand, answer in "\(errand.requestID) was answered \(answer.status): \(answer.text)" }
        let isCutShort = patience != nil || reader.answers.last?.field("connection") == "close"
        if !isCutShort, reader.answers.count < errands.count { found.append("\(errands[reader.answers.count].requestID) was not answered") }
        return found
    }

    /// What went wrong for this customer; what `ignored` errands were answered does not matter.
    func faults(in world: World, except ignored: Set<String> = []) -> [String] {
        var found = reader.faults
        for (errand, answer) in zip(errands, reader.answers) where !ignored.contains(errand.requestID) {
            var executions = 0
            if case .order(let number) = errand.purpose { executions = world.executions(provider, number) }
            if let fault = errand.fault(in: answer, executions: executions) { found.append(fault) }
        }
        if reader.answers.count > sentCount { found.append("\(reader.answers.count) answers to \(sentCount) requests") }
        // Without an answer, the end of the connection says that there will be none.
        if let client, client.ending == nil, reader.answers.count < sentCount {
            found.append("\(errands[reader.answers.count].requestID) waits for an answer for ever")
        }
        return found
    }
}
