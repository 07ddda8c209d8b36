import Testing

@testable import Proxy

@Suite struct FaultLogTests {
    private var log = FaultLog()

    @Test mutating func `many faults of one kind are one entry, with the last message and both times`() {
        for second in 1...100 { log.note(.route("a"), code: "upstream_tls", "number \(second)", at: .seconds(second)) }
        #expect(
            log.faults == [
                Fault(subject: .route("a"), code: "upstream_tls", message: "number 100", count: 100, first: .seconds(1), last: .seconds(100))
            ])
    }

    @Test mutating func `a flood of one kind pushes no other out`() {
        log.note(.credential("c"), code: "no_token", "why", at: .seconds(1))
        for second in 2...10_000 { log.note(.proxy, code: "bad_request", "x", at: .seconds(second)) }
        #expect(log.faults.map(\.code) == ["no_token", "bad_request"])
    }

    @Test mutating func `of too many kinds the one that is longest ago goes`() {
        for number in 0...Limits.faultsMax { log.note(.route("r\(number)"), code: "forbidden", "x", at: .seconds(number)) }
        #expect(log.faults.count == Limits.faultsMax && log.faults.first?.subject == .route("r1"))
        #expect(log.faults.last?.subject == .route("r\(Limits.faultsMax)"))
    }

    @Test mutating func `what other loops noted is added up`() {
        var other = FaultLog()
        log.note(.route("a"), code: "forbidden", "later", at: .seconds(5))
        other.note(.route("a"), code: "forbidden", "earlier", at: .seconds(1))
        other.note(.route("b"), code: "forbidden", "b", at: .seconds(9))
        other.note(.route("b"), code: "forbidden", "b", at: .seconds(10))
        log.merge(other.faults)
        #expect(
            log.faults == [
                Fault(subject: .route("a"), code: "forbidden", message: "later", count: 2, first: .seconds(1), last: .seconds(5)),
                Fault(subject: .route("b"), code: "forbidden", message: "b", count: 2, first: .seconds(9), last: .seconds(10)),
            ])
    }

    @Test mutating func `a message is cut to what an answer's may have`() {
        log.note(.proxy, code: "bad_request", String(repeating: "ä", count: 100_000), at: .zero)
        #expect(log.faults[0].message.utf8.count <= Limits.answerMessageBytesMax + 3)
    }
}
