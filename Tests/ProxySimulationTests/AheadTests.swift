import EventLoop
import Simulation
import Testing

@testable import Proxy

/// Connections that are opened before they are needed.
@Suite struct AheadTests {
    /// So many clients with a request each, all of which an upstream has.
    private static func busy(_ site: NamedSite, _ count: Int) throws -> [Conversation] {
        let clients = try (0..<count).map { _ in try site.world.converse(.btc) }
        try ask(site, clients)
        return clients
    }

    private static func ask(_ site: NamedSite, _ clients: [Conversation]) throws {
        site.isHolding = true
        let count = site.held.count
        for client in clients { client.send(World.get("/")) }
        try #require(site.world.run { site.held.count == count + clients.count })
    }

    private static func answer(_ site: NamedSite, _ clients: [Conversation]) throws {
        let counts = clients.map(\.answers.count)
        site.answerAll()
        try #require(site.world.run { zip(clients, counts).allSatisfy { $0.answers.count == $1 + 1 } })
    }

    @Test func `a request that takes one of the last free connections has the next one opened`() throws {
        let site = try NamedSite(seed: 1)
        let clients = try Self.busy(site, 4)
        let others = try (0..<4).map { _ in try site.world.converse(.btc) }
        #expect(site.world.run { site.world.server.downstreams.count == 8 })
        try Self.answer(site, clients)
        #expect(site.accepted.count == 4)
        try Self.ask(site, clients)
        site.world.pass(.seconds(1))
        #expect(site.accepted.count == 5 && site.destination.idle.count == 1)
        // It is there when the fifth comes, and then one is opened for the sixth.
        try Self.ask(site, [others[0]])
        site.world.pass(.seconds(1))
        #expect(site.accepted.count == 6)
        try Self.answer(site, clients + [others[0]])
        for client in clients + others { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test func `one that nobody came for is closed early`() throws {
        let site = try NamedSite(seed: 2)
        let clients = try Self.busy(site, 4)
        let other = try site.world.converse(.btc)
        #expect(site.world.run { site.world.server.downstreams.count == 5 })
        try Self.answer(site, clients)
        try Self.ask(site, clients)
        site.world.pass(Limits.unusedIdleTimeout.duration - .seconds(1))
        #expect(site.destination.idle.count == 1)
        site.world.pass(.seconds(2))
        #expect(site.destination.idle.isEmpty && site.destination.openCount == 4)
        try Self.answer(site, clients)
        for client in clients + [other] { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test func `clients that ask one after another open no second connection`() throws {
        let site = try NamedSite(seed: 3)
        let clients = try (0..<20).map { _ in try site.world.converse(.btc) }
        for round in 1...5 {
            for client in clients {
                client.send(World.get("/"))
                #expect(site.world.run { client.answers.count == round })
            }
        }
        #expect(site.accepted.count == 1)
        for client in clients { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...10)
    func `a cold start opens at most one connection for each client, however the requests come`(seed: UInt64) throws {
        let site = try NamedSite(seed: seed)
        site.network.latency = .microseconds(50)...(.milliseconds(20))
        let clients = try (0..<64).map { _ in try site.world.converse(.btc) }
        for round in 1...20 {
            for client in clients { client.send(World.get("/")) }
            #expect(site.world.run { clients.allSatisfy { $0.answers.count == round } })
        }
        #expect(site.accepted.count <= 64 && site.endedCount == 0)
        for client in clients { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test func `the limit of a route holds for those that nobody waits for`() throws {
        let site = try NamedSite(seed: 4, route: "\"limits\": { \"concurrency\": 4 }")
        let clients = try Self.busy(site, 4)
        let others = try (0..<8).map { _ in try site.world.converse(.btc) }
        try Self.answer(site, clients)
        try Self.ask(site, clients)
        site.world.pass(.seconds(1))
        #expect(site.accepted.count == 4 && site.destination.openCount == 4)
        try Self.answer(site, clients)
        for client in clients + others { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test func `a request that waits for one that was opened ahead has its whole time when that fails`() throws {
        let site = try NamedSite(seed: 5)
        let clients = try Self.busy(site, 4)
        let other = try site.world.converse(.btc)
        #expect(site.world.run { site.world.server.downstreams.count == 5 })
        try Self.answer(site, clients)
        site.network.blackHoles = [site.four]
        try Self.ask(site, clients)
        #expect(site.destination.openCount == 5)
        site.world.pass(.seconds(4))
        other.send(World.get("/"))
        site.world.pass(.milliseconds(500))
        #expect(site.destination.queueCount == 1 && site.destination.openCount == 5)
        site.network.blackHoles = []
        #expect(site.world.run { site.held.count == 5 })
        try Self.answer(site, clients + [other])
        #expect(other.answers[0].status == 200)
        for client in clients + [other] { client.client.close() }
        #expect(site.world.leftovers() == [])
    }

    @Test func `after a connection could not be made none is opened ahead for a while`() throws {
        let site = try NamedSite(seed: 6)
        let clients = try Self.busy(site, 4)
        let other = try site.world.converse(.btc)
        #expect(site.world.run { site.world.server.downstreams.count == 5 })
        try Self.answer(site, clients)
        site.network.faultsByService[site.four, default: .none].connectRefused = 1
        try Self.ask(site, clients)
        site.world.pass(.seconds(1))
        try Self.answer(site, clients)
        site.network.faultsByService = [:]
        try Self.ask(site, clients)
        site.world.pass(.seconds(1))
        #expect(site.accepted.count == 4)
        try Self.answer(site, clients)
        site.world.pass(Limits.aheadPause.duration)
        // The other has been closed meanwhile, for it asked nothing.
        let third = try site.world.converse(.btc)
        #expect(site.world.run { site.world.server.downstreams.count == 5 })
        try Self.ask(site, clients)
        site.world.pass(.seconds(1))
        #expect(site.accepted.count == 5)
        try Self.answer(site, clients)
        for client in clients + [other, third] { client.client.close() }
        #expect(site.world.leftovers() == [])
    }
}
