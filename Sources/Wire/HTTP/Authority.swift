/// An authority without user information: `uri-host [ ":" port ]` (RFC 9110 section 4.2, RFC 3986 section 3.2).
public struct Authority: Equatable, Sendable {
    /// The host: a name, an IPv4 address, or an IPv6 address with its brackets. Never empty.
    public var host: Range<Int>
    /// The port, when one is written.
    public var port: UInt16?

    /// Reads the authority that fills `range`; nil when it is none.
    public init?(_ bytes: Span<UInt8>, in range: Range<Int>) {
        guard let hostEnd = Self.endOfHost(bytes, in: range), hostEnd > range.lowerBound else { return nil }
        host = range.lowerBound..<hostEnd
        guard hostEnd < range.upperBound else { return }
        guard bytes[hostEnd] == UInt8(ascii: ":") else { return nil }
        let digits = hostEnd + 1..<range.upperBound
        guard !digits.isEmpty else { return }
        guard let port = Self.port(bytes, in: digits) else { return nil }
        self.port = port
    }

    private static func endOfHost(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int? {
        guard !range.isEmpty else { return nil }
        if bytes[range.lowerBound] == UInt8(ascii: "[") { return endOfLiteral(bytes, in: range) }
        precondition(range.upperBound <= bytes.count)
        var offset = range.lowerBound
        while offset < range.upperBound {
            switch ByteClass.host[Int(bytes[offset])] {
            case 1: offset &+= 1
            case 2:
                guard offset + 2 < range.upperBound, bytes[offset + 1].hexadecimalValue != nil,
                    bytes[offset + 2].hexadecimalValue != nil
                else { return nil }
                offset &+= 3
            default: return bytes[offset] == UInt8(ascii: ":") ? offset : nil
            }
        }
        return offset
    }

    /// port = *DIGIT, of which only 0 to 65535 exist.
    private static func port(_ bytes: Span<UInt8>, in range: Range<Int>) -> UInt16? {
        guard range.count <= 5 else { return nil }
        var port = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            let digit = bytes[offset] &- UInt8(ascii: "0")
            guard digit < 10 else { return nil }
            port = port &* 10 &+ Int(digit)
            offset &+= 1
        }
        return UInt16(exactly: port)
    }

    /// IP-literal = "[" IPv6address "]"; neither zones nor IPvFuture are in use.
    private static func endOfLiteral(_ bytes: Span<UInt8>, in range: Range<Int>) -> Int? {
        var end = range.lowerBound + 1
        while end < range.upperBound, bytes[end] != UInt8(ascii: "]") { end += 1 }
        guard end < range.upperBound, isIPv6(bytes, in: range.lowerBound + 1..<end) else { return nil }
        return end + 1
    }

    /// Groups of one to four hexadecimal digits between colons: eight, or at most seven and one `::`; the last two may
    /// be an IPv4 address.
    private static func isIPv6(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        var groups = 0
        var isShortened = false
        var offset = range.lowerBound
        if starts(bytes, with: "::", at: offset, before: range.upperBound) {
            isShortened = true
            offset += 2
        }
        while offset < range.upperBound {
            var end = offset
            while end < range.upperBound, bytes[end].hexadecimalValue != nil { end += 1 }
            if end < range.upperBound, bytes[end] == UInt8(ascii: ".") {
                guard isIPv4(bytes, in: offset..<range.upperBound) else { return false }
                groups += 2
                offset = range.upperBound
                break
            }
            guard (1...4).contains(end - offset) else { return false }
            groups += 1
            offset = end
            guard offset < range.upperBound else { break }
            if starts(bytes, with: "::", at: offset, before: range.upperBound) {
                guard !isShortened else { return false }
                isShortened = true
                offset += 2
            } else {
                guard bytes[offset] == UInt8(ascii: ":"), offset + 1 < range.upperBound else { return false }
                offset += 1
            }
        }
        return isShortened ? groups <= 7 : groups == 8
    }

    private static func starts(_ bytes: Span<UInt8>, with text: StaticString, at offset: Int, before end: Int) -> Bool {
        let count = text.utf8CodeUnitCount
        return offset + count <= end && bytes.foldedEqual(offset..<offset + count, text)
    }

    /// IPv4address = four decimal numbers from 0 to 255, without leading zeros, between dots.
    private static func isIPv4(_ bytes: Span<UInt8>, in range: Range<Int>) -> Bool {
        var numbers = 0
        var offset = range.lowerBound
        while offset < range.upperBound {
            let start = offset
            var number = 0
            while offset < range.upperBound, let digit = bytes[offset].decimalValue, offset - start < 3 {
                number = number * 10 + digit
                offset += 1
            }
            let hasLeadingZero = offset - start > 1 && bytes[start] == UInt8(ascii: "0")
            guard offset > start, number <= 255, !hasLeadingZero else { return false }
            numbers += 1
            guard offset < range.upperBound else { break }
            guard bytes[offset] == UInt8(ascii: "."), offset + 1 < range.upperBound else { return false }
            offset += 1
        }
        return numbers == 4
    }
}
