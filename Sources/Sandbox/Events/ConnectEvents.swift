internal import EventLoop
internal import Wire

/// Connect's events: Socket.IO 2 over Engine.IO 3 at `/socket.io/`, with the access token as the query parameter `token`
/// of each request.
///
/// A client says `subscribe`, with `inv` or with `bitcoind/addresstxid` and a list of addresses, and is told:
///
/// - `tx`: `{"txid":…,"valueOut":…,"vout":[{address: satoshis},…],"isRBF":…}`, for `inv`, of each transaction that
///   `POST /api/v1/tx/send` publishes, and of one of the chain's every few seconds.
/// - `block`: a block's hash, for `inv`, now and then.
/// - `bitcoind/addresstxid`: `{"address":…,"txid":…}` of each transaction from or to one of the addresses.
///
/// A subscription is acknowledged if the client asks for that, as is its end by `unsubscribe`.
///
/// A session lives no longer than the token of its handshake. When that has run out or been revoked the client gets the
/// event `disconnect` with the reason, `jwt expired` or `invalid token`, which Bloq's own client library hands to the
/// application as the reason of the disconnection, then the packet that disconnects; a WebSocket is closed with 1000 and
/// the reason, and a poll after that is told that there is no such session.
final class ConnectEvents: EventHandler, EngineListener {
    private let loop: Loop
    private let issuer: TokenIssuer
    private let eventInterval: Duration
    private var engine: EngineServer!
    private var feed = ChainFeed()
    private var checkTimer = TimerID.none
    private var feedTimer = TimerID.none
    private var isClosed = false
    /// Whether there are sessions, and the timers run.
    private var isAwake = false

    init(loop: Loop, issuer: TokenIssuer, settings: Sandbox.Settings) {
        self.loop = loop
        self.issuer = issuer
        eventInterval = settings.eventInterval
        let handler = loop.add(self)
        checkTimer = loop.makeTimer(for: handler, token: Self.checkToken)
        feedTimer = loop.makeTimer(for: handler, token: Self.feedToken)
        engine = EngineServer(loop: loop, settings: settings, listener: self)
    }

    static func owns(_ request: Request) -> Bool { request.segments == ["socket.io"] }

    /// Nil: the token is good. One that comes twice is none.
    func admit(_ request: Request) -> Response? {
        let tokens = request.query.filter { $0.name == "token" }
        guard let token = tokens.first?.value, !token.isEmpty else { return TokenFault.missing.response }
        guard tokens.count == 1 else { return TokenFault.malformed.response }
        return fault(of: token)?.response
    }

    func answer(_ request: Request) -> Reply {
        engine.answer(request, token: request.parameter("token") ?? "")
    }

    /// Sessions that are open, and all that there were.
    var sessionCounts: (open: Int, opened: Int) { (engine.sessions.count, engine.openedCount) }

    /// Ends the sessions whose tokens are not good any more.
    func checkTokens() {
        for session in engine.sessions.values where session.isOpen {
            guard let fault = fault(of: session.token) else { continue }
            let packets = [SocketPacket.event("disconnect", .string(fault.rawValue)), SocketPacket.text(.disconnect)]
            session.sayFarewell(
                packets.map { EnginePacket(.message, $0) }, reason: fault.rawValue, deadline: loop.now.sinceBeginning + Limits.farewellTimeout)
        }
    }

    func close() {
        guard !isClosed else { return }
        isClosed = true
        engine.endAll()
        loop.removeTimer(checkTimer)
        loop.removeTimer(feedTimer)
    }

    private func fault(of token: String) -> TokenFault? {
        do throws(TokenFault) {
            _ = try issuer.verify(token, for: "connect")
            return nil
        } catch {
            return error
        }
    }

    private static let checkToken: UInt64 = 0
    private static let feedToken: UInt64 = 1
}

// MARK: time

extension ConnectEvents {
    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
    func turnEnded(now: Instant) {}

    func timerFired(_ token: UInt64, now: Instant) {
        guard !engine.sessions.isEmpty else { return }
        if token == Self.checkToken {
            checkTokens()
            engine.check(now: now.sinceBeginning)
            if isAwake { loop.arm(checkTimer, at: now + Limits.eventCheckInterval) }
        } else {
            announceNext()
            if isAwake { loop.arm(feedTimer, at: now + Interval(eventInterval)) }
        }
    }

    /// The timers run only while somebody listens.
    func sessionsChanged() {
        let isWanted = !engine.sessions.isEmpty && !isClosed
        guard isWanted != isAwake else { return }
        isAwake = isWanted
        if isWanted {
            loop.arm(checkTimer, at: loop.now + Limits.eventCheckInterval)
            loop.arm(feedTimer, at: loop.now + Interval(eventInterval))
        } else {
            loop.disarm(checkTimer)
            loop.disarm(feedTimer)
        }
    }
}

// MARK: what clients say

extension ConnectEvents {
    func opened(_ session: EngineSession) { session.send(EnginePacket(.message, SocketPacket.text(.connect))) }

    func received(_ message: [UInt8], from session: EngineSession) {
        guard let packet = SocketPacket(message) else { return session.end() }
        guard packet.namespace == "/" else {
            if packet.kind == .connect { session.send(EnginePacket(.message, Self.invalid(packet.namespace))) }
            return
        }
        switch packet.kind {
        case .disconnect: session.subscriptions = Subscriptions()
        case .event:
            guard let event = packet.event else { return session.end() }
            guard carryOut(event.name, event.arguments, for: session), let number = packet.acknowledgement else { return }
            session.send(EnginePacket(.message, SocketPacket.text(.acknowledgement, acknowledgement: number, [])))
        case .connect, .acknowledgement, .error: break
        }
    }

    /// False: the event means nothing here.
    private func carryOut(_ name: String, _ arguments: [JSON], for session: EngineSession) -> Bool {
        guard name == "subscribe" || name == "unsubscribe" else { return false }
        let subscribes = name == "subscribe"
        switch arguments.first?.string {
        case "inv": session.subscriptions.hasInventory = subscribes
        case "bitcoind/addresstxid":
            let addresses = arguments.dropFirst().first?.array?.compactMap(\.string) ?? []
            if subscribes { session.subscriptions.add(addresses) } else { session.subscriptions.remove(addresses) }
        default: return false
        }
        return true
    }

    private static func invalid(_ namespace: String) -> [UInt8] {
        Array("4\(namespace),".utf8) + JSONDocument.string("Invalid namespace").bytes
    }
}

// MARK: what clients are told

extension ConnectEvents {
    /// A transaction that was published: what it pays is not looked at.
    func announce(published txid: String) {
        tell("tx", ["txid": .string(txid), "valueOut": 0, "vout": [], "isRBF": false])
    }

    /// Tells of a transaction at once: the next one, or the latest of an address.
    func announceTransaction(ofAddress address: Int? = nil) -> ChainTransaction? {
        guard let address else {
            let transaction = feed.nextTransaction()
            announce(transaction)
            return transaction
        }
        guard let number = Chain.transactions(ofAddress: address).first else { return nil }
        announce(ChainTransaction(number))
        return ChainTransaction(number)
    }

    /// Tells of the next block at once, and returns its hash.
    func announceBlock() -> String {
        let hash = ChainHash.block(height: feed.nextBlock())
        tell("block", .string(hash))
        return hash
    }

    private func announceNext() {
        switch feed.next() {
        case .transaction(let transaction): announce(transaction)
        case .block(let height): tell("block", .string(ChainHash.block(height: height)))
        }
    }

    private func announce(_ transaction: ChainTransaction) {
        let outputs = transaction.outputs.map { output -> JSONDocument in
            .object([(ChainAddress.text(output.address), .int(output.satoshis))])
        }
        tell("tx", [
            "txid": .string(transaction.txid), "valueOut": .number(Chain.bitcoins(transaction.total)),
            "vout": .array(outputs), "isRBF": true,
        ])
        let both = transaction.outputs + (transaction.source?.outputs ?? [])
        for address in Set(both.map { ChainAddress.text($0.address) }).sorted() {
            let told = SocketPacket.event(
                "bitcoind/addresstxid", ["address": .string(address), "txid": .string(transaction.txid)])
            for session in engine.sessions.values where session.subscriptions.addresses.contains(address) {
                session.send(EnginePacket(.message, told))
            }
        }
    }

    private func tell(_ event: String, _ argument: JSONDocument) {
        let packet = EnginePacket(.message, SocketPacket.event(event, argument))
        for session in engine.sessions.values where session.subscriptions.hasInventory { session.send(packet) }
    }
}
