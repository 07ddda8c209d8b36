import EventLoop
import Glibc
import Testing

@testable import Proxy

/// Answers whose end the proxy does not wait for: they never look whole.
@Suite struct ServerCutOffTests {
    private static let old = "GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n"

    /// A client of HTTP/1.0 that has half of an answer, which ends with the connection.
    private func withHalfAnAnswer() throws -> (bench: Bench, client: Peer, upstream: Peer) {
        let bench = try Bench(encrypted: false)
        let client = try bench.client()
        client.send(Self.old)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\n\r\nhalf")
        #expect(bench.turn { client.text.hasSuffix("half") })
        return (bench, client, upstream)
    }

    @Test func `an answer that cannot be sent on is not made to look like a whole one`() throws {
        let (bench, client, upstream) = try withHalfAnAnswer()
        bench.kernel.clientSendErrno = ENOBUFS
        upstream.send(" and more")
        #expect(bench.turn { client.isOver })
        #expect(client.isReset)
    }

    @Test func `who is cut off gets what was sent before, which may be whole answers`() throws {
        let (bench, client, upstream) = try withHalfAnAnswer()
        bench.kernel.unconfirmed = 4
        upstream.reset()
        bench.turn(for: .milliseconds(200))
        #expect(!client.isOver)
        bench.kernel.unconfirmed = nil
        #expect(bench.turn { client.isOver })
        #expect(client.isReset && client.text.hasSuffix("half"))
    }

    @Test func `nothing is kept for a client that turns out to have reset`() throws {
        let (bench, _, upstream) = try withHalfAnAnswer()
        bench.kernel.unconfirmed = 4
        bench.kernel.clientSendErrno = EPIPE
        upstream.send(" and more")
        bench.turn(for: .milliseconds(200))
        #expect(bench.server.downstreams.count == 0)
    }

    @Test func `an answer goes on that the kernel has no room to watch for a while`() throws {
        let (bench, client, upstream) = try withHalfAnAnswer()
        bench.kernel.clientRegisterErrno = ENOSPC
        bench.kernel.isClientStalled = true
        upstream.send(" and more")
        bench.turn(for: .milliseconds(200))
        bench.kernel.clientRegisterErrno = nil
        bench.kernel.isClientStalled = false
        upstream.close()
        #expect(bench.turn { client.isOver })
        #expect(client.text.hasSuffix("half and more") && !client.isReset)
    }

    @Test func `an answer is not made to look whole to a client that ends its request within its content`() throws {
        let bench = try Bench(encrypted: false)
        let client = try bench.client()
        client.send("POST /a HTTP/1.0\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nbegin")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("begin") })
        upstream.send("HTTP/1.1 200 OK\r\n\r\nhalf")
        #expect(bench.turn { client.text.hasSuffix("half") })
        client.finish()
        #expect(bench.turn { client.isOver })
        #expect(client.isReset)
    }

    @Test func `a request that went on at once is answered, also where the kernel has no room to watch its client`() throws {
        let bench = try Bench(encrypted: false)
        bench.kernel.clientRegisterErrno = ENOSPC
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `the rest of an answer that a client does not take is not made to look like its end`() throws {
        let bench = try Bench(route: #", "timeouts": { "idle": "300ms", "keepAlive": "100ms" }"#)
        let client = try bench.client()
        client.send(Self.old)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        #expect(bench.turn { client.text.hasSuffix("a") })
        bench.kernel.isClientStalled = true
        upstream.send("5\r\nbcdef\r\n0\r\n\r\n")
        #expect(bench.turn { client.isOver })
        #expect(client.isReset && client.text.hasSuffix("\r\n\r\na"))
    }

    @Test func `the rest of an answer has as long as anything else that moves`() throws {
        let bench = try Bench(route: #", "timeouts": { "idle": "1h", "keepAlive": "100ms" }"#)
        let client = try bench.client()
        client.send(Self.old)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.isClientStalled = true
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n")
        bench.turn(for: .milliseconds(500))
        #expect(!client.isOver)
        bench.kernel.isClientStalled = false
        // Whatever comes from the client tells that it takes bytes as well.
        client.send("x")
        #expect(bench.turn { client.isEnded && client.text.hasSuffix("\r\n\r\na") })
    }

    @Test(arguments: [true, false])
    func `what a drain cuts off is broken off, and a second signal does the same`(isTimeout: Bool) throws {
        let bench = try Bench(top: isTimeout ? #", "drainTimeout": "200ms""# : "")
        let client = try bench.client()
        client.send(Self.old)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n")
        #expect(bench.turn { client.text.hasSuffix("half") })
        let waiting = try bench.client()
        waiting.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nok")
        let other = try bench.upstream()
        #expect(bench.turn { other.text.hasSuffix("ok") })
        bench.server.drain()
        if !isTimeout { bench.server.cutOff() }
        #expect(bench.turn { client.isOver && waiting.isOver && upstream.isOver && other.isOver })
        #expect(client.isReset && client.text.hasSuffix("half"))
        #expect(!waiting.isReset && waiting.text.hasPrefix("HTTP/1.1 504 "), "nothing of its answer had gone")
        #expect(bench.turn { bench.server.downstreams.count == 0 && bench.server.upstreams.count == 0 })
    }
}
