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

    private let known = KnownNames.table
    /// Never used. What holds a value of an unknown type is handed on by its address: without it, each call on a head would copy all
    /// of the head first.
    private let anchor: any Sendable = ()
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
        var start = lineStart
        // Of the line that the bytes ended in, if they ended in its value.
        var stop = colon
        var hasUnderscore = hasUnderscore
        var valueStart = scanned
        while true {
            if stop == 0 {
                start = try parsePlainLines(bytes, from: start)
                if start &+ 1 < bytes.count, bytes[start] == .carriageReturn, bytes[start &+ 1] == .lineFeed {
                    lineStart = start
                    colon = 0
                    end = start
                    return start &+ 2
                }
                (stop, hasUnderscore) = try scanName(bytes, from: start)
                guard stop < bytes.count, bytes[stop] == UInt8(ascii: ":") else {
                    lineStart = start
                    colon = 0
                    return stop < bytes.count ? try sectionEnd(bytes, at: stop) : nil
                }
                valueStart = stop &+ 1
            }
            let valueEnd = bytes.endOfFieldValue(from: valueStart)
            guard try bytes.endsLine(at: valueEnd, in: .fieldValue) else {
                lineStart = start
                colon = stop
                self.hasUnderscore = hasUnderscore
                scanned = valueEnd
                return nil
            }
            try append(bytes, start: start, colon: stop, hasUnderscore: hasUnderscore, valueEnd: valueEnd)
            start = valueEnd &+ 2
            stop = 0
        }
    }

    /// Lines as nearly all are, of which nothing but the value's end has to be looked for byte by byte: the name is of letters and
    /// hyphens, and at most one space and no tab stands at the value's edges. The offset of the first that is otherwise, or not whole.
    @inline(__always)
    private mutating func parsePlainLines(_ bytes: Span<UInt8>, from first: Int) throws(MessageError) -> Int {
        precondition(first >= 0)
        let wordsEnd = bytes.count &- 8
        var start = first
        while start <= wordsEnd {
            let beginning = unsafe bytes.uncheckedWord(at: start)
            var colon = start
            var marks = beginning.nonLetters
            while marks == 0 {
                colon &+= 8
                guard colon <= wordsEnd else { return start }
                marks = unsafe bytes.uncheckedWord(at: colon).nonLetters
            }
            colon &+= marks.firstMarkedByte
            let count = colon &- start
            guard bytes[colon] == UInt8(ascii: ":"), count > 0, count <= Limits.fieldNameBytesMax else { return start }
            guard let value = bytes.plainValue(behind: colon) else { return start }
            let index = lines.count
            guard index < Limits.fieldsMax else { return start }
            var name = FieldName.other
            if FoldedName.counts.contains(count) {
                name = unsafe known.name(FoldedName(bytes, at: start, beginning: beginning, count: count))
            }
            lines.append(FieldLine(name: name, isVariant: false, nameRange: start..<colon, valueRange: value))
            if name != .other { try facts.note(name, index: index, value: value, in: bytes) }
            start = value.upperBound &+ 2
        }
        return start
    }

    /// The offset of the byte after the name, which is a colon, or the CR of the empty line, or past the end; and whether the
    /// name has a `_`.
    @inline(__always)
    private func scanName(_ bytes: Span<UInt8>, from start: Int) throws(MessageError) -> (Int, Bool) {
        var offset = bytes.endOfLetters(from: start)
        var classes: UInt8 = 0
        while offset < bytes.count {
            let byteClass = ByteClass.token[Int(bytes[offset])]
            if byteClass == 0 { break }
            classes |= byteClass
            offset &+= 1
        }
        guard offset &- start <= Limits.fieldNameBytesMax else { throw .nameTooLong(at: start) }
        if offset < bytes.count {
            let stop = bytes[offset]
            let isExpected = offset == start ? stop == .carriageReturn : stop == UInt8(ascii: ":")
            guard isExpected else { throw nameError(stop, at: offset, lineStart: start) }
        }
        return (offset, classes & 2 != 0)
    }

    private func nameError(_ byte: UInt8, at offset: Int, lineStart: Int) -> MessageError {
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
    private mutating func append(
        _ bytes: Span<UInt8>, start: Int, colon: Int, hasUnderscore: Bool, valueEnd: Int
    ) throws(MessageError) {
        let index = lines.count
        guard index < Limits.fieldsMax else { throw .tooManyFields }
        let name = FieldName(bytes, at: start, count: colon &- start, hasUnderscore: hasUnderscore)
        let isVariant = hasUnderscore && name != .other
        let value = bytes.trimmed(colon &+ 1..<valueEnd)
        lines.append(FieldLine(name: name, isVariant: isVariant, nameRange: start..<colon, valueRange: value))
        if isVariant {
            facts.hasVariants = true
        } else if name != .other {
            try facts.note(name, index: index, value: value, in: bytes)
        }
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
    /// The value behind a colon, if it is not empty, has but one space before it, none behind it and no tab, and its line is whole.
    @inline(__always)
    fileprivate func plainValue(behind colon: Int) -> Range<Int>? {
        var start = colon &+ 1
        guard start < count else { return nil }
        if self[start] == .space { start &+= 1 }
        guard start < count, self[start] > .space else { return nil }
        let end = endOfPlainValue(from: start)
        guard end &+ 1 < count, self[end] == .carriageReturn, self[end &+ 1] == .lineFeed, self[end &- 1] > .space else { return nil }
        return start..<end
    }

    /// The offset of the first byte below 0x20 or equal to 0x7F; `count` when there is none.
    @inline(__always)
    private func endOfPlainValue(from start: Int) -> Int {
        let wordsEnd = count &- 8
        precondition(start >= 0 && wordsEnd >= 0)
        var end = start
        while end <= wordsEnd {
            let controls = unsafe uncheckedWord(at: end).controls
            if controls != 0 { return end &+ controls.firstMarkedByte }
            end &+= 8
        }
        guard end < count else { return count }
        // What of the last word was looked at before is shifted out, and zeros end the value at the end of the bytes.
        let word = unsafe uncheckedWord(at: wordsEnd) >> UInt64(truncatingIfNeeded: (end &- wordsEnd) &* 8)
        return end &+ word.controls.firstMarkedByte
    }

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
