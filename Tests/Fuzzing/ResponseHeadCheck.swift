import Wire

/// `ResponseHead`: the same in pieces, and as `PlainResponse` has it.
enum ResponseHeadCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let whole = read(bytes, cuts: nil)
        let pieces = read(bytes, cuts: Cuts(bytes))
        try Disagreement.unless(pieces, is: whole, "a response read in pieces, and at once")
        try Disagreement.unless(whole.facts, is: PlainResponse(bytes), "a response, and as it is read plainly")
        try Disagreement.unless(whole != .incomplete || bytes.offset(of: "\r\n\r\n") == nil, "a whole response is waited for")
        return verdict(whole)
    }

    private static func read(_ bytes: [UInt8], cuts: Cuts?) -> HeadReading<PlainResponse> {
        var head = ResponseHead()
        return HeadReading.read(bytes, cuts: cuts) { (available) throws(MessageError) in
            guard let count = try head.parse(available) else { return nil }
            return PlainResponse(
                status: head.status, reason: Array(bytes[head.reason]), minorVersion: Int(head.minorVersion),
                fields: (0..<head.fieldCount).map { PlainFields.Line(head.field(at: $0), bytes) }, framing: try? head.framing(answering: .get),
                framingOfOthers: [try? head.framing(answering: .head), try? head.framing(answering: .connect)],
                isPersistent: head.isPersistent, count: count)
        }
    }

    private static func verdict(_ reading: HeadReading<PlainResponse>) -> String {
        switch reading {
        case .incomplete: return "incomplete"
        case .refused: return "refused"
        case .accepted(let response):
            // Its head is read, and it is refused for its content.
            guard let framing = response.framing else { return "refused" }
            let lines = response.fields.map { "\(hexadecimal($0.name)):\(hexadecimal($0.value))" }
            return "accepted \(response.count) \(response.minorVersion) \(response.status) \(hexadecimal(response.reason)) "
                + "\(framing.word) " + (lines.isEmpty ? "-" : lines.joined(separator: ","))
        }
    }
}
