import Credentials
import Testing

/// Secrets that are known to be others while a token serves.
@Suite struct ChangedSecretsTests {
    /// A machine with a token and a refresh token, of the kind bloq.
    private func machine() -> Machine {
        let machine = Machine(Machine.keys(1, isBloq: true), rotation: .watchable)
        #expect(machine.call())
        #expect(grant(machine, "token-1") == .renewed(generation: 1))
        return machine
    }

    private func grant(_ machine: Machine, _ token: String) -> TokenCache.Outcome {
        machine.answer(200, #"{"accessToken":"\#(token)","refreshToken":"refresh-1"}"#)
    }

    private func change(_ machine: Machine, to number: Int) {
        machine.stored = Machine.keys(number, isBloq: true)
        machine.cache.secretsChanged(at: machine.now)
    }

    @Test func `the new ones are used at once, not the refresh token, and the old token serves meanwhile`() {
        let machine = machine()
        change(machine, to: 2)
        #expect(machine.cache.nextDeadline == .zero)
        #expect(machine.call())
        #expect(machine.usedKey == 2 && machine.readingCount == 1)
        #expect(machine.use() == .ready(generation: 1))
        #expect(grant(machine, "token-2") == .renewed(generation: 2))
        #expect(machine.use() == .ready(generation: 2) && machine.token == "token-2")
        #expect(!machine.call())
    }

    @Test func `new ones that are refused are told, and those before get the next token`() {
        let machine = machine()
        change(machine, to: 2)
        #expect(machine.call())
        guard case .continuesWithFormer = machine.answer(401) else { return #expect(Bool(false), "the former are tried") }
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        #expect(machine.answer(401).pause == .seconds(300))
        #expect(machine.use() == .ready(generation: 1), "a token that works is not given up")
        change(machine, to: 3)
        machine.cache.secretsRead(machine.stored, at: machine.now)
        #expect(machine.call())
        #expect(machine.usedKey == 3)
    }

    @Test(arguments: [false, true]) func `a call that is under way ends first`(isGood: Bool) {
        let machine = machine()
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == nil, "with the refresh token")
        change(machine, to: 2)
        #expect(!machine.call(), "there is one call at a time")
        if isGood {
            #expect(grant(machine, "token-2") == .renewed(generation: 2))
            #expect(machine.use() == .ready(generation: 2))
        } else {
            #expect(machine.answer(401) == .continues)
        }
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(grant(machine, "token-3") == .renewed(generation: isGood ? 3 : 2))
        #expect(!machine.call(), "once is enough")
    }

    @Test func `a refusal of the ones before, which were on their way, is no reason to pause`() {
        let machine = Machine(Machine.keys(1), rotation: .watchable)
        #expect(machine.call())
        machine.stored = Machine.keys(2)
        machine.cache.secretsChanged(at: machine.now)
        #expect(machine.answer(401).pause == .zero)
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 1))
    }

    @Test func `what was read before they changed is read once more`() {
        let machine = Machine(Machine.keys(1), rotation: .watchable)
        #expect(machine.call())
        #expect(machine.grant("token-1", lifetime: 1_000) == .renewed(generation: 1))
        machine.readsAtOnce = false
        machine.sleep()
        #expect(!machine.call())
        machine.cache.secretsChanged(at: machine.now)
        machine.endReading()
        machine.stored = Machine.keys(2)
        machine.readsAtOnce = true
        #expect(machine.call())
        #expect(machine.usedKey == 2 && machine.readingCount == 2)
    }

    @Test func `the pause that an outage makes is kept, and ends with the new ones`() {
        let machine = machine()
        machine.sleep()
        #expect(machine.call())
        #expect(machine.answer(503, retryAfter: .seconds(40)).pause == .seconds(40))
        change(machine, to: 2)
        #expect(!machine.call())
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 2)
    }
}
