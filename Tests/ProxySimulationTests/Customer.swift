import EventLoop
import Simulation

@testable import Proxy

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
    private var tunnel: TunnelSide?
    /// How its tunnel ends, in how many pieces it sends, and how much.
    private let tunnelManner: TunnelSide.Manner
    private let tunnelCount: Int
    /// All that has come, where tokens are looked for in it.
    private(set) var seen: [UInt8] = []

    init(_ provider: World.Provider, errands: [Errand], isKind: Bool = true, arrival: Duration? = nil, dice: inout Seed) {
        self.provider = provider
        self.errands = errands
        self.arrival = arrival ?? dice.duration(in: .zero ... .seconds(20))
        isPipelining = dice.chance(0.3)
        isHalfClosing = dice.chance(0.2)
        isLeaving = dice.chance(0.6)
        patience = dice.chance(0.2) ? dice.duration(in: .zero ... .seconds(5)) : nil
        pieceCountMax = dice.chance(0.4) ? dice.integer(in: 2...12) : 1
        pause = dice.duration(in: .zero ... .milliseconds(800))
        pieceSeed = dice.split()
        tunnelManner = errands.last?.broad?.tunnel == nil || isKind ? .finishing : .random(isKind: false, from: &dice)
        tunnelCount = errands.last?.broad?.tunnel == nil ? 0 : Errand.size(from: &dice)
    }

    private var pieceSeed: Seed

    /// Nothing more will come for it.
    var isDone: Bool {
        guard hasConnected, let client else { return hasConnected }
        return client.ending != nil && (tunnel == nil || !client.isOpen || client.hasSentAll)
    }

    func arrive(in world: World) {
        hasConnected = true
        // Where no descriptor is left, it goes home again.
        guard let client = try? world.connect(provider) else { return }
        self.client = client
        client.whenReceived = { [unowned self] _ in goOn() }
        client.whenEnded = { [unowned self] client in
            feed(client)
            tunnel?.otherEnded()
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
        // What was sent of a tunnel that does not come to be is taken for a request.
        if sent.last?.broad?.earlyCount ?? 0 > 0 { reader.expect(isHead: false) }
        let pieces = pieceSeed.pieces(of: sent.flatMap(\.bytes), countMax: pieceCountMax)
        client.send(pieces: pieces, every: pause)
        if isHalfClosing, sentCount == errands.count { client.finishSending() }
    }

    private func goOn() {
        guard let client else { return }
        guard feed(client) >= sentCount, client.ending == nil, tunnel == nil else { return }
        if sentCount == errands.count {
            if isLeaving || errands.last?.broad?.earlyCount ?? 0 > 0 { client.close() }
        } else if client.hasSentAll {
            sendNext()
        }
        // An answer that came before its request was sent is the connection's last: the proxy closes.
    }

    /// How many answers are whole.
    @discardableResult
    private func feed(_ client: SimulatedClient) -> Int {
        if provider == .broad || provider == .several { seen += client.received }
        let count = reader.feed(client)
        if reader.isTunnelling {
            let bytes = reader.takeTunnelled()
            if tunnel == nil { openTunnel(client) }
            if !bytes.isEmpty { tunnel?.take(bytes) }
        }
        return count
    }

    private func openTunnel(_ client: SimulatedClient) {
        guard let broad = errands.last?.broad, let number = broad.tunnel else { return }
        let precedingCount = errands[..<sentCount].reduce(-broad.earlyCount) { $0 + $1.bytes.count }
        let end = TunnelSide(client, number: number, isClient: true, manner: tunnelManner, precedingCount: precedingCount)
        tunnel = end
        let isEnding = isHalfClosing || client.ending == .closed
        let stream = isEnding ? [] : TunnelSide.stream(number, ofClient: true, broad.earlyCount..<broad.earlyCount + tunnelCount)
        end.start(pieceSeed.pieces(of: stream, countMax: 8), every: pause)
    }
}

// MARK: the verdict

extension Customer {
    /// Errands whose answer was a refusal although a new token would have cured it.
    var refusedReplayable: [Errand] { zip(errands, reader.answers).filter { ($1.status == 401 || $1.status == 403) && $0.isReplayable }.map(\.0) }

    /// What it did not get although nothing failed: an answer other than the one it asked for, or none.
    var disappointments: [String] {
        var found = zip(errands, reader.answers).filter { !$0.isSatisfied(by: $1) }.map { errand, answer in
            "\(errand.requestID) was answered \(answer.status): \(answer.text)"
        }
        let isCutShort = patience != nil || reader.answers.last?.field("connection") == "close"
        if !isCutShort, reader.answers.count < errands.count { found.append("\(errands[reader.answers.count].requestID) was not answered") }
        return found
    }

    /// Requests that came to an upstream, and whose answers did not come here.
    func dropped(in world: World) -> [String] {
        if patience != nil { return [] }
        return errands.dropFirst(reader.answers.count).filter { errand in
            errand.broad.map { world.server(of: $0.site).told[errand.requestID] != nil } ?? false
        }.map { "\($0.requestID) was dropped" }
    }

    /// What went wrong for this customer; what `ignored` errands were answered does not matter.
    func faults(in world: World, except ignored: Set<String> = []) -> [String] {
        var found = reader.faults
        for (errand, answer) in zip(errands, reader.answers) where !ignored.contains(errand.requestID) {
            var executions = 0
            if case .order(let number) = errand.purpose { executions = world.executions(provider, number) }
            // Who is told that there are too many connections has not been read.
            let isTurnedAway = reader.answers.count == 1 && answer.field("proxy-status")?.contains("connection_limit_reached") == true
            if isTurnedAway { continue }
            if let fault = errand.fault(in: answer, executions: executions, world) { found.append(fault) }
        }
        found += tunnelFaults(world)
        let spareCount = errands.last?.broad?.earlyCount ?? 0 > 0 ? 1 : 0
        if reader.answers.count > sentCount + spareCount {
            found.append("\(reader.answers.count) answers to \(sentCount) requests")
        }
        // Without an answer, the end of the connection says that there will be none.
        if let client, client.ending == nil, reader.answers.count < sentCount {
            found.append("\(errands[reader.answers.count].requestID) waits for an answer for ever")
        }
        return found
    }
}

// MARK: tunnels and tokens

extension Customer {
    /// What arrived at an end of its tunnel and was not sent at the other, or not all of it where the end says so.
    private func tunnelFaults(_ world: World) -> [String] {
        guard let last = errands.last, let number = last.broad?.tunnel else { return [] }
        let others = world.tunnels(number)
        var found: [String] = []
        for end in others {
            if let mismatch = end.mismatch { found.append("the upstream's end of \(last.requestID) differs at \(mismatch)") }
        }
        let wasRefused = reader.answers.count >= errands.count && tunnel == nil
        for end in wasRefused ? others[...] : others.dropLast() where end.receivedCount > 0 {
            found.append("\(end.receivedCount) bytes of \(last.requestID) went into a tunnel that was none")
        }
        guard let tunnel, let client else { return found }
        guard let other = others.last else { return found + ["\(last.requestID) has a tunnel that nobody opened"] }
        if let mismatch = tunnel.mismatch { found.append("the client's end of \(last.requestID) differs at \(mismatch)") }
        if client.ending == .finished, tunnel.receivedCount != other.sentCount || other.hasBroken {
            found.append("\(last.requestID) had its end after \(tunnel.receivedCount) bytes of \(other.sentCount) from upstream")
        }
        if other.client.ending == .finished, other.receivedCount != tunnel.sentCount || tunnel.hasBroken {
            found.append("\(last.requestID) told its end upstream after \(other.receivedCount) bytes of \(tunnel.sentCount)")
        }
        return found
    }

    /// What is missing of a tunnel although nothing failed.
    func tunnelDisappointments(_ world: World) -> [String] {
        guard let tunnel, let client, patience == nil, let number = errands.last?.broad?.tunnel, let other = world.tunnels(number).last else { return [] }
        let isWhole = client.ending == .finished && other.client.ending == .finished && tunnel.hasFinished && other.hasFinished
        return isWhole ? [] : ["tunnel \(number) did not end as it should: \(client.ending as Any), \(other.client.ending as Any)"]
    }

    func shows(_ secret: String) -> Bool { seen.withUnsafeBufferPointer { $0.holds(Array(secret.utf8)) } }
}
