import EventLoop
import Testing

@testable import Proxy

/// Long contents, which go to the client in the memory that they were received into.
@Suite struct ServerBulkTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let token = "a-token-that-is-longer-than-eight-bytes"

    private static func content(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
        var state = seed
        return (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 56) | 0x80
        }
    }

    private static func head(_ count: Int) -> [UInt8] {
        Array("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: \(count)\r\n\r\n".utf8)
    }

    @Test(arguments: [1, 16, 60]) func `a content that came with its head goes on with it in one piece`(kibibytes: Int) throws {
        let bench = try Bench(encrypted: false)
        let client = try bench.client()
        let content = Self.content(kibibytes * 1024)
        client.send(Self.get)
        let upstream = try bench.upstream()
        for _ in 0..<3 {
            #expect(bench.turn { upstream.text.hasPrefix("GET ") })
            upstream.forget()
            client.forget()
            bench.kernel.clientSends = []
            upstream.send(Self.head(content.count) + content)
            #expect(bench.turn { client.hasReceived(content) })
            #expect(bench.kernel.clientSends.count == 1)
            #expect(client.text.hasPrefix("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nX-Request-Id: "))
            #expect(client.text.contains("\r\nContent-Length: \(content.count)\r\n\r\n"))
            client.send(Self.get)
        }
    }

    @Test func `a client that reads now and then gets every byte, and no token wherever it stands`() throws {
        let bench = try Bench(hasTokenCalls: true)
        let client = try bench.client()
        client.send(Self.get)
        try bench.giveToken(Self.token)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains(Self.token) })
        var content = Self.content(9 << 20)
        var expected = content
        // Also across the ends of what is received at one time.
        let starts = stride(from: 16_384 - 20, to: content.count - 100, by: 16_384 + 7)
        for start in starts {
            content.replaceSubrange(start..<start + Self.token.utf8.count, with: Self.token.utf8)
            expected.replaceSubrange(start..<start + Self.token.utf8.count, with: repeatElement(UInt8(ascii: "*"), count: Self.token.utf8.count))
        }
        var ticks = 0
        bench.ticked = {
            ticks += 1
            client.isReading = ticks % 4 == 0
        }
        upstream.send(Self.head(content.count) + content)
        #expect(bench.turn { client.received.count >= content.count + 100 && client.hasReceived(Array(expected.suffix(100))) })
        var received = Array(client.received.suffix(content.count))
        // Where what was received at one time ended within its first bytes, those had gone before it could be known.
        for start in starts {
            for (index, byte) in Self.token.utf8.prefix(Limits.heldBackBytesMin - 1).enumerated() where received[start + index] == byte {
                received[start + index] = UInt8(ascii: "*")
            }
        }
        let isSame = received == expected
        #expect(isSame)
        #expect(bench.server.pool.lentCount <= 4)
    }

    @Test func `an answer that breaks off with its first piece is told as such`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        upstream.send(Self.head(100_000) + Self.content(20_000))
        upstream.finish()
        #expect(bench.turn { client.isOver || client.text.hasPrefix("HTTP/1.1 502 ") })
        #expect(!client.hasReceived(Self.content(20_000)))
    }
}
