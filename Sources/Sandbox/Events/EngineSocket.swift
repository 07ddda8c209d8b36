internal import Wire

/// A WebSocket that carries a session's packets, one a frame, or is on trial to do so.
///
/// The trial: the client sends a ping `probe`, gets its pong, and then says `upgrade`.
final class EngineSocket: SwitchedProtocol {
    private let session: EngineSession
    private var isOnTrial: Bool
    private var decoder = WebSocketDecoder(sender: .client, messageBytesMax: Limits.eventMessageBytesMax)
    /// Frames that are no packets of the session.
    private var output: [UInt8] = []
    private var wakeConnection: () -> Void = {}
    private(set) var isFinished = false

    init(session: EngineSession, isOnTrial: Bool) {
        self.session = session
        self.isOnTrial = isOnTrial
    }

    func begin(wake: @escaping () -> Void) { wakeConnection = wake }

    func wake() { wakeConnection() }

    func receive(_ bytes: Span<UInt8>) -> Int {
        var start = 0
        do throws(WebSocketError) {
            while !isFinished {
                let step = try decoder.step(bytes.extracting(start..<bytes.count))
                start += step.consumed
                if let event = step.event { handle(event) }
                if step.consumed == 0 { return start }
            }
        } catch {
            finish(code: error.closeCode, reason: error.message)
        }
        return bytes.count
    }

    func takeOutput(into bytes: inout [UInt8]) {
        if !isOnTrial && !isFinished {
            for packet in session.takeQueue() { WebSocketFrame.write(.text, packet.encoded, to: &output) }
            if case .farewell(let reason) = session.state {
                finish(code: 1000, reason: reason)
                session.end()
            }
        }
        bytes += output
        output.removeAll(keepingCapacity: true)
    }

    /// Sends a close frame and nothing after it.
    func finish(code: UInt16, reason: String = "") {
        guard !isFinished else { return }
        isFinished = true
        WebSocketFrame.writeClose(code: code, reason: reason, to: &output)
        wakeConnection()
    }

    func connectionEnded() {
        isFinished = true
        wakeConnection = {}
        session.lost(self)
    }

    private func handle(_ event: WebSocketEvent) {
        switch event {
        case .text(let text):
            guard let packet = EnginePacket(encoded: text) else {
                return finish(code: 1002, reason: "this is no packet of Engine.IO 3")
            }
            if isOnTrial { prove(packet) } else { session.receive(packet) }
        case .binary: finish(code: 1003, reason: "binary packets are not known here")
        case .ping(let payload): WebSocketFrame.write(.pong, payload, to: &output)
        case .pong: break
        case .close(let code, _): finish(code: code ?? 1000)
        }
    }

    private func prove(_ packet: EnginePacket) {
        switch packet.kind {
        case .ping where packet.text == Array("probe".utf8):
            WebSocketFrame.write(.text, EnginePacket(.pong, packet.text).encoded, to: &output)
            session.probed()
        case .upgrade:
            isOnTrial = false
            session.upgraded()
        default: finish(code: 1002, reason: "an upgrade begins with a probe")
        }
    }
}
