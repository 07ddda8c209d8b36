import EventLoop
import Glibc
import Simulation
import Testing

/// What a program can tell of a kernel, step by step: the simulated one has to say what Linux says.
struct LikenessTests {
    /// A pair of connected sockets and what is said about them.
    private final class Pair {
        let kernel: any Kernel
        let client: Int32
        let server: Int32
        private var events = [Event](repeating: Event(token: 0, readiness: []), count: 16)

        init(on kernel: any Kernel) throws {
            self.kernel = kernel
            let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
            defer { kernel.close(listener) }
            client = try kernel.connect(to: try kernel.localAddress(of: listener))
            var accepted = Int(-EAGAIN)
            while accepted == Int(-EAGAIN) {
                _ = events.withUnsafeMutableBufferPointer { kernel.wait(for: .milliseconds(5), into: $0) }
                accepted = kernel.accept(from: listener)
            }
            server = Int32(accepted)
            _ = settle()
            try kernel.register(client, token: 1)
            try kernel.register(server, token: 2)
        }

        /// Everything that is said until it is quiet, for the client and the server.
        func settle() -> String {
            var seen: [UInt64: Readiness] = [:]
            var quietCount = 0
            while quietCount < 3 {
                let count = events.withUnsafeMutableBufferPointer { kernel.wait(for: .milliseconds(10), into: $0) }
                for event in events[..<count] { seen[event.token, default: []].formUnion(event.readiness) }
                quietCount = count == 0 ? quietCount + 1 : 0
            }
            return "client \(text(seen[1])), server \(text(seen[2]))"
        }

        private func text(_ readiness: Readiness?) -> String {
            guard let readiness else { return "-" }
            let names: [(Readiness, String)] = [(.readable, "r"), (.writable, "w"), (.peerClosed, "c"), (.failed, "f")]
            return names.filter { readiness.contains($0.0) }.map(\.1).joined()
        }

        func send(_ descriptor: Int32, _ text: String) -> Int {
            Array(text.utf8).withUnsafeBytes { kernel.send(descriptor, from: $0) }
        }

        func receive(_ descriptor: Int32, most: Int = 100) -> Int {
            var bytes = [UInt8](repeating: 0, count: most)
            return bytes.withUnsafeMutableBytes { kernel.receive(descriptor, into: $0) }
        }

        /// Sends until the socket is full.
        func fill(_ descriptor: Int32) -> Int {
            let block = [UInt8](repeating: 1, count: 100_000)
            while true {
                let count = block.withUnsafeBytes { kernel.send(descriptor, from: $0) }
                if count < 0 { return count }
            }
        }

        func drain(_ descriptor: Int32) -> Int {
            while true {
                let count = receive(descriptor, most: 1 << 20)
                if count <= 0 { return count }
            }
        }
    }

    private typealias Script = (Pair) -> [String]

    private func expectLikeness(_ script: Script, _ location: SourceLocation = #_sourceLocation) throws {
        let real = script(try Pair(on: try LinuxKernel()))
        let kernel = SimulatedKernel(seed: 1)
        let simulated = script(try Pair(on: kernel))
        #expect(simulated == real, sourceLocation: location)
        #expect(kernel.violations == [], sourceLocation: location)
    }

    @Test func `bytes make an edge, each time they come`() throws {
        try expectLikeness { pair in
            [
                pair.settle(), "\(pair.send(pair.client, "one"))", pair.settle(), pair.settle(), "\(pair.send(pair.client, "two"))",
                pair.settle(), "\(pair.receive(pair.server, most: 2))", pair.settle(), "\(pair.receive(pair.server))",
                "\(pair.receive(pair.server))", pair.settle(),
            ]
        }
    }

    @Test func `a full socket is writable again when its peer has received`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.fill(pair.client))"]
            _ = pair.settle()
            said.append("\(pair.fill(pair.client))")
            said.append(pair.settle())
            // The peer takes all that comes, until nothing comes any more.
            var wasWritable = false
            for _ in 0..<20 {
                said.append("\(pair.drain(pair.server))")
                wasWritable = pair.settle().hasPrefix("client w") || wasWritable
            }
            said.append("writable \(wasWritable), \(pair.send(pair.client, "x"))")
            return said
        }
    }

    @Test func `a half close is said, and the other direction lives`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.send(pair.client, "last"))"]
            pair.kernel.shutdownWriting(pair.client)
            said += [pair.settle(), "\(pair.receive(pair.server))", "\(pair.receive(pair.server))"]
            // When the end is acknowledged, which Linux delays, the client is told once more.
            _ = pair.settle()
            said += ["\(pair.send(pair.client, "x"))", "\(pair.send(pair.server, "answer"))", pair.settle()]
            pair.kernel.shutdownWriting(pair.server)
            said += [pair.settle(), "\(pair.receive(pair.client))", "\(pair.receive(pair.client))", "\(pair.send(pair.server, "x"))"]
            return said
        }
    }

    @Test func `a peer that has finished sending is there, and one that has closed is gone`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.kernel.isPeerGone(pair.server))"]
            pair.kernel.shutdownWriting(pair.client)
            said += [pair.settle(), "\(pair.kernel.isPeerGone(pair.server))", "\(pair.receive(pair.server))"]
            pair.kernel.close(pair.client)
            said += [pair.settle(), "\(pair.kernel.isPeerGone(pair.server))"]
            return said
        }
    }

    @Test func `a close with nothing unread is an end, and sending to it a reset`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.send(pair.client, "last"))"]
            pair.kernel.close(pair.client)
            said += [pair.settle(), "\(pair.receive(pair.server, most: 2))", "\(pair.send(pair.server, "first"))", pair.settle()]
            said += ["\(pair.send(pair.server, "second"))", "\(pair.send(pair.server, "third"))"]
            said += ["\(pair.receive(pair.server))", "\(pair.receive(pair.server))"]
            return said
        }
    }

    @Test func `a close with bytes unread is a reset`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.send(pair.client, "unread"))", "\(pair.send(pair.server, "answer"))", pair.settle()]
            pair.kernel.close(pair.server)
            said += [pair.settle(), "\(pair.receive(pair.client))", "\(pair.receive(pair.client))", "\(pair.receive(pair.client))"]
            said += ["\(pair.send(pair.client, "x"))", "\(pair.kernel.connectError(of: pair.client))"]
            return said
        }
    }

    @Test func `a reset that was asked for is one, and what had arrived before it can still be received`() throws {
        try expectLikeness { pair in
            var said = [pair.settle(), "\(pair.send(pair.client, "last"))", pair.settle()]
            pair.kernel.resetOnClose(pair.client)
            pair.kernel.close(pair.client)
            said += [pair.settle(), "\(pair.receive(pair.server))", "\(pair.receive(pair.server))", "\(pair.receive(pair.server))"]
            return said
        }
    }

    @Test func `a refused connect fails in the same way`() throws {
        func script(_ kernel: any Kernel) throws -> [String] {
            let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
            let address = try kernel.localAddress(of: listener)
            kernel.close(listener)
            let descriptor = try kernel.connect(to: address)
            try kernel.register(descriptor, token: 1)
            var events = [Event](repeating: Event(token: 0, readiness: []), count: 4)
            _ = events.withUnsafeMutableBufferPointer { kernel.wait(for: .seconds(5), into: $0) }
            var byte = [UInt8](repeating: 0, count: 1)
            let received = byte.withUnsafeMutableBytes { kernel.receive(descriptor, into: $0) }
            let again = byte.withUnsafeMutableBytes { kernel.receive(descriptor, into: $0) }
            let sent = byte.withUnsafeBytes { kernel.send(descriptor, from: $0) }
            return ["\(events[0].readiness.rawValue)", "\(received)", "\(again)", "\(sent)", "\(kernel.connectError(of: descriptor))"]
        }
        #expect(try script(SimulatedKernel(seed: 1)) == script(try LinuxKernel()))
    }

    /// What becomes of connections whose first bytes are awaited, from what their clients do.
    @Test func `a connection whose first bytes are awaited is shown with them, with its end, or after a while, and a reset one never`() throws {
        func script(_ kernel: any Kernel) throws -> [String] {
            let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions(awaitsBytes: true))
            let address = try kernel.localAddress(of: listener)
            var events = [Event](repeating: Event(token: 0, readiness: []), count: 4)
            func pass(_ time: Interval) {
                let end = kernel.monotonicNow() + time
                while kernel.monotonicNow() < end { _ = events.withUnsafeMutableBufferPointer { kernel.wait(for: .milliseconds(10), into: $0) } }
            }
            func accept() -> String {
                pass(.milliseconds(100))
                var byte = [UInt8](repeating: 0, count: 1)
                let descriptor = kernel.accept(from: listener)
                guard descriptor >= 0 else { return "\(descriptor)" }
                defer { kernel.close(Int32(descriptor)) }
                return "received \(byte.withUnsafeMutableBytes { kernel.receive(Int32(descriptor), into: $0) })"
            }
            func connect() throws -> Int32 {
                let client = try kernel.connect(to: address)
                pass(.milliseconds(20))
                return client
            }
            let byte: [UInt8] = [0x47]
            let silent = try connect()
            var said = [accept()]
            let speaking = try connect()
            said += ["\(byte.withUnsafeBytes { kernel.send(speaking, from: $0) })", accept()]
            let leaving = try connect()
            kernel.close(leaving)
            said.append(accept())
            let breaking = try connect()
            kernel.resetOnClose(breaking)
            kernel.close(breaking)
            said.append(accept())
            pass(.seconds(2))
            said.append(accept())
            said.append(accept())
            let late = try connect()
            kernel.close(listener)
            _ = byte.withUnsafeBytes { kernel.send(late, from: $0) }
            pass(.milliseconds(50))
            said.append("\(byte.withUnsafeBytes { kernel.send(late, from: $0) })")
            for client in [silent, speaking, late] { kernel.close(client) }
            return said
        }
        let simulated = try script(SimulatedKernel(seed: 1))
        #expect(simulated == ["-11", "1", "received 1", "received 0", "-11", "received -11", "-11", "-104"])
        #expect(try script(LinuxKernel()) == simulated)
    }
}
