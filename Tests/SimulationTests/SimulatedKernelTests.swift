import EventLoop
import Glibc
import Simulation
import Testing

struct SimulatedKernelTests {
    /// A dozen clients send to an echo server, each in its own way. Returns what is wrong, and the trace.
    private func echo(seed: UInt64, faults: Faults) throws -> (wrong: [String], trace: [String]) {
        let kernel = SimulatedKernel(seed: seed)
        kernel.network.isTracing = true
        kernel.network.faults = faults
        var dice = Seed(seed)
        let loop = Loop(kernel: kernel)
        let server = try EchoServer(on: loop)
        let clients = SimulatedClients(on: loop)
        var sent: [(client: SimulatedClient, bytes: [UInt8])] = []
        for index in 0..<12 {
            let bytes = (0..<dice.integer(in: 1...300_000)).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ index) }
            let client = try clients.connect(to: server.address)
            if index % 2 == 0 {
                client.send(bytes)
            } else {
                client.send(pieces: dice.pieces(of: bytes, countMax: 9), every: .milliseconds(40))
            }
            client.finishSending()
            sent.append((client, bytes))
        }
        let isDone = kernel.run(loop, until: { sent.allSatisfy { $0.client.ending != nil } && server.openCount == 0 }, limit: .seconds(60))
        server.stop()
        var wrong = kernel.faultsFound(loop: loop)
        if !isDone { wrong.append("not done after \(kernel.now), stuck: \(kernel.isStuck)") }
        for (client, bytes) in sent where client.ending != .finished || client.received != bytes {
            wrong.append("\(client.ending as Any) after \(client.receivedCount) of \(bytes.count) bytes")
        }
        return (wrong, kernel.network.trace)
    }

    @Test(arguments: 1...20)
    func `an echo comes back whole, whatever parts it travels in`(seed: UInt64) throws {
        let (wrong, trace) = try echo(seed: seed, faults: seed % 2 == 0 ? .rough : .none)
        #expect(wrong == [], "seed \(seed)\n\(trace.suffix(40).joined(separator: "\n"))")
    }
}
