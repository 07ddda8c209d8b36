import EventLoop
import Glibc
import Testing

@testable import Proxy

/// One route, plain sockets on both sides: what goes through, and what happens when either side does not behave.
@Suite struct ServerTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `a prefix of slashes alone is taken off as any other`() throws {
        let bench = try Bench(route: #", "pathPrefix": "//", "stripPrefix": true"#)
        let client = try bench.client()
        client.send("GET //a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET /a HTTP/1.1\r\n") })
    }

    @Test func `a request goes up with the token and its answer comes down`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a?b=1 HTTP/1.1\r\nHost: localhost\r\nAuthorization: mine\r\nX-Own: 1\r\nVia: 1.0 before\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET /a?b=1 HTTP/1.1\r\nHost: 127.0.0.1:\(bench.upstreamPort)\r\n"))
        #expect(upstream.text.contains("Authorization: Bearer s3cret\r\n") && upstream.text.contains("X-Own: 1\r\n"))
        #expect(!upstream.text.contains("mine"))
        #expect(upstream.text.hasSuffix("Via: 1.0 before\r\nVia: 1.1 bearerproxy\r\n\r\n"))
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nok") })
    }

    @Test func `an address that cannot be reached at once is told, once for each request`() throws {
        let bench = try Bench()
        bench.kernel.connectErrno = ENETUNREACH
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("upstream_unreachable") })
        bench.turn(for: .milliseconds(100))
        #expect(bench.kernel.connectCount == 1)
    }

    @Test func `many pipelined requests to an address that cannot be reached are each answered`() throws {
        let bench = try Bench()
        bench.kernel.connectErrno = ENETUNREACH
        let client = try bench.client()
        client.send(String(repeating: Self.get, count: 50))
        #expect(bench.turn { client.text.split(separator: "HTTP/1.1 502").count == 50 })
    }

    @Test func `a refused connection is not tried again for a request that was answered`() throws {
        let bench = try Bench(route: #", "connectTo": "127.0.0.1:1""#)
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("upstream_unreachable") })
        bench.turn(for: .milliseconds(100))
        #expect(bench.kernel.connectCount == 1)
    }

    @Test func `a connection made after another address was refused is used again`() throws {
        let bench = try Bench(upstreamHost: "localhost")
        bench.kernel.addresses = [.loopback(port: 1), .loopback(port: bench.upstreamPort)]
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") || upstream.isOver })
        #expect(!upstream.isOver)
    }

    @Test func `an answer that ends with its connection ends for the client, too, whenever the end comes`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\n\r\nhello")
        #expect(bench.turn { client.text.hasSuffix("5\r\nhello\r\n") })
        upstream.close()
        #expect(bench.turn { client.text.hasSuffix("\r\n0\r\n\r\n") })
    }

    @Test func `a malformed content is answered although the connection upstream was still being made`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 400") && client.isEnded })
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.isOver })
        #expect(upstream.text.isEmpty)
    }

    @Test func `a head that arrives in part does not change another request that waits`() throws {
        let bench = try Bench()
        let first = try bench.client()
        let second = try bench.client()
        first.send("GET /first HTTP/1.1\r\nHost: localhost\r\nAuthorization: mine\r\nX-Own: 1\r\n\r\n")
        second.send("DELETE /another/and/longer/path HTTP/1.1\r\nHost: localhost\r\nX-Long-Name: 1\r\nX-Part")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.hasPrefix("GET /first HTTP/1.1\r\n") && upstream.text.contains("X-Own: 1\r\n"))
        #expect(!upstream.text.contains("mine"))
    }

    @Test func `bytes behind an answer are never the next client's answer`() throws {
        let bench = try Bench()
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 00000\r\n\r\n"
        let contentCount = EventLoop.Limits.bufferBytes - head.utf8.count
        let evil = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
        bench.kernel.upstreamReadableBytesMin = Int32(EventLoop.Limits.bufferBytes + evil.utf8.count)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(
            "HTTP/1.1 200 OK\r\nContent-Length: \(contentCount)\r\n\r\n" + String(repeating: "x", count: contentCount) + evil)
        #expect(bench.turn { first.text.hasSuffix(String(repeating: "x", count: contentCount)) })
        let second = try bench.client()
        second.send(Self.get)
        #expect(bench.turn { upstream.isOver || second.text.contains("evil") })
        #expect(!second.text.contains("evil"))
    }

    @Test func `an answer that nobody asked for is not the next client's, though it comes in one turn with the request`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        client.forget()
        // Nothing turns the loop between these two, and the kernel tells of them in their order.
        client.send(Self.get)
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
        let next = try bench.upstream()
        #expect(bench.turn { next.text.hasSuffix("\r\n\r\n") && upstream.isOver })
        next.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `interim answers go on to clients that know them, and to no others`() throws {
        let bench = try Bench()
        for version in [0, 1] {
            let client = try bench.client()
            client.send("GET /a HTTP/1.\(version)\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            let interim = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X-Hop\r\nX-Hop: 1\r\n\r\n"
            upstream.send(interim)
            bench.turn(for: .milliseconds(30))
            let passed = "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
            #expect(client.text == (version == 1 ? passed : ""))
            upstream.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
            upstream.finish()
            #expect(bench.turn { client.isEnded && client.text.contains("HTTP/1.1 204") })
        }
    }

    @Test func `interim answers to a client that reads nothing leave room for the last one`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.isClientStalled = true
        let interim = "HTTP/1.1 103 Early Hints\r\nX-Hint: \(String(repeating: "h", count: 8140))\r\n\r\n"
        upstream.send(String(repeating: interim, count: 10))
        bench.turn(for: .milliseconds(100))
        upstream.close()
        bench.turn(for: .milliseconds(100))
        bench.kernel.isClientStalled = false
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("upstream_protocol") })
    }

    @Test func `who has left the queue takes no place in it`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1, "queue": 1 }"#)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let second = try bench.client()
        second.send(Self.get)
        bench.turn(for: .milliseconds(100))
        second.reset()
        bench.turn(for: .milliseconds(100))
        let third = try bench.client()
        third.send("GET /third HTTP/1.1\r\nHost: localhost\r\n\r\n")
        bench.turn(for: .milliseconds(100))
        #expect(third.text == "")
        upstream.forget()
        upstream.send(Self.empty)
        #expect(bench.turn { upstream.text.hasPrefix("GET /third ") })
    }

    @Test func `a drain after a long silence waits as long as it should`() throws {
        let bench = try Bench(top: #", "drainTimeout": "5s""#)
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        // The proxy hears nothing for a while; then the signal is the first event.
        bench.kernel.skew = .seconds(15)
        var ticks = 0
        bench.ticked = {
            ticks += 1
            if ticks == 1 { bench.server.drain() }
            if ticks == 20 { upstream.send(Self.empty) }
        }
        bench.loop.run()
        client.turn()
        #expect(client.text.hasPrefix("HTTP/1.1 204") && ticks >= 20)
    }

    @Test func `a request waits for a connection as long as for an answer, and is told what it waited for`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n1")
        #expect(bench.turn { first.text.hasSuffix("1") })
        let second = try bench.client()
        second.send(Self.get)
        bench.turn(for: .milliseconds(100))
        bench.kernel.skew = .seconds(30)
        bench.turn(for: .milliseconds(100))
        #expect(second.text == "")
        bench.kernel.skew = .seconds(61)
        #expect(bench.turn { second.text.contains("503 Service Unavailable") && second.text.contains("limits.concurrency") })
    }
}
