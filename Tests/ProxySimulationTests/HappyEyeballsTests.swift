import EventLoop
import Glibc
import Sandbox
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

    /// What an address sends that is connected to, and speaks no TLS.
    @Test(arguments: ["", "end", "HTTP/1.1 400 Bad Request\r\n\r\n", "\u{15}\u{3}\u{3}\u{0}\u{2}\u{2}\u{28}"], UInt64(1)...3)
    func `where a handshake fails, the next address is tried, and first from then on`(answer: String, seed: UInt64) throws {
        var settings = WorldSettings()
        settings.isEncrypted = true
        settings.dialledHost = "localhost"
        let world = try World(seed: seed, settings)
        world.kernel.network.setName("localhost", [.loopback(port: 1)])
        #expect(world.run { world.hasTokens })
        let destination = world.server.routes[0].destination
        let four = SocketAddress.loopback(port: destination.dialled.port)
        let six = SocketAddress.ipv6(high: 0x2001_0DB8_0000_0000, low: 1, port: destination.dialled.port, scope: 0)
        var failedCount = 0
        _ = try world.clients.listen(on: six) { client in
            failedCount += 1
            client.whenReceived = { client in
                if answer == "" { return client.abort() }
                if answer != "end" { client.send(answer) }
                client.finishSending()
            }
        }
        world.listenerCount += 1
        world.kernel.network.setName("localhost", [six, four])
        for number in 1...2 {
            #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
            let order = World.order(.btc, number)
            #expect(try world.post(.btc, order.target, order.content)?.status == 200)
            #expect(world.executions(.btc, number) == 1)
            world.pass(Limits.pooledIdleTimeout.duration + .seconds(1))
        }
        #expect(failedCount == 1)
        #expect(destination.addressBook.candidates(at: world.loop.now).first == four)
        #expect(world.server.rivalCount == 0)
        #expect(world.leftovers() == [])
    }

    @Test func `an address whose certificate is refused is told of, and not passed over`() throws {
        var settings = WorldSettings()
        settings.isEncrypted = true
        settings.dialledHost = "localhost"
        let world = try World(seed: 1, settings)
        #expect(world.run { world.hasTokens })
        let port = world.server.routes[0].destination.dialled.port
        let four = SocketAddress.loopback(port: port)
        let six = SocketAddress.ipv6(high: 0x2001_0DB8_0000_0000, low: 1, port: port, scope: 0)
        // The same services under the same names, whose authority nobody here trusts.
        var otherSettings = Sandbox.Settings()
        otherSettings.isEncrypted = true
        let other = try Sandbox(loop: world.loop, settings: otherSettings)
        world.listenerCount += 4
        _ = try world.clients.listen(on: six) { client in
            guard let way = try? world.clients.connect(to: other.connect.address) else { return client.abort() }
            func pass(_ from: SimulatedClient, _ to: SimulatedClient) {
                from.whenReceived = { [unowned to] from in
                    to.send(from.received)
                    from.clearReceived()
                }
                from.whenEnded = { [unowned to] _ in to.close() }
            }
            pass(client, way)
            pass(way, client)
        }
        world.kernel.network.setName("localhost", [six, four])
        for _ in 0..<2 {
            let answer = try world.get(.btc, World.plainTarget(.btc))
            #expect(answer?.status == 502 && answer?.code == "upstream_tls")
            #expect(answer?.text.contains("certificate refused") == true && answer?.text.contains("(at \(six))") == true)
        }
        #expect(world.sandbox.connectRequests.requests == 0)
        #expect(world.leftovers() == [])
    }

    @Test func `where every address fails in its handshake, the last one is told of`() throws {
        var settings = WorldSettings()
        settings.isEncrypted = true
        settings.dialledHost = "localhost"
        let world = try World(seed: 1, settings)
        world.kernel.network.setName("localhost", [.loopback(port: 1)])
        #expect(world.run { world.hasTokens })
        let port = world.server.routes[0].destination.dialled.port
        let addresses = (1...3).map { SocketAddress.ipv6(high: 0x2001_0DB8_0000_0000, low: $0, port: port, scope: 0) }
        for address in addresses {
            _ = try world.clients.listen(on: address) { client in client.whenReceived = { $0.abort() } }
            world.listenerCount += 1
        }
        world.kernel.network.setName("localhost", addresses)
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 502 && answer?.code == "upstream_tls")
        #expect(world.leftovers() == [])
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

    @Test func `attempts beside one another count among the descriptors of all loops, each until it is given up`() throws {
        var settings = WorldSettings()
        settings.loops = 2
        settings.dialledHost = "localhost"
        let world = try World(seed: 9, settings)
        #expect(world.run { world.hasTokens })
        world.pass(.seconds(1))
        let port = world.server.routes[0].destination.dialled.port
        let many = (0..<UInt32(4)).map { SocketAddress.ipv4(0x7F00_0100 + $0, port: port) }
        world.kernel.network.setName("localhost", many)
        world.kernel.network.blackHoles = Set(many)
        let count = world.kernel.openDescriptorCount
        let conversation = try world.converse(.btc)
        conversation.send(World.get("/"))
        let members = try #require(world.server.group).members
        var differences: Set<Int> = []
        let isAnswered = world.run {
            let published = members.reduce(0) { $0 + $1.socketCount.value }
            // The client's other end is not the proxy's.
            if world.servers.contains(where: { $0.rivalCount > 0 }) { differences.insert(world.kernel.openDescriptorCount - count - 1 - published) }
            return !conversation.answers.isEmpty
        }
        #expect(isAnswered && differences == [0])
        conversation.client.close()
        #expect(world.leftovers() == [])
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
