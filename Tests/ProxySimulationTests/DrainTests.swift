import EventLoop
import Glibc
import Sandbox
import Simulation
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
            #expect(isBusy ? (.seconds(5)...(.milliseconds(5100))).contains(taken) : taken < .milliseconds(100))
        }
    }
}
