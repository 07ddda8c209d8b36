internal import EventLoop
internal import TLS
internal import Wire

/// Engine.IO 3 at one path: handshakes, polls, WebSockets, and the sessions that go on over them.
///
/// It does not look at tokens: the service has done that before, for each request.
final class EngineServer {
    private(set) var sessions: [String: EngineSession] = [:]
    /// Sessions that there ever were.
    private(set) var openedCount = 0
    private let loop: Loop
    private let pingInterval: Duration
    private let pingTimeout: Duration
    private unowned let listener: any EngineListener

    init(loop: Loop, settings: Sandbox.Settings, listener: any EngineListener) {
        precondition(
            settings.pingInterval + settings.pingTimeout < Limits.idleTimeout.duration, "a poll that is held must not outlast its connection")
        self.loop = loop
        self.listener = listener
        pingInterval = settings.pingInterval
        pingTimeout = settings.pingTimeout
    }

    /// Until when a client that has just pinged has to ping again.
    var pingDeadline: Duration { loop.now.sinceBeginning + pingInterval + pingTimeout }

    /// - Parameter token: what a session lives as long as, if this begins one.
    func answer(_ request: Request, token: String) -> Reply {
        guard let transport = request.parameter("transport"), ["polling", "websocket"].contains(transport) else {
            return .now(EngineFault.transportUnknown.response)
        }
        guard request.parameter("EIO") == "3" else { return .now(EngineFault.protocolVersion.response) }
        guard request.hasUpgrade == (transport == "websocket") else { return .now(EngineFault.badRequest.response) }
        guard let sid = request.parameter("sid") else { return answerHandshake(request, token) }
        guard let session = sessions[sid] else { return .now(EngineFault.sessionUnknown.response) }
        if request.hasUpgrade { return answerUpgrade(request, session) }
        switch request.method {
        case .get: return session.answerPoll()
        case .post: return .now(session.answerPost(request.content))
        default: return .now(EngineFault.badRequest.response)
        }
    }

    /// Ends what has waited too long.
    func check(now: Duration) {
        for session in sessions.values {
            session.dropCandidate(at: now)
            if now >= session.deadline { session.end() }
        }
    }

    func endAll() {
        for session in sessions.values { session.end() }
    }

    func ended(_ session: EngineSession) {
        sessions[session.sid] = nil
        listener.sessionsChanged()
    }

    func received(_ message: [UInt8], from session: EngineSession) { listener.received(message, from: session) }
}

// MARK: handshakes

extension EngineServer {
    private func answerHandshake(_ request: Request, _ token: String) -> Reply {
        guard request.method == .get else { return .now(EngineFault.handshakeMethod.response) }
        guard sessions.count < Limits.eventSessionsMax else {
            return .now(.text("The sandbox has \(Limits.eventSessionsMax) sessions of events; end some", status: 503))
        }
        guard request.hasUpgrade else {
            let session = begin(token, upgrades: ["websocket"])
            // The cookie that this protocol's servers set; nothing looks at it.
            let answer = EngineSession.answer(session.takeQueue()).with("Set-Cookie", "io=\(session.sid); Path=/; HttpOnly")
            return .now(answer)
        }
        if let refusal = Self.refusal(ofWebSocket: request) { return .now(refusal) }
        let session = begin(token, upgrades: [])
        let socket = EngineSocket(session: session, isOnTrial: false)
        session.begin(on: socket)
        return .switched(fields: Self.acceptance(ofWebSocket: request), to: socket)
    }

    private func begin(_ token: String, upgrades: [JSONDocument]) -> EngineSession {
        let sid = Base64URL.encode(loop.kernel.entropy(15))
        let session = EngineSession(sid: sid, token: token, server: self, deadline: pingDeadline)
        sessions[sid] = session
        openedCount += 1
        let handshake: JSONDocument = [
            "sid": .string(sid), "upgrades": .array(upgrades), "pingInterval": .int(Self.milliseconds(pingInterval)),
            "pingTimeout": .int(Self.milliseconds(pingTimeout)),
        ]
        session.send(EnginePacket(.open, handshake.bytes))
        listener.opened(session)
        listener.sessionsChanged()
        return session
    }

    private func answerUpgrade(_ request: Request, _ session: EngineSession) -> Reply {
        if let refusal = Self.refusal(ofWebSocket: request) { return .now(refusal) }
        let socket = EngineSocket(session: session, isOnTrial: true)
        guard session.consider(socket, deadline: loop.now.sinceBeginning + Limits.upgradeTimeout) else {
            return .now(EngineFault.badRequest.response)
        }
        return .switched(fields: Self.acceptance(ofWebSocket: request), to: socket)
    }

    /// Nil: the handshake is one (RFC 6455 section 4.2.1).
    private static func refusal(ofWebSocket request: Request) -> Response? {
        let isAsked = request.onlyField("Upgrade")?.lowercased() == "websocket"
        let key = request.onlyField("Sec-WebSocket-Key") ?? ""
        guard request.method == .get, isAsked, request.content.isEmpty, WebSocketHandshake.isKey(Array(key.utf8)) else {
            return EngineFault.badRequest.response
        }
        if request.onlyField("Sec-WebSocket-Version") == "13" { return nil }
        let refusal = Response.text("WebSocket 13 is spoken here", status: 426)
        return refusal.with("Sec-WebSocket-Version", "13").with("Upgrade", "websocket").with("Connection", "Upgrade")
    }

    /// The fields of the 101 (section 4.2.2).
    private static func acceptance(ofWebSocket request: Request) -> [(name: String, value: String)] {
        let key = Array((request.onlyField("Sec-WebSocket-Key") ?? "").utf8)
        let accept = String(decoding: WebSocketHandshake.accept(key: key, sha1: Digest.sha1), as: UTF8.self)
        return [("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Accept", accept)]
    }

    private static func milliseconds(_ duration: Duration) -> Int { Int(duration / .milliseconds(1)) }
}
