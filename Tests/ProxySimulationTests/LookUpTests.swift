import EventLoop
import Simulation
import Testing

@testable import Proxy

/// Names whose addresses change, or cannot be asked for.
@Suite struct LookUpTests {
    @Test func `a slow look-up holds no request up while the addresses are not too old`() throws {
        let site = try NamedSite(seed: 1)
        #expect(try site.ask().answer?.status == 200)
        site.network.setName("localhost", [site.four], delay: .seconds(3))
        site.rest()
        let (answer, time) = try site.ask()
        #expect(answer?.status == 200 && time < .milliseconds(50))
        site.world.pass(.seconds(4))
        #expect(site.destination.addressBook.state(at: site.world.loop.now) == .fresh)
        site.world.pass((Limits.resolutionLifetime + Limits.staleResolutionMax).duration)
        let (lateAnswer, lateTime) = try site.ask()
        #expect(lateAnswer?.status == 200 && (.seconds(3)...(.milliseconds(3050))).contains(lateTime))
        #expect(site.world.leftovers() == [])
    }

    @Test func `a name that can be looked up no more keeps the addresses that it had`() throws {
        let site = try NamedSite(seed: 2)
        #expect(try site.ask().answer?.status == 200)
        site.network.faults.nameFailed = 1
        for _ in 0..<3 {
            site.rest()
            #expect(try site.ask().answer?.status == 200)
            site.world.pass(.seconds(3600))
            #expect(try site.ask().answer?.status == 200)
        }
        #expect(site.world.leftovers() == [])
    }

    @Test(arguments: [true, false])
    func `a request that finds the upstream moved follows it`(isRefused: Bool) throws {
        let site = try NamedSite(seed: 3)
        #expect(try site.ask().answer?.status == 200)
        site.rest()
        try site.listen(on: site.otherFour)
        site.network.setName("localhost", [site.otherFour], delay: .seconds(1))
        if isRefused {
            site.network.faultsByService[site.four, default: .none].connectRefused = 1
        } else {
            site.network.blackHoles = [site.four]
        }
        let (answer, time) = try site.ask()
        #expect(answer?.status == 200 && time < .seconds(2))
        #expect(site.accepted == [site.four, site.otherFour])
        #expect(site.world.leftovers() == [])
    }

    @Test func `a connection to an address that is gone is not used for ever`() throws {
        let site = try NamedSite(seed: 4)
        #expect(try site.ask().answer?.status == 200)
        try site.listen(on: site.otherFour)
        site.network.setName("localhost", [site.otherFour])
        func askFor(_ time: Duration) throws {
            let end = site.world.kernel.now + time
            while site.world.kernel.now < end {
                #expect(try site.ask().answer?.status == 200)
                site.world.pass(.seconds(5))
            }
        }
        try askFor(Limits.goneAddressGrace.duration - .seconds(20))
        #expect(site.accepted == [site.four])
        try askFor(Limits.resolutionLifetime.duration * 2 + .seconds(30))
        #expect(site.accepted == [site.four, site.otherFour] && site.endedCount == 1)
        #expect(site.world.leftovers() == [])
    }

    @Test func `a busy connection to an address that is gone ends with its request`() throws {
        let site = try NamedSite(seed: 5, route: "\"timeouts\": { \"responseHead\": \"600s\", \"idle\": \"600s\" }")
        let slow = try site.world.converse(.btc)
        site.isHolding = true
        slow.send(World.get("/"))
        #expect(site.world.run { site.held.count == 1 })
        site.network.setName("localhost", [site.otherFour])
        try site.listen(on: site.otherFour)
        let end = site.world.kernel.now + (Limits.goneAddressGrace + Limits.resolutionLifetime * 2 + .seconds(10)).duration
        while site.world.kernel.now < end {
            site.world.pass(.seconds(9))
            let other = try site.world.converse(.btc)
            other.send(World.get("/"))
            #expect(site.world.run { site.held.count == 2 })
            let slowClient = site.held[0]
            site.held[1].send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            site.forget(allBut: slowClient)
            #expect(site.world.run { other.answers.count == 1 })
            other.client.close()
        }
        let endedCount = site.endedCount
        site.isHolding = false
        site.answerAll()
        #expect(site.world.run { slow.answers.count == 1 })
        site.world.pass(.seconds(1))
        #expect(slow.answers[0].status == 200 && site.endedCount == endedCount + 1)
        slow.client.close()
        #expect(site.world.leftovers() == [])
    }
}
