import EventLoop

/// Sends back what it receives, and its end after the peer's: the smallest program that needs every edge.
///
/// It holds at most a buffer a connection; a peer that does not read stops it from reading.
final class EchoServer: EventHandler {
    private struct Connection {
        let descriptor: Int32
        var waiting: [UInt8] = []
        var hasSeenEnd = false
    }

    private static let bufferBytes = 8 * 1024
    let loop: Loop
    private(set) var address = SocketAddress.loopback(port: 0)
    private var handler: HandlerID?
    private var listener: Int32 = -1
    private var connections: [UInt64: Connection] = [:]
    private var nextToken: UInt64 = 1

    init(on loop: Loop, at address: SocketAddress = .loopback(port: 0)) throws {
        self.loop = loop
        handler = loop.add(self)
        listener = try loop.kernel.listen(on: address, options: ListenOptions())
        try loop.register(listener, for: handler!, token: 0)
        self.address = try loop.kernel.localAddress(of: listener)
    }

    var openCount: Int { connections.count }

    func stop() {
        loop.kernel.close(listener)
        for token in connections.keys.sorted() { drop(token) }
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        if token == 0 { acceptAll() } else { move(token) }
    }

    func timerFired(_ token: UInt64, now: Instant) {}

    func turnEnded(now: Instant) {}

    private func acceptAll() {
        while true {
            let descriptor = loop.kernel.accept(from: listener)
            guard descriptor >= 0 else { return }
            connections[nextToken] = Connection(descriptor: Int32(descriptor))
            try! loop.register(Int32(descriptor), for: handler!, token: nextToken)
            nextToken += 1
        }
    }

    /// Reads and writes in turns until both would block.
    private func move(_ token: UInt64) {
        while var connection = connections[token] {
            if connection.waiting.isEmpty {
                if connection.hasSeenEnd { return drop(token) }
                connection.waiting = [UInt8](repeating: 0, count: Self.bufferBytes)
                let count = connection.waiting.withUnsafeMutableBytes {
                    loop.kernel.receive(connection.descriptor, into: $0)
                }
                connection.waiting.removeLast(Self.bufferBytes - max(0, count))
                connection.hasSeenEnd = count == 0
                connections[token] = connection
                if count < 0 { return isBlocked(count) ? () : drop(token) }
            } else {
                let count = connection.waiting.withUnsafeBytes { loop.kernel.send(connection.descriptor, from: $0) }
                if count < 0 { return isBlocked(count) ? () : drop(token) }
                connection.waiting.removeFirst(count)
                connections[token] = connection
            }
        }
    }

    private func isBlocked(_ result: Int) -> Bool { result == -11 }

    private func drop(_ token: UInt64) {
        if let connection = connections.removeValue(forKey: token) { loop.kernel.close(connection.descriptor) }
    }
}
