import Credentials
import TestShare
import Testing

@Suite struct RandomEventTests {
    @Test(arguments: 0..<4)
    func `no order of events breaks a promise`(batch: Int) {
        for seed in Share.of(batch * 500..<(batch + 1) * 500) {
            var run = RandomRun(seed: UInt64(seed))
            for _ in 0..<150 { run.step() }
            #expect(run.broken.isEmpty, "seed \(seed): \(run.broken)")
            if !run.broken.isEmpty { return }
        }
    }

    @Test func `the same seed gives the same life`() {
        for seed in [3, 5, 8] as [UInt64] {
            var first = RandomRun(seed: seed)
            var second = RandomRun(seed: seed)
            for _ in 0..<300 {
                first.step()
                second.step()
                #expect(first.machine.cache.status(at: first.machine.now) == second.machine.cache.status(at: second.machine.now))
            }
        }
    }
}

/// One machine under random events, and a simple model of what it promises.
private struct RandomRun {
    let machine: Machine
    var random: Random
    var broken: [String] = []
    private let isBloq: Bool
    private let rotation: Rotation
    /// The secret that got a token last.
    private var provenKey: Int?
    private var changeCount = 0
    /// Of the present flight.
    private var callCount = 0
    private var sentAt: Duration?
    private var isRefresh = false
    private var generation: UInt64 = 0
    /// Of the newest token.
    private var expiry = Duration.zero
    /// No call before this, after the credentials were refused.
    private var quietUntil = Duration.zero

    init(seed: UInt64) {
        random = Random(seed: seed)
        isBloq = seed.isMultiple(of: 2)
        rotation = [.never, .readable, .watchable][Int(seed / 2 % 3)]
        machine = Machine(Machine.keys(1, isBloq: isBloq), rotation: rotation, seed: seed)
    }

    mutating func step() {
        switch Int.random(in: 0..<10, using: &random) {
        case 0: machine.now += .milliseconds(.random(in: 0...3_000, using: &random))
        case 1: machine.now += .seconds(.random(in: 0...120, using: &random))
        case 2: if sentAt == nil || Bool.random(using: &random) { machine.sleep() }
        case 3: use(refused: nil)
        case 4: use(refused: UInt64.random(in: 0...generation, using: &random))
        case 5: refuse()
        case 6: endCall()
        case 7: changeSecrets()
        case 8: machine.readsAtOnce.toggle()
        default: tellReplay()
        }
        act()
        check()
    }

    /// Others are stored, or the ones before, or none; and a reading that is under way ends.
    private mutating func changeSecrets() {
        let key = Int.random(in: 0...3, using: &random)
        machine.stored = key == 0 ? nil : Machine.keys(key, isBloq: isBloq)
        if machine.isReading { machine.endReading() }
    }

    private mutating func use(refused: UInt64?) {
        switch machine.use(refused: refused) {
        case .ready(let given):
            expect(given == generation, "the newest token")
            expect(given != refused, "a refused token is not given again")
            expect(machine.now < expiry, "no token past its expiry")
            expect(machine.token == "token-\(given)", "the bytes of this generation")
        case .wait:
            expect(isUnderWay || machine.cache.nextDeadline == .zero, "what waits has a call to wait for")
        case .pausing(_, let retryAfter):
            expect(machine.state == .backoff && !isUnderWay, "a pause that ends with a call")
            expect(retryAfter > .zero && retryAfter <= .seconds(300), "a time to come back")
        case .unavailable(_, let retryAfter):
            expect(retryAfter > .zero && retryAfter <= .seconds(300), "a time to come back")
        }
    }

    private mutating func refuse() {
        guard generation > 0 else { return }
        let refused = UInt64.random(in: 1...generation, using: &random)
        let firstRefused = Bool.random(using: &random) ? nil : machine.now - .seconds(.random(in: 0...5, using: &random))
        switch machine.refuse(refused, route: .random(in: 0...3, using: &random), firstRefused: firstRefused) {
        case .replayNow(let given):
            expect(given == generation && given != refused, "a newer token")
            expect(machine.now < expiry, "no replay with a token past its expiry")
        case .wait:
            expect(
                isUnderWay || machine.cache.nextDeadline == .zero || machine.use(refused: refused).isPausing,
                "what waits has a call to wait for")
        case .passThrough:
            expect(refused == generation, "only a current token's refusal passes through")
        case .unavailable:
            expect(!isUnderWay, "with a call under way there is something to wait for")
        }
    }

    private mutating func tellReplay() {
        guard generation > 0 else { return }
        let route = Int.random(in: 0...3, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: machine.cache.replayRefused(generation: generation, route: route, at: machine.now)
        case 1: machine.cache.accepted(generation: generation, route: route)
        default: machine.cache.replayLost(refusedGeneration: .random(in: 1...generation, using: &random), route: route)
        }
    }

    private mutating func endCall() {
        guard let sent = sentAt else { return }
        sentAt = nil
        let wasRefresh = isRefresh
        switch Int.random(in: 0..<6, using: &random) {
        case 0: endWithFailure(machine.lose())
        case 1: endWithFailure(machine.answer(503, retryAfter: .seconds(.random(in: 0...1_000, using: &random))))
        case 2:
            let outcome = machine.answer(401)
            switch outcome {
            case .continues: expect(wasRefresh, "a refused refresh token is not the end")
            case .continuesWithFormer, .continuesWithNewest:
                expect(!wasRefresh && machine.changeCount > 0, "there are others only where they have changed")
            case .failed, .renewed:
                expect(!wasRefresh && outcome.pause == .seconds(300), "five minutes after a refusal")
                callCount = 0
                quietUntil = machine.now + .seconds(300)
            }
        default: endWithToken(sent)
        }
    }

    private mutating func endWithToken(_ sent: Duration) {
        let lifetime = Int.random(in: 1...200, using: &random)
        let token = "token-\(generation + 1)"
        let outcome: TokenCache.Outcome
        if isBloq {
            outcome = machine.answer(200, #"{"accessToken":"\#(token)","refreshToken":"refresh"}"#)
        } else {
            outcome = machine.grant(token, lifetime: lifetime)
        }
        let life = Duration.seconds(isBloq ? 3_600 : lifetime)
        guard sent + life - machine.now >= .milliseconds(500) else { return endWithFailure(outcome) }
        callCount = 0
        if let key = machine.usedKey { provenKey = key }
        generation += 1
        expiry = sent + life
        expect(outcome == .renewed(generation: generation), "generations count up by one")
    }

    private mutating func endWithFailure(_ outcome: TokenCache.Outcome) {
        callCount = 0
        guard let pause = outcome.pause else { return expect(false, "a failure is told") }
        expect(pause >= .milliseconds(500) && pause <= .seconds(300), "a bounded pause")
    }

    private mutating func act() {
        let isCalled = machine.call()
        if machine.changeCount > changeCount {
            changeCount = machine.changeCount
            quietUntil = .zero
        }
        expect(rotation != .never || machine.readingCount == 0, "what never changes is not read")
        expect(rotation == .watchable || machine.lookCount == 0, "only files are looked at")
        guard isCalled else { return }
        expect(sentAt == nil, "never two calls at once")
        expect(machine.now >= quietUntil, "quiet after a refusal of the credentials")
        callCount += 1
        expect(callCount <= (isBloq ? 3 : 2), "a flight of few calls")
        if let key = machine.usedKey {
            expect(key == machine.readKey || key == provenKey, "the secrets read last, or those that got the last token")
        }
        sentAt = machine.now
        isRefresh = machine.calls.last?.body.revealed.contains("refreshToken\",") == true
    }

    private mutating func check() {
        let deadline = machine.cache.nextDeadline
        expect(isUnderWay || deadline != nil, "what is pending has a deadline")
        expect(isUnderWay || (deadline ?? .zero) > machine.now, "a deadline that came was acted upon")
        expect(machine.cache.status(at: machine.now).generation == generation, "the generation")
        if machine.token != nil { expect(machine.now < expiry, "no bytes past the expiry") }
        if let serving = machine.cache.serving, machine.now < serving.end {
            expect(serving.generation == generation && serving.end <= expiry, "a copy lends the newest token, and never longer than it lives")
            var copy = machine.cache
            let last = serving.end - .nanoseconds(1)
            expect(copy.use(at: last) == .ready(generation: generation), "a copy lends what the machine would lend")
            expect(machine.cache.use(at: machine.now) == .ready(generation: generation), "a copy lends only what the machine lends")
        }
    }

    private var isUnderWay: Bool { sentAt != nil || machine.isReading }

    private mutating func expect(_ condition: Bool, _ promise: String) {
        if !condition { broken.append("\(promise) at \(machine.now)") }
    }
}
