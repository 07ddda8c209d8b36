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

    /// A request that is answered, and another that waits for its connection; `happens` when the answer has been received.
    private func whileAnotherWaits(_ method: String = "GET", _ happens: @escaping (Peer) -> Void) throws -> (bench: Bench, first: Peer, second: Peer) {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#, encrypted: false)
        let (first, second) = (try bench.client(), try bench.client())
        first.send(Self.get.replacing("GET", with: method))
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        second.send(Self.post)
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        bench.kernel.upstreamReceived = {
            bench.kernel.upstreamReceived = nil
            happens(upstream)
        }
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(method == "HEAD" ? "2" : "0")\r\n\r\n")
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 200") })
        return (bench, first, second)
    }

    @Test(arguments: [true, false])
    func `what comes right behind an answer, or its end, is not for the request that waits`(_ isEnd: Bool) throws {
        let (bench, _, second) = try whileAnotherWaits { upstream in
            if isEnd { upstream.close() } else { upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison") }
        }
        let other = try bench.upstream()
        #expect(bench.turn { other.text.hasSuffix("ok") })
        other.send(Self.empty)
        #expect(bench.turn { second.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a content that follows an answer to HEAD somewhat later is not for the request that waits`() throws {
        let (bench, _, second) = try whileAnotherWaits("HEAD") { _ in }
        let other = try bench.upstream()
        #expect(bench.turn { other.text.hasSuffix("ok") })
        other.send(Self.empty)
        #expect(bench.turn { second.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a request that is sent again where the pool's connection was stale stays within the limit`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#, encrypted: false)
        let first = try bench.client()
        first.send(Self.get)
        let stale = try bench.upstream()
        #expect(bench.turn { stale.text.hasSuffix("\r\n\r\n") })
        stale.send(Self.empty)
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") })
        first.forget()
        stale.forget()
        first.send(Self.get)
        #expect(bench.turn { stale.text.hasSuffix("\r\n\r\n") })
        let second = try bench.client()
        second.send(Self.post)
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        stale.close()
        let other = try bench.upstream()
        #expect(bench.turn { other.text.hasSuffix("\r\n\r\n") })
        #expect(other.text.hasPrefix("GET") && !bench.hasAnotherUpstream())
        other.send(Self.empty)
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.turn { other.text.hasSuffix("ok") })
        other.send(Self.empty)
        #expect(bench.turn { second.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.server.routes[0].destination.openCount == 1)
    }

    @Test func `a request that is sent again gets a new connection, not another of the pool`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 2 }"#, encrypted: false)
        let clients = [try bench.client(), try bench.client()]
        for client in clients { client.send(Self.get) }
        let old = [try bench.upstream(), try bench.upstream()]
        #expect(bench.turn { old.allSatisfy { $0.text.hasSuffix("\r\n\r\n") } })
        for upstream in old { upstream.send(Self.empty) }
        #expect(bench.turn { clients.allSatisfy { $0.text.hasPrefix("HTTP/1.1 204") } })
        for peer in clients + old { peer.forget() }
        for client in clients { client.send(Self.get) }
        #expect(bench.turn { old.allSatisfy { $0.text.hasSuffix("\r\n\r\n") } })
        let third = try bench.client()
        third.send(Self.post)
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        old[0].close()
        old[1].send(Self.empty)
        let new = [try bench.upstream(), try bench.upstream()]
        #expect(bench.turn { new.allSatisfy { $0.text.hasPrefix("GET") || $0.text.hasSuffix("ok") } && old[1].isOver })
        #expect(old[1].text.ranges(of: "HTTP/1.1").count == 1)
        for upstream in new { upstream.send(Self.empty) }
        #expect(bench.turn { (clients + [third]).allSatisfy { $0.text.hasPrefix("HTTP/1.1 204") } })
    }

    @Test func `a client that asks much at once, and is answered by the proxy, does not have a turn to itself`() throws {
        let bench = try Bench(route: #", "allow": { "methods": ["GET"] }"#, encrypted: false)
        let greedy = try bench.client()
        greedy.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { greedy.text.hasPrefix("HTTP/1.1 204") })
        greedy.send(String(repeating: "DELETE /a HTTP/1.1\r\nHost: localhost\r\n\r\n", count: 2_000))
        let refused = { greedy.text.ranges(of: "HTTP/1.1 405").count }
        while refused() == 0 { bench.loop.turn() }
        #expect(refused() < 2_000)
        #expect(bench.turn { refused() == 2_000 })
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
