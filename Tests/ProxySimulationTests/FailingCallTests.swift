import EventLoop
import Sandbox
import Simulation
import TestShare
import Testing

@testable import Proxy

/// Each system call fails once, whichever it is.
@Suite struct FailingCallTests {
    private static let stepCount = 4

    /// Every so many calls, so that the parts of the search run side by side.
    @Test(arguments: 1...stepCount)
    func `whichever system call fails, nothing is carried out twice, and nothing is left behind`(first: Int) throws {
        var number = first
        while true {
            let kernel = SimulatedKernel(seed: 1)
            let found: [String]
            do {
                found = try faults(failing: number, on: kernel)
            } catch StartError.listen {
                // What was opened before is closed again: the emulated services and the signals are left.
                found = kernel.faultsFound(descriptors: 4)
            } catch {
                found = ["it failed by \(error)"]
            }
            if !found.isEmpty { Issue.record("call \(number): \(found.joined(separator: "; "))\n\(kernel.traceEnd())") }
            guard let failing = kernel.failingCall, kernel.failableCallCount >= failing else { break }
            number += Self.stepCount * Share.step
        }
        #expect(number > 100)
    }

    /// A request, a revocation, then an order and a request at once on one connection, and another order on its own.
    private func faults(failing number: Int, on kernel: SimulatedKernel) throws -> [String] {
        var settings = WorldSettings()
        settings.failingCall = number
        settings.isTraced = true
        settings.tokenLifetime = .seconds(1000)
        let world = try World(on: kernel, settings)
        world.pass(.seconds(2))
        var found: [String] = []
        try hold([World.get(World.plainTarget(.btc))], in: world, &found)
        world.sandbox.revokeAllTokens()
        let orders = (1...2).map { World.order(.btc, $0) }
        try hold([World.post(orders[0].target, orders[0].content), World.get(World.plainTarget(.btc))], in: world, &found)
        let answer = try hold([World.post(orders[1].target, orders[1].content)], in: world, &found)
        if answer?.status == 200, world.executions(.btc, 2) != 1 { found.append("an order was answered, and not carried out") }
        for order in 1...2 where world.executions(.btc, order) > 1 { found.append("order \(order) was carried out twice") }
        // A pause after a failure is at most a minute.
        world.pass(.seconds(60))
        let isJudged = kernel.failableCallCount >= kernel.failingCall ?? 0
        let last = try hold([World.get(World.plainTarget(.btc))], in: world, &found)
        if isJudged, last?.status != 200 { found.append("no recovery: \(last?.text ?? "no answer")") }
        world.sandbox.failTokenCalls(status: 503, count: 1000, retryAfter: 300)
        return found + world.leftovers(after: .seconds(250))
    }

    /// All requests at once on a connection: each is answered, or the connection ends. The first answer.
    @discardableResult
    private func hold(_ requests: [String], in world: World, _ found: inout [String]) throws -> HTTPAnswer? {
        let conversation: Conversation
        do {
            conversation = try world.converse(.btc)
        } catch {
            return nil
        }
        for request in requests { conversation.send(request) }
        let isOver = world.run(.seconds(200)) { conversation.ending != nil || conversation.answers.count == requests.count }
        if !isOver { found.append("a request is never answered") }
        found += conversation.faults
        conversation.client.close()
        return conversation.answers.first
    }
}
