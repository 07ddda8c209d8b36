public import EventLoop
internal import Glibc

/// A kernel whose clock, network, names, signals and entropy are simulated, all from one seed: what runs on it runs
/// the same way each time, without sleeping.
///
/// Several handlers, a client, the proxy and an upstream, share one loop on one kernel and talk through its `network`.
/// Misuse (a descriptor used after it was closed) is not tolerated as Linux would: it is kept in `violations`.
///
/// No descriptor number is given twice, so that a stale one is always noticed.
public final class SimulatedKernel: Kernel {
    public let network: Network
    /// Virtual time since the kernel began. Only `wait` moves it.
    public var now: Duration { network.now }
    /// What `wallNow` is when the clock begins: 2026-01-01 00:00 UTC. To change it is to set the wall clock.
    public var wallEpoch = Duration.seconds(1_767_225_600)
    /// The last `wait` had nothing to wait for: no timer, nothing under way, no end.
    public private(set) var isStuck = false
    /// What no correct program does.
    public internal(set) var violations: [String] = []
    /// Descriptors that may be open at once; beyond that everything that makes one fails with EMFILE.
    public var descriptorsMax = Int.max
    /// Whose process this is: all sockets of the simulated machine are this user's.
    public var user: UInt32 = 1000
    /// System calls so far that can fail.
    public internal(set) var failableCallCount = 0
    /// The call of this number, counted from 1, fails with what is usual for its kind.
    public var failingCall: Int?

    var sockets: [Int32: Socket] = [:]
    var answers: [UInt64: Result<[SocketAddress], ResolutionError>] = [:]
    var outputs: [UInt64: Result<[UInt8], CommandError>] = [:]
    private var announced: [UInt64] = []
    private var entropy: Seed
    private var nextDescriptor: Int32 = 3
    /// `wait` does not go beyond it.
    private var horizon: Duration?

    public init(seed: UInt64) {
        var source = Seed(seed)
        entropy = source.split()
        network = Network(seed: source.split())
        network.setName("localhost", [.loopback(port: 0)])
    }

    deinit {
        for case let stream as Stream in sockets.values {
            stream.peer?.peer = nil
            stream.peer = nil
        }
    }

    public func monotonicNow() -> Instant { Instant(now) }

    public func wallNow() -> Duration { wallEpoch + now }

    public func fillEntropy(_ bytes: UnsafeMutableRawBufferPointer) {
        for index in bytes.indices { bytes[index] = UInt8(truncatingIfNeeded: entropy.next()) }
    }

    /// Turns `loop` until `isDone`: true; or until `limit` has passed or nothing can happen any more: false.
    public func run(_ loop: Loop, until isDone: () -> Bool, limit: Duration) -> Bool {
        let end = now + limit
        horizon = end
        defer { horizon = nil }
        while !isDone() {
            if now >= end { return false }
            loop.turn()
            if isStuck { return isDone() }
        }
        return true
    }
}

// MARK: readiness

extension SimulatedKernel {
    public func register(_ descriptor: Int32, token: UInt64) throws(SystemError) {
        if fails() { throw SystemError(call: "epoll_ctl", errno: ENOSPC, subject: "descriptor \(descriptor)") }
        guard let socket = socket(descriptor, for: "register") else {
            throw SystemError(call: "epoll_ctl", errno: EBADF, subject: "descriptor \(descriptor)")
        }
        guard socket.token == nil else {
            violations.append("fd \(descriptor) was registered twice")
            throw SystemError(call: "epoll_ctl", errno: EEXIST, subject: "descriptor \(descriptor)")
        }
        socket.token = token
        network.wake(socket)
    }

    public func wait(for timeout: Interval?, into events: UnsafeMutableBufferPointer<Event>) -> Int {
        for token in announced {
            answers[token] = nil
            outputs[token] = nil
        }
        announced = []
        isStuck = false
        // A turn takes some time: a loop that spins is seen to get on slowly, and is not seen to stand still.
        network.now += .microseconds(1)
        var deadline = timeout.map { now + $0.duration }
        if let horizon { deadline = min(horizon, deadline ?? horizon) }
        while true {
            network.happen()
            let count = collect(into: events)
            if count > 0 { return count }
            let next = network.agenda.nextTime
            if next == nil, timeout == nil {
                isStuck = true
                return 0
            }
            if let deadline, next.map({ $0 > deadline }) ?? true {
                network.now = max(now, deadline)
                return 0
            }
            network.now = max(now, next!)
        }
    }

    private func collect(into events: UnsafeMutableBufferPointer<Event>) -> Int {
        var count = 0
        while count < events.count, !network.resolved.isEmpty {
            let (token, answer) = network.resolved.removeFirst()
            answers[token] = answer
            announced.append(token)
            events[count] = Event(token: token, readiness: .resolved)
            count += 1
        }
        while count < events.count, !network.finished.isEmpty {
            let (token, output) = network.finished.removeFirst()
            outputs[token] = output
            announced.append(token)
            events[count] = Event(token: token, readiness: .finished)
            count += 1
        }
        while count < events.count, !network.woken.isEmpty {
            events[count] = Event(token: network.woken.removeFirst(), readiness: .readable)
            count += 1
        }
        var looked = 0
        while count < events.count, looked < network.ready.count {
            let socket = network.ready[looked]
            looked += 1
            socket.isQueued = false
            guard let token = socket.token else { continue }
            let readiness = socket.readiness()
            if readiness.isEmpty { continue }
            network.note("fd \(socket.descriptor) is \(SimulatedKernel.text(readiness))")
            events[count] = Event(token: token, readiness: readiness)
            count += 1
        }
        network.ready.removeFirst(looked)
        if count > 1, network.seed.chance(network.faults.eventsShuffled) {
            var slice = UnsafeMutableBufferPointer(rebasing: events[..<count])
            slice.shuffle(using: &network.seed)
        }
        return count
    }

    private static func text(_ readiness: Readiness) -> String {
        let names: [(Readiness, String)] = [
            (.readable, "readable"), (.writable, "writable"), (.peerClosed, "closed by the peer"), (.failed, "failed"),
        ]
        return names.filter { readiness.contains($0.0) }.map(\.1).joined(separator: ", ")
    }
}

// MARK: descriptors

extension SimulatedKernel {
    /// Gives a socket a descriptor.
    func open(_ socket: Socket) -> Int32 {
        socket.descriptor = nextDescriptor
        sockets[nextDescriptor] = socket
        nextDescriptor += 1
        return socket.descriptor
    }

    /// What a descriptor stands for; one that is not open is a violation.
    func socket(_ descriptor: Int32, for call: String) -> Socket? {
        if let socket = sockets[descriptor] { return socket }
        violations.append("\(call) on fd \(descriptor), which is not open, at \(Network.text(now))")
        network.note("fd \(descriptor) is not open: \(call)")
        return nil
    }

    /// Counts a call that can fail; true when it is to.
    func fails() -> Bool {
        failableCallCount += 1
        guard failableCallCount == failingCall else { return false }
        network.note("call \(failableCallCount) is made to fail")
        return true
    }
}
