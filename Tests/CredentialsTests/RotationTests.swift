import Credentials
import Testing

/// Secrets that are others by the time that they are needed again.
@Suite struct RotationTests {
    /// A machine whose first keys have got a token of 1000 s.
    private func machine(_ rotation: Rotation = .watchable, isBloq: Bool = false) -> Machine {
        let machine = Machine(Machine.keys(1, isBloq: isBloq), rotation: rotation)
        #expect(machine.call())
        if isBloq {
            _ = machine.answer(200, #"{"accessToken":"token-1","refreshToken":"refresh-1"}"#)
        } else {
            _ = machine.grant("token-1", lifetime: 1_000)
        }
        return machine
    }

    @Test func `the first call has the secrets of the start, and each authentication after it reads them anew`() {
        let machine = machine()
        #expect(machine.readingCount == 0)
        for number in 2...4 {
            machine.stored = Machine.keys(number)
            machine.sleep()
            #expect(machine.call())
            #expect(machine.usedKey == number)
            #expect(machine.readingCount == number - 1)
            #expect(machine.grant("token", lifetime: 1_000) == .renewed(generation: UInt64(number)))
        }
    }

    @Test func `secrets of the environment are not read again`() {
        let machine = machine(.never)
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        #expect(machine.answer(401).pause == .seconds(300))
        machine.now += .seconds(300)
        #expect(machine.call())
        #expect(machine.readingCount == 0 && machine.lookCount == 0)
    }

    @Test func `a refresh reads nothing, and the authentication after its refusal does`() {
        let machine = machine(isBloq: true)
        machine.stored = Machine.keys(2, isBloq: true)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == nil && machine.readingCount == 0)
        #expect(machine.answer(401) == .continues)
        #expect(machine.call())
        #expect(machine.usedKey == 2 && machine.readingCount == 1)
    }

    @Test func `what cannot be read leaves what was read before`() {
        let machine = machine()
        machine.stored = nil
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
    }

    @Test func `while the secrets are read, the old token serves, and who has none waits`() {
        let machine = machine()
        machine.readsAtOnce = false
        machine.sleep()
        #expect(!machine.call())
        #expect(machine.readingCount == 1)
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.refuse(1) == .wait)
        #expect(machine.use() == .wait)
        #expect(!machine.call(), "there is one reading at a time")
        #expect(machine.cache.nextDeadline == .seconds(1_000))
        machine.now = .seconds(1_000)
        #expect(machine.use() == .wait)
        #expect(machine.cache.nextDeadline == nil)
        machine.endReading()
        #expect(machine.cache.nextDeadline == .zero)
        #expect(machine.call())
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
    }

    @Test(arguments: [400, 401, 403])
    func `where the new ones are refused, those that worked are tried once more in the same flight`(status: Int) {
        let machine = machine()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        guard case .continuesWithFormer(let cause) = machine.answer(status) else {
            Issue.record("the former are not tried")
            return
        }
        #expect(cause.contains("\(status)"))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        #expect(machine.grant("token-2", lifetime: 100) == .renewed(generation: 2))
        #expect(machine.cache.isOfToken(Machine.keys(1)) && !machine.cache.isOfToken(Machine.keys(2)))
        #expect(machine.cache.knows(Machine.keys(2)))

        // For five minutes the new ones are spared, which short tokens would have refused over and over.
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        _ = machine.grant("token-3", lifetime: 1_000)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.grant("token-4", lifetime: 1_000) == .renewed(generation: 4))
        #expect(!machine.cache.knows(Machine.keys(1)))
    }

    @Test func `a failure that may pass says nothing against the new ones`() {
        let machine = machine()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.answer(503).pause != nil)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 2)
    }

    @Test func `the former that are refused by now give way to the new ones`() {
        let machine = machine()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(401)
        #expect(machine.call())
        _ = machine.grant("token-2", lifetime: 100)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        guard case .continuesWithNewest = machine.answer(401) else {
            Issue.record("the newest are not tried")
            return
        }
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.grant("token-3", lifetime: 1_000) == .renewed(generation: 3))
        #expect(!machine.cache.knows(Machine.keys(1)))
    }

    @Test func `where both are refused, the flight ends, and the former are forgotten`() {
        let machine = machine()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(401)
        #expect(machine.call())
        #expect(machine.answer(403).pause == .seconds(300))
        #expect(machine.calls.count == 3)
        machine.now += .seconds(300)
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.answer(401).pause == .seconds(300))
        #expect(!machine.call())
    }

    @Test func `secrets that never worked are no way back`() {
        let machine = Machine(Machine.keys(1), rotation: .watchable)
        #expect(machine.call())
        _ = machine.lose()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.answer(401).pause == .seconds(300))
    }

    @Test func `secrets that worked and were refused since are no way back either`() {
        let machine = machine()
        machine.sleep()
        #expect(machine.call())
        #expect(machine.answer(401).pause == .seconds(300))
        machine.stored = Machine.keys(2)
        machine.now += .seconds(2)
        #expect(machine.call())
        #expect(machine.usedKey == 2)
        #expect(machine.answer(401).pause == .seconds(300))
    }

    @Test func `a change that is taken back finds the ones that worked`() {
        let machine = machine()
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        _ = machine.lose()
        machine.stored = Machine.keys(1)
        machine.sleep()
        #expect(machine.call())
        #expect(machine.usedKey == 1)
        #expect(machine.answer(401).pause == .seconds(300), "the ones in between never worked")
    }

    @Test func `in the pause after a refusal files are looked at every two seconds, and a change ends it at once`() {
        let machine = machine()
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(401)
        let began = machine.now
        while machine.now < began + .seconds(60) {
            machine.sleep()
            #expect(!machine.call())
        }
        #expect(machine.lookCount == 30)
        #expect(machine.readingCount == 1)
        #expect(machine.use() == .ready(generation: 1))
        machine.stored = Machine.keys(2)
        #expect(machine.cache.nextDeadline == began + .seconds(62))
        machine.sleep()
        #expect(machine.call())
        #expect(machine.state == .renewing)
        #expect(machine.usedKey == 2)
        #expect(machine.readingCount == 1, "what was read at the look is not read again")
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
    }

    @Test func `a reading that brings the same ends no pause`() {
        let machine = Machine(Machine.keys(1), rotation: .watchable)
        #expect(machine.call())
        _ = machine.answer(401)
        machine.endReading()
        #expect(machine.use().isUnavailable)
        #expect(!machine.call())
        machine.stored = Machine.keys(2)
        machine.endReading()
        #expect(machine.use() == .wait)
        #expect(machine.state == .fetching)
        #expect(machine.call())
    }

    @Test func `commands are not run to look whether they print something else`() {
        let machine = machine(.readable)
        machine.sleep()
        #expect(machine.call())
        _ = machine.answer(401)
        machine.stored = Machine.keys(2)
        machine.now += .seconds(299)
        #expect(!machine.call())
        #expect(machine.lookCount == 0)
        machine.now += .seconds(1)
        #expect(machine.call())
        #expect(machine.usedKey == 2)
    }

    @Test func `wrong secrets in every place cost three calls, and then a pause`() {
        let machine = machine(isBloq: true)
        machine.stored = Machine.keys(2, isBloq: true)
        machine.sleep()
        let began = machine.now
        while machine.now < began + .seconds(299) {
            if machine.call() { _ = machine.answer(401) }
            machine.now += .milliseconds(100)
        }
        #expect(machine.calls.count == 1 + 3)
    }

    @Test func `another permanent token is a new generation, and a refusal of the old one gets it`() throws {
        func token(_ text: String) -> Grant { try! .fixed(token: Secret(text)) }
        let machine = Machine(token("token-1"), rotation: .watchable)
        #expect(machine.use() == .ready(generation: 1))
        #expect(!machine.call() && machine.cache.nextDeadline == nil)
        machine.endReading()
        #expect(machine.refuse(1) == .passThrough)
        machine.stored = token("token-2")
        machine.endReading()
        #expect(machine.refuse(1) == .replayNow(generation: 2))
        #expect(machine.token == "token-2")
        #expect(machine.use(refused: 1) == .ready(generation: 2))
        #expect(machine.refuse(2) == .passThrough)
        #expect(!machine.cache.knows(token("token-1")))
    }
}
