/// Writes the chunked transfer coding (RFC 9112 section 7.1) around content that the caller copies itself:
///
///     size CRLF | content | CRLF | size CRLF | content | CRLF | 0 CRLF | trailers | CRLF
public enum ChunkedEncoder {
    /// Bytes that `writeSize` and `writeEnd` add to one chunk at most.
    public static let overheadMax = 16 + 2 + 2

    /// Bytes that `writeLast` adds, and `writeLastSize` and `writeEnd` together.
    public static let lastCount = 5

    /// Writes the size of a chunk and CRLF. `size` is more than 0: a chunk of size 0 would end the body.
    /// False, and nothing written, if there is no room.
    public static func writeSize(_ size: Int, into output: inout OutputSpan<UInt8>) -> Bool {
        precondition(size > 0)
        let digits = (Int.bitWidth - size.leadingZeroBitCount + 3) / 4
        guard output.freeCapacity >= digits + 2 else { return false }
        for position in stride(from: digits - 1, through: 0, by: -1) {
            let digit = UInt8(truncatingIfNeeded: size >> (position * 4) & 15)
            output.append(digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10)
        }
        return writeEnd(into: &output)
    }

    /// Writes the CRLF behind the content of a chunk. False, and nothing written, if there is no room.
    public static func writeEnd(into output: inout OutputSpan<UInt8>) -> Bool {
        guard output.freeCapacity >= 2 else { return false }
        output.append(.carriageReturn)
        output.append(.lineFeed)
        return true
    }

    /// Writes the last chunk and the end of an empty trailer section. False, and nothing written, if there is no room.
    public static func writeLast(into output: inout OutputSpan<UInt8>) -> Bool {
        guard output.freeCapacity >= lastCount else { return false }
        return writeLastSize(into: &output) && writeEnd(into: &output)
    }

    /// Writes the last chunk, behind which field lines of a trailer section and then `writeEnd` belong. False, and nothing
    /// written, if there is no room.
    public static func writeLastSize(into output: inout OutputSpan<UInt8>) -> Bool {
        guard output.freeCapacity >= 3 else { return false }
        output.append(UInt8(ascii: "0"))
        return writeEnd(into: &output)
    }
}
