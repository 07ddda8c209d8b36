import Credentials
import Testing

@Suite struct RefusalTests {
    @Test func `a burst of refusals is one authentication`() {
        let machine = Machine.withToken()
        for _ in 0..<200 {
            #expect(machine.refuse(1) == .wait)
            _ = machine.call()
        }
        #expect(machine.calls.count == 2)
        #expect(machine.use() == .wait, "a new request does not spend a token known to be refused")
        #expect(machine.use(refused: 1) == .wait)
        #expect(machine.grant("token-2", lifetime: 3_600) == .renewed(generation: 2))
        #expect(machine.use(refused: 1) == .ready(generation: 2))
        #expect(machine.refuse(1) == .replayNow(generation: 2), "a straggler replays at once")
        #expect(!machine.call())
    }

    @Test func `a refusal during a renewal waits for it`() {
        let machine = Machine.withToken()
        machine.sleep()
        #expect(machine.call())
        #expect(machine.refuse(1) == .wait)
        #expect(machine.state == .replacing)
        #expect(machine.use() == .wait)
        #expect(!machine.call())
        #expect(machine.grant("token-2", lifetime: 3_600) == .renewed(generation: 2))
        #expect(machine.use(refused: 1) == .ready(generation: 2))
    }

    @Test func `a refusal of a token that has expired since waits for the next`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.now = .seconds(1_000)
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
    }

    @Test func `a refused replay holds this route and this token for ten seconds`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1, route: 3) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        machine.cache.replayRefused(generation: 2, route: 3, at: machine.now)
        machine.now += .seconds(10) - .nanoseconds(1)
        #expect(machine.refuse(2, route: 3) == .passThrough)
        #expect(!machine.call())
        #expect(machine.use() == .ready(generation: 2))
        machine.now += .nanoseconds(1)
        #expect(machine.refuse(2, route: 3) == .wait)
        #expect(machine.call())
    }

    @Test func `refusals that no replay can prove make one authentication in ten seconds, whatever else is accepted`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1, route: 3, isReplayable: false) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        machine.cache.accepted(generation: 2, route: 3)
        machine.now += .seconds(10) - .nanoseconds(1)
        #expect(machine.refuse(2, route: 3, isReplayable: false) == .passThrough)
        #expect(!machine.call())
        #expect(machine.refuse(2, route: 3) == .wait, "one that a replay can prove is believed")
        #expect(machine.call())
        _ = machine.grant("token-3", lifetime: 3_600)
        machine.now += .nanoseconds(1)
        machine.cache.accepted(generation: 3, route: 3)
        #expect(machine.refuse(3, route: 3, isReplayable: false) == .wait)
        #expect(machine.call())
    }

    @Test func `a held route does not hold another`() {
        let machine = Machine.withToken()
        machine.cache.replayRefused(generation: 1, route: 3, at: machine.now)
        #expect(machine.refuse(1, route: 3) == .passThrough)
        #expect(machine.refuse(1, route: 4) == .wait)
        #expect(machine.refuse(1, route: 3) == .passThrough, "while the flight is under way too")
    }

    @Test func `a held token does not hold the next one`() {
        let machine = Machine.withToken(lifetime: 10)
        machine.cache.replayRefused(generation: 1, route: 3, at: machine.now)
        machine.sleep()
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.refuse(1, route: 3) == .replayNow(generation: 2))
        #expect(machine.refuse(2, route: 3) == .wait)
    }

    @Test func `a revocation shortly after another is cured too`() {
        let machine = Machine.withToken()
        for generation in 1..<20 as Range<UInt64> {
            #expect(machine.refuse(generation) == .wait)
            #expect(machine.call())
            _ = machine.grant("token", lifetime: 3_600)
            #expect(machine.use(refused: generation) == .ready(generation: generation + 1))
            machine.cache.accepted(generation: generation + 1, route: 0)
            machine.now += .milliseconds(300)
        }
    }

    @Test func `a request that overtakes the replay does not authenticate again`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.use() == .ready(generation: 2))
        #expect(machine.refuse(2) == .passThrough)
        #expect(!machine.call())
    }

    @Test func `a failed re-authentication gives the old token back to those who do not know that it was refused`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        #expect(machine.lose().pause != nil)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.token == "token-1")
        #expect(machine.use(refused: 1).isPausing)
        #expect(machine.refuse(1) == .wait)
        #expect(!machine.call())
        machine.sleep()
        #expect(machine.use(refused: 1) == .wait)
        #expect(machine.refuse(1, route: 7) == .wait)
        #expect(machine.use() == .ready(generation: 1), "doubted, a token is not withheld a second time")
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.use(refused: 1) == .ready(generation: 2))
    }

    @Test func `a refused token is doubted, and no longer usable, once it could not be replaced`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        #expect(machine.isUsable && !machine.isDoubted, "the one call that settles it is under way")
        _ = machine.lose()
        #expect(!machine.isUsable && machine.isDoubted)
        machine.sleep()
        #expect(machine.call())
        #expect(!machine.isUsable && machine.isDoubted, "an attempt settles nothing")
        _ = machine.grant("token-2", lifetime: 3_600)
        #expect(machine.isUsable && !machine.isDoubted)
    }

    @Test(arguments: [500, 403]) func `a token that is refused while there is no other is doubted`(status: Int) {
        let machine = Machine.withToken()
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(status)
        #expect(machine.isUsable && !machine.isDoubted)
        #expect(machine.refuse(1).isUnavailable == (status == 403))
        #expect(!machine.isUsable && machine.isDoubted)
    }

    @Test func `who has a token that is accepted after all is usable, whatever else is refused with it`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.lose()
        let doubted = machine.cache
        #expect(machine.cache.awaitsAcceptances && machine.cache.awaitsAcceptance(generation: 1, route: 7))
        #expect(!machine.cache.awaitsAcceptance(generation: 1, route: 7, isProof: false))
        machine.cache.accepted(generation: 1, route: 7, isProof: false)
        #expect(!machine.isUsable, "an answer without success may have been given before the token was looked at")
        machine.cache.accepted(generation: 1, route: 7)
        #expect(machine.isUsable && !machine.isDoubted && !machine.cache.awaitsAcceptance(generation: 1, route: 7))
        #expect(!machine.cache.serves(as: doubted), "the loops are told")
        #expect(machine.refuse(1) == .wait && machine.use(refused: 1).isPausing)
        #expect(machine.isUsable && !machine.isDoubted)
    }

    @Test func `a new token that is refused as well is doubted, and usable as long as it lives`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 3_600)
        machine.cache.replayRefused(generation: 1, route: 0, at: machine.now)
        #expect(!machine.isDoubted, "that is the token before")
        machine.cache.replayRefused(generation: 2, route: 0, at: machine.now)
        #expect(machine.isDoubted && machine.isUsable)
        machine.cache.accepted(generation: 2, route: 1)
        #expect(!machine.isDoubted)
    }

    @Test func `a permanent token that is refused is doubted until it is accepted or replaced, and usable all the time`() {
        let machine = Machine(try! .fixed(token: Secret("token-1")), rotation: .watchable)
        #expect(machine.refuse(1) == .passThrough)
        #expect(machine.isDoubted && machine.isUsable)
        machine.cache.secretsRead(try! .fixed(token: Secret("token-2")), at: machine.now)
        #expect(!machine.isDoubted)
        #expect(machine.refuse(2) == .passThrough)
        #expect(machine.isDoubted)
        machine.cache.accepted(generation: 2, route: 0)
        #expect(!machine.isDoubted && machine.isUsable)
    }

    @Test func `a token that could not be replaced is not withheld in the next attempt`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        _ = machine.lose()
        machine.sleep()
        #expect(machine.call())
        #expect(machine.refuse(1) == .wait)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.use(refused: 1) == .wait)
    }

    @Test func `credentials that are refused in a re-authentication leave the old token to others`() {
        let machine = Machine.withToken()
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        #expect(machine.answer(403).pause == .seconds(300))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.use(refused: 1).isUnavailable)
        #expect(machine.refuse(1).isUnavailable)
        #expect(!machine.call())
    }

    @Test func `a refusal of an older token during a pause gets the newer one`() {
        let machine = Machine.withToken(lifetime: 1_000)
        machine.sleep()
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 1_000)
        machine.sleep()
        #expect(machine.call())
        _ = machine.lose()
        #expect(machine.refuse(1) == .replayNow(generation: 2))
    }

    @Test func `routes that always refuse cost one authentication in ten seconds each, under any load`() {
        for seed in 0..<100 as Range<UInt64> {
            var upstreams = RefusingUpstreams(seed: seed)
            upstreams.run(until: .seconds(60))
            #expect(upstreams.authentications <= 2 * 7, "seed \(seed)")
            #expect(upstreams.authentications >= 6, "seed \(seed)")
            #expect(upstreams.answered > 1_000)
        }
    }
}

/// Requests on routes 0 and 1, which refuse every token, and 2, which takes any; answers come in a random order.
private struct RefusingUpstreams {
    struct Request {
        let route: Int
        var generation: UInt64 = 0
        var firstRefused: Duration?
        var attempts = 0
        var due = Duration.zero
    }

    let machine: Machine
    var random: Random
    var inFlight: [Request] = []
    var waiting: [(Request, refused: UInt64)] = []
    var fetchDue: Duration?
    var authentications = 0
    var answered = 0

    init(seed: UInt64) {
        machine = Machine.withToken(seed: seed, lifetime: 100_000)
        random = Random(seed: seed)
    }

    mutating func run(until end: Duration) {
        while machine.now < end {
            machine.now += .milliseconds(10)
            if case .ready(let generation) = machine.use() { send(Request(route: .random(in: 0...2, using: &random)), generation) }
            for request in inFlight where request.due <= machine.now { answer(request) }
            inFlight.removeAll { $0.due <= machine.now }
            step()
        }
    }

    private mutating func step() {
        if machine.call() {
            authentications += 1
            fetchDue = machine.now + .milliseconds(.random(in: 1...100, using: &random))
        }
        guard let due = fetchDue, due <= machine.now else { return }
        fetchDue = nil
        _ = machine.grant("token", lifetime: 100_000)
        let woken = waiting
        waiting = []
        for (request, refused) in woken {
            if case .ready(let generation) = machine.use(refused: refused) { send(request, generation) }
        }
    }

    private mutating func send(_ request: Request, _ generation: UInt64) {
        var request = request
        request.generation = generation
        request.due = machine.now + .milliseconds(.random(in: 1...200, using: &random))
        inFlight.append(request)
    }

    private mutating func answer(_ request: Request) {
        guard request.route != 2 else {
            answered += 1
            if request.firstRefused != nil { machine.cache.accepted(generation: request.generation, route: 2) }
            return
        }
        var next = request
        next.firstRefused = request.firstRefused ?? machine.now
        next.attempts += 1
        let mayGoOn = next.attempts < 3
        switch machine.refuse(request.generation, route: request.route, isReplayable: mayGoOn, firstRefused: request.firstRefused) {
        case .replayNow(let generation) where mayGoOn: send(next, generation)
        case .wait where mayGoOn: waiting.append((next, request.generation))
        case .passThrough, .unavailable, .replayNow, .wait: answered += 1
        }
    }
}
