import Wire

/// `RequestHead`: the same in pieces, and as `PlainRequest` has it.
enum RequestHeadCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let whole = read(bytes, cuts: nil)
        let pieces = read(bytes, cuts: Cuts(bytes))
        try Disagreement.unless(pieces, is: whole, "a request read in pieces, and at once")
        try Disagreement.unless(whole.facts, is: PlainRequest(bytes), "a request, and as it is read plainly")
        let isWhole = bytes.dropFirst(bytes.starts(with: [13, 10]) ? 2 : 0).offset(of: "\r\n\r\n") != nil
        try Disagreement.unless(whole != .incomplete || !isWhole, "a whole request is waited for")
        return verdict(whole)
    }

    private static func read(_ bytes: [UInt8], cuts: Cuts?) -> HeadReading<PlainRequest> {
        var head = RequestHead()
        return HeadReading.read(bytes, cuts: cuts) { (available) throws(MessageError) in
            guard let count = try head.parse(available) else { return nil }
            let target = head.target
            return PlainRequest(
                method: Array(bytes[head.methodRange]), target: Array(bytes[target.range]), path: Array(bytes[target.path]),
                query: target.query.map { Array(bytes[$0]) }, authority: target.authority.map { Array(bytes[$0]) },
                minorVersion: Int(head.minorVersion), fields: (0..<head.fieldCount).map { PlainFields.Line(head.field(at: $0), bytes) },
                host: head.host.map { PlainAuthority($0, bytes) }, framing: head.framing, isPersistent: head.isPersistent, count: count)
        }
    }

    private static func verdict(_ reading: HeadReading<PlainRequest>) -> String {
        switch reading {
        case .incomplete: return "incomplete"
        case .refused: return "refused"
        case .accepted(let request):
            let lines = request.fields.map { "\(hexadecimal($0.name)):\(hexadecimal($0.value))" }
            return "accepted \(request.count) \(request.minorVersion) \(hexadecimal(request.method)) \(hexadecimal(request.target)) "
                + "\(request.framing.word) " + (lines.isEmpty ? "-" : lines.joined(separator: ","))
        }
    }
}

extension PlainFields.Line {
    init(_ line: FieldLine, _ bytes: [UInt8]) {
        self.init(name: Array(bytes[line.nameRange]), value: Array(bytes[line.valueRange]))
    }
}

extension BodyFraming {
    /// For the second opinion.
    var word: String {
        switch self {
        case .none: "none"
        case .length(let count): String(count)
        case .chunked: "chunked"
        case .untilClose: "untilClose"
        }
    }
}

extension PlainAuthority {
    init(_ authority: Authority, _ bytes: [UInt8]) {
        host = Array(bytes[authority.host])
        port = authority.port
    }
}
