import Credentials
import Testing

@Suite struct TokenLifeTests {
    @Test func `requests before the first token wait for one call`() {
        let machine = Machine.bloquo()
        #expect(machine.cache.nextDeadline == .zero)
        #expect(machine.use() == .wait)
        #expect(machine.call())
        #expect(machine.token == nil)
        for _ in 0..<10 {
            #expect(machine.use() == .wait)
            #expect(!machine.call())
        }
        #expect(machine.cache.nextDeadline == nil)
        #expect(machine.grant("token-1", lifetime: 3_600) == .renewed(generation: 1))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.token == "token-1")
    }

    @Test func `a token is fetched without a request asking`() {
        let machine = Machine.bloquo()
        #expect(machine.call())
    }

    @Test func `renewal runs behind the requests`() {
        let machine = Machine.withToken()
        machine.sleep()
        #expect(machine.now < .seconds(3_600))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.call())
        #expect(!machine.call())
        #expect(machine.state == .renewing)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.grant("token-2", lifetime: 3_600) == .renewed(generation: 2))
        #expect(machine.use() == .ready(generation: 2))
        #expect(machine.token == "token-2")
    }

    @Test func `renewal comes after 80 percent of the life, give or take 5, spread out`() {
        var times: [Duration] = []
        for seed in 0..<2_000 as Range<UInt64> {
            let machine = Machine.withToken(seed: seed, lifetime: 1_000)
            times.append(machine.cache.nextDeadline ?? .zero)
        }
        #expect(times.allSatisfy { $0 >= .seconds(760) && $0 <= .seconds(840) })
        #expect(times.contains { $0 < .seconds(765) } && times.contains { $0 > .seconds(835) })
    }

    @Test func `a renewal that fails leaves the old token until it expires, and then nothing`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.sleep()
        var attempts = 0
        while machine.now < .seconds(1_000) {
            #expect(machine.use() == .ready(generation: 1))
            if machine.call() {
                attempts += 1
                #expect(machine.lose().pause != nil)
                #expect(machine.use() == .ready(generation: 1))
            }
            machine.sleep()
        }
        #expect((4...20).contains(attempts))
        if machine.call() { _ = machine.lose() }
        #expect(machine.use().isPausing)
        #expect(machine.token == nil)
        #expect(!machine.cache.status(at: machine.now).isUsable)
    }

    @Test func `a token past its expiry is not handed out, and the next request starts a call`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.now = .seconds(1_000)
        #expect(machine.use() == .wait)
        #expect(machine.token == nil)
        #expect(machine.call())
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
    }

    @Test func `a token that expires during its renewal makes requests wait for it`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.cache.nextDeadline == .seconds(1_000))
        machine.now = .seconds(1_000) - .nanoseconds(1)
        #expect(machine.use() == .ready(generation: 1))
        machine.now = .seconds(1_000)
        #expect(machine.use() == .wait)
        #expect(!machine.call())
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
        #expect(machine.use() == .ready(generation: 2))
    }

    @Test func `five-second tokens cost one call in three seconds at most`() {
        for seed in 0..<200 as Range<UInt64> {
            let machine = Machine.bloquo(seed: seed)
            while machine.now < .seconds(15) {
                if machine.call() { _ = machine.grant("token", lifetime: 5) }
                #expect(machine.use() == .ready(generation: UInt64(machine.calls.count)))
                machine.now += .milliseconds(20)
            }
            #expect(machine.calls.count <= 5)
        }
    }

    @Test func `the status tells the state in words and times`() {
        let machine = Machine.withToken(lifetime: 1_000)
        let valid = machine.cache.status(at: machine.now)
        #expect(valid.state == .valid)
        #expect(valid.isUsable)
        #expect(valid.generation == 1)
        #expect(valid.expiresIn == .seconds(1_000))
        #expect(valid.nextCallIn == machine.cache.nextDeadline)
        #expect(valid.cause == nil)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.cache.status(at: machine.now).nextCallIn == nil)
        let pause = machine.answer(503).pause
        let backoff = machine.cache.status(at: machine.now)
        #expect(backoff.state == .backoff)
        #expect(backoff.failures == 1)
        #expect(backoff.nextCallIn == pause)
        #expect(backoff.cause?.contains("503") == true)
        #expect(machine.cache.status(at: .seconds(1_000)).isUsable == false)
    }

    @Test func `the end of a call that nobody made is a broken invariant`() async {
        await #expect(processExitsWith: .failure) {
            let machine = Machine.withToken()
            _ = machine.lose()
        }
    }
}
