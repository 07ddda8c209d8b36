import EventLoop
import Glibc

/// A Linux kernel with what its events said so far, for tests that wait until something has happened.
final class Watcher {
    let kernel: LinuxKernel
    /// All readiness since the last `forget`, by token.
    private(set) var seen: [UInt64: Readiness] = [:]
    private(set) var eventCount = 0
    private let events = UnsafeMutableBufferPointer<Event>.allocate(capacity: 16)

    init() throws { kernel = try LinuxKernel() }

    deinit { events.deallocate() }

    func turn(_ timeout: Interval = .zero) {
        let count = kernel.wait(for: timeout, into: events)
        eventCount += count
        for event in events[..<count] { seen[event.token, default: []].formUnion(event.readiness) }
    }

    /// Turns until it has happened, at most ten seconds.
    func wait(until hasHappened: () -> Bool) -> Bool {
        let end = kernel.monotonicNow() + .seconds(10)
        while !hasHappened() {
            if kernel.monotonicNow() > end { return false }
            turn(.milliseconds(50))
        }
        return true
    }

    func wait(for readiness: Readiness, of token: UInt64) -> Bool {
        wait { seen[token, default: []].isSuperset(of: readiness) }
    }

    func forget() {
        seen = [:]
        eventCount = 0
    }

    func send(_ descriptor: Int32, _ text: String) -> Int {
        Array(text.utf8).withUnsafeBytes { kernel.send(descriptor, from: $0) }
    }

    /// What one receive gives: the bytes, or `-errno`.
    func receive(_ descriptor: Int32, most: Int = 4096) -> (text: String, result: Int) {
        var bytes = [UInt8](repeating: 0, count: most)
        let result = bytes.withUnsafeMutableBytes { kernel.receive(descriptor, into: $0) }
        return (String(decoding: bytes.prefix(max(0, result)), as: UTF8.self), result)
    }

    /// A connected pair through a listener at `address`: registered as 1 (the client) and 2 (the server).
    func pair(at address: SocketAddress) throws -> (client: Int32, server: Int32) {
        let listener = try kernel.listen(on: address, options: ListenOptions())
        defer { kernel.close(listener) }
        try kernel.register(listener, token: 100)
        let client = try kernel.connect(to: try kernel.localAddress(of: listener))
        try kernel.register(client, token: 1)
        guard wait(for: .readable, of: 100), wait(for: .writable, of: 1) else {
            throw SystemError(call: "connect", errno: ETIMEDOUT, subject: address.description)
        }
        let server = kernel.accept(from: listener)
        guard server >= 0, kernel.connectError(of: client) == 0 else {
            throw SystemError(call: "accept", errno: Int32(-server), subject: address.description)
        }
        try kernel.register(Int32(server), token: 2)
        _ = wait(for: .writable, of: 2)
        forget()
        return (client, Int32(server))
    }
}
