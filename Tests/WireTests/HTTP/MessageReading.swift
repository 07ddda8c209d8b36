import Wire

/// What reading a message led to.
enum Outcome<Meaning: Equatable & Sendable>: Equatable, Sendable {
    /// The head has not ended.
    case incomplete
    /// The head has ended, and its content has not.
    case unfinished(Meaning)
    case accepted(Meaning, count: Int)
    case refused(MessageError)
}

/// Reads one message after the other from bytes that come in pieces, as its callers in the product do: the head, and
/// then its content.
struct MessageReading {
    let bytes: [UInt8]
    let pieceCount: Int
    /// How many bytes have come.
    private var available = 0

    init(_ bytes: [UInt8], inPiecesOf pieceCount: Int) {
        self.bytes = bytes
        self.pieceCount = pieceCount
    }

    /// The first request.
    mutating func request(withFields: Bool = false) -> Outcome<MessageFacts> {
        var head = RequestHead()
        do throws(MessageError) {
            while true {
                if let end = try head.parse(bytes.span.extracting(first: available)) {
                    let facts = MessageFacts(head, bytes, withFields: withFields)
                    precondition(head.method == Wire.Method(named: facts.method))
                    return try content(head.framing, from: end, facts)
                }
                guard next() else { return .incomplete }
            }
        } catch {
            return .refused(error)
        }
    }

    /// The final response; an interim one where nothing is behind it.
    mutating func response(answering method: Wire.Method) -> Outcome<MessageFacts> {
        var head = ResponseHead()
        var start = 0
        do throws(MessageError) {
            while true {
                if let end = try head.parse(bytes.span.extracting(start..<available)) {
                    let facts = try MessageFacts(head, Array(bytes[start..<start + end]), answering: method)
                    let isInterim = facts.status < 200 && facts.status != 101
                    guard isInterim, start + end < bytes.count else {
                        return try content(try head.framing(answering: method), from: start + end, facts)
                    }
                    start += end
                } else if !next() {
                    return .incomplete
                }
            }
        } catch {
            return .refused(error)
        }
    }

    /// One more piece; false when there is none.
    private mutating func next() -> Bool {
        guard available < bytes.count else { return false }
        available = min(available + pieceCount, bytes.count)
        return true
    }

    private mutating func content(
        _ framing: BodyFraming, from start: Int, _ facts: MessageFacts
    ) throws(MessageError) -> Outcome<MessageFacts> {
        var facts = facts
        var end = start
        var isWhole = true
        switch framing {
        case .none: break
        case .length(let count):
            end = start + min(count, bytes.count - start)
            isWhole = end - start == count
            facts.content = latin1(bytes[start..<end])
        case .untilClose:
            end = bytes.count
            facts.content = latin1(bytes[start...])
        case .chunked:
            var content: [UInt8] = []
            isWhole = try chunks(from: &end, into: &content)
            facts.content = latin1(content)
        }
        return isWhole ? .accepted(facts, count: end) : .unfinished(facts)
    }

    /// Reads a chunked body, as far as there are bytes; whether it is whole.
    mutating func chunks(from position: inout Int, into content: inout [UInt8]) throws(MessageError) -> Bool {
        var decoder = ChunkedDecoder()
        available = max(available, position)
        while true {
            let step = try decoder.step(bytes.span.extracting(position..<available))
            content += bytes[(position + step.content.lowerBound)..<(position + step.content.upperBound)]
            position += step.consumed
            if step.isComplete { return true }
            if step.consumed > 0, position < available { continue }
            guard next() else { return false }
        }
    }
}
