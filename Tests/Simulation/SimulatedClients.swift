public import EventLoop

/// The peers of what is tested: raw connections on the same loop and kernel, that send what a test says and keep what arrives.
///
/// One handler for any number of connections. It works on every kernel.
public final class SimulatedClients: EventHandler {
    public let loop: Loop
    private var handler: HandlerID?
    private var connections: [UInt64: SimulatedClient] = [:]
    private var listeners: [UInt64: (descriptor: Int32, accepted: (SimulatedClient) -> Void)] = [:]
    private var nextToken: UInt64 = 1

    /// A handler of `loop`, for the loop's life.
    public init(on loop: Loop) {
        self.loop = loop
        handler = loop.add(self)
    }

    /// Connections that are not closed yet.
    public var openCount: Int { connections.count }

    /// Begins to connect. What is given to send before that is done waits.
    public func connect(to address: SocketAddress) throws(SystemError) -> SimulatedClient {
        let client = SimulatedClient(try loop.kernel.connect(to: address), isConnected: false, token: takeToken(), of: self)
        try watch(client)
        return client
    }

    /// Accepts connections, and hands each to `accepted` before anything was received from it: a raw server.
    /// Returns the address, with the port that was given.
    public func listen(
        on address: SocketAddress, options: ListenOptions = ListenOptions(), accepted: @escaping (SimulatedClient) -> Void
    ) throws(SystemError) -> SocketAddress {
        let descriptor = try loop.kernel.listen(on: address, options: options)
        let token = takeToken()
        listeners[token] = (descriptor, accepted)
        try loop.register(descriptor, for: handler!, token: token)
        return try loop.kernel.localAddress(of: descriptor)
    }

    public func stopListening() {
        for listener in listeners.values { loop.kernel.close(listener.descriptor) }
        listeners = [:]
    }

    /// Closes every connection and every listener.
    public func closeAll() {
        stopListening()
        closeConnections()
    }

    /// Closes every connection; listeners go on.
    public func closeConnections() {
        for (_, connection) in connections.sorted(by: { $0.key < $1.key }) { connection.close() }
    }

    public func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        if let connection = connections[token] {
            connection.ready(readiness)
        } else if let listener = listeners[token] {
            accept(from: listener.descriptor, listener.accepted)
        }
    }

    public func timerFired(_ token: UInt64, now: Instant) { connections[token]?.timerFired() }

    public func turnEnded(now: Instant) {}

    func makeTimer(token: UInt64) -> TimerID { loop.makeTimer(for: handler!, token: token) }

    func forget(token: UInt64) { connections[token] = nil }

    private func accept(from listener: Int32, _ accepted: (SimulatedClient) -> Void) {
        while true {
            let result = loop.kernel.accept(from: listener)
            if result == -SimulatedClient.connectionAborted { continue }
            guard result >= 0 else { return }
            let client = SimulatedClient(Int32(result), isConnected: true, token: takeToken(), of: self)
            accepted(client)
            if client.ending == nil { try? watch(client) }
        }
    }

    private func watch(_ client: SimulatedClient) throws(SystemError) {
        connections[client.token] = client
        do {
            try loop.register(client.descriptor, for: handler!, token: client.token)
        } catch {
            client.close()
            throw error
        }
    }

    private func takeToken() -> UInt64 {
        defer { nextToken += 1 }
        return nextToken
    }
}
