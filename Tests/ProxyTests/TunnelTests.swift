import EventLoop
import Glibc
import Testing

@testable import Proxy

/// What is sent in most of these tests; the key and its proof are the example of RFC 6455, section 1.3.
private enum Heads {
    static let handshake =
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    static let proof = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    static let accepted =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\nConnection: Upgrade\r\n\(proof)\r\n"
    static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
}

/// Tunnels over plain sockets: which answers make one, and what goes through it.
@Suite struct TunnelTests {
    @Test func `a handshake becomes a tunnel, with the token and without what is the client's own`() throws {
        let bench = try Bench()
        let (client, upstream) = try handshake(bench)
        #expect(upstream.text.hasPrefix("GET /ws HTTP/1.1\r\n") && upstream.text.contains("Authorization: Bearer s3cret\r\n"))
        #expect(upstream.text.contains("Connection: upgrade\r\nUpgrade: websocket\r\n"))
        #expect(upstream.text.contains("Sec-WebSocket-Version: 13\r\n"))
        upstream.send(Heads.accepted + "first")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\nfirst") })
        #expect(client.text.hasPrefix("HTTP/1.1 101 Switching Protocols\r\n") && client.text.contains(Heads.proof))
        #expect(client.text.contains("\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n"))
        upstream.forget()
        client.send("up")
        #expect(bench.turn { upstream.text == "up" })
        upstream.send("down")
        #expect(bench.turn { client.text.hasSuffix("firstdown") })
    }

    @Test func `what a client sends before the 101 waits for it`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Heads.handshake + "early")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        bench.turn(for: .milliseconds(50))
        #expect(!upstream.text.contains("early"))
        upstream.send(Heads.accepted)
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\nearly") })
    }

    @Test func `after a refused handshake, the client's next bytes are its next request`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Heads.handshake + Heads.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.forget()
        upstream.send("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
        #expect(bench.turn { client.text.hasSuffix("no") && upstream.text.hasPrefix("GET /a HTTP/1.1\r\n") })
        #expect(!upstream.text.contains("Upgrade"))
    }

    @Test func `426 says what it demands`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Heads.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 426 Upgrade Required\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        #expect(client.text.contains("\r\nConnection: upgrade\r\nUpgrade: websocket\r\n"))
    }

    @Test func `a refused token is replaced, and the handshake sent again`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let (client, upstream) = try handshake(bench)
        #expect(upstream.text.contains("Bearer one\r\n"))
        upstream.forget()
        upstream.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")
        try bench.giveToken("two")
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.contains("Bearer two\r\n") && upstream.text.contains("Upgrade: websocket\r\n"))
        upstream.send(Heads.accepted + "hello")
        #expect(bench.turn { client.text.hasSuffix("hello") })
        #expect(client.text.hasPrefix("HTTP/1.1 101 "))
    }

    @Test(arguments: [
        // Nobody asked for it.
        (Heads.get, "Upgrade: websocket\r\nConnection: Upgrade\r\n\(Heads.proof)"),
        // Another protocol, several, none, or one that Connection does not name.
        (Heads.handshake, "Upgrade: irc\r\nConnection: Upgrade\r\n\(Heads.proof)"),
        (Heads.handshake, "Upgrade: websocket, irc\r\nConnection: Upgrade\r\n\(Heads.proof)"),
        (Heads.handshake, "Upgrade: websocket\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\(Heads.proof)"),
        (Heads.handshake, "Connection: Upgrade\r\n\(Heads.proof)"), (Heads.handshake, "Upgrade: websocket\r\n\(Heads.proof)"),
        // A key that was not read.
        (Heads.handshake, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOp=\r\n"),
        (Heads.handshake, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
        (Heads.handshake, "Upgrade: websocket\r\nConnection: Upgrade\r\n\(Heads.proof)\(Heads.proof)"),
        (Heads.handshake, "Upgrade: websocket\r\nConnection: Upgrade\r\n"),
    ])
    func `a 101 that is no answer to the offer is a fault of the upstream`(request: String, fields: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(request)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send("HTTP/1.1 101 Switching Protocols\r\n\(fields)\r\nsmuggled")
        #expect(bench.turn { client.text.contains("upstream_protocol") && upstream.isOver })
        #expect(client.text.hasPrefix("HTTP/1.1 502 ") && !client.text.contains("smuggled"))
    }

    @Test(arguments: [
        ("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA", "Upgrade, HTTP2-Settings"), ("Upgrade: H2C", "upgrade"),
        ("Upgrade: h2c, TLS/1.0, HTTP/2.0, h2, http", "upgrade"), ("Upgrade: h2c-14", "upgrade"),
        // No handshake without a key, with two, or with none of 16 bytes.
        ("Upgrade: websocket", "upgrade"), ("Upgrade: websocket\r\nSec-WebSocket-Key: c2hvcnQ=", "upgrade"),
        ("Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec_WebSocket_Key: dGhlIHNhbXBsZSBub25jZQ==", "upgrade"),
        ("Upgrade: irc\r\nContent-Length: 2", "upgrade"), ("Upgrade: irc", "close"), ("Upgrade: i rc", "upgrade"),
        ("Upgrade: irc/6/9", "upgrade"), ("Upgrade: ", "upgrade"), ("Upgrade: a,b,c,d,e,f,g,h,i", "upgrade"),
    ])
    func `an offer that may not be tunnelled is not forwarded`(fields: String, connection: String) throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.1\r\nHost: localhost\r\nConnection: \(connection)\r\n\(fields)\r\n\r\nok")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("\r\n\r\n") })
        #expect(!upstream.text.lowercased().contains("upgrade") && !upstream.text.contains("HTTP2-Settings"))
        upstream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 502 ") })
    }

    @Test func `of a list, what may be tunnelled is offered, and the one that is taken is told`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(
            "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\nConnection: upgrade\r\nUpgrade: h2c, IRC/6.9,websocket\r\n"
                + "Upgrade: TLS/1.3 , chat\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(upstream.text.contains("\r\nConnection: upgrade\r\nUpgrade: IRC/6.9, chat\r\n"))
        upstream.send("HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: irc/6.9\r\nContent-Length: 0\r\n\r\nNOTICE")
        #expect(bench.turn { client.text.hasSuffix("NOTICE") })
        #expect(client.text.contains("\r\nUpgrade: irc/6.9\r\n") && !client.text.contains("Content-Length"))
    }

    @Test func `an HTTP 1 dot 0 request gets no tunnel`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send("GET /a HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: irc\r\n\r\n")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(!upstream.text.contains("Upgrade"))
    }

    // MARK: ends

    @Test func `a client that finishes sending is still sent to, and the other way round`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.send("last")
        client.finish()
        #expect(bench.turn { upstream.text == "last" && upstream.isEnded })
        upstream.send("more")
        #expect(bench.turn { client.text == "more" })
        #expect(!client.isOver)
        upstream.finish()
        #expect(bench.turn { client.isEnded })

        let (second, other) = try tunnel(bench)
        other.send("last")
        other.finish()
        #expect(bench.turn { second.text == "last" && second.isEnded })
        second.send("more")
        #expect(bench.turn { other.text == "more" })
        second.finish()
        #expect(bench.turn { other.isEnded })
        #expect(!second.isReset && !other.isReset)
    }

    @Test func `a connection that was a tunnel is not used again`() throws {
        let bench = try Bench(route: #", "limits": { "concurrency": 1 }"#)
        let (client, upstream) = try tunnel(bench)
        let other = try bench.client()
        other.send(Heads.get)
        bench.turn(for: .milliseconds(50))
        // The tunnel keeps the one place there is.
        #expect(upstream.text.isEmpty && !bench.hasAnotherUpstream())
        client.finish()
        upstream.finish()
        let next = try bench.upstream()
        #expect(bench.turn { next.text.hasPrefix("GET /a ") })
        #expect(client.isEnded && upstream.text.isEmpty)
    }

    @Test func `a reset of either side is a reset of the other`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.reset()
        #expect(bench.turn { upstream.isReset })
        let (second, other) = try tunnel(bench)
        other.reset()
        #expect(bench.turn { second.isReset })
    }

    @Test func `a reset that only a send has met is no orderly end`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        // The event of the client's byte comes before that of the reset, in the same turn.
        client.send("x")
        upstream.reset()
        #expect(bench.turn { client.isOver })
        #expect(client.isReset)
    }

    @Test func `what the upstream sent before it broke reaches a client that reads late, and then the reset`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.isReading = false
        let content = [UInt8](repeating: 7, count: 1_000_000)
        upstream.send(content)
        #expect(bench.turn { upstream.unsentCount == 0 })
        bench.turn(for: .milliseconds(100))
        upstream.reset()
        bench.turn(for: .milliseconds(200))
        client.isReading = true
        #expect(bench.turn { client.isReset })
        #expect(client.received.count == content.count)
    }

    @Test func `a client that reads nothing of what was sent before the upstream broke is reset in the end`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.isReading = false
        upstream.send([UInt8](repeating: 7, count: 1_000_000))
        #expect(bench.turn { upstream.unsentCount == 0 })
        bench.turn(for: .milliseconds(100))
        upstream.reset()
        #expect(bench.turn { bench.server.upstreams.count == 0 })
        bench.turn(for: .milliseconds(200))
        #expect(bench.server.downstreams.count == 1)
        bench.kernel.skew += .seconds(3)
        #expect(bench.turn { bench.server.downstreams.count == 0 })
    }

    @Test func `a client that has closed does not keep the tunnel up`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.send("bye")
        client.close()
        #expect(bench.turn { upstream.text == "bye" && upstream.isEnded })
        // Nothing is sent to the client, so that only the kernel knows that it is gone.
        #expect(bench.turn { bench.server.upstreams.count == 0 })
    }

    @Test func `an upstream that has closed does not keep the tunnel up`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        upstream.send("bye")
        upstream.close()
        #expect(bench.turn { client.text == "bye" && client.isEnded })
        client.send("still here")
        #expect(bench.turn { bench.server.upstreams.count == 0 })
        #expect(!client.isReset)
    }

    @Test func `a tunnel without a byte ends when its time is over, and one with a byte now and then does not`() throws {
        let bench = try Bench(route: #", "timeouts": { "idle": "30s" }"#)
        let (client, upstream) = try tunnel(bench)
        bench.kernel.skew += .seconds(20)
        bench.turn(for: .milliseconds(50))
        upstream.send("x")
        #expect(bench.turn { client.text == "x" })
        bench.kernel.skew += .seconds(20)
        bench.turn(for: .milliseconds(50))
        client.send("y")
        #expect(bench.turn { upstream.text == "y" })
        bench.kernel.skew += .seconds(20)
        bench.turn(for: .milliseconds(50))
        #expect(!client.isOver && !upstream.isOver)
        bench.kernel.skew += .seconds(20)
        #expect(bench.turn { client.isReset && upstream.isReset })
    }

    @Test func `megabytes go both ways at once`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        let content = [UInt8]((0..<5_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 3) })
        client.send(content)
        upstream.send(content.reversed())
        client.finish()
        upstream.finish()
        #expect(bench.turn { client.isEnded && upstream.isEnded })
        let isSame = client.received == content.reversed() && upstream.received == content
        #expect(isSame)
    }

    @Test func `who does not read stops the other from sending, and holds no more than buffers`() throws {
        let bench = try Bench()
        let (client, upstream) = try tunnel(bench)
        client.isReading = false
        let content = [UInt8](repeating: 7, count: 60_000_000)
        upstream.send(content)
        bench.turn(for: .milliseconds(500))
        // The kernel's own buffers hold some 20 MB.
        #expect(upstream.unsentCount > 20_000_000)
        // One for what was received, one for what is sent, one for the kept head.
        #expect(bench.server.pool.lentCount <= 3)
        client.send("hello")
        #expect(bench.turn { upstream.text == "hello" })
        client.isReading = true
        #expect(bench.turn { client.received.count == content.count })
    }

    @Test func `a drain waits for a tunnel`() throws {
        let bench = try Bench(top: #", "drainTimeout": "20s""#)
        let (client, upstream) = try tunnel(bench)
        bench.server.drain()
        upstream.send("bye")
        #expect(bench.turn { client.text == "bye" })
        var ticks = 0
        bench.ticked = {
            ticks += 1
            if ticks == 5 { client.finish() }
            if ticks == 10 { upstream.finish() }
        }
        bench.loop.run()
        client.turn()
        #expect(client.isEnded && ticks >= 10)
    }

    @Test func `the access log has one line for a tunnel, at its end`() throws {
        let file = "/tmp/bearerproxy-tunnel-\(getpid())-\(UInt64.random(in: 0 ... .max))"
        defer { unlink(file) }
        let bench = try Bench(log: #"{ "access": "\#(file)", "level": "error" }"#)
        let (client, upstream) = try tunnel(bench)
        client.send("12345")
        upstream.send("123")
        #expect(bench.turn { upstream.text == "12345" && client.text == "123" })
        #expect(try Bench.text(of: file).isEmpty)
        client.finish()
        upstream.finish()
        #expect(bench.turn { client.isEnded })
        bench.turn(for: .milliseconds(20))
        let line = try Bench.text(of: file)
        #expect(line.contains(#""path":"/ws","status":101,"received":5,"sent":3,"#) && !line.contains("error"))
    }

    // MARK: steps

    private func handshake(_ bench: Bench) throws -> (client: Peer, upstream: Peer) {
        let client = try bench.client()
        client.send(Heads.handshake)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        return (client, upstream)
    }

    private func tunnel(_ bench: Bench) throws -> (client: Peer, upstream: Peer) {
        let (client, upstream) = try handshake(bench)
        upstream.send(Heads.accepted)
        #expect(bench.turn { client.text.hasSuffix("\r\n\r\n") })
        client.forget()
        upstream.forget()
        return (client, upstream)
    }
}
