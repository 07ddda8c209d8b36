import EventLoop
import Testing

@testable import Proxy

/// Requests that wait for one another's connection.
@Suite struct ServerQueueTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `what comes behind an answer answers no request that waits, not even within one turn`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#, encrypted: false)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let second = try bench.client()
        second.send(Self.post)
        bench.kernel.isClientStalled = true
        // More than the client's output holds: its end waits among what was received.
        let content = String(repeating: "x", count: 90_000)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n" + content)
        bench.turn(for: .milliseconds(200))
        bench.kernel.isClientStalled = false
        // Both lie there when the next turn begins, the client's first.
        first.send(Self.get)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
        #expect(bench.turn { first.text.hasSuffix("x") && first.received.count > content.utf8.count })
        let other = try bench.upstream()
        #expect(bench.turn { other.text.hasSuffix("ok") })
        other.send(Self.empty)
        #expect(bench.turn { second.text.hasPrefix("HTTP/1.1 204") })
        #expect(!first.text.contains("poison"))
    }

    @Test func `a token that is refused while many requests wait for a connection serves them all in the end`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1, "queue": 100000 }"#, hasTokenCalls: true, encrypted: false)
        try bench.giveToken("one")
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        var waiting: [Peer] = []
        while waiting.count < 2_000 {
            waiting.append(try bench.client())
            waiting[waiting.count - 1].send(Self.get)
            // So that none waits for the others to be accepted.
            if waiting.count % 50 == 0 { bench.loop.turn() }
        }
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == waiting.count })
        upstream.forget()
        upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        try bench.giveToken("two")
        bench.ticked = {
            guard upstream.text.hasSuffix("\r\n\r\n") else { return }
            upstream.forget()
            upstream.send(Self.empty)
        }
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.turn { waiting[0].text.hasPrefix("HTTP/1.1 204") })
        #expect(waiting.allSatisfy { !$0.isOver })
    }
}
