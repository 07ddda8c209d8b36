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
        try begin()
        let value = try parseValue()
        try end()
        return value
    }

    private mutating func parseValue() throws(JSONError) -> JSON {
        let start = position
        let value: JSON.Value
        switch next {
        case UInt8(ascii: "{"): value = .object(try parseMembers())
        case UInt8(ascii: "["): value = .array(try parseElements())
        case UInt8(ascii: "\""): value = .string(try parseString())
        case _ where isDigit(next) || next == UInt8(ascii: "-"): value = .number(try parseNumber())
        case UInt8(ascii: "t"): (value, _) = (.bool(true), try skipLiteral("true"))
        case UInt8(ascii: "f"): (value, _) = (.bool(false), try skipLiteral("false"))
        case UInt8(ascii: "n"): (value, _) = (.null, try skipLiteral("null"))
        default: throw error("a value is expected here, not \(found)")
        }
        return JSON(value: value, range: start..<position)
    }

    /// [ member *( "," member ) ] between braces
    private mutating func parseMembers() throws(JSONError) -> [JSON.Member] {
        var members: [JSON.Member] = []
        var keys: Set<[UInt8]> = []
        try enter()
        while try moveToMember(isFirst: members.isEmpty) {
            let keyStart = position
            let key = try parseString()
            let keyRange = keyStart..<position
            if !keys.insert(Array(key.utf8)).inserted && !options.contains(.duplicateKeys) { throw repeated(key, at: keyStart) }
            try skipColon()
            members.append(JSON.Member(key: key, keyRange: keyRange, value: try parseValue()))
        }
        return members
    }

    /// [ value *( "," value ) ] between brackets
    private mutating func parseElements() throws(JSONError) -> [JSON] {
        var elements: [JSON] = []
        try enter()
        while try moveToElement(isFirst: elements.isEmpty) { elements.append(try parseValue()) }
        return elements
    }

    private mutating func parseNumber() throws(JSONError) -> JSONNumber {
        let start = position
        try skipNumber()
        return JSONNumber(text: String(decoding: bytes[start..<position], as: UTF8.self))
    }
}

// MARK: steps, with which a text can also be read without a tree

extension JSONParser {
    /// From the beginning of the text to its value.
    mutating func begin() throws(JSONError) {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw error("a byte order mark stands before the text; save it as UTF-8 without one")
        }
        try skipWhitespace()
    }

    /// From behind the value to the end of the text.
    mutating func end() throws(JSONError) {
        try skipWhitespace()
        guard position == bytes.count else { throw error("\(found) stands behind the end of the value; remove it") }
    }

    /// Over the brace or bracket that begins an object or an array.
    mutating func enter() throws(JSONError) {
        guard depth < depthMax else { throw error("arrays and objects are nested more than \(depthMax) levels deep") }
        depth += 1
        position += 1
    }

    /// Within an object, from its beginning or from behind a member to the next key. False behind the object's end.
    mutating func moveToMember(isFirst: Bool) throws(JSONError) -> Bool {
        try skipWhitespace()
        if take(UInt8(ascii: "}")) {
            depth -= 1
            return false
        }
        if !isFirst {
            guard take(UInt8(ascii: ",")) else { throw error("a comma or \"}\" is expected here, not \(found)") }
            try skipWhitespace()
        }
        guard next == UInt8(ascii: "\"") else {
            let hint = !isFirst && next == UInt8(ascii: "}") ? "; remove the comma before it" : ""
            throw error("a key in quotation marks is expected here, not \(found)\(hint)")
        }
        return true
    }

    /// From behind a key to its value.
    mutating func skipColon() throws(JSONError) {
        try skipWhitespace()
        guard take(UInt8(ascii: ":")) else { throw error("a colon is expected behind the key, not \(found)") }
        try skipWhitespace()
    }

    /// Within an array, from its beginning or from behind a value to the next value. False behind the array's end.
    mutating func moveToElement(isFirst: Bool) throws(JSONError) -> Bool {
        try skipWhitespace()
        if take(UInt8(ascii: "]")) {
            depth -= 1
            return false
        }
        if isFirst { return true }
        guard take(UInt8(ascii: ",")) else { throw error("a comma or \"]\" is expected here, not \(found)") }
        try skipWhitespace()
        if next == UInt8(ascii: "]") { throw error("a value is expected here, not \(found); remove the comma before it") }
        return true
    }

    /// Over any value, as strictly as one that is read, but for the keys that stand twice in it.
    mutating func skipValue() throws(JSONError) {
        switch next {
        case UInt8(ascii: "{"):
            try enter()
            var isFirst = true
            while try moveToMember(isFirst: isFirst) {
                isFirst = false
                try skipString()
                try skipColon()
                try skipValue()
            }
        case UInt8(ascii: "["):
            try enter()
            var isFirst = true
            while try moveToElement(isFirst: isFirst) {
                isFirst = false
                try skipValue()
            }
        case UInt8(ascii: "\""): try skipString()
        case _ where isDigit(next) || next == UInt8(ascii: "-"): try skipNumber()
        case UInt8(ascii: "t"): try skipLiteral("true")
        case UInt8(ascii: "f"): try skipLiteral("false")
        case UInt8(ascii: "n"): try skipLiteral("null")
        default: throw error("a value is expected here, not \(found)")
        }
    }

    func repeated(_ key: String, at start: Int) -> JSONError {
        JSONError(offset: start, message: "the key \(Self.shown(key)) stands twice in one object")
    }

    /// The beginning of a key, in quotation marks. Scalars are counted, for a character may consist of any number of them.
    private static func shown(_ key: String) -> String {
        let beginning = String(key.unicodeScalars.prefix(JSONError.keyScalarsMax))
        return JSONWriter.quoted(beginning) + (beginning.utf8.count < key.utf8.count ? "..." : "")
    }

    private mutating func skipLiteral(_ text: StaticString) throws(JSONError) {
        for index in 0..<text.utf8CodeUnitCount {
            let expected = unsafe text.utf8Start[index]
            guard position + index < bytes.count, bytes[position + index] == expected else {
                throw error("a value is expected here: a string in quotation marks, a number, true, false or null")
            }
        }
        position += text.utf8CodeUnitCount
    }

    /// number = [ "-" ] int [ frac ] [ exp ] (RFC 8259 6)
    private mutating func skipNumber() throws(JSONError) {
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
