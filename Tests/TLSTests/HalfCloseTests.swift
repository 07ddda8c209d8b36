import Testing

@testable import TLS

/// One half of a connection ends, and the other goes on.
struct HalfCloseTests {
    @Test(arguments: Version.allCases)
    func `after the end of writing, all that the other side goes on to send is read`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.write(text: Array("all".utf8))
        for _ in 0..<2 { #expect(try pair.client.endWriting() == .done) }
        pair.reportEdges()
        let (first, bytes) = try pair.server.readOnce()
        #expect(first == .bytes(3) && bytes == Array("all".utf8))
        let (second, _) = try pair.server.readOnce()
        #expect(second == .closed)

        let content = Setting.content(100_000)
        #expect(try pair.server.write(text: content) == .bytes(content.count))
        pair.reportEdges()
        let received = try pair.client.readAll()
        #expect(received == content)
        // The end that nobody waits for sends no second alert.
        let sendCalls = pair.network.sendCalls
        pair.client.sendCloseNotify()
        #expect(pair.network.sendCalls == sendCalls)
        #expect(try pair.server.endWriting() == .done)
        pair.reportEdges()
        let (last, _) = try pair.client.readOnce()
        #expect(last == .closed)
    }

    @Test(arguments: Version.allCases)
    func `an end that the socket does not take is sent when it does`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        _ = try pair.client.write(text: Array("all".utf8))
        pair.network.capacity = pair.network.inbound[1].count
        for _ in 0..<2 { #expect(try pair.client.endWriting() == .wantsWrite) }
        // Half of the alert fits.
        pair.network.capacity += 5
        #expect(try pair.client.endWriting() == .wantsWrite)
        pair.network.capacity = 256 * 1024
        for _ in 0..<2 { #expect(try pair.client.endWriting() == .done) }
        pair.reportEdges()
        let (first, _) = try pair.server.readOnce()
        let (second, _) = try pair.server.readOnce()
        #expect(first == .bytes(3) && second == .closed)
    }
}
