/// One client's session, over polls or over a WebSocket, in both cases with the same packets in the same order.
///
///     polling ──▶ (probing ──▶) socket
///        └───────────┴────────────┴──▶ farewell ──▶ over
///
/// In the farewell nothing is received any more, and what is queued is still delivered, once.
final class EngineSession {
    enum State {
        case open
        case farewell(reason: String)
        case over
    }

    let sid: String
    /// The access token of the handshake. The session lives no longer than it.
    let token: String
    var subscriptions = Subscriptions()
    private(set) var state = State.open
    /// When the session ends unless something happens before: the client's next packet, or the fetching of the farewell.
    var deadline: Duration
    /// The connection that carries the session after an upgrade.
    private(set) var socket: EngineSocket?
    /// The connection that is to do so once it has proved to work.
    private var candidate: EngineSocket?
    private var candidateDeadline = Duration.zero
    /// The candidate has got its pong, and the client is about to poll no more.
    private var isProbed = false
    private var poll: HeldAnswer?
    private var queue: [EnginePacket] = []
    private var queuedBytes = 0
    private unowned let server: EngineServer

    init(sid: String, token: String, server: EngineServer, deadline: Duration) {
        self.sid = sid
        self.token = token
        self.server = server
        self.deadline = deadline
    }

    var isOpen: Bool { if case .open = state { true } else { false } }

    /// Queues a packet. A client that does not fetch what it is sent loses its session.
    func send(_ packet: EnginePacket) {
        guard isOpen else { return }
        queue.append(packet)
        queuedBytes += packet.text.count + 1
        if queue.count > Limits.eventQueuePacketsMax || queuedBytes > Limits.eventQueueBytesMax { return end() }
        deliver()
    }

    func receive(_ packet: EnginePacket) {
        guard isOpen else { return }
        deadline = server.pingDeadline
        switch packet.kind {
        case .ping: send(EnginePacket(.pong, packet.text))
        case .message: server.received(packet.text, from: self)
        case .close: end()
        case .open, .pong, .upgrade, .noop: break
        }
    }

    /// Delivers what is queued and these packets behind it, at once, and ends. Polls fetch them by `deadline`; a WebSocket is
    /// closed with the reason.
    func sayFarewell(_ packets: [EnginePacket], reason: String, deadline: Duration) {
        guard isOpen else { return }
        queue += packets
        state = .farewell(reason: reason)
        self.deadline = deadline
        drop(candidate)
        deliver()
    }

    /// Ends at once. A poll that waits is told.
    func end() {
        if case .over = state { return }
        state = .over
        queue.removeAll()
        poll?.give(Self.answer([EnginePacket(.close)]))
        poll = nil
        drop(candidate)
        socket?.finish(code: 1000)
        socket = nil
        server.ended(self)
    }

    /// What has been queued, to be sent now.
    func takeQueue() -> [EnginePacket] {
        defer {
            queue.removeAll(keepingCapacity: true)
            queuedBytes = 0
        }
        return queue
    }

    private func deliver() {
        if let socket { return socket.wake() }
        guard let held = poll, !queue.isEmpty else { return }
        poll = nil
        held.give(Self.answer(takeQueue()))
        if !isOpen { end() }
    }

    static func answer(_ packets: [EnginePacket]) -> Response {
        Response(
            status: 200, fields: [("Content-Type", "text/plain; charset=UTF-8")], content: .bytes(EnginePayload.encode(packets)))
    }
}

// MARK: polls

extension EngineSession {
    /// A GET: answered when there is something to send, and at once while the session changes to a WebSocket.
    func answerPoll() -> Reply {
        if socket != nil { return .now(EngineFault.badRequest.response) }
        guard poll == nil else {
            // Two polls at once: the client has lost count of what it got.
            end()
            return .now(.text("", status: 500))
        }
        if !queue.isEmpty {
            let answer = Self.answer(takeQueue())
            if !isOpen { end() }
            return .now(answer)
        }
        if isProbed { return .now(Self.answer([EnginePacket(.noop)])) }
        let held = HeldAnswer()
        held.abandoned = { [weak self] in
            self?.poll = nil
            self?.end()
        }
        poll = held
        return .later(held)
    }

    /// A POST. In the farewell it is accepted, without effect: the client learns from its poll how things stand.
    func answerPost(_ content: [UInt8]) -> Response {
        guard socket == nil else { return EngineFault.badRequest.response }
        guard content.count <= Limits.eventMessageBytesMax else {
            end()
            return .text("", status: 413)
        }
        guard let packets = EnginePayload.decode(content) else {
            end()
            return EngineFault.badRequest.response
        }
        for packet in packets { receive(packet) }
        return Response(status: 200, fields: [("Content-Type", "text/html")], content: .bytes(Array("ok".utf8)))
    }
}

// MARK: the WebSocket

extension EngineSession {
    /// The session begins on a WebSocket.
    func begin(on socket: EngineSocket) { self.socket = socket }

    /// A WebSocket that wants to take the session over. False: it has one.
    func consider(_ socket: EngineSocket, deadline: Duration) -> Bool {
        guard self.socket == nil, candidate == nil, isOpen else { return false }
        candidate = socket
        candidateDeadline = deadline
        return true
    }

    /// The candidate has answered: polls end, so that the client can stop polling.
    func probed() {
        isProbed = true
        poll?.give(Self.answer([EnginePacket(.noop)]))
        poll = nil
    }

    /// The candidate takes over.
    func upgraded() {
        probed()
        socket = candidate
        candidate = nil
        deliver()
    }

    /// The connection of a WebSocket has ended.
    func lost(_ lost: EngineSocket) {
        if candidate === lost {
            candidate = nil
            isProbed = false
        }
        guard socket === lost else { return }
        socket = nil
        end()
    }

    /// Ends an upgrade that takes too long. The session goes on with polls.
    func dropCandidate(at now: Duration) {
        if candidate != nil && now >= candidateDeadline { drop(candidate) }
    }

    private func drop(_ socket: EngineSocket?) {
        candidate = nil
        isProbed = false
        socket?.finish(code: 1000)
    }
}
