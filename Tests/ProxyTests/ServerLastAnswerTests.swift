import EventLoop
import Glibc
import Testing

@testable import Proxy

/// What the clients are told whose requests are under way when the proxy ends, by either of its ends.
@Suite struct ServerLastAnswerTests {
    /// How a proxy that drains ends before all has been answered.
    enum End: CaseIterable {
        case drainTimeout, secondSignal

        var top: String { self == .drainTimeout ? #", "drainTimeout": "200ms""# : "" }
        var reason: String { self == .drainTimeout ? "the proxy ended after drainTimeout (200ms) while " : "the proxy ended at a second signal while " }
    }

    private static let order = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let unknown = "; the request had been sent; whether it took effect is not known"
    private static let notSent = "; the request had not been sent"

    /// Ends the proxy, and waits until nobody is left.
    private func end(_ bench: Bench, _ end: End) {
        bench.server.drain()
        if end == .secondSignal { bench.server.cutOff() }
        #expect(bench.turn { bench.server.downstreams.count == 0 })
    }

    /// Turns until a request is under way: what a client has sent need not have come.
    private func awaitRequest(_ bench: Bench) {
        let isUnderWay = bench.turn {
            var count = 0
            bench.server.downstreams.forEach { if bench.server.downstreams[$0].phase == .exchanging { count += 1 } }
            return count == 1
        }
        #expect(isUnderWay)
    }

    /// The client has one whole answer of the proxy's own, which the end of the connection follows.
    private func expect(_ client: Peer, _ status: Int, _ message: String, _ bench: Bench, sourceLocation: SourceLocation = #_sourceLocation) {
        let isOver = bench.turn { client.isOver }
        let text = client.text
        #expect(isOver && client.isEnded && !client.isReset, sourceLocation: sourceLocation)
        #expect(text.hasPrefix("HTTP/1.1 \(status) ") && text.hasSuffix("}}\n"), "\(text)", sourceLocation: sourceLocation)
        #expect(text.ranges(of: "HTTP/1.1 ").count == 1, sourceLocation: sourceLocation)
        #expect(text.contains(message) && text.contains("\r\nConnection: close\r\n"), "\(text)", sourceLocation: sourceLocation)
        #expect(text.contains("\r\nRetry-After: 1\r\n") == (status == 503), sourceLocation: sourceLocation)
        #expect(text.contains(status == 503 ? #""code":"overloaded""# : #""code":"upstream_timeout""#), sourceLocation: sourceLocation)
    }

    @Test(arguments: End.allCases, [false, true])
    func `who waits for the answer to a request that was sent is told that it was`(by end: End, encrypted: Bool) throws {
        let bench = try Bench(top: end.top, encrypted: encrypted)
        let client = try bench.client()
        client.send(Self.order)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        self.end(bench, end)
        expect(client, 504, "\(end.reason)127.0.0.1:\(bench.upstreamPort) had not answered\(Self.unknown)", bench)
        #expect(client.text.contains(#"error=http_response_timeout; details="the request had been sent""#))
        #expect(bench.turn { upstream.isOver })
        let counters = bench.server.routes[0].counters
        #expect(counters[Figure.Route.causes + Cause.upstreamTimeout.index] == 1)
        #expect(counters[Figure.Route.causes + Cause.cutOff.index] == 0)
    }

    @Test(arguments: End.allCases)
    func `who waits for a token is told that the request was not sent`(by end: End) throws {
        let bench = try Bench(top: end.top, hasTokenCalls: true)
        let client = try bench.client()
        client.send(Self.order)
        _ = try bench.tokenEndpoint()
        awaitRequest(bench)
        self.end(bench, end)
        expect(client, 503, "\(end.reason)the request waited for a token\(Self.notSent)", bench)
    }

    @Test(arguments: End.allCases)
    func `who waits in the queue is told that the request was not sent`(by end: End) throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#, top: end.top)
        let clients = try [bench.client(), bench.client()]
        clients[0].send(Self.order)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.forget()
        clients[1].send(Self.order)
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        self.end(bench, end)
        expect(clients[0], 504, Self.unknown, bench)
        expect(clients[1], 503, "\(end.reason)the request waited for a connection\(Self.notSent)", bench)
        #expect(upstream.received.isEmpty && !bench.hasAnotherUpstream(), "the place that became free is nobody's any more")
    }

    @Test(arguments: End.allCases)
    func `who was refused with a token that was too old, and waits for another, is told so`(by end: End) throws {
        let bench = try Bench(top: end.top, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.order)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        _ = try bench.tokenEndpoint()
        self.end(bench, end)
        expect(client, 503, "the request waited for a token; the request had not been accepted upstream", bench)
    }

    @Test(arguments: End.allCases)
    func `who sends a content still is told how far it had gone`(by end: End) throws {
        let bench = try Bench(top: end.top)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500000\r\n\r\nbegin")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("begin") })
        self.end(bench, end)
        expect(client, 504, Self.unknown, bench)
        #expect(bench.turn { upstream.isOver })
    }

    @Test(arguments: End.allCases)
    func `who sends a content that is looked into first is told that nothing was sent`(by end: End) throws {
        let bench = try Bench(route: #", "allow": { "rpcMethods": ["get*"] }"#, top: end.top)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
        awaitRequest(bench)
        self.end(bench, end)
        expect(client, 503, "\(end.reason)the request's content was arriving\(Self.notSent)", bench)
    }

    @Test(arguments: End.allCases, [false, true])
    func `what a client sent ahead takes no answer from it`(by end: End, encrypted: Bool) throws {
        let bench = try Bench(top: end.top, encrypted: encrypted)
        let client = try bench.client()
        client.send(Self.order)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        client.isReading = false
        // It lies in the kernel unread when the connection ends.
        client.send(Self.order + String(repeating: "x", count: 100_000))
        self.end(bench, end)
        client.isReading = true
        expect(client, 504, Self.unknown, bench)
        #expect(upstream.text.ranges(of: "POST /a").count == 1)
    }

    @Test(arguments: End.allCases)
    func `a client that takes nothing holds the end up for a moment only`(by end: End) throws {
        let bench = try Bench(top: end.top, encrypted: false)
        let client = try bench.client()
        client.send(Self.order)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        bench.kernel.isClientStalled = true
        self.end(bench, end)
        #expect(bench.turn { client.isOver })
        #expect(client.isReset && client.received.isEmpty)
    }

    @Test func `the process ends as soon as the last answers have been taken, and soon if they are not`() throws {
        for isTaken in [true, false] {
            let bench = try Bench(top: #", "drainTimeout": "0s""#, encrypted: false)
            let client = try bench.client()
            client.send(Self.order)
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("ok") })
            client.isReading = isTaken
            bench.ticked = { if isTaken, client.isEnded { client.close() } }
            let begin = bench.kernel.monotonicNow()
            bench.server.drain()
            bench.loop.run()
            let taken = bench.kernel.monotonicNow() - begin
            #expect(isTaken || taken >= Limits.lastAnswerGrace)
            #expect(taken < .seconds(20))
            client.isReading = true
            client.turn()
            #expect(client.text.contains(Self.unknown))
        }
    }
}
