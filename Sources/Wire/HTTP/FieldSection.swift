/// The field lines of one head (RFC 9112 section 5), read in one pass, and what they say about framing and connection.
///
///     field-line = field-name ":" OWS field-value OWS      each ended by CRLF; an empty line ends them all
///
/// A section that is not yet whole is read on from where the bytes ended: nothing but the last name is read twice.
struct FieldSection: ~Copyable, Sendable {
    private(set) var lines = FieldTable()
    private(set) var facts = FieldFacts()
    /// Offset of the empty line that ends the section, once it has been seen.
    private(set) var end = 0

    private var lineStart = 0
    /// Offset of the colon of the line that is being read; 0 while its name is.
    private var colon = 0
    private var hasUnderscore = false
    /// How far the value of that line is known to hold nothing special.
    private var scanned = 0

    /// Starts anew; the first line is at `offset`.
    mutating func begin(at offset: Int) {
        lines.removeAll()
        facts = FieldFacts()
        lineStart = offset
        colon = 0
    }

    /// The offset behind the empty line; nil when it has not been seen.
    mutating func parse(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        while true {
            if colon == 0 {
                let stop = try scanName(bytes)
                guard stop < bytes.count else { return nil }
                guard bytes[stop] == UInt8(ascii: ":") else { return try sectionEnd(bytes, at: stop) }
                colon = stop
                scanned = stop &+ 1
            }
            let valueEnd = bytes.endOfFieldValue(from: scanned)
            scanned = valueEnd
            guard try bytes.endsLine(at: valueEnd, in: .fieldValue) else { return nil }
            try append(bytes, valueEnd: valueEnd)
            lineStart = valueEnd &+ 2
            colon = 0
        }
    }

    /// The offset of the byte after the name, which is a colon, or the CR of the empty line, or past the end.
    @inline(__always)
    private mutating func scanName(_ bytes: Span<UInt8>) throws(MessageError) -> Int {
        var offset = bytes.endOfLetters(from: lineStart)
        var classes: UInt8 = 0
        while offset < bytes.count {
            let byteClass = ByteClass.token[Int(bytes[offset])]
            if byteClass == 0 { break }
            classes |= byteClass
            offset &+= 1
        }
        guard offset &- lineStart <= Limits.fieldNameBytesMax else { throw .nameTooLong(at: lineStart) }
        hasUnderscore = classes & 2 != 0
        if offset < bytes.count {
            let stop = bytes[offset]
            let isExpected = offset == lineStart ? stop == .carriageReturn : stop == UInt8(ascii: ":")
            guard isExpected else { throw nameError(stop, at: offset) }
        }
        return offset
    }

    private func nameError(_ byte: UInt8, at offset: Int) -> MessageError {
        switch byte {
        case .lineFeed: .bareLineFeed(at: offset)
        case .space, .tab: offset == lineStart ? .foldedLine(at: offset) : .whiteSpaceBeforeColon(at: offset)
        case UInt8(ascii: ":"): .nameEmpty(at: offset)
        case .carriageReturn: .colonMissing(at: offset)
        default: .byteNotAllowed(byte, in: .fieldName, at: offset)
        }
    }

    private mutating func sectionEnd(_ bytes: Span<UInt8>, at offset: Int) throws(MessageError) -> Int? {
        guard try bytes.endsLine(at: offset, in: .fieldName) else { return nil }
        end = offset
        return offset + 2
    }

    @inline(__always)
    private mutating func append(_ bytes: Span<UInt8>, valueEnd: Int) throws(MessageError) {
        guard lines.count < Limits.fieldsMax else { throw .tooManyFields }
        let name = FieldName(bytes, at: lineStart, count: colon &- lineStart, hasUnderscore: hasUnderscore)
        let isVariant = hasUnderscore && name != .other
        let value = bytes.trimmed(colon &+ 1..<valueEnd)
        let nameRange = lineStart..<colon
        let line = FieldLine(name: name, isVariant: isVariant, nameRange: nameRange, valueRange: value)
        if isVariant {
            facts.hasVariants = true
        } else if name != .other {
            try facts.note(name, index: lines.count, value: value, in: bytes)
        }
        lines.append(line)
    }

    func first(_ name: FieldName) -> FieldLine? {
        guard facts.names.contains(name) || name == .other else { return nil }
        for index in 0..<lines.count where lines[index].name == name && !lines[index].isVariant {
            return lines[index]
        }
        return nil
    }

    func count(of name: FieldName) -> Int {
        guard facts.names.contains(name) || name == .other else { return 0 }
        var count = 0
        for index in 0..<lines.count where lines[index].name == name && !lines[index].isVariant { count += 1 }
        return count
    }
}

extension Span where Element == UInt8 {
    /// Whether CRLF stands at `offset`; false when the bytes end before that can be told. Throws when something else
    /// does.
    @inline(__always)
    func endsLine(at offset: Int, in part: MessageError.Part) throws(MessageError) -> Bool {
        guard offset < count else { return false }
        let byte = self[offset]
        guard byte == .carriageReturn else {
            if byte == .lineFeed { throw .bareLineFeed(at: offset) }
            throw .byteNotAllowed(byte, in: part, at: offset)
        }
        guard offset + 1 < count else { return false }
        guard self[offset + 1] == .lineFeed else { throw .bareCarriageReturn(at: offset) }
        return true
    }
}
