/// JSON strings (RFC 8259 section 7) that are written where they belong, without a `String` of their own.
public enum JSONText {
    /// Bytes that a string of so many may have, with its quotation marks: every byte may need six.
    public static func countMax(of count: Int) -> Int { 2 + 6 * count }

    /// Writes bytes that are UTF-8 as a string, with its quotation marks. DEL is escaped too, for the terminals that a log line may
    /// reach. There has to be room for `countMax(of:)`.
    public static func write(_ bytes: Span<UInt8>, into output: inout OutputSpan<UInt8>) {
        output.append(UInt8(ascii: "\""))
        var start = 0
        while true {
            let end = bytes.endOfUnescaped(from: start)
            output.appendWhole(bytes.extracting(start..<end))
            guard end < bytes.count else { break }
            writeEscape(bytes[end], into: &output)
            start = end + 1
        }
        output.append(UInt8(ascii: "\""))
    }

    private static func writeEscape(_ byte: UInt8, into output: inout OutputSpan<UInt8>) {
        switch byte {
        case UInt8(ascii: "\""): output.appendWhole("\\\"")
        case UInt8(ascii: "\\"): output.appendWhole("\\\\")
        case 0x0A: output.appendWhole("\\n")
        case 0x0D: output.appendWhole("\\r")
        case 0x09: output.appendWhole("\\t")
        default:
            output.appendWhole("\\u00")
            output.append(hexadecimal(byte >> 4))
            output.append(hexadecimal(byte & 15))
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}

extension Span where Element == UInt8 {
    /// The offset, from `start` on, of the first byte that a JSON string has an escape for; `count` when there is none.
    fileprivate func endOfUnescaped(from start: Int) -> Int {
        precondition(start >= 0)
        var offset = start
        while offset <= count &- 8 {
            let word = unsafe uncheckedWord(at: offset)
            let ones: UInt64 = 0x0101_0101_0101_0101
            let quote = word ^ (ones &* 0x22)
            let backslash = word ^ (ones &* 0x5C)
            let delete = word ^ (ones &* 0x7F)
            // A borrow can mark a byte above a marked one falsely, never the lowest marked one.
            let isControl = (word &- ones &* 0x20) & ~word
            let isOther = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (delete &- ones) & ~delete
            let marks = (isControl | isOther) & 0x8080_8080_8080_8080
            if marks != 0 { return offset &+ marks.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        while offset < count {
            switch self[offset] {
            case 0..<0x20, UInt8(ascii: "\""), UInt8(ascii: "\\"), 0x7F: return offset
            default: offset &+= 1
            }
        }
        return offset
    }
}
