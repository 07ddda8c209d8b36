import EventLoop
import Simulation
import Testing

/// The same program on both kernels, and on the simulated one in any weather.
struct EchoTests {
    /// A dozen clients, each of which sends in its own way to an echo server, and gets it all back.
    private final class Scene {
        let loop: Loop
        private let server: EchoServer
        private let clients: SimulatedClients
        private var sent: [(client: SimulatedClient, bytes: [UInt8])] = []

        init(on kernel: any Kernel, seed: UInt64, at address: SocketAddress = .loopback(port: 0)) throws {
            var dice = Seed(seed)
            loop = Loop(kernel: kernel)
            server = try EchoServer(on: loop, at: address)
            clients = SimulatedClients(on: loop)
            for index in 0..<12 {
                let size = dice.chance(0.3) ? dice.integer(in: 1...400_000) : dice.integer(in: 0...5000)
                let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
                let client = try clients.connect(to: server.address)
                if dice.chance(0.5) {
                    client.send(bytes)
                } else {
                    client.send(pieces: dice.pieces(of: bytes, countMax: 9), every: .milliseconds(20))
                }
                client.finishSending()
                sent.append((client, bytes))
            }
        }

        var isDone: Bool { sent.allSatisfy { $0.client.ending != nil } && server.openCount == 0 }

        func finish() -> [String] {
            server.stop()
            clients.closeAll()
            return sent.filter { $0.client.ending != .finished || $0.client.received != $0.bytes }.map { client, bytes in
                "\(client.ending as Any) after \(client.receivedCount) of \(bytes.count) bytes"
            }
        }
    }

    private func trace(seed: UInt64, _ faults: Faults) throws -> [String] {
        let kernel = SimulatedKernel(seed: seed)
        kernel.network.isTracing = true
        kernel.network.faults = faults
        let scene = try Scene(on: kernel, seed: 1)
        _ = kernel.run(scene.loop, until: { scene.isDone }, limit: .seconds(600))
        return kernel.network.trace
    }

    @Test(arguments: 1...16)
    func `an echo comes back whole, whatever parts it travels in`(seed: UInt64) throws {
        let kernel = SimulatedKernel(seed: seed)
        kernel.network.isTracing = true
        kernel.network.faults = seed % 2 == 0 ? .rough : .none
        let scene = try Scene(on: kernel, seed: seed, at: seed % 5 == 0 ? .unix("/echo") : .loopback(port: 0))
        let isDone = kernel.run(scene.loop, until: { scene.isDone }, limit: .seconds(600))
        let wrong = scene.finish() + kernel.faultsFound(loop: scene.loop)
        #expect(isDone && wrong == [], "seed \(seed) at \(kernel.now), stuck: \(kernel.isStuck)\n\(kernel.traceEnd())")
    }

    @Test(arguments: [SocketAddress.loopback(port: 0), .ipv6(high: 0, low: 1, port: 0, scope: 0)])
    func `an echo comes back whole on Linux`(address: SocketAddress) throws {
        let kernel = try LinuxKernel()
        let scene = try Scene(on: kernel, seed: 5, at: address)
        let limit = kernel.monotonicNow() + .seconds(30)
        let guardian = scene.loop.makeTimer(for: scene.loop.add(SimulatedClients(on: scene.loop)), token: 0)
        scene.loop.arm(guardian, at: limit)
        while !scene.isDone, kernel.monotonicNow() < limit { scene.loop.turn() }
        #expect(scene.isDone)
        #expect(scene.finish() == [])
    }

    @Test func `one seed gives one run, and another seed another`() throws {
        let rough = try trace(seed: 11, .rough)
        #expect(rough.count > 200)
        #expect(try trace(seed: 11, .rough) == rough)
        #expect(try trace(seed: 12, .rough) != rough)
    }

    @Test(arguments: 1...12)
    func `whatever fails, each connection ends and no descriptor stays open`(seed: UInt64) throws {
        let kernel = SimulatedKernel(seed: seed)
        var dice = Seed(seed)
        kernel.network.isTracing = true
        kernel.network.faults = .random(from: &dice)
        // An echo server that cannot accept waits for the next connection, which may never come.
        kernel.network.faults.acceptExhausted = 0
        kernel.network.faults.connectExhausted = 0
        let scene = try Scene(on: kernel, seed: seed)
        #expect(
            kernel.run(scene.loop, until: { scene.isDone }, limit: .seconds(600)),
            "seed \(seed) at \(kernel.now), stuck: \(kernel.isStuck)\n\(kernel.traceEnd())")
        _ = scene.finish()
        #expect(kernel.faultsFound(loop: scene.loop) == [])
    }
}
