import Testing
import Wire

@Suite struct MessageTableTests {
    @Test(arguments: MessageCase.requests)
    func `a request means what its table says, whole, byte by byte, and with bytes behind it`(_ message: MessageCase) {
        for size in message.pieceCounts {
            let outcome = message.request(inPiecesOf: size)
            #expect(message.actual(outcome) == message.expected, "in pieces of \(size)")
        }
        switch message.expected {
        case .accepted, .refused:
            let followed = message.request(followedBy: latin1("GET /next HTTP/1.1\r\nHost: b\r\n\r\n"))
            #expect(message.actual(followed) == message.expected)
        case .incomplete, .unfinished: break
        }
    }

    @Test(arguments: MessageCase.responses)
    func `a response means what its table says, whole, byte by byte, and with bytes behind it`(_ message: MessageCase) {
        for size in message.pieceCounts {
            let outcome = message.response(inPiecesOf: size)
            #expect(message.actual(outcome) == message.expected, "in pieces of \(size)")
        }
        guard message.hasEnd else { return }
        let followed = message.response(followedBy: latin1("HTTP/1.1 500 X\r\nContent-Length: 1\r\n\r\n"))
        #expect(message.actual(followed) == message.expected)
    }

    @Test func `there are enough cases, each with a name of its own, and every source is named`() {
        for cases in [MessageCase.requests, MessageCase.responses] {
            #expect(cases.count >= 200)
            #expect(Set(cases.map(\.description)).count == cases.count)
            for message in cases {
                if let source = message.source { #expect(MessageCase.sources.contains(source), "\(message)") }
                #expect(message.table != "published" || message.source != nil, "\(message)")
            }
        }
    }

    @Test(arguments: 0..<10)
    func `a damaged request means the same whole and byte by byte`(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for message in MessageCase.requests where message.bytes.count < 200 {
            let damaged = damage(message.bytes, using: &random)
            var (whole, inPieces) = (MessageReading(damaged, inPiecesOf: max(damaged.count, 1)), MessageReading(damaged, inPiecesOf: 1))
            #expect(whole.request(withFields: true) == inPieces.request(withFields: true), "\(latin1(damaged).debugDescription)")
        }
    }

    @Test(arguments: 0..<20)
    func `a damaged response means the same whole and byte by byte`(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for message in MessageCase.responses where message.bytes.count < 200 {
            let damaged = damage(message.bytes, using: &random)
            var (whole, inPieces) = (MessageReading(damaged, inPiecesOf: max(damaged.count, 1)), MessageReading(damaged, inPiecesOf: 1))
            #expect(whole.response(answering: .get) == inPieces.response(answering: .get), "\(latin1(damaged).debugDescription)")
        }
    }

    @Test func `every refusal says what is wrong`() {
        for message in MessageCase.requests {
            guard case .refused(let error) = message.request(inPiecesOf: message.bytes.count) else { continue }
            #expect(error.message != "the message is malformed", "\(message)")
        }
    }
}

extension MessageCase {
    /// Whole, byte by byte, and in a size that divides nothing; but no megabyte byte by byte.
    var pieceCounts: [Int] { bytes.count < 200_000 ? [max(bytes.count, 1), 1, 7] : [bytes.count, 4_099] }

    /// Whether the message itself tells where it ends.
    var hasEnd: Bool {
        switch expected {
        case .accepted(let facts, _): facts.framing != "untilClose" && (facts.status >= 200 || facts.status == 101)
        case .refused: true
        case .incomplete, .unfinished: false
        }
    }

    func request(inPiecesOf size: Int? = nil, followedBy more: [UInt8] = []) -> Outcome<MessageFacts> {
        let bytes = bytes + more
        var reading = MessageReading(bytes, inPiecesOf: size ?? bytes.count)
        return reading.request(withFields: looksAtFields)
    }

    func response(inPiecesOf size: Int? = nil, followedBy more: [UInt8] = []) -> Outcome<MessageFacts> {
        let bytes = bytes + more
        var reading = MessageReading(bytes, inPiecesOf: size ?? bytes.count)
        return reading.response(answering: Wire.Method(named: answering))
    }

    private var looksAtFields: Bool {
        if case .accepted(let facts, _) = expected { facts.fields != nil } else { false }
    }

    /// An outcome in the words of the tables.
    func actual(_ outcome: Outcome<MessageFacts>) -> Expectation {
        switch outcome {
        case .incomplete: .incomplete
        case .unfinished(let facts): .unfinished(facts)
        case .accepted(let facts, let count): .accepted(facts, count: count)
        case .refused(let error):
            // What is wrong with a response is the upstream's fault, whatever it is.
            .refused(status: isResponse ? 502 : error.status, because: Self.name(error))
        }
    }

    private static func name(_ error: MessageError) -> String {
        "\(error)".replacing("Wire.MessageError.Part.", with: "")
    }
}
