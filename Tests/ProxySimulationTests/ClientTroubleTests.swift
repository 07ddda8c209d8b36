import EventLoop
import Glibc
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// Clients that are slow, silent, or half gone.
@Suite struct ClientTroubleTests {
    private let world: World

    init() throws {
        world = try World(seed: 1)
        #expect(world.run { world.hasTokens })
    }

    /// How long it took until `isDone`.
    private func time(_ isDone: @escaping () -> Bool) -> Duration {
        let begun = world.kernel.now
        #expect(world.run(.seconds(400), until: isDone))
        return world.kernel.now - begun
    }

    @Test func `a head that does not arrive within requestHead is answered 408`() throws {
        let conversation = try world.converse(.btc)
        conversation.send("GET / HTTP/1.1\r\nHost: loc")
        let taken = time { conversation.ending != nil }
        #expect((.seconds(10)...(.milliseconds(10_200))).contains(taken))
        #expect(conversation.answers.first?.status == 408)
        #expect(conversation.answers.first?.code == "request_timeout")
        #expect(conversation.ending == .finished)
        #expect(world.sandbox.connectRequests.requests == 0)
        #expect(world.leftovers() == [])
    }

    @Test func `a head that trickles in gets no more time than any other`() throws {
        let client = try world.connect(.btc)
        let head = Array("GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: and longer\r\n\r\n".utf8)
        client.send(pieces: head.map { [$0] }, every: .seconds(1))
        let taken = time { client.ending != nil }
        #expect((.seconds(10)...(.milliseconds(11_200))).contains(taken))
        #expect(client.text.hasPrefix("HTTP/1.1 408 "))
    }

    @Test func `a connection on which nothing is asked is closed`() throws {
        let client = try world.connect(.btc)
        let taken = time { client.ending != nil }
        // It was accepted a second after it was made.
        #expect((.seconds(11)...(.milliseconds(11_200))).contains(taken))
        #expect(client.ending == .finished)
        #expect(client.receivedCount == 0)
    }

    @Test func `an idle connection is closed after keepAlive`() throws {
        let conversation = try world.converse(.btc)
        for count in 1...2 {
            conversation.send(World.get(World.plainTarget(.btc)))
            #expect(world.run { conversation.answers.count == count })
            world.pass(.seconds(60))
            #expect(conversation.ending == nil)
        }
        let taken = time { conversation.ending != nil }
        #expect((.seconds(14)...(.milliseconds(15_200))).contains(taken))
        #expect(conversation.ending == .finished)
        #expect(world.leftovers() == [])
    }

    @Test func `an order whose content stops coming is answered 408 and not carried out`() throws {
        let order = World.order(.bloquo, 1)
        let request = World.post(order.target, order.content)
        let conversation = try world.converse(.bloquo)
        conversation.send(String(request.dropLast(3)))
        let taken = time { conversation.ending != nil }
        #expect((.seconds(60)...(.milliseconds(60_200))).contains(taken))
        #expect(conversation.answers.first?.status == 408)
        #expect(world.executions(.bloquo, 1) == 0)
        #expect(world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...8)
    func `a client that has finished sending gets its answers, and then the end`(seed: UInt64) throws {
        let world = try World(seed: seed)
        #expect(world.run { world.hasTokens })
        let conversation = try world.converse(.bloquo)
        for number in 1...3 {
            let order = World.order(.bloquo, number)
            conversation.send(World.post(order.target, order.content))
        }
        conversation.client.finishSending()
        #expect(world.run(.seconds(1)) { conversation.ending != nil })
        #expect(conversation.answers.map(\.status) == [200, 200, 200])
        #expect(conversation.ending == .finished)
        #expect((1...3).allSatisfy { world.executions(.bloquo, $0) == 1 })
        #expect(world.leftovers() == [])
    }

    @Test func `a client that goes away takes its upstream connection with it`() throws {
        let conversation = try world.converse(.btc)
        conversation.send(World.get("/_sandbox/bytes?count=100000000"))
        #expect(world.run { conversation.isWithinAnswer })
        conversation.client.close()
        #expect(world.run(.seconds(2)) { world.server.upstreams.count == 0 })
        #expect(world.leftovers() == [])
    }

    @Test func `a client that stops reading stops its upstream, and is given up after idle`() throws {
        let conversation = try world.converse(.btc)
        conversation.send(World.get("/_sandbox/bytes?count=100000000"))
        #expect(world.run { conversation.isWithinAnswer })
        conversation.client.isPaused = true
        world.pass(.seconds(10))
        #expect(world.server.pool.lentCount <= 4)
        #expect(world.server.downstreams.count == 1)
        world.pass(.seconds(300))
        #expect(world.server.downstreams.count == 0)
        conversation.client.isPaused = false
        #expect(world.run { conversation.ending != nil })
        #expect(conversation.answers == [])
        #expect(world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...8)
    func `what a client sends behind its last request costs it no answer`(seed: UInt64) throws {
        var upstream: SimulatedClient?
        var settings = WorldSettings()
        settings.replaced = [.connect: { accepted in accepted.whenReceived = { upstream = $0 } }]
        let world = try World(seed: seed, settings)
        #expect(world.run { world.hasTokens })
        let conversation = try world.converse(.btc)
        conversation.send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        #expect(world.run { upstream != nil })
        // Its connection is not watched so soon: no event tells of this.
        conversation.sendMore("GET /more HTTP/1.1\r\nHost: localhost\r\n\r\n")
        world.pass(.milliseconds(10))
        upstream?.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        #expect(world.run(.seconds(10)) { conversation.ending != nil })
        #expect(conversation.answers.map(\.status) == [200])
        #expect(conversation.ending == .finished)
        conversation.client.close()
        #expect(world.leftovers() == [])
    }

    @Test func `an interim answer reaches the client before it sends its content`() throws {
        let order = World.order(.btc, 7)
        let conversation = try world.converse(.btc)
        conversation.send(
            "POST \(order.target) HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: \(order.content.utf8.count)\r\n\r\n")
        #expect(world.run(.seconds(5)) { conversation.client.receivedCount > 0 })
        #expect(conversation.answers == [])
        conversation.sendMore(order.content)
        #expect(world.run { conversation.answers.count == 1 })
        #expect(conversation.answers.first?.status == 200)
        #expect(conversation.answers.first?.interimCount == 1)
        #expect(world.executions(.btc, 7) == 1)
    }
}
