import EventLoop
import Glibc
import Simulation
import Testing

@testable import Proxy

/// Several addresses of one name, of which some cannot be reached, or not soon (RFC 8305).
@Suite struct HappyEyeballsTests {
    @Test(arguments: UInt64(1)...4)
    func `an address that never answers costs a quarter of a second, once`(seed: UInt64) throws {
        let site = try NamedSite(seed: seed)
        site.network.setName("localhost", [site.six, site.four])
        site.network.blackHoles = [site.six]
        let (answer, time) = try site.ask()
        #expect(answer?.status == 200)
        #expect((Limits.attemptDelay...Limits.attemptDelay + .milliseconds(50)).contains(Interval(time)))
        site.rest()
        let (second, secondTime) = try site.ask()
        #expect(second?.status == 200 && secondTime < .milliseconds(50))
        #expect(site.accepted == [site.four, site.four])
        #expect(site.world.leftovers() == [])
    }

    @Test func `an address that refuses costs nothing`() throws {
        let site = try NamedSite(seed: 5)
        site.network.setName("localhost", [site.six, site.otherSix, site.four])
        let (answer, time) = try site.ask()
        #expect(answer?.status == 200 && time < .milliseconds(50))
        #expect(site.world.leftovers() == [])
    }

    @Test func `an address that answers late is taken all the same, when it is first`() throws {
        let site = try NamedSite(seed: 6)
        try site.listen(on: site.six)
        site.network.setName("localhost", [site.six, site.otherSix, site.otherFour])
        // There and back takes 600 ms.
        site.network.delays = [site.six: .milliseconds(300)]
        site.network.blackHoles = [site.otherSix, site.otherFour]
        let (answer, _) = try site.ask()
        #expect(answer?.status == 200 && site.accepted == [site.six])
        #expect(site.world.server.rivalCount == 0)
        #expect(site.world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...8)
    func `of two that answer one is used, and the other is closed without a byte`(seed: UInt64) throws {
        let site = try NamedSite(seed: seed)
        try site.listen(on: site.six)
        site.network.setName("localhost", [site.six, site.four])
        site.network.delays = [site.six: .milliseconds(126)]
        let (answer, _) = try site.ask()
        #expect(answer?.status == 200)
        site.world.pass(.seconds(2))
        // Whichever was first: one answer, and no connection more than one.
        #expect(site.world.server.upstreams.count == 1)
        #expect(site.accepted.count <= 2 && site.endedCount == site.accepted.count - 1)
        #expect(site.world.leftovers() == [])
    }

    @Test func `addresses of which none answers are all named when the time is over`() throws {
        let site = try NamedSite(seed: 7)
        site.network.setName("localhost", [site.six, site.four])
        site.network.blackHoles = [site.six, site.four]
        let (answer, time) = try site.ask()
        #expect(answer?.status == 504 && answer?.code == "upstream_timeout")
        #expect(answer?.text.contains("\(site.six), \(site.four)") == true)
        #expect((.seconds(5)...(.milliseconds(5100))).contains(time))
        #expect(site.world.server.rivalCount == 0)
        #expect(site.world.leftovers() == [])
    }

    @Test func `no more addresses are tried than there is a limit for`() throws {
        let site = try NamedSite(seed: 8)
        let many = (0..<UInt32(40)).map { SocketAddress.ipv4(0x7F00_0100 + $0, port: site.port) }
        site.network.setName("localhost", many)
        site.network.blackHoles = Set(many)
        // The connections for tokens end.
        site.world.pass(.seconds(1))
        let count = site.world.kernel.openDescriptorCount
        let conversation = try site.world.converse(.btc)
        conversation.send(World.get("/"))
        #expect(site.world.run { conversation.client.isConnected && site.world.server.downstreams.count == 1 })
        var most = 0
        #expect(
            site.world.run {
                most = max(most, site.world.kernel.openDescriptorCount - count)
                return !conversation.answers.isEmpty
            })
        // The client's two ends besides.
        #expect(most == Limits.addressesMax + 2)
        conversation.client.close()
        #expect(site.world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...40)
    func `any weather over any addresses leaves nothing behind`(seed: UInt64) throws {
        let site = try NamedSite(seed: seed)
        var random = Seed(seed)
        let network = site.network
        try site.listen(on: site.six)
        try site.listen(on: site.otherFour)
        for _ in 0..<12 {
            let all = [site.six, site.otherSix, site.four, site.otherFour].shuffled(using: &random)
            network.setName("localhost", Array(all.prefix(random.integer(in: 1...4))), delay: random.duration(in: .zero...(.seconds(7))))
            network.blackHoles = Set(all.filter { _ in random.chance(0.3) })
            network.delays = Dictionary(uniqueKeysWithValues: all.map { ($0, random.duration(in: .zero...(.milliseconds(400)))) })
            network.faultsByService = Dictionary(uniqueKeysWithValues: all.map { ($0, .random(from: &random)) })
            let conversations = try (0..<random.integer(in: 1...6)).map { _ in try site.world.converse(.btc) }
            for conversation in conversations { conversation.send(World.get("/")) }
            if random.chance(0.3) { site.world.pass(random.duration(in: .zero...(.seconds(6)))) }
            // An upstream that accepts nothing is waited for as long as for an answer.
            _ = site.world.run(.seconds(120)) {
                conversations.allSatisfy { $0.ending != nil || !$0.answers.isEmpty }
            }
            for conversation in conversations {
                #expect(conversation.ending != nil || conversation.answers.count == 1, "a request had no end")
                #expect(conversation.faults == [])
                conversation.client.close()
            }
            site.world.pass(random.duration(in: .zero...(.seconds(90))))
        }
        network.delays = [:]
        #expect(site.world.leftovers() == [])
        #expect(site.world.server.rivalCount == 0)
    }
}
