/// The absolute path of a URL (RFC 3986 3.3).
enum PathText {
    /// Bytes. It goes in front of what a client or a token call asks for, and has to leave them room in one buffer.
    static let bytesMax = 4096

    /// Throws unless `text` begins with `/`, is not longer than `bytesMax`, holds only what a path may hold, and no segment is `.` or `..`.
    static func check(_ text: String) throws(Malformed) {
        guard text.hasPrefix("/") else {
            throw Malformed("\(quoted(text)) does not begin with \"/\"; write \(quoted("/\(text)"))")
        }
        let bytes = Array(text.utf8)
        guard bytes.count <= bytesMax else { throw Malformed("a path here has at most \(bytesMax) bytes, not \(bytes.count)") }
        for (index, byte) in bytes.enumerated() {
            guard isPathByte(byte) else {
                throw Malformed("\(quoted(text)) has a character that no path has; write it as %XX")
            }
            guard byte != UInt8(ascii: "%") || bytes[(index + 1)...].prefix(2).filter(isHexadecimal).count == 2 else {
                throw Malformed("\(quoted(text)) has a \"%\" without two hexadecimal digits")
            }
        }
        guard !text.split(separator: "/").contains(where: isDots) else {
            throw Malformed("\(quoted(text)) has a segment \".\" or \"..\"; write the path that is meant")
        }
    }

    private static func isDots(_ segment: Substring) -> Bool {
        var rest = segment.lowercased()[...]
        var dots = 0
        while !rest.isEmpty {
            if rest.hasPrefix("%2e") { rest = rest.dropFirst(3) } else if rest.hasPrefix(".") { rest = rest.dropFirst() } else { return false }
            dots += 1
        }
        return dots <= 2
    }

    /// pchar / "/" of RFC 3986.
    private static func isPathByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "/-._~%!$&'()*+,;=:@".utf8.contains(byte)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        Character(Unicode.Scalar(byte)).isHexDigit
    }
}
