import EventLoop
import Testing

@testable import Proxy

/// More clients than the process has descriptors for.
@Suite struct ServerRoomTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `a client that waits for a place gets that of one that asks nothing`() throws {
        // Room for two clients.
        let bench = try Bench(descriptorsMax: 28)
        var upstream: Peer?
        for number in 0..<5 {
            let client = try bench.client()
            client.send(Self.get)
            if upstream == nil { upstream = try bench.upstream() }
            let served = try #require(upstream)
            #expect(bench.turn { served.text.hasPrefix("GET ") }, "client \(number) was not served")
            served.forget()
            served.send(Self.empty)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
            #expect(bench.server.downstreams.count <= 2)
        }
    }

    @Test func `a burst of clients is accepted without a pause`() throws {
        let bench = try Bench()
        let clients = try (0..<180).map { _ in try bench.client() }
        for _ in 0..<2 { bench.loop.turn() }
        #expect(bench.server.downstreams.count == clients.count)
    }

    @Test func `a client with a request keeps its place`() throws {
        let bench = try Bench(descriptorsMax: 26)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        let second = try bench.client()
        second.send(Self.get)
        bench.turn(for: .milliseconds(300))
        #expect(!first.isOver && second.received.isEmpty)
        upstream.forget()
        upstream.send(Self.empty)
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") && upstream.text.hasPrefix("GET ") })
        upstream.send(Self.empty)
        #expect(bench.turn { second.text.hasPrefix("HTTP/1.1 204") })
    }
}
