import EventLoop
import Testing

@testable import Proxy

/// A token that is refused, and the request that is sent again with another.
@Suite struct ServerTokenTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"

    @Test func `a replay asks once more for the 100 that the client still waits for`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.contains("Bearer one\r\n") && first.text.contains("\r\nExpect: 100-continue\r\n") })
        first.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.contains("\r\nExpect: 100-continue\r\n") })
        second.send("HTTP/1.1 100 Continue\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("HTTP/1.1 100 Continue\r\n\r\n") })
        client.send("ok")
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\nok") })
        second.send(Self.empty)
        #expect(bench.turn { client.text.contains("HTTP/1.1 204") })
    }

    @Test func `a refused token is replaced once for all who had it, and each is sent again once`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        var clients: [Peer] = []
        var upstreams: [Peer] = []
        for _ in 0..<5 {
            let client = try bench.client()
            client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
            clients.append(client)
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") && upstream.text.contains("Bearer one\r\n") })
            upstream.forget()
            upstreams.append(upstream)
        }
        for upstream in upstreams { upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n") }
        try bench.giveToken("two")
        #expect(bench.turn { upstreams.allSatisfy { $0.text.hasSuffix("\r\n\r\nok") && $0.text.contains("Bearer two\r\n") } })
        for upstream in upstreams { upstream.send(Self.empty) }
        #expect(bench.turn { clients.allSatisfy { $0.text.hasPrefix("HTTP/1.1 204") } })
    }

    @Test func `a request that was refused within its content is sent again with all of it`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        let content = [UInt8]((0..<200_000).map { UInt8(truncatingIfNeeded: $0 % 251) })
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(content.count)\r\n\r\n")
        client.send(Array(content[..<120_000]))
        let first = try bench.upstream()
        #expect(bench.turn { first.hasReceived(Array(content[..<120_000])) })
        first.send(Self.refusal)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.hasReceived(Array(content[..<120_000])) })
        client.send(Array(content[120_000...]))
        #expect(bench.turn { second.hasReceived(content) })
        #expect(first.isOver && !first.hasReceived(content))
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.server.replayBytes == 0)
    }

    @Test(arguments: ["Content-Length: 20", "Transfer-Encoding: chunked"])
    func `a content that is too long for a replay gets its refusal, and the token is renewed behind it`(framing: String) throws {
        let bench = try Bench(route: #", "replayBody": 10"#, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        let content = String(repeating: "x", count: 20)
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\n\(framing)\r\n\r\n")
        client.send(framing.hasSuffix("chunked") ? "14\r\n\(content)\r\n0\r\n\r\n" : content)
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix(framing.hasSuffix("chunked") ? "a\r\nxxxxxxxxxx\r\n" : "100-continue\r\n\r\n") })
        bench.kernel.skew = .seconds(1)
        #expect(bench.turn { first.text.hasSuffix(framing.hasSuffix("chunked") ? "a\r\nxxxxxxxxxx\r\n0\r\n\r\n" : content) })
        first.send(Self.refusal)
        try bench.giveToken("two")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
        first.forget()
        client.send(Self.get)
        #expect(bench.turn { first.text.contains("Bearer two\r\n") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `the second refusal goes to the client, and for a while the next do without an authentication`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") })
        upstream.send(Self.refusal)
        try bench.giveToken("two")
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") })
        upstream.send(Self.refusal)
        #expect(bench.turn { client.text.hasSuffix("no") })
        client.forget()
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") })
        upstream.send(Self.refusal)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
    }

    @Test func `a newer token that was taken back as well is replaced, and the client does not see it`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let clients = [try bench.client(), try bench.client()]
        var upstreams: [Peer] = []
        for client in clients {
            client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") && upstream.text.contains("Bearer one\r\n") })
            upstream.forget()
            upstreams.append(upstream)
        }
        upstreams[0].send(Self.refusal)
        try bench.giveToken("two")
        #expect(bench.turn { upstreams[0].text.contains("Bearer two\r\n") })
        upstreams[0].send(Self.empty)
        #expect(bench.turn { clients[0].text.hasPrefix("HTTP/1.1 204") })
        upstreams[0].forget()

        // The second request still had the first token. The one that it gets now was taken back in between.
        upstreams[1].send(Self.refusal)
        #expect(bench.turn { upstreams.contains { $0.text.contains("Bearer two\r\n") && $0.text.hasSuffix("\r\n\r\nok") } })
        let replay = try #require(upstreams.first { $0.text.contains("Bearer two\r\n") })
        replay.send(Self.refusal)
        upstreams.forEach { $0.forget() }
        try bench.giveToken("three")
        #expect(bench.turn { upstreams.contains { $0.text.contains("Bearer three\r\n") && $0.text.hasSuffix("\r\n\r\nok") } })
        let last = try #require(upstreams.first { $0.text.contains("Bearer three\r\n") })
        last.send(Self.empty)
        #expect(bench.turn { clients[1].text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a refusal of a token that cannot be replaced goes to the client`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.refusal)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a token that cannot be replaced now is a 503 and no 401`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") })
        upstream.send(Self.refusal)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        endpoint.send("HTTP/1.1 500 Internal Server Error\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.contains("credential_unavailable") })
        #expect(client.text.hasPrefix("HTTP/1.1 503"))
    }

    @Test func `requests wait for the first token, and neither they nor the call longer than they may`() throws {
        let bench = try Bench(hasTokenCalls: true)
        let late = try bench.client()
        late.send(Self.get)
        let hanging = try bench.tokenEndpoint()
        #expect(bench.turn { hanging.text.hasSuffix("}") })
        bench.kernel.skew = .seconds(11)
        #expect(bench.turn { late.text.contains("\"code\":\"auth_timeout\"") || late.text.contains("\"code\":\"credential_unavailable\"") })
        #expect(late.text.contains("within 10s"))
        // Behind the pause after that, another call is made.
        bench.kernel.skew = .seconds(13)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        let client = try bench.client()
        client.send(Self.get + Self.get)
        late.send(Self.get)
        bench.turn(for: .milliseconds(50))
        let content = #"{"accessToken":"one","expiresIn":3600}"#
        endpoint.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in content.utf8 { endpoint.send([0x31, 0x0D, 0x0A, byte, 0x0D, 0x0A]) }
        endpoint.send("0\r\n\r\n")
        for _ in 0..<2 {
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.contains("Bearer one\r\n") })
            upstream.send(Self.empty)
        }
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") && late.text.contains("HTTP/1.1 204") })
    }
}
