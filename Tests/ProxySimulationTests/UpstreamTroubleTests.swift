import EventLoop
import Glibc
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// What clients see when an upstream cannot be reached, is slow, or goes away.
@Suite struct UpstreamTroubleTests {
    @Test func `an upstream that answers no connect is given up after the connect timeout`() throws {
        let world = try World(seed: 1)
        #expect(world.run { world.hasTokens })
        world.kernel.network.blackHoles = [world.sandbox.connect.address]
        let begun = world.kernel.now
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 504)
        #expect(answer?.code == "upstream_timeout")
        #expect(answer?.text.contains("had not been sent") == true)
        #expect((.seconds(5)...(.milliseconds(5100))).contains(world.kernel.now - begun))
        world.kernel.network.blackHoles = []
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        #expect(world.leftovers() == [])
    }

    @Test func `an upstream that refuses connections is named, with the reason`() throws {
        let world = try World(seed: 2)
        #expect(world.run { world.hasTokens })
        world.kernel.network.faultsByService[world.sandbox.connect.address, default: .none].connectRefused = 1
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 502)
        #expect(answer?.code == "upstream_unreachable")
        #expect(answer?.field("retry-after") != nil)
        #expect(answer?.text.contains("Connection refused") == true)
        #expect(answer?.text.contains("127.0.0.1") == true)
    }

    @Test func `a name that cannot be looked up is named`() throws {
        var settings = WorldSettings()
        settings.dialledHost = "localhost"
        let world = try World(seed: 3, settings)
        #expect(world.run { world.hasTokens })
        world.kernel.network.faults.nameFailed = 1
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 502)
        #expect(answer?.code == "upstream_unreachable")
        #expect(answer?.text.contains("name resolution") == true)
        world.kernel.network.faults = .none
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
    }

    @Test func `an upstream that accepts and does not answer is given up after the responseHead timeout`() throws {
        var upstream: SimulatedClient?
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream = $0 }]
        settings.route = "\"timeouts\": { \"responseHead\": \"7s\" }"
        let world = try World(seed: 4, settings)
        #expect(world.run { world.hasTokens })
        let begun = world.kernel.now
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 504)
        #expect(answer?.code == "upstream_timeout")
        #expect(answer?.field("retry-after") == nil)
        #expect((.seconds(7)...(.milliseconds(7100))).contains(world.kernel.now - begun))
        #expect(world.run { upstream?.ending != nil })
        #expect(world.leftovers() == [])
    }

    @Test func `an answer that stops in its middle is broken off, and cannot be taken for whole`() throws {
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                upstream.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
            }
        }]
        settings.route = "\"timeouts\": { \"idle\": \"4s\" }"
        let world = try World(seed: 5, settings)
        #expect(world.run { world.hasTokens })
        let conversation = try world.converse(.btc)
        conversation.send(World.get("/"))
        #expect(world.run { conversation.ending != nil })
        #expect(conversation.ending == .failed(errno: ECONNRESET))
        #expect(conversation.answers == [])
        #expect(conversation.isWithinAnswer)
        #expect(world.leftovers() == [])
    }

    @Test func `an order whose connection breaks before the answer is not sent again`() throws {
        var requestCount = 0
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                requestCount += 1
                if requestCount % 2 == 1 {
                    upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                } else {
                    upstream.close()
                }
            }
        }]
        let world = try World(seed: 6, settings)
        #expect(world.run { world.hasTokens })
        let order = World.order(.btc, 1)
        #expect(try world.post(.btc, order.target, order.content)?.status == 200)
        let broken = try world.post(.btc, order.target, order.content)
        #expect(broken?.status == 502)
        #expect(broken?.code == "upstream_protocol")
        #expect(broken?.text.contains("whether it took effect is not known") == true)
        #expect(requestCount == 2)
        // A GET is sent once more, on a new connection.
        #expect(try world.get(.btc, "/")?.status == 200)
        #expect(requestCount == 3)
        #expect(try world.get(.btc, "/")?.status == 200)
        #expect(requestCount == 5)
        #expect(world.leftovers() == [])
    }

    @Test func `a connection that comes too late for its request is nothing to the client's next one`() throws {
        var requestCount = 0
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                requestCount += 1
                if requestCount == 1 { upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") } else { upstream.close() }
            }
        }]
        settings.route = "\"timeouts\": { \"responseHead\": \"2s\" }"
        let world = try World(seed: 8, settings)
        #expect(world.run { world.hasTokens })
        let first = SocketAddress.loopback(port: world.server.routes[0].destination.dialled.port)
        let other = #""routes": [ { "name": "other", "listen": "127.0.0.1:8080", "pathPrefix": "/other", "upstream": "http://127.0.0.1:1", "credential": "bloquo" },"#
        try world.reload(world.text.replacing(#""routes": ["#, with: other))
        let conversation = try world.converse(.btc)
        conversation.send(World.get("/"))
        #expect(world.run { conversation.answers.count == 1 })
        // The connection of the pool is found closed, and another takes longer than the request may.
        world.kernel.network.blackHoles = [first, .loopback(port: 1)]
        conversation.send(World.get("/"))
        #expect(world.run { conversation.answers.count == 2 })
        #expect(requestCount == 2)
        #expect(conversation.answers[1].status == 503)
        let begun = world.kernel.now
        conversation.send(World.get("/other/"))
        #expect(world.run { conversation.answers.count == 3 })
        #expect(conversation.answers[2].status == 504)
        #expect(conversation.answers[2].text.contains("127.0.0.1:1 "), "\(conversation.answers[2].text)")
        #expect((.seconds(5)...(.milliseconds(5100))).contains(world.kernel.now - begun))
        conversation.client.close()
        world.kernel.network.blackHoles = []
        #expect(world.leftovers() == [])
    }

    @Test func `a connection that closes makes room for the next in the queue`() throws {
        var connectionCount = 0
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            connectionCount += 1
            upstream.whenReceived = { [unowned upstream] _ in
                upstream.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok")
            }
        }]
        settings.route = "\"limits\": { \"concurrency\": 1, \"queue\": 9 }"
        let world = try World(seed: 7, settings)
        #expect(world.run { world.hasTokens })
        let conversations = try (0..<12).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get("/")) }
        let begun = world.kernel.now
        #expect(world.run { conversations.allSatisfy { $0.answers.count == 1 } })
        #expect(world.kernel.now - begun < .seconds(1))
        let statuses = conversations.compactMap(\.answers.first?.status)
        // One under way, nine behind it, and no place for two.
        #expect(statuses.count { $0 == 200 } == 10)
        #expect(statuses.count { $0 == 503 } == 2)
        #expect(conversations.allSatisfy { $0.answers.first?.status == 200 || $0.answers.first?.code == "overloaded" })
        #expect(connectionCount == 10)
        #expect(world.leftovers() == [])
    }

    @Test func `what an upstream sends beyond its answer reaches nobody, and its connection is not used again`() throws {
        var connectionCount = 0
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            connectionCount += 1
            upstream.whenReceived = { [unowned upstream] _ in
                upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
            }
        }]
        let world = try World(seed: 8, settings)
        #expect(world.run { world.hasTokens })
        let conversation = try world.converse(.btc)
        for count in 1...3 {
            conversation.send(World.get("/"))
            #expect(world.run { conversation.answers.count == count })
        }
        #expect(conversation.answers.map(\.text) == ["ok", "ok", "ok"])
        #expect(connectionCount == 3)
        #expect(world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...8)
    func `an upstream that closes behind its answer without saying so costs no order`(seed: UInt64) throws {
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                upstream.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                upstream.finishSending()
            }
        }]
        let world = try World(seed: seed, settings)
        #expect(world.run { world.hasTokens })
        for number in 1...4 {
            let order = World.order(.btc, number)
            #expect(try world.post(.btc, order.target, order.content)?.status == 200)
            // The end arrives with the answer or just behind it.
            world.pass(.milliseconds(5))
        }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: UInt64(1)...8)
    func `an answer that ends with its connection is whole, and at once`(seed: UInt64) throws {
        var settings = WorldSettings()
        settings.replaced = [.connect: { upstream in
            upstream.whenReceived = { [unowned upstream] _ in
                upstream.send("HTTP/1.0 200 OK\r\n\r\n\(String(repeating: "x", count: 100_000))")
                upstream.finishSending()
            }
        }]
        let world = try World(seed: seed, settings)
        #expect(world.run { world.hasTokens })
        #expect(try world.get(.btc, "/", within: .seconds(1))?.content.count == 100_000)
        let old = try world.ask(.btc, "GET / HTTP/1.0\r\nHost: localhost\r\n\r\n", within: .seconds(1))
        #expect(old?.content.count == 100_000)
        #expect(old?.field("transfer-encoding") == nil)
        #expect(world.leftovers() == [])
    }
}
