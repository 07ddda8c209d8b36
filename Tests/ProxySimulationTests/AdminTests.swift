import EventLoop
import Simulation
import TestShare
import Testing

@testable import Proxy

/// The admin listener in trouble, and beside requests.
@Suite struct AdminTests {
    private func world(_ seed: Int, loops: Int = 1) throws -> World {
        var settings = WorldSettings()
        settings.loops = loops
        settings.top = #""admin": { "listen": "127.0.0.1:9901" }"#
        let world = try World(seed: UInt64(seed), settings)
        world.listenerCount += 1
        return world
    }

    private func look(_ world: World) throws -> Conversation {
        Conversation(try world.clients.connect(to: .loopback(port: 9901)))
    }

    @Test(arguments: Share.of(0..<30))
    func `in any weather, each connection ends, and requests go on`(seed: Int) throws {
        let world = try world(seed, loops: 1 + seed % 3)
        #expect(world.run { world.hasTokens })
        world.kernel.network.faults = .rough
        var conversations: [Conversation] = []
        for number in 0..<80 {
            let conversation = try look(world)
            conversations.append(conversation)
            let request = World.get(["/status.json", "/readyz", "/healthz", "/nothing", "/events", "/", "/metrics"][number % 7])
            // Some never say anything, and some half of it.
            switch number % 5 {
            case 0: break
            case 1: conversation.send(String(request.prefix(number)))
            default: conversation.send(request)
            }
            world.pass(.milliseconds(20))
            if number % 3 == 0 { conversation.client.close() }
        }
        world.kernel.network.faults = .none
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        let last = try look(world)
        last.send(World.get("/readyz"))
        #expect(world.run { !last.answers.isEmpty })
        #expect(last.answers.first?.status == 200)
        for conversation in conversations + [last] { conversation.client.close() }
        #expect(world.leftovers() == [])
        #expect(world.server.admin?.connectionCount == 0)
    }

    @Test(arguments: Share.of(0..<5))
    func `several loops tell of themselves, all that they have`(seed: Int) throws {
        let world = try world(seed, loops: 3)
        #expect(world.run { world.hasTokens })
        let clients = try (0..<12).map { _ in try world.converse(.btc) }
        for client in clients { client.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { clients.allSatisfy { !$0.answers.isEmpty } })
        let conversation = try look(world)
        conversation.send(World.get("/status.json"))
        #expect(world.run { !conversation.answers.isEmpty })
        let text = String(decoding: conversation.answers[0].content, as: UTF8.self)
        #expect(text.components(of: #""isResponding":true"#) == 3)
        #expect(text.contains(#""state":"ready""#))
        for client in clients + [conversation] { client.client.close() }
        #expect(world.leftovers() == [])
    }
}

extension String {
    fileprivate func components(of part: String) -> Int { ranges(of: part).count }
}
