import EventLoop
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// A secret that a program prints: it is run beside the loop before each authentication.
@Suite struct SecretCommandTests {
    private static let command = #"{ "command": ["vault"] }"#

    private func world(seed: UInt64 = 1) throws -> World {
        var settings = WorldSettings()
        settings.secret = Self.command
        let world = try World(seed: seed, settings)
        #expect(world.run { world.hasTokens })
        return world
    }

    private func vault(_ world: World, _ output: Result<[UInt8], CommandError>, delay: Duration = .milliseconds(10)) {
        world.kernel.network.setCommand(["vault"], output, delay: delay)
    }

    /// Takes all tokens away, and asks: the status, and how long it took.
    private func askAfterRevocation(_ world: World) throws -> (status: Int?, time: Duration) {
        world.sandbox.revokeAllTokens()
        world.sandbox.revokeRefreshTokens()
        let began = world.kernel.now
        let answer = try world.get(.btc, World.plainTarget(.btc))
        return (answer?.status, world.kernel.now - began)
    }

    @Test func `a request waits for the program, and others go on meanwhile`() throws {
        let world = try world()
        vault(world, .success(Array("\(world.sandbox.credentials.bloqClientSecret)\n".utf8)), delay: .seconds(3))
        world.sandbox.revokeAllTokens()
        world.sandbox.revokeRefreshTokens()
        let waiting = try world.converse(.btc)
        waiting.send(World.get(World.plainTarget(.btc)))
        world.pass(.milliseconds(500))
        let began = world.kernel.now
        #expect(try world.get(.bloquo, World.plainTarget(.bloquo))?.status == 200)
        #expect(world.kernel.now - began < .seconds(1))
        #expect(waiting.answers.isEmpty)
        #expect(world.run { !waiting.answers.isEmpty })
        #expect(waiting.answers.first?.status == 200)
        #expect((.seconds(2)...(.seconds(4))).contains(world.kernel.now - began))
        waiting.client.close()
        #expect(world.leftovers() == [])
    }

    @Test func `where the program fails or prints something wrong, the secret of before is used`() throws {
        let outputs: [Result<[UInt8], CommandError>] = [
            .failure(CommandError(program: "vault", reason: "ended with status 1")), .success([]), .success(Array("a\nb".utf8)),
            .success(Array("wrong".utf8)),
        ]
        for output in outputs {
            let world = try world()
            vault(world, output)
            #expect(try askAfterRevocation(world).status == 200)
            #expect(world.leftovers() == [])
        }
    }

    @Test func `a program that takes longer than a request may wait fails it, and serves the next`() throws {
        let world = try world()
        vault(world, .success(Array(world.sandbox.credentials.bloqClientSecret.utf8)), delay: .seconds(11))
        let (status, time) = try askAfterRevocation(world)
        #expect(status == 504)
        #expect(time < .seconds(11))
        world.pass(.seconds(3))
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func `in any weather nothing is left behind, and service resumes`(seed: UInt64) throws {
        let world = try world(seed: seed)
        var random = Seed(seed)
        for _ in 0..<6 {
            let outputs: [Result<[UInt8], CommandError>] = [
                .failure(CommandError(program: "vault", reason: "ended with status 1")), .success(Array("wrong".utf8)),
                .success(Array(world.sandbox.credentials.bloqClientSecret.utf8)),
            ]
            vault(world, outputs[random.integer(in: 0...2)], delay: random.duration(in: .zero...(.seconds(9))))
            world.kernel.network.faults = .random(from: &random)
            // The client too may find no descriptor.
            _ = try? askAfterRevocation(world)
        }
        world.kernel.network.faults = .none
        vault(world, .success(Array(world.sandbox.credentials.bloqClientSecret.utf8)))
        world.pass(.seconds(310))
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        #expect(world.leftovers() == [])
    }
}
