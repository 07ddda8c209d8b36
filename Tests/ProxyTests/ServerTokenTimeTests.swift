import EventLoop
import Testing
import Wire

@testable import Proxy

/// What the token endpoint's answers say of time.
@Suite struct ServerTokenTimeTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"

    @Test(arguments: [
        "Retry-After: 120\r\n", "Retry-After: Sun, 06 Nov 1994 08:51:37 GMT\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n",
        "Date: Sunday, 06-Nov-94 08:49:37 GMT\r\nRetry-After: Sun Nov  6 08:51:37 1994\r\n",
    ])
    func `an endpoint that says when to ask again is believed, in seconds and in dates of its own clock`(fields: String) throws {
        let bench = try Bench(hasTokenCalls: true)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
        endpoint.send("HTTP/1.1 503 Service Unavailable\r\n\(fields)Content-Length: 0\r\n\r\n")
        #expect(bench.turn { endpoint.isOver })
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 503 "))
        #expect(client.text.contains("\r\nRetry-After: 120\r\n") || client.text.contains("\r\nRetry-After: 119\r\n"))
    }

    @Test(arguments: [
        "Retry-After: 9999999999\r\n", "Retry-After: 000000000000000000000000300\r\n", "Retry-After: \(String(repeating: "9", count: 400))\r\n",
        "Retry-After: 5\r\nRetry-After: 300\r\n", "Retry-After: 300\r\nRetry-After: soon\r\nRetry-After: 5\r\n",
    ])
    func `a long time is honoured as far as the limit, and of several the longest`(fields: String) throws {
        let bench = try Bench(hasTokenCalls: true)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
        endpoint.send("HTTP/1.1 503 Service Unavailable\r\n\(fields)Content-Length: 0\r\n\r\n")
        #expect(bench.turn { endpoint.isOver })
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.contains("\r\nRetry-After: 300\r\n") || client.text.contains("\r\nRetry-After: 299\r\n"))
    }

    @Test(arguments: ["Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n", "Retry-After: soon\r\n"])
    func `a time that is past or none makes the usual pause`(fields: String) throws {
        let bench = try Bench(hasTokenCalls: true)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
        endpoint.send("HTTP/1.1 429 Too Many Requests\r\n\(fields)Content-Length: 0\r\n\r\n")
        #expect(bench.turn { endpoint.isOver })
        bench.kernel.skew = .seconds(1)
        try bench.giveToken("one")
    }

    @Test(arguments: [String(repeating: "HTTP/1.1 100 Continue\r\n\r\n", count: 17), "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"])
    func `an endpoint that only says that it goes on is given up`(answers: String) throws {
        let bench = try Bench(hasTokenCalls: true)
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
        endpoint.send(answers)
        #expect(bench.turn { endpoint.isOver })
        bench.kernel.skew = .seconds(1)
        try bench.giveToken("one")
    }

    @Test(arguments: [true, false])
    func `a local clock that is wrong does not make a token expired that the endpoint has just made`(isDated: Bool) throws {
        let bench = try Bench(hasTokenCalls: true)
        // An hour behind the endpoint's clock, and decades behind the local one.
        let claims = Base64URL.encode(Array(#"{"exp":784115377}"#.utf8))
        let content = #"{"accessToken":"e30.\#(claims).e30","refreshToken":"r"}"#
        let date = isDated ? "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n" : ""
        let answer = "HTTP/1.1 200 OK\r\n\(date)Content-Length: \(content.utf8.count)\r\n\r\n\(content)"
        if isDated {
            let endpoint = try bench.tokenEndpoint()
            #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
            endpoint.send(answer)
            #expect(bench.turn { endpoint.isOver })
        } else {
            try bench.failTokenCalls(answer)
        }
        let client = try bench.client()
        client.send(Self.get)
        if isDated {
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.contains("Bearer e30.\(claims).e30\r\n") })
        } else {
            #expect(bench.turn { client.text.contains("already expired: check the clock") })
        }
    }
}
