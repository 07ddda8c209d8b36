import Credentials
import Testing

/// What of a token outlives the process.
@Suite struct TokenRecordTests {
    /// The record of a token of 1000 s that is `age` old; the wall clock goes on over the restart.
    private func record(age: Duration = .seconds(100), isBloq: Bool = false) throws -> (TokenRecord, wall: Duration) {
        let machine = isBloq ? Machine.bloq() : Machine.bloquo()
        #expect(machine.call())
        if isBloq {
            let end = Int(machine.wall.components.seconds) + 1_000
            _ = machine.answer(200, #"{"accessToken":"\#(jwt("{\"exp\":\(end)}"))","refreshToken":"refresh-1"}"#)
        } else {
            _ = machine.grant("token-1", lifetime: 1_000)
        }
        machine.now += age
        let record = try #require(machine.cache.record(at: machine.now, wall: machine.wall))
        return (record, machine.wall)
    }

    private func restored(_ record: TokenRecord, _ machine: Machine, wall: Duration) throws(TokenCache.Misfit) {
        try machine.cache.restore(record, at: machine.now, wall: wall)
    }

    @Test func `a token goes on where it was, as the first of its new life`() throws {
        let (record, wall) = try record()
        let machine = Machine.bloquo()
        machine.now = .seconds(7)
        try restored(record, machine, wall: wall + .seconds(50))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.token == "token-1")
        #expect(!machine.call())
        let status = machine.cache.status(at: machine.now)
        #expect(status.state == .valid && status.expiresIn == .seconds(850))
        machine.sleep()
        #expect((.seconds(600)...(.seconds(710))).contains(machine.now - .seconds(7) + .seconds(0)))
        #expect(machine.call())
        #expect(machine.grant("token-2", lifetime: 1_000) == .renewed(generation: 2))
    }

    @Test func `one that is to be renewed by now serves while it is`() throws {
        let (record, wall) = try record()
        let machine = Machine.bloquo()
        try restored(record, machine, wall: wall + .seconds(880))
        #expect(machine.use() == .ready(generation: 1))
        #expect(machine.call())
        #expect(machine.state == .renewing)
        #expect(machine.use() == .ready(generation: 1))
        machine.now = .seconds(20)
        #expect(machine.use() == .wait)
    }

    @Test func `a refresh token of settings that had a call for it is of no use to those that have none`() throws {
        let (record, wall) = try record(isBloq: true)
        let machine = Machine.bloquo()
        try restored(record, machine, wall: wall)
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("hush-1") == true)
    }

    @Test func `one that an upstream refuses is replaced as any other, with its refresh token`() throws {
        let (record, wall) = try record(isBloq: true)
        let machine = Machine.bloq()
        try restored(record, machine, wall: wall)
        #expect(machine.refuse(1) == .wait)
        #expect(machine.call())
        #expect(machine.calls.last?.body.revealed.contains("refresh-1") == true)
        #expect(machine.answer(200, #"{"accessToken":"token-2"}"#) == .renewed(generation: 2))
    }

    @Test func `the secrets that got it are a way back from others`() throws {
        let (record, wall) = try record()
        let machine = Machine(Machine.keys(1), rotation: .watchable)
        try restored(record, machine, wall: wall)
        machine.stored = Machine.keys(2)
        machine.sleep()
        #expect(machine.call())
        guard case .continuesWithFormer = machine.answer(401) else {
            Issue.record("the former are not tried")
            return
        }
    }

    @Test(arguments: [899.6, 900, 1e6])
    func `one that has expired is left, and the machine begins as if it had never been`(seconds: Double) throws {
        let (record, wall) = try record()
        let machine = Machine.bloquo()
        #expect(throws: TokenCache.Misfit.expired) { try restored(record, machine, wall: wall + .seconds(seconds)) }
        #expect(machine.use() == .wait)
        #expect(machine.call())
        #expect(machine.grant("token-1", lifetime: 1_000) == .renewed(generation: 1))
    }

    @Test func `one from a time that has not come is left`() throws {
        let (record, wall) = try record()
        let machine = Machine.bloquo()
        #expect(throws: TokenCache.Misfit.fromTheFuture) { try restored(record, machine, wall: wall - .seconds(61)) }
        try restored(record, machine, wall: wall - .seconds(59))
        #expect(machine.use() == .ready(generation: 1))
    }

    @Test func `there is a record only of a token in its prime`() {
        let machine = Machine.bloquo()
        #expect(machine.cache.record(at: machine.now, wall: machine.wall) == nil)
        let fixed = Machine(try! .fixed(token: Secret("token")))
        #expect(fixed.cache.record(at: fixed.now, wall: fixed.wall) == nil)
        #expect(try! Grant.fixed(token: Secret("token")).sealingSecret == nil)
    }

    @Test func `the written form is read back, and no other is`() throws {
        for isBloq in [false, true] {
            let (record, _) = try record(isBloq: isBloq)
            let bytes = Array(record.bytes.revealed.utf8)
            let raw = record.bytes.withBytes { span in span.indices.map { span[$0] } }
            #expect(TokenRecord(raw.span) == record)
            for count in 0..<raw.count { #expect(TokenRecord(Array(raw.prefix(count)).span) == nil) }
            #expect(TokenRecord((raw + [0x61]).span) == nil)
            for index in raw.indices {
                var changed = raw
                changed[index] = 0xFF
                #expect(TokenRecord(changed.span) != record)
            }
            #expect(bytes.count >= raw.count)
        }
        #expect(TokenRecord([UInt8](repeating: 0, count: 32).span) == nil, "a token has at least one byte")
    }

    @Test func `what differs in anything is sealed with another secret`() throws {
        let secrets = [
            Machine.keys(1), Machine.keys(2), Machine.keys(1, isBloq: true), Machine.keys(2, isBloq: true),
        ].map { $0.sealingSecret?.revealed }
        #expect(Set(secrets).count == 4 && !secrets.contains(nil))
        #expect(secrets[0] == Machine.keys(1).sealingSecret?.revealed)
    }
}
