import Sandbox
import Simulation
import Testing

/// The same run twice.
@Suite struct TraceTests {
    /// What one run gave: what everybody was answered, what was carried out, and every system call.
    private struct Outcome: Equatable {
        var statuses: [Int?] = []
        var orders: [Int] = []
        var bloqTokenCalls = 0
        var bloquoTokenCalls = 0
        var trace: [String] = []
    }

    /// A whole request, a renewal, a revocation, and replays of a GET and of a POST, on both routes.
    private func outcome(seed: UInt64) throws -> Outcome {
        var settings = WorldSettings()
        settings.tokenLifetime = .seconds(20)
        settings.isTraced = true
        let world = try World(seed: seed, settings)
        var outcome = Outcome()
        #expect(world.run { world.hasTokens })
        for provider in [World.Provider.btc, .bloquo] {
            outcome.statuses.append(try world.get(provider, World.plainTarget(provider))?.status)
        }
        // 80 % of the lifetime, and what the jitter adds.
        world.pass(.seconds(18))
        let callsAfterRenewal = world.sandbox.tokenCallCount
        #expect(callsAfterRenewal == 4)
        for (number, provider) in [World.Provider.btc, .bloquo].enumerated() {
            world.sandbox.revokeAllTokens()
            outcome.statuses.append(try world.get(provider, World.plainTarget(provider))?.status)
            world.sandbox.revokeAllTokens()
            let order = World.order(provider, number)
            outcome.statuses.append(try world.post(provider, order.target, order.content)?.status)
            outcome.orders.append(world.executions(provider, number))
        }
        outcome.bloqTokenCalls = world.sandbox.bloqTokenCalls.count
        outcome.bloquoTokenCalls = world.sandbox.bloquoTokenCalls.count
        outcome.trace = world.kernel.network.trace
        let leftovers = world.leftovers()
        #expect(leftovers == [])
        return outcome
    }

    @Test func `one seed gives one trace`() throws {
        let first = try outcome(seed: 1)
        #expect(first.statuses == [200, 200, 200, 200, 200, 200])
        #expect(first.orders == [1, 1])
        #expect(first.bloqTokenCalls == 4)
        #expect(first.bloquoTokenCalls == 4)
        #expect(first.trace.count > 100)
        let second = try outcome(seed: 1)
        let difference = zip(first.trace, second.trace).enumerated().first { $0.element.0 != $0.element.1 }
        #expect(difference == nil, "line \(difference?.offset ?? 0): \(difference?.element.0 ?? "") or \(difference?.element.1 ?? "")")
        #expect(second.trace.count == first.trace.count)
        var rest = second
        rest.trace = first.trace
        #expect(rest == first)
    }

    @Test func `another seed gives another trace`() throws {
        let first = try outcome(seed: 1)
        let second = try outcome(seed: 2)
        #expect(first.statuses == second.statuses)
        #expect(first.trace != second.trace)
    }
}
