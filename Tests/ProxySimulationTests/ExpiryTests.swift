import Sandbox
import Simulation
import Testing

/// What clients see of a token's life when the token service is in trouble.
@Suite struct ExpiryTests {
    /// How a token service can be out of order.
    enum Trouble: CaseIterable {
        case answers503, closesConnections, answersNothing
    }

    private func begin(_ trouble: Trouble, in world: World) {
        switch trouble {
        case .answers503: world.sandbox.failTokenCalls(status: 503, count: 1_000_000)
        case .closesConnections:
            for service in [world.sandbox.accounts, world.sandbox.bloquo] {
                world.kernel.network.faultsByService[service.address, default: .none].connectRefused = 1
            }
        case .answersNothing: world.kernel.network.blackHoles = [world.sandbox.accounts.address, world.sandbox.bloquo.address]
        }
    }

    private func end(_ trouble: Trouble, in world: World) {
        world.sandbox.failTokenCalls(status: 503, count: 0)
        world.kernel.network.faultsByService = [:]
        world.kernel.network.blackHoles = []
    }

    @Test(arguments: Trouble.allCases)
    func `an old token serves until it expires, then 503 says why, and the service resumes by itself`(trouble: Trouble) throws {
        var settings = WorldSettings()
        settings.tokenLifetime = .seconds(100)
        let world = try World(seed: 1, settings)
        #expect(world.run { world.hasTokens })
        let target = World.plainTarget(.btc)
        #expect(try world.get(.btc, target)?.status == 200)
        begin(trouble, in: world)
        // Renewal fails from 76 to 84 s on.
        world.pass(.seconds(95))
        #expect(world.sandbox.connectRequests.requests == 1)
        #expect(try world.get(.btc, target)?.status == 200)
        world.pass(.seconds(5))
        let refused = try world.get(.btc, target)
        #expect(refused?.status == 503)
        #expect(refused?.code == "credential_unavailable")
        let retryAfter = try #require(refused?.field("retry-after").flatMap { Int($0) })
        #expect((1...62).contains(retryAfter))
        #expect(world.sandbox.connectRequests.requests == 2)
        end(trouble, in: world)
        world.pass(.seconds(70))
        #expect(try world.get(.btc, target)?.status == 200)
        #expect(world.sandbox.connectRequests.refused == 0)
        #expect(world.leftovers() == [])
    }

    @Test func `before the first token, 503 says what is wrong with the token service`() throws {
        var settings = WorldSettings()
        settings.replaced = [.accounts: { $0.close() }]
        let world = try World(seed: 2, settings)
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 503)
        #expect(answer?.code == "credential_unavailable")
        #expect(answer?.text.contains("closed the connection without an answer") == true, "\(answer?.text ?? "")")
        #expect(world.sandbox.connectRequests.requests == 0)
    }

    @Test func `before the first token, requests wait through failed calls, and no longer than authTimeout`() throws {
        for (failingCount, status) in [(2, 200), (1_000_000, 503)] {
            let world = try World(seed: 6)
            world.sandbox.failTokenCalls(status: 503, count: failingCount)
            world.pass(.milliseconds(200))
            let begun = world.kernel.now
            let answer = try world.get(.btc, World.plainTarget(.btc))
            #expect(answer?.status == status)
            #expect(world.kernel.now - begun <= .milliseconds(10_100))
            if status == 503 { #expect(answer?.code == "credential_unavailable" && answer?.field("retry-after") != nil) }
        }
    }

    @Test func `credentials that are refused are tried again after five minutes`() throws {
        let world = try World(seed: 3)
        world.sandbox.failTokenCalls(status: 403, count: 2)
        let target = World.plainTarget(.btc)
        #expect(try world.get(.btc, target)?.code == "credential_unavailable")
        world.pass(.seconds(290))
        #expect(try world.get(.btc, target)?.code == "credential_unavailable")
        #expect(world.sandbox.bloqTokenCalls.count == 1)
        world.pass(.seconds(20))
        #expect(try world.get(.btc, target)?.status == 200)
        #expect(world.sandbox.bloqTokenCalls.count == 2)
    }

    @Test func `a token service that accepts and says nothing is waited for as long as authTimeout`() throws {
        var settings = WorldSettings()
        settings.replaced = [.accounts: { _ in }]
        settings.credential = "\"authTimeout\": \"3s\""
        let world = try World(seed: 4, settings)
        let begun = world.kernel.now
        let answer = try world.get(.btc, World.plainTarget(.btc))
        #expect(answer?.status == 504)
        #expect(answer?.code == "auth_timeout")
        #expect((.seconds(3)...(.milliseconds(3100))).contains(world.kernel.now - begun))
        #expect(world.sandbox.connectRequests.requests == 0)
        #expect(try world.get(.bloquo, World.plainTarget(.bloquo))?.status == 200)
    }

    @Test func `one token call serves all who wait, and a revocation costs one more`() throws {
        let world = try World(seed: 5)
        var waiting = try (0..<50).map { _ in try world.converse(.btc) }
        for conversation in waiting { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { waiting.allSatisfy { $0.answers.count == 1 } })
        #expect(waiting.allSatisfy { $0.answers.first?.status == 200 })
        #expect(world.sandbox.bloqTokenCalls.count == 1)
        world.sandbox.revokeAllTokens()
        waiting = try (0..<50).map { _ in try world.converse(.btc) }
        for (number, conversation) in waiting.enumerated() {
            let order = World.order(.btc, number)
            conversation.send(World.post(order.target, order.content))
        }
        #expect(world.run { waiting.allSatisfy { $0.answers.count == 1 } })
        #expect(waiting.allSatisfy { $0.answers.first?.status == 200 })
        #expect((0..<50).allSatisfy { world.executions(.btc, $0) == 1 })
        #expect(world.sandbox.bloqTokenCalls.count == 2)
    }
}
