import EventLoop
import Testing

@testable import Proxy

/// Contents that are looked into before anything goes upstream: how long they may take, and how much memory.
@Suite struct ServerInspectionTests {
    private static let route = #", "allow": { "rpcMethods": ["get*"] }"#
    private static let call = #"{"method":"getblock"}"#

    private static func head(_ count: Int) -> String {
        "POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: \(count)\r\n\r\n"
    }

    @Test func `a content that comes byte by byte has no more time than one that does not come`() throws {
        let bench = try Bench(route: Self.route)
        let client = try bench.client()
        client.send(Self.head(500))
        bench.turn(for: .milliseconds(20))
        for seconds in [20, 40, 59] {
            bench.kernel.skew = .seconds(seconds)
            client.send(" ")
            bench.turn(for: .milliseconds(20))
        }
        #expect(!client.isOver && client.text == "")
        bench.kernel.skew = .seconds(61)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 408") && client.isEnded })
        #expect(bench.server.pool.lentCount == 0)
    }

    @Test func `these contents have a part of the memory for replays, and leave the rest to others`() throws {
        let bench = try Bench(route: Self.route)
        let content = Self.call + String(repeating: " ", count: 300_000)
        bench.server.inspectedBytes = Limits.inspectedBytesMax - 100_000
        let refused = try bench.client()
        refused.send(Self.head(content.utf8.count) + content)
        #expect(bench.turn { refused.text.hasPrefix("HTTP/1.1 503") })
        #expect(refused.text.contains("allow.rpcMethods") && bench.server.replayBytes == 0)

        bench.server.inspectedBytes = 0
        let client = try bench.client()
        client.send(Self.head(content.utf8.count) + content)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.hasReceived(Array(content.utf8)) })
        #expect(bench.server.inspectedBytes > 200_000 && bench.server.inspectedBytes == bench.server.replayBytes)
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.server.inspectedBytes == 0 && bench.server.replayBytes == 0)
    }
}
