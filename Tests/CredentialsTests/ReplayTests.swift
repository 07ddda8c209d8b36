import Credentials
import Testing

/// What a request gets whose token was refused once already.
@Suite struct ReplayTests {
    @Test func `a refreshed token that is refused as well is the last of its session, and the credentials get the next`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        _ = machine.grant("token-1", refreshToken: "refresh-1")
        let first = machine.now
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call() && machine.isRefreshing)
        _ = machine.grant("token-2", refreshToken: "refresh-1")
        #expect(machine.use(refused: 1) == .ready(generation: 2))
        machine.now += .seconds(1)
        #expect(machine.refuse(2, firstRefused: first) == .passThrough, "one authentication, one replay")
        #expect(machine.refuse(2) == .passThrough)
        #expect(!machine.call())
        machine.now += .seconds(10)
        #expect(machine.refuse(2) == .wait)
        for _ in 0..<3 {
            #expect(machine.call() && !machine.isRefreshing)
            _ = machine.lose()
            machine.sleep()
        }
        #expect(machine.call() && !machine.isRefreshing)
        _ = machine.grant("token-3", refreshToken: "refresh-3")
        machine.now += .seconds(10)
        #expect(machine.refuse(3) == .wait)
        #expect(machine.call() && machine.isRefreshing, "the new session's refresh token is used again")
    }

    @Test func `a request that overtakes the replay with a refreshed token leads to the credentials, too`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        _ = machine.grant("token-1", refreshToken: "refresh-1")
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call() && machine.isRefreshing)
        _ = machine.grant("token-2", refreshToken: "refresh-1")
        #expect(machine.refuse(2) == .passThrough)
        machine.now += .seconds(10)
        #expect(machine.refuse(2) == .wait)
        #expect(machine.call() && !machine.isRefreshing)
    }

    @Test func `a token that was asked for before the refusal is no proof, and holds nothing`() {
        let machine = Machine.withToken()
        machine.sleep()
        #expect(machine.call())
        machine.now += .seconds(1)
        let first = machine.now
        #expect(machine.refuse(1) == .wait)
        #expect(!machine.call(), "the renewal is under way already")
        machine.now += .seconds(1)
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.use(refused: 1) == .ready(generation: 2))
        #expect(machine.refuse(2, firstRefused: first) == .wait)
        #expect(machine.call())
        #expect(machine.refuse(2) == .wait)
        _ = machine.grant("token-3", lifetime: 3_600)
        #expect(machine.use(refused: 2) == .ready(generation: 3))
        #expect(machine.refuse(3, firstRefused: first) == .passThrough)
        #expect(!machine.call())
    }

    @Test func `a replay whose token has a successor gets that one`() {
        let machine = Machine.withToken()
        let first = machine.now
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        machine.sleep()
        #expect(machine.call())
        _ = machine.grant("token-3", lifetime: 3_600)
        #expect(machine.refuse(2, firstRefused: first) == .replayNow(generation: 3))
        #expect(machine.refuse(3, firstRefused: first) == .passThrough)
    }

    @Test func `where the replay was lost, one more refusal is believed, and no third within the time`() {
        let machine = Machine.withToken()
        for generation in 1...2 as ClosedRange<UInt64> {
            #expect(machine.refuse(generation) == .wait)
            #expect(machine.call())
            _ = machine.grant("token", lifetime: 3_600)
            machine.cache.replayLost(refusedGeneration: generation, route: 0)
            machine.now += .seconds(1)
        }
        #expect(machine.refuse(3) == .passThrough)
        machine.now += .seconds(9) - .nanoseconds(1)
        #expect(machine.refuse(3) == .passThrough)
        #expect(!machine.call())
        machine.now += .nanoseconds(1)
        #expect(machine.refuse(3) == .wait)
        #expect(machine.call())
        _ = machine.grant("token", lifetime: 3_600)
        machine.cache.accepted(generation: 4, route: 0)
        machine.cache.replayLost(refusedGeneration: 3, route: 0)
        #expect(machine.refuse(4) == .wait, "one that was accepted meanwhile leaves nothing to be proved")
        #expect(machine.call())
        _ = machine.grant("token", lifetime: 3_600)
        #expect(machine.refuse(5) == .passThrough, "its own replay is to come")
    }

    @Test func `a lost replay changes nothing for a token that was refused to another`() {
        let machine = Machine.withToken()
        let first = machine.now
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.refuse(2, firstRefused: first) == .passThrough)
        machine.cache.replayLost(refusedGeneration: 1, route: 0)
        #expect(machine.refuse(2) == .passThrough)
        #expect(!machine.call())
    }

    @Test func `behind a refusal that no replay can prove, one that a replay can prove is believed`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1, isReplayable: false) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.refuse(2, isReplayable: false) == .passThrough)
        #expect(machine.refuse(2) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-3", lifetime: 3_600)
        #expect(machine.refuse(3) == .passThrough)
        #expect(!machine.call())
    }
}
