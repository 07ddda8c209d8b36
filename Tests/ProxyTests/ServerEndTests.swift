import EventLoop
import Glibc
import Testing
import Wire

@testable import Proxy

/// How requests end that do not go as they should, and that nothing is sent twice.
@Suite struct ServerEndTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let post = "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `a client that has finished sending still gets its answer`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.post)
        client.finish()
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        bench.turn(for: .milliseconds(50))
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") && client.isEnded })
    }

    @Test func `an answer before the end of a long content reaches the client, though the upstream closes`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 50000000\r\n\r\n")
        client.send([UInt8](repeating: 1, count: 300_000))
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.received.count > 1000 })
        upstream.send("HTTP/1.1 413 Content Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig")
        upstream.close()
        client.send([UInt8](repeating: 1, count: 300_000))
        #expect(bench.turn { client.text.hasSuffix("big") })
        #expect(client.text.hasPrefix("HTTP/1.1 413") && client.text.contains("Connection: close\r\n"))
        #expect(bench.turn { client.isOver })
    }

    @Test func `a client that resets its connection ends what is done for it`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        client.reset()
        #expect(bench.turn { upstream.isOver })
    }

    @Test func `a client that closes its connection ends what is done for it, with or without an answer begun`() throws {
        for (response, field) in ["", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"].flatMap({ [($0, ""), ($0, "Connection: close\r\n")] }) {
            let bench = try Bench()
            let client = try bench.client()
            client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            upstream.send(response)
            #expect(bench.turn { client.text.hasSuffix(response.isEmpty ? "" : "half") })
            client.close()
            #expect(bench.turn { upstream.isOver })
            #expect(bench.turn { bench.server.downstreams.count == 0 && bench.server.upstreams.count == 0 })
        }
    }

    @Test func `a client that has finished sending is waited for, however often it is looked for`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        client.finish()
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.turn(for: Limits.peerCheckInterval.duration * 2.5)
        #expect(!upstream.isOver)
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") && client.isEnded })
    }

    @Test func `half a content is never a whole one upstream`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("hel\r\n") })
        client.finish()
        #expect(bench.turn { upstream.isOver })
        #expect(!upstream.text.contains("0\r\n\r\n"))
    }

    @Test func `a malformed chunk after a good one breaks the request off and is answered`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("2\r\nok\r\n") })
        client.send("zz\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 400") && client.isEnded && upstream.isOver })
        #expect(!upstream.text.contains("0\r\n\r\n"))
    }

    /// What begins well, and how it goes on before the upstream closes.
    private static let brokenAnswers = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", ""),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "zz\r\n"),
    ]

    @Test(arguments: brokenAnswers)
    func `an answer that breaks off is visibly broken for the client`(beginning: String, rest: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(beginning)
        #expect(bench.turn { client.text.contains("hel") })
        upstream.send(rest)
        upstream.close()
        #expect(bench.turn { client.isReset })
    }

    @Test(arguments: brokenAnswers)
    func `an answer that breaks off before any of it has gone becomes a 502`(beginning: String, rest: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send(beginning + rest)
        upstream.finish()
        #expect(bench.turn { client.text.contains("\"code\":\"upstream_protocol\"") })
        #expect(client.text.hasPrefix("HTTP/1.1 502") && !client.text.contains("hel"))
        #expect(!bench.hasAnotherUpstream())
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nhi", "HTTP/1.1 2x0 OK\r\n\r\n", "nonsense\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Le", "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
    ])
    func `an answer that is none becomes a 502`(response: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.post)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send(response)
        upstream.finish()
        #expect(bench.turn { client.text.contains("\"code\":\"upstream_protocol\"") })
        #expect(client.text.hasPrefix("HTTP/1.1 502"))
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a pooled connection that was closed is replaced for a request that changes nothing, once`() throws {
        let bench = try Bench()
        let client = try bench.client()
        let first = try use(bench, client)
        client.send(Self.get)
        #expect(bench.turn { first.text.hasPrefix("GET ") })
        first.close()
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasPrefix("GET ") })
        second.close()
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `an order is not sent on a pooled connection whose end is there and was not told yet`() throws {
        let bench = try Bench()
        let client = try bench.client()
        let first = try use(bench, client)
        // The event of the request comes before that of the end, in the same turn.
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
        first.close()
        let second = try bench.upstream()
        #expect(bench.turn { second.text.hasSuffix("\r\n\r\nok") })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test(arguments: ["POST", "PUT", "DELETE", "PATCH", "BREW"])
    func `a request that may have taken effect is not sent twice`(method: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        let upstream = try use(bench, client)
        client.send("\(method) /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.close()
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") && client.text.contains("whether it took effect is not known") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a request on a new connection that is closed is not sent twice`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        upstream.close()
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502") })
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `pipelined requests are answered in order, and what is malformed ends them`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get + Self.post + "BAD\r\n\r\n" + Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.turn(for: .milliseconds(50))
        #expect(!upstream.text.contains("POST"))
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
        #expect(bench.turn { upstream.text.hasSuffix("ok") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n2")
        #expect(bench.turn { client.isEnded })
        #expect(client.text.components(of: "HTTP/1.1 ") == ["200", "200", "400"])
    }

    @Test func `an HTTP 1 dot 0 client is kept only if it asks, and gets no chunks`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET /a HTTP/1.1\r\nHost: ") && upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n1")
        #expect(bench.turn { client.text.hasSuffix("1") })
        #expect(client.text.contains("Connection: keep-alive\r\n") && !client.text.contains("Early Hints"))
        upstream.forget()
        client.forget()
        client.send("GET /b HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n")
        #expect(bench.turn { client.isEnded })
        #expect(client.text.hasSuffix("\r\n\r\nhi") && client.text.contains("Connection: close\r\n"))
    }

    @Test(arguments: [("HEAD", "200 OK\r\nContent-Length: 9"), ("GET", "304 Not Modified\r\nContent-Length: 9"), ("GET", "204 No Content")])
    func `an answer without content leaves both connections in use`(method: String, status: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("\(method) /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 \(status)\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        #expect(client.text.contains("Content-Length: 9\r\n") == status.contains("9"))
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") })
    }

    @Test func `a connection that either side wants closed is closed behind the answer`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        let first = try bench.upstream()
        #expect(bench.turn { first.text.hasSuffix("\r\n\r\n") })
        #expect(!first.text.contains("Connection"))
        first.send(Self.empty)
        #expect(bench.turn { client.isEnded && client.text.contains("Connection: close\r\n") })
        let other = try bench.client()
        other.send(Self.get)
        #expect(bench.turn { first.text.components(of: "GET ").count == 2 })
        first.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")
        #expect(bench.turn { first.isEnded && other.text.hasPrefix("HTTP/1.1 204") })
        #expect(!other.isOver && !other.text.contains("Connection"))
        other.send(Self.get)
        _ = try bench.upstream()
    }

    @Test func `megabytes go both ways through a client that reads late`() throws {
        let bench = try Bench()
        let client = try bench.client()
        let content = [UInt8]((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) })
        client.send("PUT /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(content.count)\r\n\r\n")
        client.send(content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.hasReceived(content) })
        bench.kernel.isClientStalled = true
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: \(content.count)\r\n\r\n")
        upstream.send(content)
        bench.turn(for: .milliseconds(50))
        bench.kernel.isClientStalled = false
        // The stall was ours, so that no edge tells of its end; the client's next byte does.
        client.send("G")
        #expect(bench.turn { client.hasReceived(content) })
    }

    @Test(arguments: [1, 40, 5000, 70_000])
    func `chunks of any size reach a client that reads late`(chunkCount: Int) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.kernel.isClientStalled = true
        let content = [UInt8]((0..<min(150_000, chunkCount * 2000)).map { UInt8(truncatingIfNeeded: $0 % 251) })
        var chunks = Array("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".utf8)
        for start in stride(from: 0, to: content.count, by: chunkCount) {
            let chunk = content[start..<min(content.count, start + chunkCount)]
            chunks += Array("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + [0x0D, 0x0A]
        }
        upstream.send(chunks + Array("0\r\n\r\n".utf8))
        bench.turn(for: .milliseconds(100))
        bench.kernel.isClientStalled = false
        client.send("G")
        #expect(bench.turn { client.hasReceived(Array("\r\n0\r\n\r\n".utf8)) })
        let start = try #require(client.text.utf8.firstRange(of: "\r\n\r\n".utf8))
        var rest = Array(client.received[client.text.utf8.distance(from: client.text.utf8.startIndex, to: start.upperBound)...])
        var reader = BodyReader(.chunked)
        var seen: [UInt8] = []
        while !reader.isComplete {
            let step = try reader.step(rest.span)
            seen += rest[step.content]
            rest.removeFirst(step.consumed)
        }
        let isSame = seen == content
        #expect(isSame && rest.isEmpty)
    }

    @Test func `a head that only just fits a buffer is refused on either side, and nothing traps`() throws {
        let bench = try Bench()
        let client = try bench.client()
        let long = (0..<5).map { "X-\($0): \(String(repeating: "x", count: 13_050))\r\n" }.joined()
        client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\(long)\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 431") && client.isEnded })
        let other = try bench.client()
        other.send(Self.get)
        var upstream = try bench.upstream()
        if !bench.turn(until: { upstream.text.hasPrefix("GET /a") || upstream.isOver }) || upstream.isOver { upstream = try bench.upstream() }
        #expect(bench.turn { upstream.text.hasPrefix("GET /a") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\(long)\r\n")
        #expect(bench.turn { other.text.contains("\"code\":\"upstream_protocol\"") })
    }

    @Test func `an upstream that fails is told of with the address that it has`() throws {
        let bench = try Bench(route: #", "timeouts": { "responseHead": "5s" }"#, upstreamHost: "localhost")
        let client = try bench.client()
        for (answer, code) in [("", "upstream_protocol"), ("nonsense\r\n\r\n", "upstream_protocol"), (nil, "upstream_timeout")] as [(String?, String)] {
            client.forget()
            client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            if let answer, !answer.isEmpty { upstream.send(answer) } else if answer != nil { upstream.reset() } else { bench.kernel.skew += .seconds(6) }
            #expect(bench.turn { client.text.contains("\"code\":\"\(code)\"") })
            let port = bench.upstreamPort
            #expect(client.text.contains("upstream localhost:\(port) (at 127.0.0.1:\(port)): "), "\(client.text)")
        }
    }

    @Test func `requests are answered when the token endpoint cannot be reached`() throws {
        let bench = try Bench(hasTokenCalls: true)
        bench.kernel.connectErrno = ENETUNREACH
        let endpoint = try bench.tokenEndpoint()
        endpoint.reset()
        // Until the pause is longer than a request waits.
        for _ in 0..<6 {
            bench.turn(for: .milliseconds(50))
            bench.kernel.skew += .seconds(16)
        }
        bench.turn(for: .milliseconds(50))
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") })
        #expect(client.text.hasPrefix("HTTP/1.1 503") && client.text.contains("Retry-After: "))
        client.send(Self.get)
        #expect(bench.turn { client.text.components(of: "HTTP/1.1 ") == ["503", "503"] })
    }

    @Test func `a drain waits for the request under way and says so to its client`() throws {
        let bench = try Bench()
        let idle = try bench.client()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        // Who is silent is accepted a second later.
        #expect(bench.turn { bench.server.downstreams.count == 2 })
        bench.server.drain()
        #expect(bench.turn { idle.isEnded })
        upstream.send(Self.empty)
        bench.loop.run()
        client.turn()
        #expect(client.text.hasPrefix("HTTP/1.1 204") && client.text.contains("Connection: close\r\n"))
    }

    @Test(arguments: [false, true])
    func `a client that had said nothing when the proxy drained is answered, or reset if it comes late`(isLate: Bool) throws {
        let bench = try Bench(encrypted: false)
        let client = try bench.client()
        bench.turn(for: .milliseconds(50))
        #expect(bench.server.downstreams.count == 0)
        let other = try bench.client()
        other.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        #expect(bench.turn { other.text.contains(" 403 ") })
        bench.server.drain()
        if isLate { bench.kernel.skew = Limits.drainGrace.duration * 2 }
        if isLate { bench.turn(for: .milliseconds(50)) }
        client.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
        if isLate {
            #expect(bench.turn { client.isReset })
        } else {
            #expect(bench.turn { client.isEnded })
            #expect(client.text.hasPrefix("HTTP/1.1 403") && client.text.contains("Connection: close\r\n"))
        }
    }

    @Test(arguments: ["", "Connection: close\r\n"])
    func `an answer that a client does not take at once reaches it whole`(field: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\(field)\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 12000000\r\n\r\n")
        upstream.send([UInt8](repeating: 0x78, count: 12_000_000))
        #expect(bench.turn { client.received.count > 12_000_000 })
    }

    /// One request, so that the connection is in the pool.
    private func use(_ bench: Bench, _ client: Peer) throws -> Peer {
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        upstream.forget()
        client.forget()
        return upstream
    }
}

extension String {
    /// The word behind each place where `mark` stands.
    fileprivate func components(of mark: String) -> [String] {
        var words: [String] = []
        var rest = Substring(self)
        while let range = rest.firstRange(of: mark) {
            rest = rest[range.upperBound...]
            words.append(String(rest.prefix { !$0.isWhitespace }))
        }
        return words
    }
}
