import EventLoop
import Testing

@testable import Proxy

/// Content that waits for a 100: the client's, and what the proxy announces because it could not send it twice.
@Suite struct ServerExpectTests {
    private static let expecting = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    /// Longer than what the route keeps for a replay.
    private static let content = String(repeating: "x", count: 20)
    private static let long = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n"
    private static let keepsLittle = #", "replayBody": 10"#
    private static let goOn = "HTTP/1.1 100 Continue\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"

    // MARK: the client's expectation

    @Test func `the client's expectation goes up, the 100 comes down, and then its content goes up`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.expecting)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        #expect(client.text.isEmpty)
        upstream.send(Self.goOn)
        #expect(bench.turn { client.text == Self.goOn })
        client.send("ok")
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix(Self.goOn + "HTTP/1.1 204") && client.text.hasSuffix("\r\n\r\n") })
        #expect(!client.text.contains("close"))
    }

    @Test func `a final answer instead of the 100 ends the request without its content`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.expecting)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nno") && client.isEnded && upstream.isOver })
        #expect(client.text.hasPrefix("HTTP/1.1 403") && client.text.contains("Connection: close\r\n"))
        // What it sends all the same is neither content nor a request.
        client.send("GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `the proxy's own refusal comes before the content as well`() throws {
        let bench = try Bench(hasTokenCalls: true)
        bench.kernel.connectErrno = 101
        let endpoint = try bench.tokenEndpoint()
        endpoint.reset()
        let client = try bench.client()
        client.send(Self.expecting)
        #expect(bench.turn { client.text.contains("credential_unavailable") && client.isEnded })
        #expect(client.text.contains("Connection: close\r\n"))
    }

    @Test(arguments: ["POST /a HTTP/1.0\r\nContent-Length: 2", "GET /a HTTP/1.1\r\nHost: localhost", "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0"])
    func `an expectation of HTTP 1.0, or of a request without content, is nobody's`(head: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(head + "\r\nExpect: 100-continue\r\n\r\n" + (head.hasSuffix("2") ? "ok" : ""))
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix(head.hasSuffix("2") ? "\r\n\r\nok" : "\r\n\r\n") })
        #expect(!upstream.text.contains("Expect"))
        upstream.send(Self.goOn + Self.empty)
        #expect(bench.turn { client.text.contains("HTTP/1.1 204") })
        #expect(!head.contains("1.0") || client.text.hasPrefix("HTTP/1.1 204"))
    }

    @Test(arguments: ["Expect: a-miracle", "Expect: 100-continue, a-miracle", "Expect: 100-continue;now=1"])
    func `an unknown expectation is refused, and nothing goes up`(field: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("}}\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 417 Expectation Failed\r\n") && client.text.contains("\"code\":\"expectation_failed\""))
        #expect(!client.text.contains("close"))
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\n\(field)\r\nContent-Length: 2\r\n\r\n")
        #expect(bench.turn { client.isEnded })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a refused token is replaced before a content that the client holds back`() throws {
        let bench = try Bench(route: Self.keepsLittle, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.send(Self.refusal)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        second.send(Self.goOn)
        #expect(bench.turn { client.text == Self.goOn })
        client.send(Self.content)
        #expect(bench.turn { second.text.hasSuffix(Self.content) })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix(Self.goOn + "HTTP/1.1 204") })
        #expect(first.isOver && !first.text.contains(Self.content))
    }

    @Test func `a client that was told to go on is not told again by the replay`() throws {
        let bench = try Bench(route: Self.keepsLittle, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        // Some servers say that they want a content that they are about to drop.
        first.send(Self.goOn)
        #expect(bench.turn { client.text == Self.goOn })
        client.send("12345")
        #expect(bench.turn { first.text.hasSuffix("\r\n\r\n12345") })
        first.send(Self.refusal)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("\r\n\r\n12345") })
        client.send("678901234567890")
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n12345678901234567890") })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix(Self.goOn + "HTTP/1.1 204") })
    }

    // MARK: the proxy's own

    @Test func `a content that is not kept is announced, and the client sees nothing of that`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        bench.turn(for: .milliseconds(50))
        #expect(upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n"))
        upstream.send("HTTP/1.1 102 Processing\r\n\r\n" + Self.goOn)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n" + Self.content) })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.contains("HTTP/1.1 204") })
        #expect(client.text.hasPrefix("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 204") && !client.text.contains("100 Continue"))
    }

    @Test func `a refusal on the heels of a 100 finds the content unspent`() throws {
        let bench = try Bench(route: Self.keepsLittle, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.send(Self.goOn + "HTTP/1.1 103 Early Hints\r\n\r\n")
        let hasPassed = bench.turn {
            client.turn()
            return client.text.hasPrefix("HTTP/1.1 103")
        }
        // A turn looks at what has arrived before it looks at the clock.
        first.send(Self.refusal)
        #expect(hasPassed)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        second.send(Self.goOn)
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n" + Self.content) })
        second.send(Self.empty)
        #expect(bench.turn { client.text.contains("HTTP/1.1 204") })
    }

    @Test func `a content that is kept is not announced`() throws {
        let bench = try Bench(route: #", "replayBody": 20"#)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix(Self.content) })
        #expect(!upstream.text.contains("Expect"))
    }

    @Test func `a token that is refused to an announcement costs the client nothing`() throws {
        let bench = try Bench(route: Self.keepsLittle, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let first = try bench.upstream()
        #expect(bench.turn { first.text.contains("Bearer one\r\n") && first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.send(Self.refusal)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        second.send(Self.goOn)
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n" + Self.content) })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(first.isOver && !first.text.contains(Self.content))
    }

    @Test func `an upstream that does not know announcements gets the content after a second`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        bench.kernel.skew = .milliseconds(900)
        bench.turn(for: .milliseconds(20))
        #expect(!upstream.text.contains(Self.content))
        bench.kernel.skew = .seconds(1)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n" + Self.content) })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `after the second, a client has the time for its content that it always has`() throws {
        let bench = try Bench(route: Self.keepsLittle + #", "timeouts": { "requestBody": "2s" }"#)
        let client = try bench.client()
        client.send(Self.long + "half")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.skew = .seconds(1)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nhalf") })
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(4)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 408") && upstream.isOver })
    }

    @Test func `an upstream that refuses announcements gets the request without one`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n" + Self.content) })
        #expect(!second.text.contains("Expect"))
        second.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 417") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `an upstream that refuses an announcement after the content has gone has failed`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        bench.kernel.skew = .seconds(1)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n" + Self.content) })
        upstream.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") && client.text.contains("it answered 417 to the announcement") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a chunked content that has gone is not sent again after a 417`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("3\r\nabc\r\n") && first.text.contains("Expect: 100-continue\r\n") })
        client.send("2\r\nde\r\n0\r\n\r\n")
        #expect(bench.turn { first.text.hasSuffix("2\r\nde\r\n0\r\n\r\n") })
        first.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") && client.text.contains("it answered 417 to the announcement") })
        #expect(client.text.contains("the request had been sent") && !client.text.contains("Retry-After"))
        #expect(!bench.hasAnotherUpstream())
        // The next is not made to fail in the same way.
        let next = try bench.client()
        next.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("3\r\nabc\r\n") && !second.text.contains("Expect") })
    }

    @Test func `the end of an empty chunked content is content that has gone`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        client.send("0\r\n\r\n")
        #expect(bench.turn { upstream.text.hasSuffix("0\r\n\r\n") })
        upstream.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") && client.text.contains("the request had been sent") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a 417 to the client's own expectation is the client's`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\nExpect: 100-continue\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 417") && client.isEnded })
        #expect(!client.text.contains("Proxy-Status") && !bench.hasAnotherUpstream())
    }

    @Test func `an answer that has begun without a 100 lets the content go on`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\no") && upstream.text.hasSuffix("\r\n\r\n" + Self.content) })
        upstream.send("k")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nok") })
    }

    @Test func `an announcement that is refused is answered, and its content never spent`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.long + Self.content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        upstream.send("HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbig")
        upstream.finish()
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nbig") && client.isEnded && upstream.isOver })
        #expect(client.text.hasPrefix("HTTP/1.1 413") && !upstream.text.contains(Self.content))
    }

    @Test func `an announced GET is sent again where its pooled connection was closed`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("\r\n\r\n") })
        first.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        first.forget()
        client.send("GET /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n" + Self.content)
        #expect(bench.turn { first.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        first.close()
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasPrefix("GET /b ") && second.text.hasSuffix("Expect: 100-continue\r\n\r\n") })
        second.send(Self.goOn)
        #expect(bench.turn { second.text.hasSuffix(Self.content) })
    }

    // MARK: content of unknown length

    private static let chunked = "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test func `a content of unknown length goes up as far as it is kept, and the rest when it is wanted`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.chunked + "6\r\n123456\r\n6\r\n789012\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("6\r\n123456\r\n4\r\n7890\r\n") })
        #expect(upstream.text.contains("\r\nExpect: 100-continue\r\n\r\n"))
        bench.turn(for: .milliseconds(50))
        #expect(upstream.text.hasSuffix("7890\r\n"))
        upstream.send(Self.goOn)
        #expect(bench.turn { upstream.text.hasSuffix("7890\r\n2\r\n12\r\n") })
        client.send("0\r\n\r\n")
        #expect(bench.turn { upstream.text.hasSuffix("0\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a token that is refused to a content of unknown length finds all of it still there`() throws {
        let bench = try Bench(route: Self.keepsLittle, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.chunked + "c\r\n123456789012\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("a\r\n1234567890\r\n") })
        first.send(Self.refusal)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("a\r\n1234567890\r\n2\r\n12\r\n") })
        client.send("0\r\n\r\n")
        #expect(bench.turn { second.text.hasSuffix("0\r\n\r\n") })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(first.isOver)
    }

    @Test func `a content of unknown length that is kept whole waits for nothing`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.chunked + "a\r\n1234567890\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("1234567890\r\n") })
        client.send("0\r\nA: b\r\n\r\n")
        #expect(bench.turn { upstream.text.hasSuffix("0\r\nA: b\r\n\r\n") || upstream.text.hasSuffix("0\r\n\r\n") })
    }

    @Test func `a content of unknown length that is all at hand, and kept, is not announced`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.chunked + "a\r\n1234567890\r\n0\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("0\r\n\r\n") })
        #expect(!upstream.text.contains("Expect"))
    }

    @Test func `an upstream that does not know announcements gets a content of unknown length after a second`() throws {
        let bench = try Bench(route: Self.keepsLittle)
        let client = try bench.client()
        client.send(Self.chunked + "c\r\n123456789012\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("1234567890\r\n") })
        bench.kernel.skew = .milliseconds(900)
        bench.turn(for: .milliseconds(20))
        #expect(upstream.text.hasSuffix("1234567890\r\n"))
        bench.kernel.skew = .seconds(1)
        #expect(bench.turn { upstream.text.hasSuffix("12\r\n") })
        client.send("0\r\n\r\n")
        #expect(bench.turn { upstream.text.hasSuffix("0\r\n\r\n") })
    }
}
