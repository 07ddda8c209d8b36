import EventLoop
import Glibc
import Testing

// Of the calling thread alone, as the kernel has it; Glibc's module does not show it.
@_silgen_name("setfsuid") private func setfsuid(_ user: UInt32) -> Int32

/// Whose socket is at the other end of a connection.
struct PeerUserTests {
    private let watcher: Watcher
    private var kernel: LinuxKernel { watcher.kernel }

    init() throws { watcher = try Watcher() }

    /// Calls `body` so that TCP sockets that are made in it are those of a user who is not root, where this process may.
    private func asUser<R>(_ body: (UInt32) throws -> R) rethrows -> R {
        guard geteuid() == 0 else { return try body(geteuid()) }
        _ = setfsuid(54_321)
        defer { _ = setfsuid(0) }
        return try body(54_321)
    }

    @Test(arguments: [SocketAddress(numeric: "127.0.0.1", port: 0)!, SocketAddress(numeric: "::1", port: 0)!, SocketAddress(numeric: "127.8.9.10", port: 0)!])
    func `the kernel tells who made a TCP socket of this machine`(address: SocketAddress) throws {
        try asUser { user in
            let (client, server) = try watcher.pair(at: address)
            #expect(kernel.peerUser(of: server) == user)
            #expect(kernel.peerUser(of: client) == user)
            #expect(kernel.peerAddress(of: server) == (try kernel.localAddress(of: client)))
            kernel.shutdownWriting(client)
            #expect(watcher.wait(for: .peerClosed, of: 2))
            #expect(kernel.peerUser(of: server) == user)
            kernel.close(client)
            kernel.close(server)
        }
    }

    @Test func `a client that uses IPv4 through a socket of IPv6 is found, too`() throws {
        try asUser { user in
            let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
            let port = try #require(try kernel.localAddress(of: listener).port)
            let client = try kernel.connect(to: try #require(SocketAddress(numeric: "::ffff:127.0.0.1", port: port)))
            var server = -1
            #expect(watcher.wait { server = kernel.accept(from: listener); return server >= 0 })
            #expect(kernel.peerUser(of: Int32(server)) == user)
            for descriptor in [listener, client, Int32(server)] { kernel.close(descriptor) }
        }
    }

    @Test func `the kernel tells who connected a Unix socket, even after its end`() throws {
        let path = "/tmp/bearerproxy-peer-\(getpid())"
        defer { unlink(path) }
        let (client, server) = try watcher.pair(at: .unix(path))
        #expect(kernel.peerUser(of: server) == geteuid())
        #expect(kernel.peerAddress(of: server) == nil)
        kernel.close(client)
        #expect(kernel.peerUser(of: server) == geteuid())
        kernel.close(server)
    }

    /// The kernel says user 0 of a socket that no process has.
    @Test func `a TCP client that has closed is nobody`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        kernel.close(client)
        #expect(kernel.peerUser(of: server) == nil)
        #expect(watcher.wait(for: .peerClosed, of: 2))
        #expect(kernel.peerUser(of: server) == nil)
        // In its TIME_WAIT only a remainder of it is left.
        kernel.shutdownWriting(server)
        #expect(kernel.peerUser(of: server) == nil)
        kernel.close(server)
    }

    @Test func `a TCP client that has reset its connection is nobody`() throws {
        let (client, server) = try watcher.pair(at: .loopback(port: 0))
        kernel.resetOnClose(client)
        kernel.close(client)
        #expect(watcher.wait(for: .failed, of: 2))
        #expect(kernel.peerUser(of: server) == nil)
        kernel.close(server)
    }

    /// Where no connection has the two addresses, the kernel describes who listens on the first of them.
    @Test func `a listener on a port that a client had is not taken for the client`() throws {
        // Somebody else may get the port first, so there is more than one attempt.
        for attempt in 1...20 {
            let (client, server) = try watcher.pair(at: .loopback(port: 0))
            defer { kernel.close(server) }
            let port = try #require(try kernel.localAddress(of: client).port)
            kernel.resetOnClose(client)
            kernel.close(client)
            do throws(SystemError) {
                let listener = try kernel.listen(on: .loopback(port: port), options: ListenOptions())
                #expect(kernel.peerUser(of: server) == nil)
                kernel.close(listener)
                return
            } catch {
                #expect(error.errno == EADDRINUSE && attempt < 20, "\(error)")
            }
        }
    }

    @Test func `what is no connection is nobody's`() throws {
        let listener = try kernel.listen(on: .loopback(port: 0), options: ListenOptions())
        #expect(kernel.peerUser(of: listener) == nil)
        kernel.close(listener)
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        #expect(kernel.peerUser(of: ends[0]) == nil)
        for end in ends { close(end) }
    }
}
