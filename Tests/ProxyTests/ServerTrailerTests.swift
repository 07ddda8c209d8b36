import EventLoop
import Testing

@testable import Proxy

/// Trailers of requests and of responses: which go on, to whom, and what becomes of those that are wrong.
@Suite struct ServerTrailerTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let chunkedHead = "POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    private static let chunkedAnswer = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    // MARK: requests

    @Test func `trailers of a request go upstream, and what they announce with them`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("2\r\nok\r\n0\r\nX-Sum: 1\r\nx-more:\t2 \r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n0\r\nX-Sum: 1\r\nx-more:\t2 \r\n\r\n") })
        #expect(upstream.text.contains("\r\nTrailer: X-Sum\r\n"))
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") })
    }

    @Test func `trailers that come in pieces go upstream when they are whole, as they are`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.chunkedHead + "2\r\nok\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n") })
        for byte in "0\r\nX-Sum: 1\r\n\r".utf8 {
            client.send([byte])
            bench.turn(for: .milliseconds(6))
        }
        #expect(upstream.text.hasSuffix("2\r\nok\r\n"))
        client.send("\n" + Self.get)
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n") })
        upstream.forget()
        upstream.send(Self.empty)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") })
    }

    @Test func `a trailer takes no place that only the proxy or the head has`() throws {
        let bench = try Bench(route: #", "inject": [{ "header": "X-Api-Key", "value": "{token}" }]"#)
        let client = try bench.client()
        client.send(
            Self.chunkedHead + "0\r\nAuthorization: mine\r\nX-Api-Key: mine\r\nx_api_key: mine\r\nHost: mine\r\nContent-Length: 9\r\n"
                + "Transfer_Encoding: mine\r\nCookie: mine\r\nX-Request-Id: mine\r\nProxy_Authorization: mine\r\nX-Sum: 1\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n0\r\nX-Sum: 1\r\n\r\n") })
        #expect(!upstream.text.contains("mine") && !upstream.text.contains("Content-Length"))
    }

    @Test func `trailers of a request whose Connection names fields stay behind`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nConnection: X-Sum\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
        client.send("2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n0\r\n\r\n") })
        #expect(!upstream.text.contains("X-Sum"))
    }

    @Test func `a request that is sent again has its trailers again, and once`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.chunkedHead + "2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
        let upstream = try bench.upstream()
        let whole = "\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n"
        #expect(bench.turn { upstream.text.hasSuffix(whole) && upstream.text.contains("Bearer one\r\n") })
        upstream.forget()
        upstream.send("HTTP/1.1 401 Unauthorized\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX-Refused: 1\r\n\r\n")
        try bench.giveToken("two")
        #expect(bench.turn { upstream.text.hasSuffix(whole) && upstream.text.contains("Bearer two\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(!client.text.contains("X-Refused"))
    }

    @Test(arguments: [
        ("a: \(String(repeating: "x", count: 9000))", "431"), ("a", "400"), (" a: b", "400"), ("a : b", "400"), ("a: b\nc: d", "400"),
        (String(repeating: "a:\r\n", count: 101), "431"),
    ])
    func `malformed trailers break the request off`(trailers: String, status: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.chunkedHead + "2\r\nok\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n") })
        client.send("0\r\n\(trailers)\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 \(status)") && client.isEnded && upstream.isOver })
        #expect(upstream.text.hasSuffix("2\r\nok\r\n"))
    }

    @Test func `a client that ends within its trailers has sent half a request`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.chunkedHead + "2\r\nok\r\n0\r\nX-Sum: 1\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n") })
        client.finish()
        #expect(bench.turn { upstream.isOver })
        #expect(upstream.text.hasSuffix("2\r\nok\r\n"))
    }

    @Test func `trailers that never end take no longer than the content may`() throws {
        let bench = try Bench(route: #", "timeouts": { "requestBody": "1s" }"#)
        let client = try bench.client()
        client.send(Self.chunkedHead + "0\r\nX-Sum: 1\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 408") && client.isEnded && upstream.isOver })
    }

    @Test(arguments: [("TE: trailers\r\nConnection: TE\r\n", true), ("TE: gzip, trailers\r\n", true), ("TE: gzip\r\n", false), ("", false)])
    func `the upstream is told that the client takes trailers`(fields: String, isTold: Bool) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\(fields)\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.contains("\r\nTE: trailers\r\nConnection: TE\r\n") == isTold)
        #expect(!upstream.text.contains("gzip"))
    }

    // MARK: responses

    @Test func `trailers of a response go to the client, and the connection is used again`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n2\r\nok\r\n") })
        #expect(client.text.contains("\r\nTrailer: X-Sum\r\n"))
        bench.turn(for: .milliseconds(30))
        #expect(client.text.hasSuffix("\r\n\r\n2\r\nok\r\n"))
        upstream.send("ETag: \"a\"\r\n\r")
        bench.turn(for: .milliseconds(30))
        upstream.send("\n")
        #expect(bench.turn { client.text.hasSuffix("2\r\nok\r\n0\r\nX-Sum: 1\r\nETag: \"a\"\r\n\r\n") })
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") })
    }

    @Test func `a trailer of a response takes no place that only a head has`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(
            Self.chunkedAnswer + "0\r\nSet-Cookie: evil\r\nContent_Length: evil\r\nLocation: evil\r\nX-Request-Id: evil\r\n"
                + "Connection: evil\r\nContent-Encoding: evil\r\nCache-Control: evil\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n0\r\n\r\n") })
        #expect(!client.text.contains("evil"))
    }

    @Test func `a client of HTTP 1.0 gets neither chunks nor trailers`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.0\r\nTE: trailers\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(!upstream.text.contains("TE: "))
        upstream.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n")
        #expect(bench.turn { client.isEnded })
        #expect(client.text.hasSuffix("\r\n\r\nok") && !client.text.contains("X-Sum"))
    }

    @Test func `a response that has its length or an answer to HEAD announces no trailers`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("ok") })
        client.send("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(bench.turn { upstream.text.contains("HEAD ") })
        upstream.send("HTTP/1.1 299 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n")
        #expect(bench.turn { client.text.contains("299") && client.text.hasSuffix("\r\n\r\n") })
        #expect(!client.text.contains("Trailer"))
    }

    @Test(arguments: [
        "a: \(String(repeating: "x", count: 9000))\r\n\r\n", "a\r\n\r\n", "a: b\r\n c\r\n\r\n", "a: \u{0}\r\n\r\n", "a: b\r\n",
        String(repeating: "a:\r\n", count: 101) + "\r\n",
    ])
    func `malformed trailers break the response off`(trailers: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.chunkedAnswer + "2\r\nok\r\n")
        #expect(bench.turn { client.text.hasSuffix("2\r\nok\r\n") })
        upstream.send("0\r\n" + trailers)
        upstream.finish()
        #expect(bench.turn { client.isReset })
        #expect(!client.text.contains("\r\n0\r\n"))
    }

    @Test func `trailers reach a client that reads late, behind all of the content`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.isClientStalled = true
        // With the head and what a chunk adds, this leaves the output no room for the trailers.
        let content = String(repeating: "x", count: EventLoop.Limits.bufferBytes - 2000)
        let trailers = "X-Sum: \(String(repeating: "s", count: 8000))\r\n"
        upstream.send(Self.chunkedAnswer + "\(String(content.utf8.count, radix: 16))\r\n\(content)\r\n0\r\n\(trailers)\r\n")
        bench.turn(for: .milliseconds(100))
        #expect(client.received.isEmpty)
        bench.kernel.isClientStalled = false
        // The stall was ours, so that no edge tells of its end; the client's next byte does.
        client.send("G")
        #expect(bench.turn { client.text.hasSuffix("x\r\n0\r\n\(trailers)\r\n") })
        #expect(client.text.utf8.count(where: { $0 == UInt8(ascii: "x") }) >= content.utf8.count)
    }

    @Test func `a token answer with trailers is a token answer`() throws {
        let bench = try Bench(hasTokenCalls: true)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        let content = #"{"accessToken":"one","expiresIn":3600}"#
        endpoint.send(Self.chunkedAnswer + "\(String(content.utf8.count, radix: 16))\r\n\(content)\r\n0\r\nX-S")
        bench.turn(for: .milliseconds(30))
        endpoint.send("um: 1\r\n\r\n")
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") })
    }
}
