import EventLoop
import Glibc
import Testing

@testable import Proxy

/// Clients that speak TLS with the proxy. Other tests of the server hold for them as well: with
/// `BEARERPROXY_TESTS_ENCRYPTED` in the environment they run over TLS, but for those about addresses, and about what happens
/// within one turn.
@Suite struct ServerEncryptedTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test func `what was given to OpenSSL is never taken back`() throws {
        let bench = try Bench(encrypted: true)
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        // Not a byte of the answer leaves, but a record of it has been made.
        bench.kernel.isClientStalled = true
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
        bench.turn(for: .milliseconds(100))
        bench.kernel.isClientStalled = false
        upstream.reset()
        #expect(bench.turn { client.isOver })
        #expect(client.isReset && client.received.isEmpty)
        #expect(bench.server.downstreams.count == 0)
    }

    @Test func `a request byte by byte, each in a record of its own`() throws {
        let bench = try Bench(encrypted: true)
        let client = try bench.client()
        for byte in Self.get.utf8 {
            client.send([byte])
            bench.turn(for: .milliseconds(1))
        }
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET /a HTTP/1.1\r\n") && upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nok") })
    }

    @Test func `an answer that ends with its connection ends in the way of TLS`() throws {
        let bench = try Bench(encrypted: true)
        let client = try bench.client()
        client.send("GET /a HTTP/1.0\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nall\r\n0\r\n\r\n")
        #expect(bench.turn { client.isOver })
        #expect(client.isEnded && !client.isReset && client.text.hasSuffix("all"))
    }

    @Test func `an idle connection of a proxy that drains ends in the way of TLS, and a handshake ends`() throws {
        let bench = try Bench(encrypted: true)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        #expect(bench.turn { client.text.contains(" 403 ") })
        let port = try #require(bench.server.listening.first?.address.port)
        let silent = try bench.kernel.connect(to: .loopback(port: port))
        defer { bench.kernel.close(silent) }
        #expect(bench.turn { bench.server.handshakes.count == 1 })
        bench.server.drain()
        #expect(bench.turn { client.isOver && bench.server.downstreams.count == 0 })
        #expect(client.isEnded && !client.isReset)
        #expect(bench.server.handshakes.isEmpty)
    }

    /// Both ends of each connection are in this process.
    private func allowManyDescriptors() throws {
        var limit = rlimit()
        try #require(getrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0)
        limit.rlim_cur = limit.rlim_max
        try #require(setrlimit(__rlimit_resource_t(UInt32(RLIMIT_NOFILE.rawValue)), &limit) == 0)
    }

    @Test func `the oldest of many handshakes stays as long as nobody waits for its place`() throws {
        try allowManyDescriptors()
        let bench = try Bench(route: #", "timeouts": { "requestHead": "1h" }"#, encrypted: true)
        let port = try #require(bench.server.listening.first?.address.port)
        var silent: [Int32] = []
        defer { silent.forEach(bench.kernel.close) }
        for _ in 1..<Limits.handshakesMax { silent.append(try bench.kernel.connect(to: .loopback(port: port))) }
        #expect(bench.turn { bench.server.handshakes.count == Limits.handshakesMax - 1 })
        bench.kernel.skew = Limits.handshakePatience.duration * 2
        silent.append(try bench.kernel.connect(to: .loopback(port: port)))
        #expect(bench.turn { bench.server.handshakes.count == Limits.handshakesMax })
        bench.turn(for: .milliseconds(300))
        #expect(bench.server.handshakes.count == Limits.handshakesMax)
    }

    @Test func `the oldest of too many handshakes gives way to one that waits, when it has had its time`() throws {
        try allowManyDescriptors()
        let bench = try Bench(route: #", "timeouts": { "requestHead": "1h" }"#, encrypted: true)
        let port = try #require(bench.server.listening.first?.address.port)
        // To accept so many takes a part of their patience, and with a sanitizer more than all of it.
        bench.kernel.slowDown(by: 10)
        var silent: [Int32] = []
        defer { silent.forEach(bench.kernel.close) }
        for _ in 0..<Limits.handshakesMax { silent.append(try bench.kernel.connect(to: .loopback(port: port))) }
        #expect(bench.turn { bench.server.handshakes.count == Limits.handshakesMax })
        let client = try bench.client(isAwaited: false)
        client.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        bench.turn(for: .milliseconds(100))
        #expect(!client.isEstablished && bench.server.handshakes.count == Limits.handshakesMax)
        bench.kernel.skew = Limits.handshakePatience.duration
        #expect(bench.turn { client.text.contains(" 403 ") })
        #expect(bench.server.handshakes.count >= Limits.handshakesMax - 2)
    }
}
