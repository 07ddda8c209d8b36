import EventLoop
import Sandbox
import Simulation
import TestShare
import Testing

@testable import Proxy

/// What the loops know of a credential together.
@Suite struct SharedCredentialTests {
    /// An upstream that takes one token, and notes those that it sees.
    private final class Choosy {
        var tokens: [String] = []
        let accepted: String?

        init(accepting token: String?) { accepted = token }

        func accept(_ client: SimulatedClient) {
            client.whenReceived = { [unowned client] _ in
                guard client.text.hasSuffix("\r\n\r\n"), let start = client.text.firstRange(of: "Bearer ")?.upperBound else { return }
                let token = String(client.text[start...].prefix { $0 != "\r\n" })
                client.clearReceived()
                self.tokens.append(token)
                client.send("HTTP/1.1 \(token == self.accepted ? "200 OK" : "401 Unauthorized")\r\nContent-Length: 2\r\n\r\nok")
            }
        }
    }

    private func world(_ seed: Int, _ upstream: Choosy, _ change: (inout WorldSettings) -> Void = { _ in }) throws -> World {
        var settings = WorldSettings()
        settings.loops = 2 + seed % 2
        settings.replaced = [.connect: { upstream.accept($0) }]
        change(&settings)
        let world = try World(seed: UInt64(seed), settings)
        #expect(world.run { world.hasTokens })
        return world
    }

    /// One client for each loop.
    private func clients(_ world: World) throws -> [Conversation] {
        let conversations = try world.servers.map { _ in try world.converse(.btc) }
        #expect(world.run { world.servers.allSatisfy { $0.downstreams.count == 1 } })
        return conversations
    }

    private func ask(_ world: World, _ conversation: Conversation) {
        let count = conversation.answers.count
        conversation.send(World.get("/"))
        #expect(world.run { conversation.answers.count > count })
    }

    @Test(arguments: Share.of(0..<6))
    func `what a slow reading finds never replaces what a later one found on another loop`(seed: Int) throws {
        let upstream = Choosy(accepting: "newer")
        let world = try world(seed, upstream) { $0.bloq = #"{ "type": "static", "token": { "command": ["vault"] } }"# }
        let conversations = try clients(world)
        world.kernel.network.setCommand(["vault"], .success(Array("older".utf8)), delay: .seconds(8))
        ask(world, conversations[0])
        world.pass(.seconds(3))
        world.kernel.network.setCommand(["vault"], .success(Array("newer".utf8)))
        for _ in 0..<8 {
            ask(world, conversations[1])
            world.pass(.seconds(3))
        }
        #expect(upstream.tokens.last == "newer")
        #expect(upstream.tokens.drop { $0 != "newer" }.allSatisfy { $0 == "newer" }, "\(upstream.tokens)")
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: Share.of(0..<6))
    func `a refusal that changes nothing does not make the loops copy the credential anew`(seed: Int) throws {
        let world = try world(seed, Choosy(accepting: nil))
        let conversations = try clients(world)
        for conversation in conversations { ask(world, conversation) }
        let shared = world.server.credentials[0].shared
        let version = try #require((1...1000).first { shared.isVersion($0) })
        let callCount = world.sandbox.bloqTokenCalls.count
        for _ in 0..<10 {
            for conversation in conversations { ask(world, conversation) }
        }
        #expect(conversations.allSatisfy { $0.answers.allSatisfy { $0.status == 401 } })
        #expect(world.sandbox.bloqTokenCalls.count == callCount)
        #expect(shared.isVersion(version))
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }
}
