/// Looks at the segments of a path (RFC 3986, section 3.3).
public enum PathSegments {
    /// Whether one of them is `.` or `..`, in any spelling: servers drop them, and so reach another path than was matched.
    public static func haveDots(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
        var dots = 0
        var isOnlyDots = true
        var index = path.lowerBound
        while index < path.upperBound {
            let (byte, length) = decoded(bytes, at: index, before: path.upperBound)
            index += length
            if byte == UInt8(ascii: "/") || byte == UInt8(ascii: "\\") || byte == UInt8(ascii: ";") {
                if isOnlyDots, dots == 1 || dots == 2 { return true }
                // What follows a semicolon is the segment's parameters, which some servers cut off first.
                isOnlyDots = byte != UInt8(ascii: ";")
                dots = 0
            } else if byte == UInt8(ascii: ".") {
                dots += 1
            } else {
                isOnlyDots = false
            }
        }
        return isOnlyDots && (dots == 1 || dots == 2)
    }

    /// Whether a path is `/socket.io` or begins with `/socket.io/`, in any case, percent-encoded or not.
    public static func areOfSocketIO(_ bytes: Span<UInt8>, _ path: Range<Int>) -> Bool {
        var index = path.lowerBound
        for expected in "/socket.io".utf8 {
            guard index < path.upperBound else { return false }
            let (byte, length) = decoded(bytes, at: index, before: path.upperBound)
            let isCapital = (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
            guard (isCapital ? byte | 0x20 : byte) == expected else { return false }
            index += length
        }
        return index == path.upperBound || decoded(bytes, at: index, before: path.upperBound).byte == UInt8(ascii: "/")
    }

    private static func decoded(_ bytes: Span<UInt8>, at index: Int, before end: Int) -> (byte: UInt8, length: Int) {
        guard bytes[index] == UInt8(ascii: "%"), index + 2 < end, let high = bytes[index + 1].hexadecimalValue,
            let low = bytes[index + 2].hexadecimalValue
        else { return (bytes[index], 1) }
        return (UInt8(high << 4 | low), 3)
    }
}
