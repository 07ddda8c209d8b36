import Wire

/// What of a request's fields goes on: `RequestHead.writeFields` and `TrailerSection`, as one leaves lines out with RFC 9110 section 7.6.1
/// in hand.
///
/// The input is the head of a request, and a chunked content behind it of which the trailers are looked at.
enum ForwardingCheck {
    private static let removed = ["Authorization", "Cookie", "X-Forwarded-For", "X-Api-Key", "X-A"]
    private static let filter = FieldFilter(removing: removed)
    private static let trailerFilter = FieldFilter(removing: removed + TrailerSection.forbiddenNames)
    private static let ofConnection = [
        "connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade", "http2-settings", "proxy-authenticate",
        "proxy-authorization", "content-length",
    ]

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        var head = RequestHead()
        guard let request = PlainRequest(bytes), let count = try? head.parse(bytes.span) else { return }
        let named = request.fields.filter { folded($0.name).isText("connection") && $0.name.lowercased.isText("connection") }
            .flatMap { $0.value.pieces(separatedBy: ",").map { folded($0.trimmed) } }
        let kept = request.fields.filter { line in
            let name = folded(line.name)
            // Nobody names away where the request goes.
            let isNamed = named.contains(name) && !name.isText("host")
            return !isNamed && !ofConnection.contains(where: name.isText) && !removed.contains(where: { folded($0.utf8) == name })
        }
        let written = write(count) { head.writeFields(from: bytes.span, except: filter, into: &$0) }
        try Disagreement.unless(lines(written), is: kept, "the fields that go on")
        try checkTrailers(Array(bytes[count...]))
    }

    private static func checkTrailers(_ body: [UInt8]) throws(Disagreement) {
        guard case .success(let chunks) = PlainChunks.read(body) else { return }
        let refused = removed + TrailerSection.forbiddenNames + ofConnection
        let kept = (PlainFields(chunks.trailers.pieces(separatedBy: "\r\n").dropLast())?.lines ?? []).filter { line in
            !refused.contains { folded($0.utf8) == folded(line.name) }
        }
        let written = write(chunks.trailers.count) { TrailerSection.write(chunks.trailers.span, except: trailerFilter, into: &$0) }
        try Disagreement.unless(lines(written), is: kept, "the trailers that go on")
    }

    /// Some servers read `_` as `-`.
    private static func folded(_ name: some Collection<UInt8>) -> [UInt8] { name.lowercased.map { $0 == UInt8(ascii: "_") ? UInt8(ascii: "-") : $0 } }

    private static func write(_ countMax: Int, _ write: (inout OutputSpan<UInt8>) -> Bool) -> [UInt8] {
        [UInt8](capacity: countMax) { output in
            let fits = write(&output)
            precondition(fits, "what goes on is no longer than what came")
        }
    }

    private static func lines(_ written: [UInt8]) -> [PlainFields.Line]? { PlainFields(written.pieces(separatedBy: "\r\n").dropLast())?.lines }
}
