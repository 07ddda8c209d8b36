import EventLoop
import Glibc
import Sandbox
import Simulation
import TLS
import TestShare
import Testing

@testable import Proxy

/// What several loops do as one. Their seeds differ in which loop has which client, and in what comes first.
@Suite struct SeveralLoopsTests {
    private func world(_ seed: Int, _ change: (inout WorldSettings) -> Void = { _ in }) throws -> World {
        var settings = WorldSettings()
        settings.loops = 2 + seed % 2
        change(&settings)
        return try World(seed: UInt64(seed), settings)
    }

    /// How many of them each loop serves.
    private func shares(_ world: World) -> [Int] { world.servers.map(\.downstreams.count) }

    @Test(arguments: Share.of(0..<20))
    func `all loops together make one token call`(seed: Int) throws {
        let world = try world(seed)
        let conversations = try (0..<24).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { conversations.allSatisfy { !$0.answers.isEmpty } })
        #expect(conversations.allSatisfy { $0.answers[0].status == 200 })
        #expect(world.sandbox.bloqTokenCalls.count == 1)
        #expect(shares(world).allSatisfy { $0 > 0 }, "each loop has served some")
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<20))
    func `a revocation costs one token call, however many loops notice it, and each order is carried out once`(seed: Int) throws {
        let world = try world(seed)
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<24).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { conversations.allSatisfy { !$0.answers.isEmpty } })
        let callCount = world.sandbox.bloqTokenCalls.count
        world.sandbox.revokeAllTokens()
        for (number, conversation) in conversations.enumerated() {
            let order = World.order(.btc, number)
            conversation.send(World.post(order.target, order.content))
        }
        #expect(world.run { conversations.allSatisfy { $0.answers.count == 2 } })
        #expect(conversations.allSatisfy { $0.answers[1].status == 200 })
        #expect(world.sandbox.bloqTokenCalls.count == callCount + 1)
        for number in conversations.indices { #expect(world.executions(.btc, number) == 1) }
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<8))
    func `a token that nobody asks for is renewed by one of the loops`(seed: Int) throws {
        let world = try world(seed) { $0.tokenLifetime = .seconds(100) }
        #expect(world.run { world.hasTokens })
        let callCount = world.sandbox.bloqTokenCalls.count
        world.pass(.seconds(1000))
        let calls = world.sandbox.bloqTokenCalls.count - callCount
        #expect((10...15).contains(calls), "once in 76 to 84 s, and not once for each loop")
        #expect(world.leftovers() == [])
    }

    /// Upstream connections that are held until they are answered.
    private final class Held {
        var waiting: [SimulatedClient] = []
        var openCount = 0
        var openMost = 0

        func accepted(_ client: SimulatedClient) {
            openCount += 1
            openMost = max(openMost, openCount)
            client.whenReceived = { [unowned client] _ in self.waiting.append(client) }
            client.whenEnded = { _ in self.openCount -= 1 }
        }

        func answerFirst() {
            guard !waiting.isEmpty else { return }
            answer(waiting.removeFirst())
        }

        func answerLast() {
            guard let last = waiting.popLast() else { return }
            answer(last)
        }

        private func answer(_ client: SimulatedClient) { client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
    }

    @Test(arguments: Share.of(0..<30))
    func `the limit of a route's connections holds over all loops, and nobody waits for ever`(seed: Int) throws {
        let held = Held()
        let limit = 1 + seed % 4
        let world = try world(seed) { settings in
            settings.route = #""limits": { "concurrency": \#(limit), "queue": 1000 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<30).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get("/")) }
        #expect(world.run { held.waiting.count == limit })
        for _ in 0..<200 where !conversations.allSatisfy({ !$0.answers.isEmpty }) {
            held.answerFirst()
            world.pass(.milliseconds(50))
        }
        #expect(conversations.allSatisfy { $0.answers.first?.status == 200 }, "one after another has its turn")
        #expect(held.openMost <= limit + 1, "one that ends on the proxy's side may still stand on the other")
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `a connection that rests with one loop ends for a request of another`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.route = #""limits": { "concurrency": 1, "queue": 10 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        // As many as there are loops, so that each has one.
        let conversations = try world.servers.map { _ in try world.converse(.btc) }
        #expect(world.run { shares(world).allSatisfy { $0 == 1 } }, "few connections are spread evenly")
        for conversation in conversations {
            conversation.send(World.get("/"))
            #expect(world.run(.seconds(5)) { !held.waiting.isEmpty }, "the place comes to the loop that has a request")
            held.answerFirst()
            #expect(world.run(.seconds(5)) { !conversation.answers.isEmpty })
        }
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `a route's queue is full for all loops together`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.route = #""limits": { "concurrency": 1, "queue": 3 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        var conversations: [Conversation] = []
        for _ in 0..<12 {
            let conversation = try world.converse(.btc)
            conversation.send(World.get("/"))
            conversations.append(conversation)
            world.pass(.milliseconds(20))
        }
        #expect(conversations.count { $0.answers.first?.status == 503 } == 12 - 4)
        while held.waiting.count > 0 {
            held.answerFirst()
            world.pass(.milliseconds(50))
        }
        #expect(conversations.count { $0.answers.first?.status == 200 } == 4)
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `the limit of clients holds over all loops`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.top = #""limits": { "connections": 5 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<9).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get("/")) }
        #expect(world.run(.seconds(20)) { conversations.count { $0.answers.first?.status == 503 } == 4 })
        #expect(world.run(.seconds(20)) { held.waiting.count == 5 })
        #expect(world.servers.reduce(0) { $0 + $1.downstreams.count - $1.refusedCount } == 5)
        while held.waiting.count > 0 { held.answerFirst() }
        #expect(world.run(.seconds(20)) { conversations.count { $0.answers.first?.status == 200 } == 5 })
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `loops that wait for the same places in vain are at rest`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.route = #""limits": { "concurrency": 2, "queue": 1000 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<12).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get("/")) }
        #expect(world.run { held.waiting.count == 2 })
        world.pass(.seconds(1))
        let queueCounts = world.servers.map { $0.destinations.reduce(0) { $0 + $1.queueCount } }
        #expect(queueCounts.allSatisfy { $0 > 0 }, "\(queueCounts)")
        var turnCount = 0
        _ = world.run(.seconds(1)) {
            turnCount += 1
            return false
        }
        #expect(turnCount < 200)
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `without a queue, one request at a time is served, whichever loops the clients are with`(seed: Int) throws {
        let world = try world(seed) { $0.route = #""limits": { "concurrency": 1, "queue": 0 }"# }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<6).map { _ in try world.converse(.btc) }
        for round in 1...4 {
            for conversation in conversations {
                conversation.send(World.get(World.plainTarget(.btc)))
                #expect(world.run(.seconds(5)) { conversation.answers.count == round })
                #expect(conversation.answers.last?.status == 200)
                world.pass(.milliseconds(50))
            }
        }
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<6))
    func `all loops together refuse no more clients at one time than one loop would`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.top = #""limits": { "connections": 5 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let served = try (0..<5).map { _ in try world.converse(.btc) }
        for conversation in served { conversation.send(World.get("/")) }
        #expect(world.run { held.waiting.count == 5 })
        let flood = try (0..<300).map { _ in try world.converse(.btc) }
        var refusedMost = 0
        _ = world.run(.seconds(5)) {
            refusedMost = max(refusedMost, world.servers.reduce(0) { $0 + $1.refusedCount })
            return false
        }
        #expect((Limits.refusalsMax / 2...Limits.refusalsMax + world.servers.count - 1).contains(refusedMost), "\(refusedMost)")
        for conversation in flood { conversation.client.close() }
        while held.waiting.count > 0 { held.answerFirst() }
        #expect(world.run(.seconds(20)) { served.allSatisfy { $0.answers.first?.status == 200 } })
        for conversation in served { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `a client without a request gives its place to a new one of another loop`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.loops = 2
            settings.top = #""limits": { "connections": 6 }"#
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<6).map { _ in
            defer { world.pass(.milliseconds(20)) }
            return try world.converse(.btc)
        }
        // Those of the first loop have requests under way, the others have had theirs.
        func busyCount(_ server: Server) -> Int {
            var count = 0
            server.downstreams.forEach { if server.downstreams[$0].phase == .exchanging { count += 1 } }
            return count
        }
        for conversation in conversations {
            conversation.send(World.get("/"))
            world.pass(.milliseconds(50))
            guard busyCount(world.servers[1]) > 0 else { continue }
            held.answerLast()
            #expect(world.run(.seconds(5)) { conversation.answers.count == 1 })
        }
        #expect(world.servers.map(busyCount) == [3, 0])
        let newcomers = try (0..<3).map { _ in try world.converse(.btc) }
        for conversation in newcomers { conversation.send(World.get("/")) }
        #expect(world.run(.seconds(5)) { held.waiting.count == 6 })
        #expect(newcomers.allSatisfy { $0.answers.isEmpty }, "none is refused")
        while held.waiting.count > 0 { held.answerFirst() }
        #expect(world.run(.seconds(5)) { newcomers.allSatisfy { $0.answers.first?.status == 200 } })
        for conversation in conversations + newcomers { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<12))
    func `a client on its way to a loop that drains is awaited and answered`(seed: Int) throws {
        let world = try world(seed) { $0.loops = 2 }
        #expect(world.run { world.hasTokens })
        let group = try #require(world.server.group)
        // If the second loop accepts it, it hands it over.
        group.members[1].clientCount.add(10)
        let conversation = try world.converse(.btc)
        conversation.send(World.get(World.plainTarget(.btc)))
        #expect(world.run { group.takenPlacesCount == 1 })
        group.members[1].clientCount.add(-10)
        if world.servers.allSatisfy({ $0.downstreams.count == 0 }) {
            // Nothing else keeps the first loop from its end.
            for listener in world.server.listeners { listener.descriptor = nil }
        }
        world.server.drain()
        #expect(world.run(.seconds(5)) { conversation.ending != nil })
        #expect(conversation.answers.first?.status == 200)
        #expect(world.run { group.members.allSatisfy { $0.hasDrained.isSet } })
        #expect(world.leftovers() == [])
    }

    @Test func `a client whose TLS a loop has no room for is not handed over to it`() throws {
        var settings = WorldSettings()
        settings.loops = 2
        let world = try World(seed: 1, settings)
        #expect(world.run { world.hasTokens })
        let group = try #require(world.server.group)
        let issued = try Authority(commonName: "Listeners of tests").issue(names: ["localhost"])
        world.server.listeners[0].tls = try TLSContext.server(
            certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        group.members[0].clientCount.add(10)
        group.members[1].handshakeCount.set(Limits.handshakesMax / 2)
        #expect(!world.server.handOver(-1, listener: 0, group))
        #expect(group.members[1].clientCount.value == 0 && group.handedOverCount.value == 0)
        group.members[1].handshakeCount.set(Limits.handshakesMax / 2 - 1)
        #expect(world.server.handOver(-1, listener: 0, group))
        #expect(group.members[1].clientCount.value == 1 && group.handedOverCount.value == 1)
    }

    @Test(arguments: 0..<6)
    func `a request finds a descriptor where all rest in another loop's pool`(seed: Int) throws {
        let world = try world(seed) { settings in
            settings.loops = 2
            settings.broad = ""
            // Four of them are for connections.
            settings.descriptorsMax = 8
        }
        #expect(world.run { world.hasTokens })
        let group = try #require(world.server.group)
        func ask(_ provider: World.Provider, ofLoop position: Int) throws -> HTTPAnswer? {
            #expect(world.run(.seconds(1)) { world.servers.allSatisfy { $0.downstreams.count == 0 } })
            // The other one hands over whom it accepts.
            group.members[1 - position].clientCount.add(10)
            defer { group.members[1 - position].clientCount.add(-10) }
            return try world.get(provider, World.plainTarget(provider))
        }
        for provider in [World.Provider.btc, .bloquo, .broad] { #expect(try ask(provider, ofLoop: 0)?.status == 200) }
        let counts = world.servers.map { server in server.destinations.reduce(0) { $0 + $1.idle.count } }
        // Mostly three.
        #expect(counts[0] >= 2 && counts[1] == 0)
        for provider in [World.Provider.btc, .bloquo, .broad] {
            #expect(try ask(provider, ofLoop: 1)?.status == 200)
            #expect(world.server.socketCount <= 4 && world.servers[1].socketCount <= 4)
        }
        #expect(world.servers[1].descriptorlessCount == 0)
        #expect(world.leftovers() == [])
    }

    @Test func `a fault of what wakes a loop is not called a listener's`() throws {
        var foundCount = 0
        for number in 1...80 {
            do {
                var settings = WorldSettings()
                settings.loops = 2
                settings.failingCall = number
                _ = try World(seed: 1, settings)
            } catch let error as StartError where "\(error)".contains("eventfd") {
                foundCount += 1
                #expect(!"\(error)".contains("listen"), "\(error)")
            } catch {
                // Another call's.
            }
        }
        #expect(foundCount == 2)
    }

    @Test(arguments: Share.of(0..<10))
    func `few connections are spread evenly`(seed: Int) throws {
        let world = try world(seed)
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<12).map { _ in
            defer { world.pass(.milliseconds(20)) }
            return try world.converse(.btc)
        }
        // Who is silent is accepted a second later.
        world.pass(.seconds(1))
        let shares = shares(world)
        #expect(shares.reduce(0, +) == 12 && shares.max()! - shares.min()! <= 1, "\(shares)")
        for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { conversations.allSatisfy { $0.answers.first?.status == 200 } })
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<10))
    func `all loops drain, and the process ends with the last request`(seed: Int) throws {
        let held = Held()
        let world = try world(seed) { settings in
            settings.replaced = [.connect: { held.accepted($0) }]
        }
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<6).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get("/")) }
        #expect(world.run { held.waiting.count == 6 })
        world.kernel.raise(SIGTERM)
        world.pass(.seconds(1))
        #expect(world.servers.allSatisfy { $0.isDraining })
        #expect(world.server.group?.members.contains { !$0.hasDrained.isSet } == true)
        while held.waiting.count > 0 { held.answerFirst() }
        #expect(world.run { conversations.allSatisfy { $0.answers.first?.status == 200 && $0.ending != nil } })
        #expect(world.run { world.server.group?.members.allSatisfy { $0.hasDrained.isSet } == true })
        #expect(world.leftovers() == [])
    }
}
