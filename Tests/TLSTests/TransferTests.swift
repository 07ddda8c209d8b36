import Testing

@testable import TLS

struct TransferTests {
    @Test(arguments: Version.allCases)
    func `both versions carry bytes both ways exactly`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        #expect(pair.client.version == version.rawValue)
        #expect(pair.server.version == version.rawValue)
        let (up, down) = (Setting.content(3 << 20), Setting.content(5 << 20, seed: 9))
        let (atServer, atClient) = try pair.exchange(up: up, down: down)
        expectSame(atServer, up)
        expectSame(atClient, down)
    }

    @Test(arguments: Version.allCases, [1, 2, 3, 4, 5, 6] as [UInt64])
    func `short reads, short writes and full sockets lose nothing`(version: Version, seed: UInt64) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server, over: MemoryNetwork(.random(seed: seed), capacity: 50_000))
        try pair.shakeHands()
        let (up, down) = (Setting.content(1 << 20), Setting.content(1_500_000, seed: seed))
        let (atServer, atClient) = try pair.exchange(up: up, down: down)
        expectSame(atServer, up)
        expectSame(atClient, down)
    }

    @Test(arguments: Version.allCases)
    func `one byte at a time loses nothing`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server, over: MemoryNetwork(.oneByte, capacity: 17_000))
        try pair.shakeHands()
        let (up, down) = (Setting.content(40_000), Setting.content(50_000, seed: 3))
        let (atServer, atClient) = try pair.exchange(up: up, down: down)
        expectSame(atServer, up)
        expectSame(atClient, down)
    }

    @Test func `one receive serves several records and one read fills its buffer`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server, over: MemoryNetwork(capacity: 8 << 20))
        try pair.shakeHands()
        let content = Setting.content(1 << 20)
        let written = try pair.server.write(text: content)
        #expect(written == .bytes(content.count))
        let callsBefore = pair.network.receiveCalls[0]
        pair.reportEdges()
        let (transfer, bytes) = try pair.client.readOnce(room: content.count)
        #expect(transfer == .bytes(content.count))
        expectSame(bytes, content)
        // 64 records: 17 receives of four each, and the session tickets.
        #expect(pair.network.receiveCalls[0] - callsBefore <= 18)
    }

    @Test(arguments: Version.allCases)
    func `records that are written together are sent together`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        let calls = pair.network.sendCalls[0]
        let content = Setting.content(1 << 16)
        #expect(try pair.client.write(text: content) == .bytes(content.count))
        #expect(try pair.client.write(text: Array(content[..<20_000])) == .bytes(20_000))
        #expect(pair.network.sendCalls[0] - calls == 2)
        pair.reportEdges()
        expectSame(try pair.server.readAll(), content + content[..<20_000])
    }

    @Test(arguments: Version.allCases, [1, 5, 16_000, 16_500, 40_000, 65_000])
    func `of records that the socket took in part, the rest goes first`(version: Version, room: Int) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        let content = Setting.content(1 << 16)
        pair.network.capacity = room
        let first = try pair.client.write(text: content)
        let taken = if case .bytes(let count) = first { count } else { 0 }
        #expect(taken <= room && taken >= room - 17_000 && taken % 16_384 == 0)
        #expect(try pair.client.write(text: Array(content[taken...])) == .wantsWrite)
        pair.network.capacity = 1 << 20
        // In another place, and with more behind it.
        let rest = Array(content[taken...]) + [1, 2, 3]
        #expect(try pair.client.write(text: rest) == .bytes(rest.count))
        pair.reportEdges()
        expectSame(try pair.server.readAll(), content + [1, 2, 3])
    }

    @Test func `an end behind half a record is no orderly one`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        pair.network.capacity = 20_000
        _ = try pair.client.write(text: Setting.content(1 << 16))
        pair.network.capacity = 1 << 20
        let calls = pair.network.sendCalls[0]
        pair.client.sendCloseNotify()
        #expect(pair.network.sendCalls[0] == calls)
        pair.network.end(MemoryNetwork.server)
        pair.server.socketReadable(peerClosed: true)
        let (received, _) = try pair.server.readOnce()
        #expect(received == .bytes(16_384))
        #expect(throws: TLSError.truncated(peer: "client")) { try pair.server.readOnce() }
    }

    @Test func `a drained socket is not asked again before the next edge`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.server.write(text: Array("answer".utf8))
        pair.reportEdges()
        let calls = pair.network.receiveCalls[0]
        let (first, _) = try pair.client.readOnce()
        #expect(first == .bytes(6))
        for _ in 0..<3 {
            let (next, _) = try pair.client.readOnce()
            #expect(next == .wantsRead)
        }
        #expect(pair.network.receiveCalls[0] - calls == 1)
    }

    @Test func `an end that came together with bytes is told without another edge`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.client.readAll()
        var isExhausted = pair.client.isExhausted
        #expect(isExhausted)
        _ = try pair.server.write(text: Array("answer".utf8))
        #expect(try pair.server.endWriting() == .done)
        pair.reportEdges()
        let (first, _) = try pair.client.readOnce()
        isExhausted = pair.client.isExhausted
        #expect(first == .bytes(6) && !isExhausted)
        let (second, _) = try pair.client.readOnce()
        #expect(second == .closed)
    }

    @Test(arguments: Version.allCases)
    func `a connection that has rested goes on, and gives no byte back that it has not told`(version: Version) throws {
        let (client, server) = try Setting.contexts(version)
        var pair = try Pair(client, server)
        try pair.shakeHands()
        let content = Setting.content(40_000)
        for _ in 0..<3 {
            pair.client.releaseBuffers()
            pair.server.releaseBuffers()
            let (atServer, atClient) = try pair.exchange(up: content, down: content)
            expectSame(atServer, content)
            expectSame(atClient, content)
        }
        // Half of what is there has been read.
        _ = try pair.server.write(text: content)
        pair.reportEdges()
        var (_, bytes) = try pair.client.readOnce(room: 20_000)
        pair.client.releaseBuffers()
        bytes += try pair.client.readAll()
        expectSame(bytes, content)
    }

    @Test func `after the peer has closed reads go on to the end without further edges`() throws {
        let (client, server) = try Setting.contexts()
        var pair = try Pair(client, server)
        try pair.shakeHands()
        _ = try pair.server.write(text: Array("answer".utf8))
        pair.network.end(MemoryNetwork.client)
        pair.client.socketReadable(peerClosed: true)
        let (first, bytes) = try pair.client.readOnce()
        #expect(first == .bytes(6))
        #expect(bytes == Array("answer".utf8))
        #expect(throws: TLSError.truncated(peer: "api.example")) { try pair.client.readOnce() }
    }
}
