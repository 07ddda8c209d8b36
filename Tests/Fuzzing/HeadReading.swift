import Wire

/// What reading the head of a message came to.
enum HeadReading<Facts: Equatable>: Equatable {
    case incomplete
    case refused(MessageError)
    case accepted(Facts)

    var facts: Facts? {
        if case .accepted(let facts) = self { facts } else { nil }
    }

    /// Reads what comes in pieces: all at once where there are no cuts. `parse` gets what has come so far.
    static func read(
        _ bytes: [UInt8], cuts: Cuts?, parse: (Span<UInt8>) throws(MessageError) -> Facts?
    ) -> HeadReading {
        var cuts = cuts
        var available = 0
        do throws(MessageError) {
            while true {
                available = min(bytes.count, cuts == nil ? bytes.count : available + cuts!.piece())
                if let facts = try parse(bytes.span.extracting(first: available)) { return .accepted(facts) }
                if available == bytes.count { return .incomplete }
            }
        } catch {
            return .refused(error)
        }
    }
}
