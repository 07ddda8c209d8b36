import Testing

@testable import TLS

struct SessionTests {
    /// One connection that ends as real ones do: `isCut` without any close.
    private func connect(_ client: TLSContext, _ server: TLSContext, name: String = "api.example", isCut: Bool) throws -> Bool {
        var pair = try Pair(client, server, name: name)
        try pair.shakeHands()
        let (atServer, atClient) = try pair.exchange(up: [1, 2, 3], down: [4, 5])
        #expect(atServer == [1, 2, 3])
        #expect(atClient == [4, 5])
        if !isCut { pair.client.sendCloseNotify() }
        let isResumed = pair.client.isResumed
        #expect(pair.server.isResumed == isResumed)
        return isResumed
    }

    @Test(arguments: Version.allCases, [false, true])
    func `the second and later connections resume, also after one that was cut`(version: Version, isCut: Bool) throws {
        let (client, server) = try Setting.contexts(version)
        #expect(try connect(client, server, isCut: isCut) == false)
        for _ in 0..<3 {
            #expect(try connect(client, server, isCut: isCut))
        }
    }

    @Test func `a session is resumed by another server that shares its tickets, and by no other`() throws {
        let authority = try Authority(commonName: "Test Authority")
        let client = try Setting.client(trusting: authority)
        let servers = try (0..<3).map { _ in try Setting.server(authority) }
        try servers[1].shareTickets(with: servers[0])
        #expect(try connect(client, servers[0], isCut: false) == false)
        #expect(try connect(client, servers[1], isCut: false) == true)
        #expect(try connect(client, servers[0], isCut: false) == true)
        #expect(try connect(client, servers[2], isCut: false) == false)
    }

    @Test func `a truncated connection leaves its session usable`() throws {
        let (client, server) = try Setting.contexts()
        #expect(try connect(client, server, isCut: false) == false)
        do {
            var pair = try Pair(client, server)
            try pair.shakeHands()
            _ = try pair.client.readAll()
            pair.network.end(MemoryNetwork.client)
            pair.client.socketReadable(peerClosed: true)
            #expect(throws: TLSError.self) { try pair.client.readOnce() }
        }
        #expect(try connect(client, server, isCut: false))
    }

    @Test func `handshakes at the same time share a session`() throws {
        let (client, server) = try Setting.contexts()
        _ = try connect(client, server, isCut: true)
        var first = try Pair(client, server)
        var second = try Pair(client, server)
        _ = try first.client.handshake()
        _ = try second.client.handshake()
        try first.shakeHands()
        try second.shakeHands()
        #expect(first.client.isResumed == true)
        #expect(second.client.isResumed == true)
        let (atServer, atClient) = try first.exchange(up: [1], down: [2])
        #expect(atServer == [1])
        #expect(atClient == [2])
    }

    @Test func `handshakes at the same time offer different sessions, as far as there are`() throws {
        let (client, server) = try Setting.contexts()
        // The server sends two with the handshake.
        _ = try connect(client, server, isCut: true)
        let offered = (0..<3).map { _ in client.sessions.newest(for: "api.example") }
        #expect(offered.allSatisfy { $0 != nil })
        #expect(offered[0] != offered[1] && offered[2] == offered[0])
        for _ in 0..<Limits.sessionsOfNameMax { _ = try connect(client, server, isCut: true) }
        let kept = Set((0..<2 * Limits.sessionsOfNameMax).map { _ in client.sessions.newest(for: "api.example") })
        #expect(kept.count <= Limits.sessionsOfNameMax)
    }

    @Test func `a session is offered to the server name it came from only`() throws {
        let authority = try Authority(commonName: "A")
        let client = try Setting.client(trusting: authority)
        let server = try Setting.server(authority, ["api.example", "other.example"])
        #expect(try connect(client, server, isCut: false) == false)
        #expect(try connect(client, server, name: "other.example", isCut: false) == false)
        #expect(try connect(client, server, name: "other.example", isCut: false))
    }

    @Test func `a server that forgot its ticket keys gets a whole handshake`() throws {
        let authority = try Authority(commonName: "A")
        let client = try Setting.client(trusting: authority)
        #expect(try connect(client, Setting.server(authority), isCut: false) == false)
        #expect(try connect(client, Setting.server(authority), isCut: false) == false)
    }

    @Test func `the oldest names give way`() throws {
        let authority = try Authority(commonName: "A")
        let client = try Setting.client(trusting: authority)
        let server = try Setting.server(authority, ["*.service.example"])
        for number in 0...Limits.sessionsMax {
            _ = try connect(client, server, name: "n\(number).service.example", isCut: false)
        }
        #expect(try connect(client, server, name: "n1.service.example", isCut: false))
        #expect(try connect(client, server, name: "n0.service.example", isCut: false) == false)
    }
}
