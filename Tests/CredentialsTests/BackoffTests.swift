import Credentials
import Testing

@Suite struct BackoffTests {
    @Test func `pauses double up to a minute, each with jitter`() {
        var all: [[Duration]] = []
        for seed in 0..<500 as Range<UInt64> {
            let machine = Machine.bloquo(seed: seed)
            var pauses: [Duration] = []
            for _ in 0..<10 {
                #expect(machine.call())
                pauses.append(machine.lose().pause ?? .zero)
                machine.sleep()
            }
            for (pause, full) in zip(pauses, [1, 2, 4, 8, 16, 32, 60, 60, 60, 60]) {
                #expect(pause >= .seconds(full) * 0.5 && pause <= .seconds(full))
            }
            all.append(pauses)
        }
        for index in 0..<10 { #expect(Set(all.map { $0[index] }).count > 400) }
    }

    @Test func `nothing is called before the pause ends`() {
        let machine = Machine.bloquo()
        #expect(machine.call())
        let pause = machine.lose().pause ?? .zero
        machine.now = pause - .nanoseconds(1)
        #expect(!machine.call())
        guard case .pausing(let cause, let retryAfter) = machine.use() else {
            Issue.record("a request is not told when the next call is due")
            return
        }
        #expect(cause.contains("refused"))
        #expect(retryAfter == .nanoseconds(1))
        machine.now = pause
        #expect(machine.use() == .wait)
        #expect(machine.call())
    }

    @Test func `a token begins the count anew`() {
        let machine = Machine.bloquo()
        for _ in 0..<6 {
            #expect(machine.call())
            _ = machine.lose()
            machine.sleep()
        }
        #expect(machine.call())
        _ = machine.grant("token-1", lifetime: 3_600)
        machine.sleep()
        #expect(machine.call())
        #expect((machine.lose().pause ?? .zero) <= .seconds(1))
    }

    @Test(arguments: [429, 500, 503])
    func `Retry-After is honoured`(status: Int) {
        let machine = Machine.bloquo()
        #expect(machine.call())
        #expect(machine.answer(status, retryAfter: .seconds(42)).pause == .seconds(42))
        machine.now = .seconds(41)
        #expect(!machine.call())
        machine.now = .seconds(42)
        #expect(machine.call())
        #expect(machine.answer(status, retryAfter: .seconds(86_400)).pause == .seconds(300))
        machine.sleep()
        #expect(machine.call())
        #expect((machine.answer(status, retryAfter: .zero).pause ?? .zero) >= .seconds(2), "the pause of a third failure")
    }

    @Test(arguments: [400, 401, 403])
    func `refused credentials are tried once in five minutes`(status: Int) {
        let machine = Machine.bloquo()
        var times: [Duration] = []
        while machine.now < .seconds(3_000) {
            if machine.call() {
                times.append(machine.now)
                #expect(machine.answer(status, #"{"message":"no"}"#, retryAfter: .seconds(1)).pause == .seconds(300))
            }
            #expect(machine.use().isUnavailable)
            machine.now += .seconds(5)
        }
        #expect(times == (0..<10).map { .seconds(300 * $0) })
    }

    @Test func `a token that is left serves on while the credentials are refused`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(401)
        #expect(machine.state == .refused)
        #expect(machine.use() == .ready(generation: 1))
        machine.now = .seconds(1_000)
        #expect(machine.use().isUnavailable)
        #expect(!machine.call())
        machine.sleep()
        #expect(machine.call())
    }

    @Test func `keys that are refused after the refresh token end the flight`() {
        let machine = Machine.bloq()
        #expect(machine.call())
        _ = machine.answer(200, #"{"accessToken":"token-1","refreshToken":"refresh-1"}"#)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.answer(401) == .continues)
        #expect(machine.call())
        #expect(machine.answer(401).pause == .seconds(300))
        let before = machine.calls.count
        machine.sleep()
        #expect(machine.call())
        #expect(machine.answer(401).pause == .seconds(300))
        #expect(machine.calls.count == before + 1)
    }
}
