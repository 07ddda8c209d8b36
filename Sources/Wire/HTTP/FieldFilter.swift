/// A set of field names to leave out when a head is copied. Names are compared without regard to case and with `_` for
/// `-`, since some servers read both as one field.
public struct FieldFilter: Sendable {
    let names: FieldNameSet
    /// The names that are not known, folded, one after the other; the first ends at `ends[0]`.
    private let spellings: [UInt8]
    private let ends: [Int]
    /// Bit n for a name of n bytes (63 for all longer ones): most lines are decided by it.
    private let lengths: UInt64

    /// A filter that removes the fields of these names, in every spelling.
    public init(removing names: [String]) {
        var known = FieldNameSet()
        var spellings: [UInt8] = []
        var ends: [Int] = []
        var lengths: UInt64 = 0
        for text in names {
            let bytes = Array(text.utf8)
            precondition(!bytes.isEmpty, "a field name is never empty")
            let name = FieldName(bytes.span, at: 0, count: bytes.count, hasUnderscore: true)
            known.insert(name)
            guard name == .other else { continue }
            spellings.append(contentsOf: bytes.map(\.folded))
            ends.append(spellings.count)
            lengths |= 1 << UInt64(min(bytes.count, 63))
        }
        self.names = known
        self.spellings = spellings
        self.ends = ends
        self.lengths = lengths
    }

    /// Whether a line whose name is not known is to be left out.
    @inline(__always)
    func removesOther(_ name: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        lengths >> UInt64(min(name.count, 63)) & 1 != 0 && isListed(name, in: bytes)
    }

    private func isListed(_ name: Range<Int>, in bytes: Span<UInt8>) -> Bool {
        var start = 0
        for end in ends {
            if end - start == name.count && isEqual(name, in: bytes, spellingAt: start) { return true }
            start = end
        }
        return false
    }

    private func isEqual(_ name: Range<Int>, in bytes: Span<UInt8>, spellingAt start: Int) -> Bool {
        for index in 0..<name.count where bytes[name.lowerBound + index].folded != spellings[start + index] {
            return false
        }
        return true
    }
}
