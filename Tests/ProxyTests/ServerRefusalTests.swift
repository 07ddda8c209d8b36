import EventLoop
import Testing

@testable import Proxy

/// Which answers say that a token was refused, where a status alone does not.
@Suite struct ServerRefusalTests {
    private static let post = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let rules = #", "reauthenticateOn": [{ "status": 403, "body": "jwt expired" }, { "status": 400, "header": "www-authenticate: invalid_token" }]"#

    @Test(arguments: [
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 11\r\n\r\njwt expired",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 25\r\n\r\n{\"message\":\"jwt expired\"}",
        "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5\r\njwt e\r\n6\r\nxpired\r\n0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nWWW-Authenticate: Bearer error=\"invalid_token\"\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nWWW-Authenticate: Basic\r\nwww-AUTHENTICATE: Bearer invalid_token\r\nContent-Length: 2\r\n\r\nno",
    ])
    func `an answer that a rule describes is a refusal, in whatever pieces it comes`(response: String) throws {
        for isWhole in [true, false] {
            let bench = try Bench(route: Self.rules, hasTokenCalls: true)
            try bench.giveToken("one")
            let client = try bench.client()
            client.send(Self.post)
            let first = try bench.upstream()
            #expect(bench.turn { first.text.hasSuffix("\r\n\r\nok") })
            for piece in isWhole ? [Array(response.utf8)] : response.utf8.map({ [$0] }) {
                first.send(piece)
                if !isWhole { bench.loop.turn() }
            }
            try bench.giveToken("two")
            // The refusal was read to its end, so its connection carries the second attempt.
            #expect(bench.turn { first.text.contains("Bearer two\r\n") && first.text.hasSuffix("\r\n\r\nok") })
            first.send(Self.empty)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        }
    }

    @Test(arguments: [
        "HTTP/1.1 401 Unauthorized\r\nContent-Length: 11\r\n\r\njwt expired",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 11\r\n\r\nJWT expired",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 10\r\n\r\njwt expire",
        "HTTP/1.1 403 Forbidden\r\nTransfer-Encoding: chunked\r\n\r\n5\r\njwt e\r\n0\r\n\r\n",
        "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 400 Bad Request\r\nWWW-Authenticat: invalid_token\r\nContent-Length: 11\r\n\r\njwt expired",
    ])
    func `an answer that no rule describes goes to the client`(response: String) throws {
        let bench = try Bench(route: Self.rules, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") })
        for byte in response.utf8 {
            upstream.send([byte])
            bench.loop.turn()
        }
        #expect(bench.turn { client.text.hasSuffix(response.suffix(5)) })
        #expect(client.text.hasPrefix(response.prefix(12)))
    }

    @Test func `a content that ends with its connection is looked at to its end`() throws {
        for (content, isRefused) in [("jwt expired", true), ("jwt", false)] {
            let bench = try Bench(route: Self.rules, hasTokenCalls: true)
            try bench.giveToken("one")
            let client = try bench.client()
            client.send(Self.post)
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") })
            upstream.send("HTTP/1.1 403 Forbidden\r\n\r\njw")
            bench.turn(for: .milliseconds(50))
            #expect(client.text.isEmpty)
            upstream.send(String(content.dropFirst(2)))
            bench.turn(for: .milliseconds(50))
            upstream.close()
            if isRefused {
                try bench.giveToken("two")
                let second = try bench.upstream()
                #expect(bench.turn { second.text.contains("Bearer two\r\n") })
            } else {
                #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 403") && client.text.hasSuffix("3\r\njwt\r\n0\r\n\r\n") })
            }
        }
    }

    @Test func `a long content is looked at as far as the limit, and then goes to the client whole`() throws {
        let bench = try Bench(route: Self.rules, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") })
        let start = String(repeating: "x", count: Limits.refusalContentBytesMax)
        upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: \(start.utf8.count + 11)\r\n\r\n" + start.dropLast())
        bench.turn(for: .milliseconds(50))
        #expect(client.text.isEmpty)
        upstream.send("x")
        #expect(bench.turn { client.text.hasSuffix(start) })
        upstream.send("jwt expired")
        #expect(bench.turn { client.text.hasSuffix("xjwt expired") })
    }

    @Test func `a connection that ends before the content decides is a 502`() throws {
        let bench = try Bench(route: Self.rules, hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nok") })
        upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 11\r\n\r\njwt")
        upstream.close()
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") })
    }
}
