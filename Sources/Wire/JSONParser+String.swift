extension JSONParser {
    /// string = quotation-mark *char quotation-mark (RFC 8259 7)
    mutating func parseString() throws(JSONError) -> String {
        let start = position
        var content: [UInt8] = []
        position += 1
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: content, as: UTF8.self)
            case UInt8(ascii: "\\"):
                content.append(contentsOf: String(try parseEscape()).utf8)
            case 0..<0x20:
                throw error("a string does not hold control characters or line breaks as such; write \\n, \\t or \\u00XX")
            default:
                let length = try scalarLength()
                content.append(contentsOf: bytes[position..<position + length])
                position += length
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
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw JSONError(offset: start, message: "\\u takes four hexadecimal digits")
            }
            unit = unit << 4 | UInt16(digit)
            position += 1
        }
        return unit
    }
}
