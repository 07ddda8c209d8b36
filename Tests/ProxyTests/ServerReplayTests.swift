import EventLoop
import Testing

@testable import Proxy

/// Which token is the last that a request gets whose token was refused.
@Suite struct ServerReplayTests {
    private static let post = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"

    @Test func `where tokens of the refresh token are refused, the client keys get the next`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one", refreshToken: "refresh-1")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        #expect(try bench.giveToken("two", refreshToken: "refresh-1").contains("refresh-1"))
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        // One authentication and one replay for each request.
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
        client.forget()
        upstream.forget()
        bench.kernel.skew = .seconds(11)
        client.send(Self.post)
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        #expect(try !bench.giveToken("three", refreshToken: "refresh-3").contains("refresh-1"))
        #expect(bench.turn { upstream.text.contains("Bearer three\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a renewal that was under way when the token was taken back is no answer to that`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let earlier = try bench.client()
        earlier.send(Self.post)
        let former = try bench.upstream()
        #expect(bench.turn { former.text.contains("Bearer one\r\n") && former.text.hasSuffix("ok") })
        former.send(Self.empty)
        #expect(bench.turn { earlier.text.hasPrefix("HTTP/1.1 204") })
        bench.kernel.skew = .seconds(3_300)
        let renewal = try bench.tokenEndpoint()
        #expect(bench.turn { renewal.text.hasSuffix("}") })
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") && upstream.text.hasSuffix("ok") })
        bench.kernel.skew = .seconds(3_301)
        upstream.send(Self.refusal)
        bench.turn(for: .milliseconds(50))
        let content = #"{"accessToken":"two","expiresIn":3600}"#
        renewal.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        try bench.giveToken("three")
        #expect(bench.turn { upstream.text.contains("Bearer three\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
    }

    @Test(arguments: [true, false])
    func `a replay that was lost, with its client or its connection, holds nothing`(isClientLost: Bool) throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") && upstream.text.hasSuffix("ok") })
        upstream.send(Self.refusal)
        if isClientLost {
            let endpoint = try bench.tokenEndpoint()
            #expect(bench.turn { endpoint.text.hasSuffix("}") })
            client.reset()
            bench.turn(for: .milliseconds(50))
            let content = #"{"accessToken":"two"}"#
            endpoint.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)")
        } else {
            try bench.giveToken("two")
            #expect(bench.turn { upstream.text.contains("Bearer two\r\n") && upstream.text.hasSuffix("ok") })
            upstream.close()
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") })
        }
        let next = try bench.client()
        next.send(Self.post)
        let second = isClientLost ? upstream : try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("ok") })
        second.send(Self.refusal)
        try bench.giveToken("three")
        #expect(bench.turn { second.text.contains("Bearer three\r\n") && second.text.hasSuffix("ok") })
        second.send(Self.empty)
        #expect(bench.turn { next.text.hasPrefix("HTTP/1.1 204") })
    }
}
