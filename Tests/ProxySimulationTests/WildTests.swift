import EventLoop
import Sandbox
import Simulation
import TestShare
import Testing

@testable import Proxy

/// The proxy before an upstream that may do anything.
@Suite struct WildTests {
    private static let batchCount = 5
    private static let batchSize = 20

    @Test(arguments: 0..<batchCount)
    func `whatever an upstream does, no client takes a part for the whole, and nothing is left behind`(batch: Int) throws {
        for seed in Share.of(batch * Self.batchSize..<(batch + 1) * Self.batchSize) {
            let found = try faults(seed: UInt64(seed), isTraced: false)
            guard !found.isEmpty else { continue }
            Issue.record("seed \(seed): \(found.joined(separator: "; "))")
        }
    }

    private func faults(seed: UInt64, isTraced: Bool) throws -> [String] {
        var dice = Seed(seed)
        let isRough = dice.chance(0.5)
        let wild = WildServer(isRough: isRough, &dice)
        var settings = WorldSettings()
        settings.isTraced = isTraced
        settings.replaced = [.connect: { wild.accepted($0) }]
        settings.bufferBytes = dice.chance(0.5) ? nil : dice.integer(in: 10...40) * 1024
        settings.route = "\"timeouts\": { \"responseHead\": \"3s\", \"idle\": \"3s\" }, \"limits\": { \"concurrency\": \(dice.integer(in: 1...8)) }"
        let world = try World(seed: dice.next(), settings)
        if isRough { world.kernel.network.faults = .rough }
        var customers: [Customer] = []
        for number in 0..<12 {
            let errands = (0..<dice.integer(in: 1...4)).map { Errand.wild("wild-\(number)-\($0)", from: &dice) }
            customers.append(Customer(.btc, errands: errands, dice: &dice))
        }
        for customer in customers.sorted(by: { $0.arrival < $1.arrival }) {
            world.pass(max(.zero, customer.arrival - world.kernel.now))
            customer.arrive(in: world)
        }
        _ = world.run(.seconds(300)) { customers.allSatisfy(\.isDone) }
        var found = customers.flatMap { $0.faults(in: world, except: wild.doubtful) } + customers.filter { !$0.isDone }.map { _ in "a client waits for ever" }
        for errand in customers.flatMap(\.errands) where !wild.doubtful.contains(errand.requestID) {
            let (arrivals, refusals) = (wild.arrivals[errand.requestID] ?? 0, wild.refusals[errand.requestID] ?? 0)
            // A replay after a refusal, with what there is and then with what is fresh, and for a method that is safe another
            // after a connection that had gone stale.
            let most = 1 + min(refusals, 2) + (errand.isSafe ? 1 : 0)
            if arrivals > most { found.append("\(errand.requestID) was sent \(arrivals) times, after \(refusals) refusals") }
        }
        for customer in customers { customer.leave() }
        wild.isTame = true
        world.kernel.network.faults = .none
        // A route that refuses fresh tokens is left alone for ten seconds.
        world.pass(.seconds(20))
        let answer = try world.get(.btc, "/")
        if answer?.status != 200 { found.append("no recovery: \(answer?.text ?? "no answer")") }
        world.sandbox.failTokenCalls(status: 503, count: 1000, retryAfter: 300)
        return found + world.leftovers(after: .seconds(250))
    }
}
