import EventLoop
import Glibc
import Testing

@testable import Proxy

/// The proxy's own answers say what became of the request upstream.
@Suite struct ServerFateTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    private static let closingRefusal = "HTTP/1.1 401 Unauthorized\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
    private static let oneAtATime = #", "limits": { "concurrency": 1, "queue": 1 }, "timeouts": { "responseHead": "1s" }"#

    private func expect(_ client: Peer, _ code: String, _ fate: RequestFate, _ bench: Bench, sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(bench.turn { client.text.contains("\"code\":\"\(code)\"") }, sourceLocation: sourceLocation)
        let text = client.text
        #expect(text.contains("; details=\"\(fate.details)\"\r\n") && text.contains("; \(fate.text)\""), "\(text)", sourceLocation: sourceLocation)
    }

    /// A client whose request has the only connection, and has begun to be answered.
    private func hold(_ bench: Bench) throws -> Peer {
        let holder = try bench.client()
        holder.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        #expect(bench.turn { holder.text.hasSuffix("half") })
        return upstream
    }

    private func answer(_ endpoint: Peer, _ token: String) {
        let content = #"{"accessToken":"\#(token)","expiresIn":3600}"#
        endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
    }

    @Test func `where the queue is full, and where its time is over, the request was not sent`() throws {
        let bench = try Bench(route: Self.oneAtATime)
        _ = try hold(bench)
        let (waiting, other) = (try bench.client(), try bench.client())
        waiting.send(Self.post)
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        other.send(Self.post)
        expect(other, "overloaded", .notSent, bench)
        #expect(other.text.contains("(limits.queue)"))
        expect(waiting, "overloaded", .notSent, bench)
        #expect(waiting.text.contains("(limits.concurrency)"))
    }

    @Test func `a request whose announcement was refused, and that meets nobody the second time, was not accepted`() throws {
        let bench = try Bench(route: #", "replayBody": 1"#)
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        bench.endUpstream()
        upstream.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        expect(client, "upstream_unreachable", .notAccepted, bench)
    }

    @Test(arguments: [false, true])
    func `a request that was refused, or had been sent before that, and waits for a connection in vain, is told so`(wasSentBefore: Bool) throws {
        let bench = try Bench(route: Self.oneAtATime, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.get)
        var upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        client.forget()
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        if wasSentBefore {
            upstream.close()
            upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        }
        upstream.send(Self.closingRefusal)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        // Another has the only connection for long.
        let taken = bench.server.routes[0].destination.takePlace()
        #expect(taken)
        answer(endpoint, "two")
        expect(client, "overloaded", wasSentBefore ? .sent : .notAccepted, bench)
        bench.server.routes[0].destination.givePlaceBack()
    }

    @Test func `a request that has had no token was not sent`() throws {
        let bench = try Bench(hasTokenCalls: true)
        let client = try bench.client()
        client.send(Self.post)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        endpoint.send(Self.refusal)
        expect(client, "credential_unavailable", .notSent, bench)
    }

    @Test func `a request that has waited for a token for too long was not sent`() throws {
        let bench = try Bench(hasTokenCalls: true)
        let client = try bench.client()
        client.send(Self.post)
        _ = try bench.tokenEndpoint()
        #expect(bench.turn { bench.server.credentials[0].waiting.count == 1 })
        bench.kernel.skew = .seconds(11)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 50") })
        expect(client, client.text.hasPrefix("HTTP/1.1 504") ? "auth_timeout" : "credential_unavailable", .notSent, bench)
    }

    @Test func `a request whose token was refused, and that gets no other, was not accepted`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        endpoint.send(Self.refusal)
        expect(client, "credential_unavailable", .notAccepted, bench)
    }

    @Test func `a request whose token was refused, and that has another and no connection, was not accepted`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send(Self.closingRefusal)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        bench.kernel.connectErrno = ENETUNREACH
        answer(endpoint, "two")
        expect(client, "upstream_unreachable", .notAccepted, bench)
    }
}
