import EventLoop
import Glibc
import Simulation
import Testing

struct SimulatedKernelTests {
    private let kernel = SimulatedKernel(seed: 7)
    private let loop: Loop
    private let clients: SimulatedClients

    init() {
        loop = Loop(kernel: kernel)
        clients = SimulatedClients(on: loop)
    }

    private func run(_ limit: Duration = .seconds(300), until isDone: () -> Bool) -> Bool {
        kernel.run(loop, until: isDone, limit: limit)
    }

    /// An echo server, and a client that sent its bytes: the way the connection ended.
    private func exchange() throws -> SimulatedClient.Ending? {
        let server = try EchoServer(on: loop)
        let client = try clients.connect(to: server.address)
        client.send(String(repeating: "0123456789", count: 5000))
        client.finishSending()
        _ = run { client.ending != nil }
        return client.ending
    }

    @Test func `time passes only while there is something to wait for`() {
        let timer = loop.makeTimer(for: loop.add(clients), token: 0)
        loop.arm(timer, at: .seconds(3600))
        #expect(!run(.seconds(100)) { false })
        #expect(kernel.now == .seconds(100))
        #expect(kernel.wallNow() == kernel.wallEpoch + .seconds(100))
        #expect(run(.seconds(7200)) { loop.armedTimerCount == 0 })
        #expect(kernel.now < .seconds(3601))
    }

    @Test func `where nothing can happen any more, a wait ends and says so`() throws {
        let server = try EchoServer(on: loop)
        let client = try clients.connect(to: server.address)
        #expect(!run { client.receivedCount > 0 })
        #expect(kernel.isStuck)
        #expect(kernel.now < .seconds(1))
        client.send("x")
        #expect(run { client.receivedCount > 0 })
        #expect(!kernel.isStuck)
    }

    @Test func `nobody listens: refused, at once over a Unix socket`() throws {
        let client = try clients.connect(to: .loopback(port: 81))
        #expect(run { client.ending != nil })
        #expect(client.ending == .failed(errno: ECONNREFUSED))
        #expect(throws: SystemError.self) { try clients.connect(to: .unix("/none")) }
        #expect(kernel.faultsFound(loop: loop) == [])
    }

    @Test func `a black hole answers nothing for two minutes`() throws {
        let server = try EchoServer(on: loop)
        kernel.network.blackHoles = [server.address]
        let client = try clients.connect(to: server.address)
        #expect(run { client.ending != nil })
        #expect(client.ending == .failed(errno: ETIMEDOUT))
        #expect(kernel.now > .seconds(120))
    }

    @Test(arguments: [true, false])
    func `what was sent behind arrives in a packet of its own, later or within the turn`(_ isMeanwhile: Bool) throws {
        kernel.network.faults.separateSends = 1
        kernel.network.faults.arrivesMeanwhile = isMeanwhile ? 1 : 0
        var counts: [Int] = []
        let address = try clients.listen(on: .loopback(port: 80)) { server in
            server.whenReceived = { server in
                counts.append(server.receivedCount)
                server.send("x")
            }
        }
        let client = try clients.connect(to: address)
        #expect(run { client.isConnected })
        client.send("ab")
        client.send("cde")
        #expect(run { client.receivedCount == (isMeanwhile ? 1 : 2) })
        #expect(counts == (isMeanwhile ? [5] : [2, 5]))
        // What has just arrived has been told of as soon as an event could.
        #expect(client.arrived(whenPeerSent: 0) == Arrived(count: counts[0]))
    }

    @Test func `a full queue of a listener makes connects wait`() throws {
        let listener = try kernel.listen(on: .loopback(port: 80), options: ListenOptions(backlog: 1))
        let waiting = try (0..<3).map { _ in try clients.connect(to: .loopback(port: 80)) }
        #expect(!run(.milliseconds(900)) { waiting.allSatisfy(\.isConnected) })
        #expect(waiting.count(where: \.isConnected) == 2)
        #expect(kernel.accept(from: listener) >= 0)
        #expect(run(.seconds(5)) { waiting.allSatisfy(\.isConnected) })
    }

    @Test func `a name yields its addresses after its delay, an unknown one an error`() throws {
        let other = SocketAddress.ipv4(0xC000_0201, port: 0)
        kernel.network.setName("provider.example", [other, .loopback(port: 0)], delay: .seconds(2))
        let asking = NameHandler(on: loop)
        asking.ask("provider.example", port: 443)
        asking.ask("unknown.example", port: 443)
        asking.ask("::1", port: 5)
        #expect(run(.seconds(1)) { asking.answers.count == 2 })
        #expect(!run(.milliseconds(500)) { asking.answers.count == 3 })
        #expect(run(.seconds(2)) { asking.answers.count == 3 })
        #expect(try asking.answers["provider.example"]?.get() == [.ipv4(0xC000_0201, port: 443), .loopback(port: 443)])
        #expect(try asking.answers["::1"]?.get() == [.ipv6(high: 0, low: 1, port: 5, scope: 0)])
        #expect(throws: ResolutionError.self) { try asking.answers["unknown.example"]?.get() }
    }

    @Test func `a signal wakes the descriptor that asked for it`() throws {
        let descriptor = try kernel.signalDescriptor(for: [SIGTERM])
        kernel.raise(SIGHUP)
        #expect(kernel.receiveSignal(descriptor) == nil)
        kernel.raise(SIGTERM)
        kernel.raise(SIGTERM)
        #expect(kernel.receiveSignal(descriptor) == SIGTERM)
        #expect(kernel.receiveSignal(descriptor) == nil)
        kernel.close(descriptor)
    }

    @Test func `a socket's buffers are bounded, and a reader that stops stops its sender`() throws {
        var accepted: SimulatedClient?
        let address = try clients.listen(on: .loopback(port: 0)) {
            accepted = $0
            $0.isPaused = true
        }
        let client = try clients.connect(to: address)
        client.send([UInt8](repeating: 1, count: 2_000_000))
        #expect(!run(.seconds(60)) { client.hasSentAll })
        #expect(kernel.isStuck)
        #expect(accepted?.receivedCount == 0)
        accepted?.isPaused = false
        #expect(run { client.hasSentAll && accepted?.receivedCount == 2_000_000 })
    }

    @Test func `each fault shows`() throws {
        var faults = Faults.none
        faults.connectRefused = 1
        kernel.network.faults = faults
        #expect(try exchange() == .failed(errno: ECONNREFUSED))
        faults = .none
        faults.reset = 1
        kernel.network.faults = faults
        #expect(try exchange() == .failed(errno: ECONNRESET))
        faults = .none
        faults.connectBlackHoled = 1
        kernel.network.faults = faults
        #expect(try exchange() == .failed(errno: ETIMEDOUT))
        faults = .none
        faults.connectExhausted = 1
        kernel.network.faults = faults
        #expect(throws: SystemError.self) { try exchange() }
        faults = .none
        faults.acceptAborted = 1
        kernel.network.faults = faults
        #expect(try exchange() == .failed(errno: ECONNRESET))
        faults = .none
        faults.connectSlow = 1
        kernel.network.faults = faults
        let begun = kernel.now
        #expect(try exchange() == .finished)
        #expect(kernel.now - begun > .milliseconds(20))
        kernel.network.faults = .none
        #expect(try exchange() == .finished)
    }

    @Test func `the weather of one service leaves the others alone`() throws {
        let server = try EchoServer(on: loop)
        var faults = Faults.none
        faults.connectRefused = 1
        kernel.network.faultsByService[server.address] = faults
        let refused = try clients.connect(to: server.address)
        #expect(run { refused.ending != nil })
        #expect(refused.ending == .failed(errno: ECONNREFUSED))
        #expect(try exchange() == .finished)
    }

    @Test func `no more descriptors than allowed`() throws {
        kernel.descriptorsMax = 2
        let server = try EchoServer(on: loop)
        let client = try clients.connect(to: server.address)
        #expect(throws: SystemError.self) { try clients.connect(to: server.address) }
        client.send("x")
        #expect(!run(.seconds(1)) { client.receivedCount > 0 })
        #expect(kernel.openDescriptorCount == 2)
    }

    @Test func `every call can be made to fail, and the run ends all the same`() throws {
        var number = 1
        while true {
            let kernel = SimulatedKernel(seed: 3)
            kernel.failingCall = number
            let loop = Loop(kernel: kernel)
            let clients = SimulatedClients(on: loop)
            if let address = try? clients.listen(on: .loopback(port: 0), accepted: { peer in
                peer.whenReceived = { [unowned peer] _ in peer.send("answer") }
            }), let client = try? clients.connect(to: address) {
                client.send("question")
                client.whenReceived = { [unowned client] _ in client.close() }
                let isDone = kernel.run(loop, until: { client.ending != nil && clients.openCount == 0 }, limit: .seconds(10))
                #expect(isDone || kernel.isStuck)
            }
            clients.closeAll()
            #expect(kernel.faultsFound(loop: loop) == [], "call \(number)")
            if kernel.failableCallCount < number { break }
            number += 1
        }
        #expect(number > 10)
    }

    @Test func `misuse of a descriptor is kept as a violation`() throws {
        let descriptor = try kernel.connect(to: .loopback(port: 9))
        kernel.close(descriptor)
        #expect(kernel.violations == [])
        kernel.close(descriptor)
        #expect(kernel.violations.count == 1)
        let leaked = try kernel.connect(to: .loopback(port: 9))
        #expect(kernel.faultsFound().count == 2)
        #expect(kernel.openDescriptors == [leaked])
    }
}

/// Looks names up and keeps the answers.
private final class NameHandler: EventHandler {
    private let loop: Loop
    private var handler: HandlerID?
    private var hosts: [String] = []
    private(set) var answers: [String: Result<[SocketAddress], ResolutionError>] = [:]

    init(on loop: Loop) {
        self.loop = loop
        handler = loop.add(self)
    }

    func ask(_ host: String, port: UInt16) {
        hosts.append(host)
        loop.resolve(host, port: port, for: handler!, token: UInt64(hosts.count - 1))
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        #expect(readiness == .resolved)
        answers[hosts[Int(token)]] = loop.takeResolution(for: handler!, token: token)
    }

    func timerFired(_ token: UInt64, now: Instant) {}

    func turnEnded(now: Instant) {}
}
