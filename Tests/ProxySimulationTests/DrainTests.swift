import EventLoop
import Glibc
import Sandbox
import Simulation
import TestShare
import Testing

@testable import Proxy

/// The orderly end.
@Suite struct DrainTests {
    @Test func `what is under way is finished, what is idle is closed, and nothing new is accepted`() throws {
        var settings = WorldSettings()
        settings.top = "\"drainTimeout\": \"10m\""
        let world = try World(seed: 1, settings)
        #expect(world.run { world.hasTokens })
        let idle = try world.converse(.btc)
        idle.send(World.get(World.plainTarget(.btc)))
        let reading = try world.converse(.btc)
        reading.send(World.get("/_sandbox/bytes?count=3000000"))
        let sending = try world.converse(.bloquo)
        let order = World.order(.bloquo, 1)
        let request = World.post(order.target, order.content)
        sending.send(String(request.dropLast(3)))
        #expect(world.run { idle.answers.count == 1 && reading.isWithinAnswer })
        reading.client.isPaused = true
        world.pass(.seconds(1))

        world.kernel.raise(SIGTERM)
        #expect(world.run(.seconds(1)) { idle.ending != nil })
        let late = try world.clients.connect(to: .loopback(port: 8080))
        #expect(world.run(.seconds(1)) { late.ending != nil })
        #expect(late.receivedCount == 0)
        world.pass(.seconds(30))
        #expect(world.server.downstreams.count == 2)
        sending.sendMore(String(request.suffix(3)))
        reading.client.isPaused = false
        #expect(world.run { sending.ending != nil && reading.ending != nil })
        #expect(sending.answers.first?.status == 200)
        #expect(sending.answers.first?.field("connection") == "close")
        #expect(world.executions(.bloquo, 1) == 1)
        #expect(reading.answers.first?.content.count == 3_000_000)
        #expect(sending.ending == .finished)
        #expect(world.run(.seconds(10)) { world.server.downstreams.count == 0 })
    }

    @Test func `a loop without connections stops at once, and one with a slow client after drainTimeout`() throws {
        var settings = WorldSettings()
        settings.top = "\"drainTimeout\": \"5s\""
        for isBusy in [false, true] {
            let world = try World(seed: 2, settings)
            #expect(world.run { world.hasTokens })
            let conversation = try world.converse(.btc)
            if isBusy {
                conversation.send("POST /_sandbox/length HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
            } else {
                conversation.client.close()
            }
            world.pass(.seconds(1))
            let begun = world.kernel.now
            world.kernel.raise(SIGTERM)
            // Ends when the server stops the loop.
            world.loop.run()
            let taken = world.kernel.now - begun
            // It has a moment for its last answer, which this client does not close upon.
            #expect(isBusy ? (.seconds(5)...(.milliseconds(5300))).contains(taken) : taken < .milliseconds(100))
        }
    }

    @Test(arguments: Share.of(0..<10), [false, true])
    func `all loops tell their clients what became of their requests when they end before these`(seed: Int, isSecondSignal: Bool) throws {
        var settings = WorldSettings()
        settings.loops = 1 + seed % 3
        settings.top = "\"drainTimeout\": \"\(isSecondSignal ? 600 : 5)s\""
        settings.route = #""limits": { "concurrency": 3, "queue": 10 }"#
        var sentCount = 0
        settings.replaced = [.connect: { $0.whenReceived = { _ in sentCount += 1 } }]
        let world = try World(seed: UInt64(seed), settings)
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<9).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.post("/order", "{}")) }
        #expect(world.run { sentCount == 3 })
        world.kernel.raise(SIGTERM)
        world.pass(.seconds(1))
        if isSecondSignal { world.server.cutOff() }
        #expect(world.run(.seconds(10)) { conversations.allSatisfy { $0.ending == .finished } })
        #expect(conversations.count { $0.answers.first?.status == 504 } == 3)
        #expect(conversations.count { $0.answers.first?.status == 503 } == 6)
        #expect(conversations.allSatisfy { $0.answers.count == 1 && $0.faults.isEmpty })
        #expect(sentCount == 3, "what waits goes to no place that becomes free")
        for conversation in conversations { conversation.client.close() }
        #expect(world.run(.seconds(10)) { world.servers.allSatisfy { $0.downstreams.count == 0 } })
        #expect(world.server.group?.members.allSatisfy { $0.hasDrained.isSet } ?? true)
        #expect(world.leftovers() == [])
    }
}
