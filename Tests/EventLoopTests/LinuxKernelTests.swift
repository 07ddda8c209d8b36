import EventLoop
import Glibc
import Testing

struct LinuxKernelTests {
    private let watcher: Watcher
    private var kernel: LinuxKernel { watcher.kernel }

    init() throws { watcher = try Watcher() }

    @Test(arguments: [SocketAddress.loopback(port: 0), .ipv6(high: 0, low: 1, port: 0, scope: 0)])
    func `bytes go both ways over a connection`(address: SocketAddress) throws {
        let (client, server) = try watcher.pair(at: address)
        #expect(watcher.send(client, "question") == 8)
        #expect(watcher.wait(for: .readable, of: 2))
        #expect(watcher.receive(server).text == "question")
        #expect(watcher.receive(server).result == Int(-EAGAIN))
        #expect(watcher.send(server, "answer") == 6)
        #expect(watcher.wait(for: .readable, of: 1))
        #expect(watcher.receive(client).text == "answer")
        kernel.close(client)
        kernel.close(server)
    }

    @Test(arguments: [SocketAddress.loopback(port: 0), .ipv6(high: 0, low: 1, port: 0, scope: 0)])
    func `what is sent goes out at once, at both ends`(address: SocketAddress) throws {
        let (client, server) = try watcher.pair(at: address)
        for descriptor in [client, server] {
            var isOn: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            #expect(getsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &isOn, &length) == 0)
            #expect(isOn != 0)
            kernel.close(descriptor)
        }
    }

    @Test(arguments: [SocketAddress.loopback(port: 0), .ipv6(high: 0, low: 1, port: 0, scope: 0)])
    func `a peer that closed is told from one that has finished sending`(address: SocketAddress) throws {
        let (client, server) = try watcher.pair(at: address)
        #expect(!kernel.isPeerGone(server) && !kernel.isPeerGone(client))
        kernel.shutdownWriting(client)
        #expect(watcher.wait(for: .peerClosed, of: 2))
        #expect(!kernel.isPeerGone(server))
        kernel.close(client)
        #expect(kernel.isPeerGone(server))
        kernel.close(server)
    }

    @Test func `a listener tells the port it was given, and none is waiting at first`() throws {
        let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
        let address = try kernel.localAddress(of: listener)
        #expect(address.port != 0 && address.isLocal)
        #expect(kernel.accept(from: listener) == Int(-EAGAIN))
        let error = #expect(throws: SystemError.self) { try kernel.listen(on: address, options: ListenOptions()) }
        #expect(error?.errno == EADDRINUSE && error?.call == "bind")
        #expect(error?.description == "bind \(address): Address already in use (errno \(EADDRINUSE))")
        kernel.close(listener)
    }

    @Test func `a connect that is refused says so`() throws {
        let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
        let address = try kernel.localAddress(of: listener)
        kernel.close(listener)
        let client = try kernel.connect(to: address)
        try kernel.register(client, token: 1)
        #expect(watcher.wait(for: [.writable, .failed], of: 1))
        #expect(kernel.connectError(of: client) == ECONNREFUSED)
        kernel.close(client)
    }

    @Test func `readiness is said once, and again after new bytes`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        #expect(watcher.send(client, "a") == 1)
        #expect(watcher.wait(for: .readable, of: 2))
        watcher.forget()
        watcher.turn(.milliseconds(30))
        #expect(watcher.eventCount == 0)
        #expect(watcher.send(client, "b") == 1)
        #expect(watcher.wait(for: .readable, of: 2))
        #expect(watcher.receive(server).text == "ab")
        kernel.close(client)
        kernel.close(server)
    }

    @Test func `a socket that is full says when there is room again`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        let block = [UInt8](repeating: 7, count: 256 * 1024)
        var sent = 0
        while true {
            let count = block.withUnsafeBytes { kernel.send(client, from: $0) }
            if count < 0 {
                #expect(count == Int(-EAGAIN))
                break
            }
            sent += count
        }
        watcher.forget()
        var received = 0
        var hasTurned = false
        #expect(
            watcher.wait {
                while case let count = watcher.receive(server, most: 1 << 18).result, count > 0 { received += count }
                hasTurned = watcher.seen[1, default: []].contains(.writable)
                return received == sent && hasTurned
            })
        kernel.close(client)
        kernel.close(server)
    }

    @Test func `a half close ends one direction and leaves the other`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        #expect(watcher.send(client, "last") == 4)
        kernel.shutdownWriting(client)
        #expect(watcher.wait(for: [.readable, .peerClosed], of: 2))
        #expect(watcher.receive(server).text == "last")
        #expect(watcher.receive(server).result == 0)
        #expect(watcher.send(server, "still here") == 10)
        #expect(watcher.wait(for: .readable, of: 1))
        #expect(watcher.receive(client).text == "still here")
        #expect(watcher.send(client, "x") == Int(-EPIPE))
        kernel.close(server)
        #expect(watcher.wait(for: .peerClosed, of: 1))
        #expect(watcher.receive(client).result == 0)
        kernel.close(client)
    }

    @Test func `a close with bytes unread resets the connection`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        #expect(watcher.send(client, "unread") == 6)
        #expect(watcher.wait(for: .readable, of: 2))
        kernel.close(server)
        #expect(watcher.wait(for: [.readable, .failed], of: 1))
        #expect(watcher.receive(client).result == Int(-ECONNRESET))
        #expect(watcher.send(client, "x") == Int(-EPIPE))
        kernel.close(client)
    }

    @Test func `a wait ends at its timeout, and not before`() {
        let before = kernel.monotonicNow()
        watcher.turn(.milliseconds(20))
        #expect(kernel.monotonicNow() - before >= .milliseconds(20))
        #expect(watcher.eventCount == 0)
    }

    @Test func `more events than there is room for come with the next wait`() throws {
        let pairs = try (0..<3).map { _ in try watcher.pair(at: .loopback(port: 0)) }
        for (client, _) in pairs { #expect(watcher.send(client, "x") == 1) }
        usleep(20_000)
        let one = UnsafeMutableBufferPointer<Event>.allocate(capacity: 1)
        defer { one.deallocate() }
        for _ in pairs { #expect(kernel.wait(for: .seconds(5), into: one) == 1) }
        #expect(kernel.wait(for: .zero, into: one) == 0)
        for (client, server) in pairs {
            kernel.close(client)
            kernel.close(server)
        }
    }

    @Test func `the clocks run and the entropy is not the same twice`() {
        #expect(kernel.monotonicNow() < .seconds(60))
        #expect(kernel.wallNow() > .seconds(1_700_000_000))
        var first = [UInt8](repeating: 0, count: 600)
        var second = first
        first.withUnsafeMutableBytes { kernel.fillEntropy($0) }
        second.withUnsafeMutableBytes { kernel.fillEntropy($0) }
        #expect(first != second && Set(first).count > 100)
        kernel.fillEntropy(UnsafeMutableRawBufferPointer(start: nil, count: 0))
    }

    @Test func `an owner closes its descriptor when it goes`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        do {
            let owner = Descriptor(server, of: kernel)
            #expect(owner.number == server)
            #expect(watcher.receive(client).result == Int(-EAGAIN))
        }
        #expect(watcher.wait(for: .peerClosed, of: 1))
        #expect(watcher.receive(client).result == 0)
        kernel.close(client)
    }

    @Test func `misuse of a descriptor stops the process`() async {
        await #expect(processExitsWith: .failure) {
            let kernel = try LinuxKernel()
            let descriptor = try kernel.connect(to: .loopback(port: 9))
            kernel.close(descriptor)
            kernel.close(descriptor)
        }
        await #expect(processExitsWith: .failure) {
            let kernel = try LinuxKernel()
            let descriptor = try kernel.connect(to: .loopback(port: 9))
            _ = kernel.receive(descriptor, into: UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
    }
}
