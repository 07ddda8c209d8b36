/// Copies the query of a request target (RFC 3986 section 3.4) without the parameters of one name.
///
///     a=1&to%6ben=x;b=2          without "token":  ?a=1;b=2
///
/// Parameters are separated by `&` and by `;`, for servers differ over the latter. A name is left out in every spelling that
/// some server reads as that name: in any case, percent-encoded, also twice, with white space (`+` is one) around it, with
/// brackets (`token[]`, `[token]`) or behind a further `?`, and, within what stands before a `=`, behind a separator or before a `=`
/// or NUL that is itself percent-encoded. What stays is copied byte for byte.
public struct QueryFilter: Sendable {
    /// In lower case.
    private let name: [UInt8]

    /// - Parameter name: the name to leave out: ASCII letters, digits, `_`, `-` and `.`.
    public init(removing name: String) {
        self.name = name.utf8.map(\.lowercased)
    }

    /// Appends what stays of the query at `range`, with a `?` before it, or with a `&` where `isContinued` says that
    /// another parameter stands there already. Nothing, where nothing stays.
    ///
    /// - Parameter range: the query without its `?`.
    /// - Returns: false if there is no room; `output` may then hold a part.
    public func write(
        _ bytes: Span<UInt8>, _ range: Range<Int>, isContinued: Bool, into output: inout OutputSpan<UInt8>
    ) -> Bool {
        guard isContinued || names(bytes, range) else {
            return output.append(UInt8(ascii: "?"), then: bytes, range)
        }
        var start = range.lowerBound
        var hasWritten = false
        while start < range.upperBound {
            let end = bytes.endOfParameter(from: start, before: range.upperBound)
            if start < end, !isNamed(bytes, start..<end) {
                let first = isContinued ? UInt8(ascii: "&") : UInt8(ascii: "?")
                let fits = output.append(hasWritten ? bytes[start - 1] : first, then: bytes, start..<end)
                guard fits else { return false }
                hasWritten = true
            }
            start = end + 1
        }
        return true
    }

    /// Whether a parameter of the query at `range`, which is without its `?`, has the name in any of these spellings.
    public func names(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        var start = range.lowerBound
        while start < range.upperBound {
            let end = bytes.endOfParameter(from: start, before: range.upperBound)
            if isNamed(bytes, start..<end) { return true }
            start = end + 1
        }
        return false
    }

    private func isNamed(_ bytes: Span<UInt8>, _ parameter: Range<Int>) -> Bool {
        var end = parameter.lowerBound
        var isEncoded = false
        while end < parameter.upperBound, bytes[end] != UInt8(ascii: "=") {
            if bytes[end] == UInt8(ascii: "%") { isEncoded = true }
            end += 1
        }
        let written = parameter.lowerBound..<end
        if isNamed(bytes, written, decodings: 0) { return true }
        return isEncoded && (isNamed(bytes, written, decodings: 1) || isNamed(bytes, written, decodings: 2))
    }

    /// Whether what stands before the first `=`, decoded so many times, is the name, or has it as one of its parts.
    private func isNamed(_ bytes: Span<UInt8>, _ written: Range<Int>, decodings: Int) -> Bool {
        var match = Match.leading
        var offset = written.lowerBound
        while offset < written.upperBound {
            let (byte, next) = bytes.decoded(at: offset, before: written.upperBound, times: decodings)
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: ";") {
                if match.isWhole(name) { return true }
                match = .leading
            } else {
                match.take(byte, of: name)
            }
            offset = next
        }
        return match.isWhole(name)
    }

    /// How much of a name has been seen.
    private enum Match {
        /// White space, brackets and a question mark before the name.
        case leading
        /// So many bytes of it.
        case part(Int)
        /// All of it, and white space.
        case trailing
        /// All of it, and something that ends it.
        case whole
        case other

        func isWhole(_ name: [UInt8]) -> Bool {
            switch self {
            case .whole, .trailing: true
            case .part(let count): count == name.count
            case .leading, .other: false
            }
        }

        mutating func take(_ byte: UInt8, of name: [UInt8]) {
            let isBlank = byte <= .space || byte == UInt8(ascii: "+")
            let isBracket = byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]")
            let isEnd = isBracket || byte == UInt8(ascii: "=") || byte == 0
            switch self {
            case .leading where isBlank || isBracket || byte == UInt8(ascii: "?"): break
            case .leading: self = byte.lowercased == name[0] ? .part(1) : .other
            case .part(let count) where count < name.count: self = byte.lowercased == name[count] ? .part(count + 1) : .other
            case .part, .trailing: self = isEnd ? .whole : isBlank ? .trailing : .other
            case .whole, .other: break
            }
        }
    }
}

extension Span where Element == UInt8 {
    fileprivate func endOfParameter(from start: Int, before end: Int) -> Int {
        var offset = start
        while offset < end, self[offset] != UInt8(ascii: "&"), self[offset] != UInt8(ascii: ";") { offset += 1 }
        return offset
    }

    /// The byte that begins at `offset`, percent-decoded so many times (RFC 3986 section 2.1), and where the next begins.
    fileprivate func decoded(at offset: Int, before end: Int, times: Int) -> (byte: UInt8, next: Int) {
        guard times > 0 else { return (self[offset], offset + 1) }
        let first = decoded(at: offset, before: end, times: times - 1)
        guard first.byte == UInt8(ascii: "%"), first.next < end else { return first }
        let high = decoded(at: first.next, before: end, times: times - 1)
        guard let highValue = high.byte.hexadecimalValue, high.next < end else { return first }
        let low = decoded(at: high.next, before: end, times: times - 1)
        guard let lowValue = low.byte.hexadecimalValue else { return first }
        return (UInt8(highValue << 4 | lowValue), low.next)
    }
}

extension OutputSpan where Element == UInt8 {
    /// False, and nothing written, if there is no room.
    fileprivate mutating func append(_ byte: UInt8, then bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count < freeCapacity else { return false }
        append(byte)
        return append(bytes, range)
    }
}
