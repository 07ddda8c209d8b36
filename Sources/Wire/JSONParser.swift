/// Recursive descent over RFC 8259 2 to 7; one method a rule.
struct JSONParser {
    let bytes: [UInt8]
    let options: JSON.Options
    let depthMax: Int
    var position = 0
    private var depth = 0

    init(bytes: [UInt8], options: JSON.Options, depthMax: Int) {
        self.bytes = bytes
        self.options = options
        self.depthMax = depthMax
    }

    /// JSON-text = ws value ws
    mutating func parseText() throws(JSONError) -> JSON {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("a byte order mark stands before the text; save it as UTF-8 without one")
        }
        try skipWhitespace()
        let value = try parseValue()
        try skipWhitespace()
        guard position == bytes.count else {
            throw error("\(found) stands behind the end of the value; remove it")
        }
        return value
    }

    private mutating func parseValue() throws(JSONError) -> JSON {
        let start = position
        let value: JSON.Value
        switch next {
        case UInt8(ascii: "{"): value = .object(try nested { parser throws(JSONError) in try parser.parseMembers() })
        case UInt8(ascii: "["): value = .array(try nested { parser throws(JSONError) in try parser.parseElements() })
        case UInt8(ascii: "\""): value = .string(try parseString())
        case _ where isDigit(next) || next == UInt8(ascii: "-"): value = .number(try parseNumber())
        case UInt8(ascii: "t"): value = try parseLiteral("true", .bool(true))
        case UInt8(ascii: "f"): value = try parseLiteral("false", .bool(false))
        case UInt8(ascii: "n"): value = try parseLiteral("null", .null)
        default: throw error("a value is expected here, not \(found)")
        }
        return JSON(value: value, range: start..<position)
    }

    private mutating func nested<Content>(
        _ parse: (inout JSONParser) throws(JSONError) -> Content
    ) throws(JSONError) -> Content {
        guard depth < depthMax else {
            throw error("arrays and objects are nested more than \(depthMax) levels deep")
        }
        depth += 1
        position += 1
        let content = try parse(&self)
        depth -= 1
        return content
    }

    /// Behind `{`: [ member *( "," member ) ] "}"
    private mutating func parseMembers() throws(JSONError) -> [JSON.Member] {
        var members: [JSON.Member] = []
        var keys: Set<[UInt8]> = []
        try skipWhitespace()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            guard next == UInt8(ascii: "\"") else {
                let hint = !members.isEmpty && next == UInt8(ascii: "}") ? "; remove the comma before it" : ""
                throw error("a key in quotation marks is expected here, not \(found)\(hint)")
            }
            let keyStart = position
            let key = try parseString()
            let keyRange = keyStart..<position
            if !keys.insert(Array(key.utf8)).inserted && !options.contains(.duplicateKeys) {
                throw JSONError(offset: keyStart, message: "the key \(Self.shown(key)) stands twice in one object")
            }
            try skipWhitespace()
            guard take(UInt8(ascii: ":")) else { throw error("a colon is expected behind the key, not \(found)") }
            try skipWhitespace()
            members.append(JSON.Member(key: key, keyRange: keyRange, value: try parseValue()))
            try skipWhitespace()
            if take(UInt8(ascii: "}")) { return members }
            guard take(UInt8(ascii: ",")) else { throw error("a comma or \"}\" is expected here, not \(found)") }
            try skipWhitespace()
        }
    }

    /// The beginning of a key, in quotation marks. Scalars are counted, for a character may consist of any number of them.
    private static func shown(_ key: String) -> String {
        let beginning = String(key.unicodeScalars.prefix(JSONError.keyScalarsMax))
        return JSONWriter.quoted(beginning) + (beginning.utf8.count < key.utf8.count ? "..." : "")
    }

    /// Behind `[`: [ value *( "," value ) ] "]"
    private mutating func parseElements() throws(JSONError) -> [JSON] {
        var elements: [JSON] = []
        try skipWhitespace()
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            if !elements.isEmpty && next == UInt8(ascii: "]") {
                throw error("a value is expected here, not \(found); remove the comma before it")
            }
            elements.append(try parseValue())
            try skipWhitespace()
            if take(UInt8(ascii: "]")) { return elements }
            guard take(UInt8(ascii: ",")) else { throw error("a comma or \"]\" is expected here, not \(found)") }
            try skipWhitespace()
        }
    }

    private mutating func parseLiteral(_ text: StaticString, _ value: JSON.Value) throws(JSONError) -> JSON.Value {
        let name = "\(text)"
        guard bytes[position...].starts(with: name.utf8) else {
            throw error("a value is expected here: a string in quotation marks, a number, true, false or null")
        }
        position += name.utf8.count
        return value
    }

    /// number = [ "-" ] int [ frac ] [ exp ] (RFC 8259 6)
    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = position
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if isDigit(next) { throw error("a number does not begin with 0") }
        } else {
            try takeDigits()
        }
        if take(UInt8(ascii: ".")) { try takeDigits() }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            try takeDigits()
        }
        return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func takeDigits() throws(JSONError) {
        guard isDigit(next) else { throw error("a digit is expected here, not \(found)") }
        while isDigit(next) { position += 1 }
    }

    private func isDigit(_ byte: UInt8?) -> Bool {
        guard let byte else { return false }
        return byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}

extension JSONParser {
    /// The byte at `position`; nil at the end.
    var next: UInt8? {
        position < bytes.count ? bytes[position] : nil
    }

    mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    func error(_ message: String) -> JSONError {
        JSONError(offset: position, message: message)
    }

    /// What stands at `position`, for a message.
    var found: String {
        guard let next else { return "the end of the text" }
        switch next {
        case UInt8(ascii: "\""): return "a string"
        case 0x21...0x7E: return "\"\(Character(Unicode.Scalar(next)))\""
        case 0x80...: return "a character outside ASCII"
        default: return "a control character or space (\(next))"
        }
    }

    /// ws = *( space / tab / LF / CR ), and comments where the options have them.
    mutating func skipWhitespace() throws(JSONError) {
        while let byte = next {
            switch byte {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case UInt8(ascii: "/"): try skipComment()
            default: return
            }
        }
    }

    private mutating func skipComment() throws(JSONError) {
        guard options.contains(.comments) else { throw error("comments are not allowed in this text") }
        guard position + 1 < bytes.count, bytes[position + 1] == UInt8(ascii: "/") else {
            throw error("a comment begins with // and ends with its line; \"/\" alone and /* */ are not allowed")
        }
        while let byte = next, byte != 0x0A, byte != 0x0D {
            position += try scalarLength()
        }
    }

    /// Bytes of the well-formed UTF-8 sequence at `position` (RFC 3629 4): no overlong form, no surrogate, none above U+10FFFF.
    func scalarLength() throws(JSONError) -> Int {
        let first = bytes[position]
        if first < 0x80 { return 1 }
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        case 0xF1...0xF3: length = 4
        default: throw error("the text is not UTF-8 here")
        }
        guard position + length <= bytes.count, second.contains(bytes[position + 1]) else {
            throw error("the text is not UTF-8 here")
        }
        for index in position + 2..<max(position + length, position + 2) where bytes[index] & 0xC0 != 0x80 {
            throw error("the text is not UTF-8 here")
        }
        return length
    }
}
