extension JSONParser {
    /// string = quotation-mark *char quotation-mark (RFC 8259 7)
    mutating func parseString() throws(JSONError) -> String {
        var content: [UInt8] = []
        // Its escapes are few: what stands between them is taken at once.
        var start = position + 1
        try skipString { parser, scalar, escape in
            content.append(contentsOf: parser.bytes[start..<escape])
            content.append(contentsOf: String(scalar).utf8)
            start = parser.position
        }
        content.append(contentsOf: bytes[start..<position - 1])
        return String(decoding: content, as: UTF8.self)
    }

    mutating func skipString() throws(JSONError) {
        try skipString { _, _, _ in }
    }

    /// Over a string. `note` gets each character that is escaped in it, and where its escape begins; it ends at `position`.
    @inline(__always)
    private mutating func skipString(_ note: (JSONParser, Unicode.Scalar, Int) -> Void) throws(JSONError) {
        let start = position
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return
            case UInt8(ascii: "\\"):
                let escape = position
                let scalar = try parseEscape()
                note(self, scalar, escape)
            case 0..<0x20:
                throw error("a string does not hold control characters or line breaks as such; write \\n, \\t or \\u00XX")
            case 0x20..<0x80: position += 1
            default: position += try scalarLength()
            }
        }
        throw JSONError(offset: start, message: "the string that begins here does not end")
    }

    /// Behind `\`: one of `" \ / b f n r t`, or `uXXXX`, two of those for a character beyond U+FFFF.
    private mutating func parseEscape() throws(JSONError) -> Unicode.Scalar {
        let start = position
        position += 1
        guard let kind = next else {
            throw JSONError(offset: start, message: "the text ends inside an escape")
        }
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try parseUnicodeEscape(start)
        default:
            throw JSONError(offset: start, message: "this escape does not exist; write \\\\ for a backslash itself")
        }
    }

    private mutating func parseUnicodeEscape(_ start: Int) throws(JSONError) -> Unicode.Scalar {
        let unit = try parseHexadecimal(start)
        if let scalar = Unicode.Scalar(unit) { return scalar }
        let lone = JSONError(offset: start, message: "half of a surrogate pair stands alone here; write both halves")
        guard unit < 0xDC00, take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) else { throw lone }
        let low = try parseHexadecimal(start)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF)))
        else { throw lone }
        return scalar
    }

    private mutating func parseHexadecimal(_ start: Int) throws(JSONError) -> UInt16 {
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = byte.hexadecimalValue else {
                throw JSONError(offset: start, message: "\\u takes four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}
