import EventLoop
import Testing

@testable import Proxy

/// What waits for ever does not: each step has its limit.
@Suite struct ServerTimeTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `a head that does not end is answered in its time, and silence is not`() throws {
        let bench = try Bench()
        let silent = try bench.client()
        let client = try bench.client()
        client.send("GET /a HTT")
        // Who is silent is accepted a second later.
        #expect(bench.turn { bench.server.downstreams.count == 2 })
        bench.turn(for: .milliseconds(50))
        bench.kernel.skew = .seconds(11)
        #expect(bench.turn { client.isEnded && silent.isEnded })
        #expect(client.text.hasPrefix("HTTP/1.1 408") && silent.text == "")
    }

    @Test func `a content that does not come is the client's fault`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhel")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("hel") })
        bench.kernel.skew = .seconds(61)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 408") && client.isEnded && upstream.isOver })
    }

    @Test func `an answer that does not come is the upstream's`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.skew = .seconds(61)
        #expect(bench.turn { client.text.contains("\"code\":\"upstream_timeout\"") && upstream.isOver })
        #expect(client.text.hasPrefix("HTTP/1.1 504") && !client.isOver)
    }

    @Test func `an answer that stops midway is broken off`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\n\r\nhello")
        #expect(bench.turn { client.text.contains("hello") })
        bench.kernel.skew = .seconds(299)
        bench.turn(for: .milliseconds(100))
        #expect(!client.isOver)
        bench.kernel.skew = .seconds(302)
        #expect(bench.turn { client.isReset && upstream.isOver })
    }

    @Test func `idle connections are closed on both sides, each in its time`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        bench.kernel.skew = .seconds(56)
        #expect(bench.turn { upstream.isEnded })
        #expect(!client.isOver)
        bench.kernel.skew = .seconds(76)
        #expect(bench.turn { client.isEnded })
        #expect(bench.server.pool.lentCount == 0)
    }
}
