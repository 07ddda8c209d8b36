import EventLoop
import Testing

@testable import Proxy

/// Answers whose end the proxy does not wait for: they never look whole.
@Suite struct ServerCutOffTests {
    private static let old = "GET /a HTTP/1.0\r\nHost: localhost\r\n\r\n"

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
        #expect(waiting.isReset && waiting.received.isEmpty)
        #expect(bench.server.downstreams.count == 0 && bench.server.upstreams.count == 0)
    }
}
