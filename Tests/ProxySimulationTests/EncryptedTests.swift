import Sandbox
import Simulation
import Testing

@testable import Proxy

/// The same over TLS, on simulated sockets. Traces are not compared: OpenSSL takes its randomness elsewhere.
@Suite struct EncryptedTests {
    @Test(arguments: [UInt64(1), 2, 3, 4])
    func `requests, a renewal and a replay go through TLS in rough weather`(seed: UInt64) throws {
        var settings = WorldSettings()
        settings.isEncrypted = true
        settings.tokenLifetime = .seconds(20)
        let world = try World(seed: seed, settings)
        if seed % 2 == 0 { world.kernel.network.faults = .rough }
        #expect(world.run { world.hasTokens })
        for (number, provider) in [World.Provider.btc, .bloquo].enumerated() {
            #expect(try world.get(provider, World.plainTarget(provider))?.status == 200)
            let large = try world.get(provider, "/_sandbox/bytes?count=200000&chunked=\(number)")
            #expect(large?.content == Errand.pattern[..<200_000].map(\.self))
            world.sandbox.revokeAllTokens()
            let order = World.order(provider, number)
            #expect(try world.post(provider, order.target, order.content)?.status == 200)
            #expect(world.executions(provider, number) == 1)
            let upload = try world.post(provider, "/_sandbox/length", String(repeating: "x", count: 150_000))
            #expect(upload?.text == "{\"length\":150000}")
        }
        world.pass(.seconds(18))
        #expect(world.sandbox.bloqTokenCalls.count >= 3)
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        #expect(world.leftovers() == [])
    }
}
