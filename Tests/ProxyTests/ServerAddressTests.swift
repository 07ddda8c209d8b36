import EventLoop
import Testing

@testable import Proxy

/// What an upstream says of its own addresses, and what the client reads.
@Suite struct ServerAddressTests {
    /// Asks once: the client's view of an answer that has these field lines, written with the upstream's own port.
    private static func answer(
        to request: String, with lines: (UInt16) -> [String], route: String = "", path: String = ""
    ) throws -> (client: String, upstream: String) {
        let bench = try Bench(route: route, basePath: path, encrypted: false)
        let client = try bench.client()
        client.send(request.replacing("PORT", with: "\(bench.upstreamPort)"))
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let head = ["HTTP/1.1 302 Found"] + lines(bench.upstreamPort) + ["Content-Length: 0"]
        upstream.send(head.joined(separator: "\r\n") + "\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        return (client.text, upstream.text)
    }

    @Test func `a redirect to the upstream leads to the address that the client used`() throws {
        let (client, _) = try Self.answer(
            to: "GET /a HTTP/1.1\r\nHost: LocalHost:1234\r\n\r\n", with: { ["Location: http://127.0.0.1:\($0)/b?c=d", "X: 1"] })
        #expect(client.contains("\r\nLocation: http://LocalHost:1234/b?c=d\r\nX: 1\r\n"))
    }

    @Test func `a redirect to elsewhere stays as it is`() throws {
        let (client, _) = try Self.answer(
            to: "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n", with: { ["Location: http://127.0.0.1:\($0 - 1)/b"] })
        #expect(client.contains("\r\nLocation: http://127.0.0.1:") && !client.contains("http://localhost"))
    }

    @Test func `a client that has this as its proxy keeps on naming the upstream`() throws {
        let (client, _) = try Self.answer(
            to: "GET http://127.0.0.1:PORT/a HTTP/1.1\r\nHost: elsewhere\r\n\r\n", with: { ["Location: //127.0.0.1:\($0)/b"] })
        #expect(client.firstMatch(of: /\r\nLocation: http:\/\/127\.0\.0\.1:[0-9]+\/b\r\n/) != nil)
    }

    @Test func `a client that named no host gets a path`() throws {
        let (client, _) = try Self.answer(to: "GET /a HTTP/1.0\r\n\r\n", with: { ["Location: http://127.0.0.1:\($0)/b"] })
        #expect(client.contains("\r\nLocation: /b\r\n"))
    }

    @Test func `the base path goes and the prefix comes back, in references and cookies`() throws {
        let (client, upstream) = try Self.answer(
            to: "GET /shop/a HTTP/1.1\r\nHost: localhost\r\n\r\n",
            with: { ["Location: http://127.0.0.1:\($0)/v2/b", "Set-Cookie: a=1; Path=/v2/x; Secure", "Set-Cookie: b=1; Path=/"] },
            route: #", "pathPrefix": "/shop", "stripPrefix": true"#, path: "/v2")
        #expect(upstream.hasPrefix("GET /v2/a HTTP/1.1\r\n"))
        #expect(client.contains("\r\nLocation: http://localhost/shop/b\r\n"))
        #expect(client.contains("\r\nSet-Cookie: a=1; Path=/shop/x\r\nSet-Cookie: b=1; Path=/shop\r\n"))
    }

    @Test func `what is written is followed back to where it came from`() throws {
        let route = #", "pathPrefix": "/shop/", "stripPrefix": true"#
        let (client, _) = try Self.answer(
            to: "GET /shop/a HTTP/1.1\r\nHost: localhost\r\n\r\n", with: { _ in ["Location: /v2/b//c?d"] }, route: route, path: "/v2")
        let target = try #require(client.firstMatch(of: /\r\nLocation: ([^\r]*)\r\n/)).1
        let (_, upstream) = try Self.answer(to: "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n", with: { _ in [] }, route: route, path: "/v2")
        #expect(target == "/shop/b//c?d" && upstream.hasPrefix("GET /v2/b//c?d HTTP/1.1\r\n"))
    }

    @Test func `cookies lose what ties them to the upstream, in their order`() throws {
        let (client, _) = try Self.answer(
            to: "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n",
            with: { _ in
                ["Set-Cookie: a=1; Domain=127.0.0.1; Secure", "X: 1", "set-cookie: b=2;Domain=evil.example", "Set-Cookie: __Host-c=3; Secure; Path=/"]
            })
        #expect(client.contains("\r\nSet-Cookie: a=1\r\nX: 1\r\nset-cookie: b=2;Domain=evil.example\r\nSet-Cookie: __Host-c=3; Secure; Path=/\r\n"))
    }

    @Test func `another client's head in between does not change whose address is written`() throws {
        let bench = try Bench(encrypted: false)
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost:1111\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let other = try bench.client()
        other.send("GET /b HTTP/1.1\r\nX-Long: 0123456789\r\nHost: localhost:2222\r\n\r\n")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:\(bench.upstreamPort)/c\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        #expect(client.text.contains("\r\nLocation: http://localhost:1111/c\r\n"))
    }

    @Test(arguments: [(60_000, true), (40_000, false)])
    func `a head that has no room when it has been rewritten is a fault`(_ fillingCount: Int, _ isTooLong: Bool) throws {
        let host = "\(String(repeating: "l", count: 60)).\(String(repeating: "l", count: 60)).\(String(repeating: "l", count: 60))"
        let bench = try Bench(route: #", "allow": { "hosts": ["\#(host)"] }"#, encrypted: false)
        let client = try bench.client()
        client.send("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let lines = String(repeating: "Location: //127.0.0.1:\(bench.upstreamPort)/\r\n", count: 90)
        let filling = String(repeating: "x", count: fillingCount)
        upstream.send("HTTP/1.1 302 Found\r\nX: \(filling)\r\n\(lines)Content-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix(isTooLong ? "}\n" : "\r\n\r\n") })
        #expect(client.text.hasPrefix(isTooLong ? "HTTP/1.1 502 Bad Gateway\r\n" : "HTTP/1.1 302 Found\r\n"))
        #expect(client.text.contains("Location: http://\(host)/\r\n") == !isTooLong)
    }
}
