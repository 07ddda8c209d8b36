/// Tells whether a path is spelled in the one way that all servers read alike.
///
/// RFC 3986, section 6.2.2, lets one path have many spellings, and servers add their own: what one takes for two segments is
/// four to another. A rule about paths holds only for paths that are not open to that, so whatever has another spelling than
/// this is refused where there is such a rule, and nothing is ever repaired:
///
///     path    = 1*( "/" segment )             no segment is empty but the last, none ends with a dot or a space
///     segment = *( unreserved / "!" / "$" / "&" / "'" / "(" / ")" / "*" / "+" / "," / "=" / ":" / "@" / escape )
///     escape  = "%" and two hexadecimal digits in capitals, for a visible byte that is not unreserved and none of / \ ; % ? #,
///               or for one of the bytes of a character in UTF-8
public enum NormalPath {
    /// How a path departs from it.
    public enum Deviation: Sendable, Equatable {
        case noSlash
        case emptySegment
        case dots
        case parameters
        case byteNotEncoded(UInt8)
        case escapeIncomplete
        case escapeInLowerCase
        case escapeOfControl
        case escapeNotNeeded
        case escapeOfSeparator
        case escapeNotUTF8
        case escapeOfLookalike

        /// What the path has, as it follows "the path has".
        public var reason: String {
            switch self {
            case .noSlash: "no slash at its beginning"
            case .emptySegment: "an empty segment (//)"
            case .dots: "a segment that is a dot or two, or ends with a dot or a space"
            case .parameters: "parameters (;)"
            case .byteNotEncoded(let byte): "a byte that has to be percent-encoded (0x\(hexadecimal(byte)))"
            case .escapeIncomplete: "a % without two hexadecimal digits"
            case .escapeInLowerCase: "a percent-encoding in lower case"
            case .escapeOfControl: "a percent-encoded control character"
            case .escapeNotNeeded: "a percent-encoded letter, digit, or one of - . _ ~"
            case .escapeOfSeparator: "a percent-encoded / \\ ; % ? or #"
            case .escapeNotUTF8: "percent-encoded bytes that are not UTF-8"
            case .escapeOfLookalike: "a percent-encoded character that some servers turn into a dot, slash or other separator"
            }
        }

        private func hexadecimal(_ byte: UInt8) -> String {
            (byte < 0x10 ? "0" : "") + String(byte, radix: 16, uppercase: true)
        }
    }

    /// The first departure in the bytes at `path`; nil where there is none.
    public static func deviation(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Deviation? {
        let slash = UInt8(ascii: "/")
        guard !path.isEmpty, bytes[path.lowerBound] == slash else { return .noSlash }
        var last = slash
        var index = path.lowerBound + 1
        while index < path.upperBound {
            let byte = bytes[index]
            switch byte {
            case slash:
                if last == slash { return .emptySegment }
                if endsBadly(last) { return .dots }
                last = slash
                index += 1
            case UInt8(ascii: "%"):
                switch escape(bytes, at: index, before: path.upperBound) {
                case .deviation(let deviation): return deviation
                case .character(let scalar, let count):
                    last = scalar == 0x20 ? .space : UInt8(ascii: "%")
                    index += count
                }
            case UInt8(ascii: ";"): return .parameters
            default:
                guard isLiteral(byte) else { return .byteNotEncoded(byte) }
                last = byte
                index += 1
            }
        }
        return endsBadly(last) ? .dots : nil
    }

    /// Windows takes such ends off, so they are other names of the same file; and `.` and `..` are no names.
    private static func endsBadly(_ last: UInt8) -> Bool {
        last == UInt8(ascii: ".") || last == .space
    }

    private enum Escape {
        /// With the count of bytes that it takes up.
        case character(UInt32, count: Int)
        case deviation(Deviation)
    }

    private static func escape(_ bytes: Span<UInt8>, at index: Int, before end: Int) -> Escape {
        let first: UInt8
        switch octet(bytes, at: index, before: end) {
        case .character(let value, _): first = UInt8(truncatingIfNeeded: value)
        case .deviation(let deviation): return .deviation(deviation)
        }
        guard first < 0x80 else { return character(first, bytes, at: index, before: end) }
        if first < 0x20 || first == 0x7F { return .deviation(.escapeOfControl) }
        if isUnreserved(first) { return .deviation(.escapeNotNeeded) }
        switch first {
        case UInt8(ascii: "/"), UInt8(ascii: "\\"), UInt8(ascii: ";"), UInt8(ascii: "%"), UInt8(ascii: "?"), UInt8(ascii: "#"):
            return .deviation(.escapeOfSeparator)
        default:
            return .character(UInt32(first), count: 3)
        }
    }

    /// `%` and two digits.
    private static func octet(_ bytes: Span<UInt8>, at index: Int, before end: Int) -> Escape {
        guard index + 2 < end, let high = bytes[index + 1].hexadecimalValue, let low = bytes[index + 2].hexadecimalValue else {
            return .deviation(.escapeIncomplete)
        }
        for digit in index + 1...index + 2 where bytes[digit] >= UInt8(ascii: "a") { return .deviation(.escapeInLowerCase) }
        return .character(UInt32(high << 4 | low), count: 3)
    }

    /// The character of several bytes (RFC 3629, section 4) that `first` begins.
    private static func character(_ first: UInt8, _ bytes: Span<UInt8>, at index: Int, before end: Int) -> Escape {
        let count: Int
        var scalar: UInt32
        switch first {
        case 0xC2...0xDF: (count, scalar) = (2, UInt32(first & 0x1F))
        case 0xE0...0xEF: (count, scalar) = (3, UInt32(first & 0x0F))
        case 0xF0...0xF4: (count, scalar) = (4, UInt32(first & 0x07))
        default: return .deviation(.escapeNotUTF8)
        }
        for position in 1..<count {
            let start = index + 3 * position
            guard start < end, bytes[start] == UInt8(ascii: "%") else { return .deviation(.escapeNotUTF8) }
            switch octet(bytes, at: start, before: end) {
            case .deviation(let deviation): return .deviation(deviation)
            case .character(let byte, _):
                guard byte & 0xC0 == 0x80 else { return .deviation(.escapeNotUTF8) }
                scalar = scalar << 6 | byte & 0x3F
            }
        }
        let isShortest = scalar >= (count == 2 ? 0x80 : count == 3 ? 0x800 : 0x10000)
        guard isShortest, Unicode.Scalar(scalar) != nil else { return .deviation(.escapeNotUTF8) }
        if (0x80...0x9F).contains(scalar) { return .deviation(.escapeOfControl) }
        return isLookalike(scalar) ? .deviation(.escapeOfLookalike) : .character(scalar, count: 3 * count)
    }

    /// What normalisation (NFKC) or a conversion to another character set ("best fit") makes a separator, or what holds one
    /// then, or is invisible.
    private static func isLookalike(_ scalar: UInt32) -> Bool {
        switch scalar {
        case 0x00AD, 0x037E, 0x2016, 0x2044, 0x2047...0x2049, 0x2052, 0x2215, 0x2216, 0x29F5, 0x29F8, 0x29F9, 0xFEFF: true
        // Invisible ones, and those that change the direction of writing.
        case 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F: true
        // Dot leaders, and numbers with a full stop.
        case 0x2024...0x2026, 0x2488...0x249B, 0x1F100: true
        // a/c and its like.
        case 0x2100, 0x2101, 0x2105, 0x2106: true
        // Vertical, small, half-width and full-width forms.
        case 0xFE10...0xFE19, 0xFE30...0xFE6F, 0xFF00...0xFFEF: true
        default: false
        }
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
            true
        default: false
        }
    }

    private static func isLiteral(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&")...UInt8(ascii: ","), UInt8(ascii: "="), UInt8(ascii: ":"), UInt8(ascii: "@"):
            true
        default: isUnreserved(byte)
        }
    }
}
