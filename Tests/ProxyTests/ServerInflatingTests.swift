import Compressor
import EventLoop
import Testing
import Wire

@testable import Proxy

/// A route with `decompress`: who is asked for gzip, and what becomes of it.
@Suite struct ServerInflatingTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let text = String(repeating: "the quick brown fox; ", count: 500)

    /// A client whose request has arrived at the upstream.
    private struct Asked {
        let bench: Bench
        let client: Peer
        let upstream: Peer

        init(_ request: String, decompress: Bool = true) throws {
            bench = try Bench(route: decompress ? #", "decompress": true"# : "")
            client = try bench.client()
            client.send(request)
            upstream = try bench.upstream()
            let (bench, upstream) = (bench, upstream)
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        }

        /// The upstream answers with this.
        func answer(_ lines: [String], _ content: [UInt8] = [], status: String = "200 OK") {
            upstream.send(Array((["HTTP/1.1 \(status)"] + lines).joined(separator: "\r\n").utf8) + Array("\r\n\r\n".utf8) + content)
        }

        /// With gzip of a known length.
        func answerGzip(_ content: [UInt8], _ more: [String] = []) {
            answer(["Content-Encoding: gzip", "Content-Length: \(content.count)"] + more, content)
        }

        /// Whether the client gets a whole content in chunks, and it is this.
        func isChunked(_ content: String) -> Bool {
            bench.turn { client.text.hasSuffix("\r\n0\r\n\r\n") } && ServerInflatingTests.dechunked(client.received) == Array(content.utf8)
        }
    }

    private static func dechunked(_ bytes: [UInt8]) -> [UInt8]? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound else { return nil }
        var decoder = ChunkedDecoder()
        var rest = Array(bytes[end...])
        var content: [UInt8] = []
        while let step = try? decoder.step(rest.span), step.consumed > 0 {
            content += rest[step.content]
            rest.removeFirst(step.consumed)
            if step.isComplete { return rest.isEmpty ? content : nil }
        }
        return nil
    }
}

// MARK: requests

extension ServerInflatingTests {
    @Test(arguments: [
        ("", ["gzip"]), ("Accept-Encoding: identity\r\n", ["gzip"]), ("Accept-Encoding: br\r\nAccept-Encoding: deflate;q=0.5\r\n", ["gzip"]),
        ("Accept_Encoding: br\r\n", ["gzip"]), ("Accept-Encoding: gzip;q=0\r\n", ["gzip"]),
        ("Accept-Encoding: br, gzip\r\n", ["br, gzip"]), ("Accept-Encoding: *\r\n", ["*"]), ("Accept-Encoding: br;q=x\r\n", ["br;q=x"]),
        ("Accept-Encoding: identity;q=0\r\n", ["identity;q=0"]), ("Range: bytes=0-9\r\n", []),
        ("Accept-Encoding: identity\r\nRange: bytes=0-9\r\n", ["identity"]), ("Cache-Control: no-transform\r\n", []),
    ])
    func `the upstream is asked for gzip where the client did not ask, and may be`(_ lines: String, _ asked: [String]) throws {
        let test = try Asked("GET /a HTTP/1.1\r\nHost: localhost\r\n\(lines)X-Last: 1\r\n\r\n")
        let found = test.upstream.text.split(separator: "\r\n").filter { $0.lowercased().hasPrefix("accept") }
        #expect(found.map { $0.dropFirst("Accept-Encoding: ".count) } == asked.map { $0[...] })
        #expect(test.upstream.text.contains("\r\nX-Last: 1\r\n"))
    }

    @Test func `without the setting nothing is asked for and nothing is changed`() throws {
        let test = try Asked(Self.get, decompress: false)
        #expect(!test.upstream.text.contains("Accept-Encoding"))
        let gzip = Compressor.gzip(Self.text)
        test.answerGzip(gzip, ["ETag: \"a\""])
        #expect(test.bench.turn { test.client.hasReceived(gzip) })
        #expect(test.client.text.contains("\r\nContent-Encoding: gzip\r\nETag: \"a\"\r\n") && !test.client.text.contains("Vary"))
    }

    @Test func `a client that asked for gzip gets what the upstream sent`() throws {
        let test = try Asked("GET /a HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n")
        let gzip = Compressor.gzip(Self.text)
        test.answerGzip(gzip, ["ETag: \"a\""])
        #expect(test.bench.turn { test.client.hasReceived(gzip) })
        #expect(test.client.text.contains("\r\nContent-Encoding: gzip\r\nETag: \"a\"\r\n"))
        #expect(test.client.text.contains("\r\nContent-Length: \(gzip.count)\r\n"))
    }

    @Test func `a request that is sent again asks again`() throws {
        let bench = try Bench(route: #", "decompress": true"#, hasTokenCalls: true)
        let client = try bench.client()
        try bench.giveToken("one")
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let refusal = Compressor.gzip("who are you")
        upstream.forget()
        upstream.send(
            Array("HTTP/1.1 401 Unauthorized\r\nContent-Encoding: gzip\r\nContent-Length: \(refusal.count)\r\n\r\n".utf8) + refusal)
        try bench.giveToken("two")
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.contains("\r\nAccept-Encoding: gzip\r\n"))
        let gzip = Compressor.gzip(Self.text)
        upstream.send(Array("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: \(gzip.count)\r\n\r\n".utf8) + gzip)
        #expect(bench.turn { client.text.hasSuffix("\r\n0\r\n\r\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\n") && Self.dechunked(client.received) == Array(Self.text.utf8))
    }
}

// MARK: heads

extension ServerInflatingTests {
    @Test func `what speaks of the compressed bytes goes, and the tag becomes weak`() throws {
        let test = try Asked(Self.get)
        test.answerGzip(
            Compressor.gzip(Self.text),
            [
                "ETag: \"a\"", "Accept-Ranges: bytes", "Content-MD5: x", "Digest: x", "Content-Digest: x", "repr-digest: x", "Content_Encoding: x",
                "Vary: Origin", "X-Last: 1",
            ])
        #expect(test.isChunked(Self.text))
        let head = test.client.text[..<(test.client.text.firstRange(of: "\r\n\r\n")?.lowerBound ?? test.client.text.startIndex)]
        #expect(
            head.split(separator: "\r\n").filter { !$0.hasPrefix("X-Request-Id") } == [
                "HTTP/1.1 200 OK", "ETag: W/\"a\"", "Vary: Origin", "X-Last: 1", "Vary: Accept-Encoding", "Transfer-Encoding: chunked",
            ])
    }

    @Test(arguments: [
        (["Vary: *"], false), (["Vary: accept-encoding"], false), (["Vary: Accept"], true), ([], true),
    ] as [([String], Bool)])
    func `Vary is added once, also where the upstream sent no gzip`(_ lines: [String], _ isAdded: Bool) throws {
        let test = try Asked(Self.get)
        test.answer(lines + ["Content-Length: 2", "ETag: \"a\""], Array("ok".utf8))
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\r\nok") })
        #expect(test.client.text.contains("\r\nVary: Accept-Encoding\r\n") == isAdded)
        #expect(test.client.text.contains("\r\nETag: \"a\"\r\n") && test.client.text.contains("\r\nContent-Length: 2\r\n"))
    }

    @Test(arguments: ["br", "gzip, gzip", "deflate", "identity"])
    func `another coding passes as it is`(_ coding: String) throws {
        let test = try Asked(Self.get)
        test.answer(["Content-Encoding: \(coding)", "Content-Length: 3", "ETag: \"a\""], [1, 2, 3])
        #expect(test.bench.turn { test.client.hasReceived([13, 10, 13, 10, 1, 2, 3]) })
        #expect(test.client.text.contains("\r\nContent-Encoding: \(coding)\r\n") && test.client.text.contains("\r\nETag: \"a\"\r\n"))
    }

    @Test(arguments: ["206 Partial Content", "200 OK"])
    func `a part of a content, and one that may not be changed, pass as they are`(_ status: String) throws {
        let test = try Asked(Self.get)
        let gzip = Compressor.gzip(Self.text)
        test.answer(
            ["Content-Encoding: gzip", "Content-Length: \(gzip.count)", status.hasPrefix("2") && status != "200 OK" ? "X: 1" : "Cache-Control: no-transform"],
            gzip, status: status)
        #expect(test.bench.turn { test.client.hasReceived(gzip) })
        #expect(test.client.text.contains("\r\nContent-Encoding: gzip\r\n"))
    }

    @Test func `an answer to HEAD has the head of the inflated content, and no content`() throws {
        let test = try Asked("HEAD /a HTTP/1.1\r\nHost: localhost\r\n\r\n")
        #expect(test.upstream.text.contains("\r\nAccept-Encoding: gzip\r\n"))
        test.answer(["Content-Encoding: gzip", "Content-Length: 1234", "ETag: \"a\"", "Accept-Ranges: bytes"])
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\r\n") })
        for name in ["Content-Encoding", "Content-Length", "Accept-Ranges", "Connection"] { #expect(!test.client.text.contains(name), "\(name)") }
        #expect(test.client.text.contains("\r\nETag: W/\"a\"\r\n") && test.client.text.contains("\r\nVary: Accept-Encoding\r\n"))
        // The connection goes on at the right place.
        test.client.forget()
        test.upstream.forget()
        test.client.send(Self.get)
        #expect(test.bench.turn { test.upstream.text.hasSuffix("\r\n\r\n") })
        test.answerGzip(Compressor.gzip("next"))
        #expect(test.isChunked("next"))
    }

    @Test func `a 304 has a weak tag and no length of what it stands for`() throws {
        let test = try Asked("GET /a HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: W/\"a\"\r\n\r\n")
        #expect(test.upstream.text.contains("\r\nIf-None-Match: W/\"a\"\r\n"))
        test.answer(["ETag: \"a\"", "Content-Length: 1234"], status: "304 Not Modified")
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\r\n") })
        #expect(test.client.text.contains("\r\nETag: W/\"a\"\r\n") && !test.client.text.contains("Content-Length"))
        #expect(test.client.text.contains("\r\nVary: Accept-Encoding\r\n"))
    }

    @Test func `a 204 has no content to inflate`() throws {
        let test = try Asked(Self.get)
        test.answer(["Content-Encoding: gzip"], status: "204 No Content")
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\r\n") })
        #expect(!test.client.text.contains("Content-") && !test.client.text.contains("Transfer-Encoding"))
    }

    @Test func `no content at all, by its length, is none`() throws {
        let test = try Asked(Self.get)
        test.answer(["Content-Encoding: gzip", "Content-Length: 0"])
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\nContent-Length: 0\r\n\r\n") })
        #expect(!test.client.text.contains("Content-Encoding"))
    }
}

// MARK: content

extension ServerInflatingTests {
    @Test func `a piece that the upstream let go reaches the client before the next is sent`() throws {
        let test = try Asked(Self.get)
        let compressor = Compressor()
        test.answer(["Content-Encoding: gzip", "Transfer-Encoding: chunked"])
        for piece in ["data: one\n\n", "data: two\n\n", "data: three\n\n"] {
            let bytes = compressor.flush(Array(piece.utf8))
            test.upstream.send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n".utf8))
            #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\(piece)\r\n") })
        }
        let bytes = compressor.finish()
        test.upstream.send(Array("\(String(bytes.count, radix: 16))\r\n".utf8) + bytes + Array("\r\n0\r\n\r\n".utf8))
        #expect(test.isChunked("data: one\n\ndata: two\n\ndata: three\n\n"))
    }

    @Test func `trailers go on behind inflated content, but not what speaks of the compressed bytes`() throws {
        let test = try Asked("GET /a HTTP/1.1\r\nHost: localhost\r\nTE: trailers\r\n\r\n")
        let gzip = Compressor.gzip(Self.text)
        test.answer(["Content-Encoding: gzip", "Transfer-Encoding: chunked"], Array("\(String(gzip.count, radix: 16))\r\n".utf8) + gzip)
        test.upstream.send("\r\n0\r\nX-Sum: 1\r\nRepr-Digest: x\r\nContent-Digest: x\r\nETag: \"a\"\r\nX-Last: 2\r\n\r\n")
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n0\r\nX-Sum: 1\r\nX-Last: 2\r\n\r\n") })
        #expect(Self.dechunked(test.client.received) == Array(Self.text.utf8))
    }

    @Test func `trailers behind content that is not whole gzip do not make it whole`() throws {
        let test = try Asked(Self.get)
        let gzip = Compressor.gzip(Self.text).dropLast()
        test.answer(["Content-Encoding: gzip", "Transfer-Encoding: chunked"], Array("\(String(gzip.count, radix: 16))\r\n".utf8) + gzip)
        #expect(test.bench.turn { test.client.text.contains("quick") })
        test.upstream.send("\r\n0\r\nX-Sum: 1\r\n\r\n")
        #expect(test.bench.turn { test.client.isOver } && test.client.isReset)
        #expect(!test.client.text.contains("X-Sum"))
    }

    @Test func `bytes that come one by one, each in a chunk, are inflated`() throws {
        let test = try Asked(Self.get)
        test.answer(["Content-Encoding: gzip", "Transfer-Encoding: chunked"])
        for byte in Compressor.gzip("one by one") {
            test.upstream.send(Array("1\r\n".utf8) + [byte] + Array("\r\n".utf8))
            test.bench.turn(for: .milliseconds(1))
        }
        test.upstream.send("0\r\n\r\n")
        #expect(test.isChunked("one by one"))
    }

    @Test func `content that ends with the connection, in several members, is whole`() throws {
        let test = try Asked(Self.get)
        test.answer(["Content-Encoding: x-gzip"], Compressor.gzip("one, ") + Compressor.gzip("two"))
        test.upstream.close()
        #expect(test.isChunked("one, two"))
    }

    @Test func `a client of HTTP 1 0 gets the content up to the end of the connection`() throws {
        let test = try Asked("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        test.answerGzip(Compressor.gzip(Self.text))
        #expect(test.bench.turn { test.client.isEnded })
        #expect(test.client.text.hasSuffix("\r\n\r\n\(Self.text)") && !test.client.text.contains("Transfer-Encoding"))
        #expect(test.client.text.contains("\r\nConnection: close\r\n"))
    }

    @Test func `both connections carry further requests`() throws {
        let test = try Asked(Self.get)
        for round in 0..<3 {
            test.answerGzip(Compressor.gzip("\(round): \(Self.text)"))
            #expect(test.isChunked("\(round): \(Self.text)"))
            test.client.forget()
            test.upstream.forget()
            test.client.send(Self.get)
            #expect(test.bench.turn { test.upstream.text.hasSuffix("\r\n\r\n") })
        }
    }

    @Test func `a client that stops reading stops the upstream, and gets all of it later`() throws {
        let test = try Asked(Self.get)
        test.bench.kernel.isClientStalled = true
        var text: [UInt8] = []
        for number in 0..<400_000 { text += Array("\(number &* 2_654_435_761 % 1_000_003)\n".utf8) }
        test.answerGzip(Compressor.gzip(text))
        test.bench.turn(for: .milliseconds(200))
        #expect(test.client.text == "")
        test.bench.kernel.isClientStalled = false
        // An event of the client's, by which the proxy learns that it can be sent to.
        test.client.send(Self.get)
        #expect(test.bench.turn { test.client.text.hasSuffix("\r\n0\r\n\r\n") })
        #expect(Self.dechunked(test.client.received) == text)
    }

    @Test func `a turn of the loop inflates no more than takes as long as passing other content on`() throws {
        let test = try Asked(Self.get)
        test.answerGzip(Compressor.gzip([UInt8](repeating: 0x61, count: Wire.Limits.inflationFreeBytes)))
        var most = 0
        let isWhole = test.bench.turn {
            let before = test.client.received.count
            test.bench.loop.turn()
            test.client.turn()
            most = max(most, test.client.received.count - before)
            return test.client.hasReceived(Array("\r\n0\r\n\r\n".utf8))
        }
        #expect(isWhole)
        #expect(most <= 2 * (Proxy.Limits.transferBytesPerTurn / Proxy.Limits.inflatedByteCost + 2 * EventLoop.Limits.bufferBytes))
    }

    @Test func `a bomb is broken off`() throws {
        let test = try Asked(Self.get)
        test.answerGzip(Compressor.gzip([UInt8](repeating: 0, count: 64 << 20)))
        #expect(test.bench.turn { test.client.isOver } && test.client.isReset)
        #expect(test.client.received.count < 8 << 20 && !test.client.text.hasSuffix("\r\n0\r\n\r\n"))
    }

    @Test(arguments: ["truncated", "checksum", "length", "garbage", "plain", "empty", "second"])
    func `a content that is not whole gzip is visibly broken`(_ fault: String) throws {
        for minor in [1, 0] {
            let test = try Asked("GET /a HTTP/1.\(minor)\r\nHost: localhost\r\n\r\n")
            var gzip = Compressor.gzip(Self.text)
            switch fault {
            case "truncated": gzip.removeLast()
            case "checksum": gzip[gzip.count - 8] ^= 1
            case "length": gzip[gzip.count - 1] ^= 1
            case "garbage": gzip += [0]
            case "plain": gzip = Array(Self.text.utf8)
            case "empty": gzip = []
            default: gzip += gzip[..<20]
            }
            test.answer(["Content-Encoding: gzip", "Transfer-Encoding: chunked"])
            #expect(test.bench.turn { test.client.text.hasSuffix("\r\n\r\n") })
            if !gzip.isEmpty { test.upstream.send(Array("\(String(gzip.count, radix: 16))\r\n".utf8) + gzip + Array("\r\n".utf8)) }
            test.upstream.send("0\r\n\r\n")
            #expect(test.bench.turn { test.client.isOver })
            #expect(test.client.isReset, "HTTP/1.\(minor)")
            #expect(!test.client.text.hasSuffix("\r\n0\r\n\r\n"))
            // Nothing of it is left to others.
            let next = try test.bench.client()
            next.send(Self.get)
            let upstream = try test.bench.upstream()
            #expect(test.bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            #expect(test.bench.turn { next.text.hasSuffix("\r\n\r\nok") })
            #expect(test.bench.turn { test.bench.server.pool.lentCount == 0 })
        }
    }

    @Test func `a content that is damaged, for a client that has left, is no fault of the request that waits`() throws {
        let bench = try Bench(route: #", "decompress": true, "limits": { "concurrency": 1 }"#, encrypted: false)
        let (client, other) = (try bench.client(), try bench.client())
        client.send(Self.get.replacing("\r\n\r\n", with: "\r\nConnection: close\r\n\r\n"))
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        other.send("POST /b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { bench.server.routes[0].destination.queueCount == 1 })
        // Nobody watches it yet, so that it shows when it is sent something.
        client.reset()
        let head = "HTTP/1.1 404 Not Found\r\nContent-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
        upstream.send(Array(head.utf8) + [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + [UInt8](repeating: 0xFF, count: 10))
        let next = try bench.upstream()
        #expect(bench.turn { next.text.hasSuffix("ok") })
        next.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { other.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test(arguments: ["truncated", "damaged", "garbage", "bomb"], [true, false])
    func `an answer other than of success keeps its status, and its content is broken visibly`(_ fault: String, _ decompress: Bool) throws {
        for minor in [1, 0] {
            let bench = try Bench(route: decompress ? #", "decompress": true"# : "", hasTokenCalls: true)
            let client = try bench.client()
            try bench.giveToken("a-token-that-is-looked-for")
            client.send("GET /a HTTP/1.\(minor)\r\nHost: localhost\r\n\r\n")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            var gzip = Compressor.gzip("insufficient funds")
            switch fault {
            case "truncated": gzip.removeLast()
            case "damaged": gzip[gzip.count - 8] ^= 1
            case "garbage": gzip += [0, 1]
            default: gzip = Compressor.gzip(Array("insufficient funds".utf8) + [UInt8](repeating: 0, count: 64 << 20))
            }
            upstream.send(
                Array("HTTP/1.1 402 Payment Required\r\nContent-Encoding: gzip\r\nContent-Length: \(gzip.count)\r\n\r\n".utf8) + gzip)
            #expect(bench.turn { client.isOver } && client.isReset)
            #expect(client.text.hasPrefix("HTTP/1.1 402 Payment Required\r\n") && client.text.contains("insufficient funds"))
            #expect(!client.text.hasSuffix("\r\n0\r\n\r\n"))
            #expect(bench.turn { bench.server.pool.lentCount == 0 })
        }
    }

    @Test func `what is found to be wrong before any of it has gone is answered with 502`() throws {
        let test = try Asked(Self.get)
        test.answerGzip(Array(Self.text.utf8))
        #expect(test.bench.turn { test.client.text.hasSuffix("}\n") })
        #expect(test.client.text.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n") && test.client.text.contains("its gzip content is damaged"))
        #expect(test.client.text.contains("\r\nProxy-Status: bearerproxy; error=http_response_content_coding"))
        #expect(!test.client.text.contains("Vary"))
    }

    @Test func `text that says that the token was refused is found in gzip`() throws {
        for accepted in ["", "Accept-Encoding: gzip\r\n"] {
            let rules = #", "decompress": true, "reauthenticateOn": [{ "status": 403, "body": "jwt expired" }]"#
            let bench = try Bench(route: rules, hasTokenCalls: true, encrypted: false)
            try bench.giveToken("one")
            let client = try bench.client()
            client.send("GET /a HTTP/1.1\r\nHost: localhost\r\n\(accepted)\r\n")
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
            upstream.forget()
            let refusal = Compressor.gzip(#"{"message":"the jwt expired an hour ago"}"#)
            upstream.send(Array("HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\nContent-Length: \(refusal.count)\r\n\r\n".utf8) + refusal)
            try bench.giveToken("two")
            #expect(bench.turn { upstream.text.contains("Bearer two\r\n") && upstream.text.hasSuffix("\r\n\r\n") })
            let other = Compressor.gzip("not for you")
            upstream.send(Array("HTTP/1.1 403 Forbidden\r\nContent-Encoding: gzip\r\nContent-Length: \(other.count)\r\n\r\n".utf8) + other)
            #expect(bench.turn { accepted.isEmpty ? client.text.hasSuffix("\r\n0\r\n\r\n") : client.hasReceived(other) })
            #expect(client.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        }
    }

    @Test func `an upstream that goes away within the content breaks it`() throws {
        let test = try Asked(Self.get)
        let gzip = Compressor.gzip(Self.text)
        test.answer(["Content-Encoding: gzip", "Content-Length: \(gzip.count)"], Array(gzip.dropLast(8)))
        #expect(test.bench.turn { test.client.text.contains("quick") })
        test.upstream.close()
        #expect(test.bench.turn { test.client.isReset })
    }

    @Test func `a client that goes away within the content ends the work for it`() throws {
        let test = try Asked(Self.get)
        let gzip = Compressor.gzip(Self.text)
        test.answer(["Content-Encoding: gzip", "Content-Length: \(gzip.count)"], Array(gzip.dropLast(8)))
        #expect(test.bench.turn { test.client.text.contains("quick") })
        test.client.reset()
        #expect(test.bench.turn { test.upstream.isOver })
    }
}
