import EventLoop
import Simulation
import Testing

/// Timers as a handler sees them, on a virtual clock.
struct TimersTests {
    private let kernel = SimulatedKernel(seed: 1)
    private let loop: Loop
    private let recorder = Recorder()
    private let handler: HandlerID
    /// A timer fires at most this much after its deadline: two ticks, and what a turn takes.
    private let slack = Limits.timerTick * 2 + .milliseconds(1)

    init() {
        loop = Loop(kernel: kernel)
        handler = loop.add(recorder)
    }

    private func pass(_ time: Duration) {
        // A timer that stays armed far away: else nothing would be left to wait for.
        let anchor = loop.makeTimer(for: handler, token: 999_999)
        loop.arm(anchor, at: loop.now + .seconds(1_000_000))
        _ = kernel.run(loop, until: { false }, limit: time)
        loop.removeTimer(anchor)
    }

    private func timer(_ token: UInt64) -> TimerID { loop.makeTimer(for: handler, token: token) }

    @Test(arguments: [0, 1, 15, 16, 17, 100, 999, 16_000, 16_383, 16_384, 16_385, 30_000, 75_000, 3_600_000])
    func `a timer fires once, after its deadline and not much later`(milliseconds: Int) throws {
        pass(.milliseconds(1234))
        let deadline = loop.now + .milliseconds(milliseconds)
        loop.arm(timer(7), at: deadline)
        pass(.milliseconds(milliseconds) + .seconds(60))
        #expect(recorder.fired.map(\.token) == [7])
        let time = try #require(recorder.fired.first).time
        #expect(time >= deadline && time <= deadline + slack)
        #expect(loop.armedTimerCount == 0)
    }

    @Test func `a deadline that has passed already fires soon`() {
        pass(.seconds(100))
        loop.arm(timer(1), at: .seconds(3))
        pass(slack.duration)
        #expect(recorder.fired.map(\.token) == [1])
    }

    @Test func `a later deadline replaces the one before, again and again`() throws {
        let moved = timer(1)
        for second in 1...120 {
            loop.arm(moved, at: .seconds(second + 30))
            pass(.seconds(1))
        }
        #expect(recorder.fired.isEmpty)
        pass(.seconds(60))
        #expect(recorder.fired.count == 1)
        #expect(try #require(recorder.fired.first).time <= .seconds(150) + slack)
    }

    @Test func `an earlier deadline replaces the one before`() throws {
        let moved = timer(1)
        loop.arm(moved, at: .seconds(3600))
        loop.arm(moved, at: .seconds(2))
        pass(.seconds(7200))
        #expect(recorder.fired.count == 1)
        #expect(try #require(recorder.fired.first).time <= .seconds(2) + slack)
    }

    @Test func `a timer that is disarmed or removed does not fire`() {
        let disarmed = timer(1)
        let removed = timer(2)
        loop.arm(disarmed, at: .seconds(1))
        loop.arm(removed, at: .seconds(1))
        loop.disarm(disarmed)
        loop.removeTimer(removed)
        #expect(loop.armedTimerCount == 0)
        pass(.seconds(100))
        #expect(recorder.fired.isEmpty)
        loop.arm(disarmed, at: loop.now + .seconds(1))
        pass(.seconds(2))
        #expect(recorder.fired.map(\.token) == [1])
    }

    @Test func `what fires first in a turn can keep the others from firing`() {
        let timers = (0..<4).map { timer(UInt64($0)) }
        recorder.whenFired = { [loop, recorder] token in
            guard recorder.fired.count == 1 else { return }
            let others = (0..<4).filter { $0 != Int(token) }
            loop.disarm(timers[others[0]])
            loop.arm(timers[others[1]], at: loop.now + .seconds(50))
            loop.removeTimer(timers[others[2]])
        }
        for timer in timers { loop.arm(timer, at: .seconds(1)) }
        pass(.seconds(2))
        #expect(recorder.fired.count == 1)
        pass(.seconds(100))
        #expect(recorder.fired.count == 2)
        recorder.whenFired = nil
    }

    @Test func `a timer can be armed again when it fires`() {
        let repeated = timer(1)
        recorder.whenFired = { [loop] _ in loop.arm(repeated, at: loop.now + .seconds(1)) }
        loop.arm(repeated, at: .seconds(1))
        pass(.seconds(60))
        #expect((57...60).contains(recorder.fired.count))
        recorder.whenFired = nil
    }

    @Test func `nothing is waited for when no timer is armed`() {
        let idle = timer(1)
        loop.arm(idle, at: .seconds(5))
        loop.disarm(idle)
        loop.turn()
        #expect(kernel.isStuck)
        #expect(kernel.now < .seconds(1))
    }

    /// What a timer is held to do, without a wheel.
    private struct Model {
        var timer: TimerID
        var deadline: Instant?
    }

    @Test(arguments: 1...8)
    func `thousands of random operations do what a list of deadlines would`(number: UInt64) {
        var dice = Seed(number)
        var models: [UInt64: Model] = [:]
        var nextToken: UInt64 = 1
        for _ in 0..<1500 {
            let token = models.keys.sorted().randomElement(using: &dice) ?? 0
            switch dice.integer(in: 0...9) {
            case 0, 1:
                models[nextToken] = Model(timer: timer(nextToken))
                nextToken += 1
            case 2...5 where token != 0:
                let distance = Interval.milliseconds(1 << dice.integer(in: 0...17)) + .milliseconds(dice.integer(in: -9...9))
                models[token]!.deadline = loop.now + distance
                loop.arm(models[token]!.timer, at: loop.now + distance)
            case 6 where token != 0:
                models[token]!.deadline = nil
                loop.disarm(models[token]!.timer)
            case 7 where token != 0:
                loop.removeTimer(models.removeValue(forKey: token)!.timer)
            default:
                pass(.milliseconds(dice.integer(in: 1...400) * (dice.chance(0.05) ? 100 : 1)))
                check(&models)
            }
            let armed = models.values.count { $0.deadline != nil }
            #expect(loop.armedTimerCount == armed)
        }
        pass(.seconds(200))
        check(&models)
        #expect(models.values.allSatisfy { $0.deadline == nil })
        #expect(loop.armedTimerCount == 0)
    }

    private func check(_ models: inout [UInt64: Model]) {
        for (token, time) in recorder.fired {
            guard let deadline = models[token]?.deadline else {
                Issue.record("timer \(token) fired, and is not armed")
                continue
            }
            #expect(time >= deadline && time <= deadline + slack)
            models[token]!.deadline = nil
        }
        recorder.forgetFired()
        for (token, model) in models {
            if let deadline = model.deadline, deadline + slack < Instant(kernel.now) {
                Issue.record("timer \(token) did not fire at \(deadline), now \(kernel.now)")
            }
        }
    }
}
