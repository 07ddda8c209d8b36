/// Eight bytes at a time: the one place of this target's parsers that reads memory without a check of the language.
extension Span where Element == UInt8 {
    /// The eight bytes from `offset`, the first in the lowest place.
    @inline(__always)
    func word(at offset: Int) -> UInt64 {
        precondition(offset >= 0 && offset <= count &- 8)
        return unsafe uncheckedWord(at: offset)
    }

    /// The same, where the caller has seen that they are there.
    @inline(__always)
    @unsafe func uncheckedWord(at offset: Int) -> UInt64 {
        unsafe UInt64(littleEndian: bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt64.self))
    }

    /// The offset, from `start` on, of the first byte that is neither a letter nor `-`; or, near the end, of any before it.
    @inline(__always)
    func endOfLetters(from start: Int) -> Int {
        precondition(start >= 0)
        var offset = start
        while offset <= count &- 8 {
            let others = unsafe uncheckedWord(at: offset).nonLetters
            if others != 0 { return offset &+ others.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        return offset
    }

    /// The offset, from `start` on, of the first byte that may not stand in a target, or that is none of the most that do: a
    /// control byte, a space, one of `!"#$%?\`, or one above ASCII; or, near the end, of any before it.
    @inline(__always)
    func endOfPlainTarget(from start: Int) -> Int {
        precondition(start >= 0)
        var offset = start
        while offset <= count &- 8 {
            let word = unsafe uncheckedWord(at: offset)
            // 0x3F and 0x7F; a backslash; below 0x26. A borrow can mark a byte above a marked one falsely, never the lowest marked one.
            let question = (word | 0x4040_4040_4040_4040) ^ 0x7F7F_7F7F_7F7F_7F7F
            let backslash = word ^ 0x5C5C_5C5C_5C5C_5C5C
            let isQuestion = (question &- 0x0101_0101_0101_0101) & ~question
            let isBackslash = (backslash &- 0x0101_0101_0101_0101) & ~backslash
            let isLow = (word &- 0x2626_2626_2626_2626) & ~word
            let marks = (isQuestion | isBackslash | isLow | word) & 0x8080_8080_8080_8080
            if marks != 0 { return offset &+ marks.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        return offset
    }

    /// The `count` bytes from `offset`, fewer than eight, the first in the lowest place, zeros above.
    @inline(__always)
    func shortWord(at offset: Int, count: Int) -> UInt64 {
        if offset &+ 8 <= self.count {
            return word(at: offset) & ((1 << UInt64(truncatingIfNeeded: count &* 8)) &- 1)
        }
        var word: UInt64 = 0
        for index in 0..<count {
            word |= UInt64(self[offset + index]) << UInt64(truncatingIfNeeded: index &* 8)
        }
        return word
    }

    /// The offset, from `start` on, of the first byte that may not stand in a field value (a control byte but HTAB, or
    /// DEL); `count` when there is none.
    @inline(__always)
    func endOfFieldValue(from start: Int) -> Int {
        var offset = start
        while true {
            offset = firstControl(from: offset)
            guard offset < count, self[offset] == .tab else { return offset }
            offset += 1
        }
    }

    /// The offset of the first byte below 0x20 or equal to 0x7F.
    @inline(__always)
    private func firstControl(from start: Int) -> Int {
        precondition(start >= 0)
        var offset = start
        let wordsEnd = count &- 8
        while offset <= wordsEnd {
            let marks = unsafe uncheckedWord(at: offset).controls
            if marks != 0 { return offset &+ marks.trailingZeroBitCount >> 3 }
            offset &+= 8
        }
        while offset < count {
            let byte = self[offset]
            if byte < 0x20 || byte == 0x7F { return offset }
            offset &+= 1
        }
        return offset
    }

    /// Whether both ranges hold the same field name, whatever the case, and with `_` for `-`.
    func foldedEqual(_ left: Range<Int>, _ right: Range<Int>) -> Bool {
        guard left.count == right.count else { return false }
        for index in 0..<left.count
        where self[left.lowerBound + index].folded != self[right.lowerBound + index].folded {
            return false
        }
        return true
    }

    /// `range` without the white space at both its ends.
    @inline(__always)
    func trimmed(_ range: Range<Int>) -> Range<Int> {
        var start = range.lowerBound
        var end = range.upperBound
        while start < end, self[start] <= .space, self[start].isWhiteSpace { start &+= 1 }
        while start < end, self[end &- 1] <= .space, self[end &- 1].isWhiteSpace { end &-= 1 }
        return start..<end
    }
}

extension UInt64 {
    /// Of eight bytes, the highest bit of each that is neither a letter nor `-`.
    @inline(__always)
    var nonLetters: UInt64 {
        // Sums of bytes below 0x80: no carry leaves its byte.
        let folded = (self | 0x2020_2020_2020_2020) & 0x7F7F_7F7F_7F7F_7F7F
        let isAtLeastA = folded &+ 0x1F1F_1F1F_1F1F_1F1F
        let isBeyondZ = folded &+ 0x0505_0505_0505_0505
        let isNoHyphen = ((self ^ 0x2D2D_2D2D_2D2D_2D2D) & 0x7F7F_7F7F_7F7F_7F7F) &+ 0x7F7F_7F7F_7F7F_7F7F
        return (~(isAtLeastA & ~isBeyondZ) & isNoHyphen | self) & 0x8080_8080_8080_8080
    }

    /// Of eight bytes, the highest bit of the first that is below 0x20 or equal to 0x7F; those above it may be marked falsely.
    @inline(__always)
    var controls: UInt64 {
        // A borrow can mark a byte above a marked one, never the lowest marked one.
        let below = (self &- 0x2020_2020_2020_2020) & ~self
        let delete = self ^ 0x7F7F_7F7F_7F7F_7F7F
        return (below | (delete &- 0x0101_0101_0101_0101) & ~delete) & 0x8080_8080_8080_8080
    }

    /// The index of the lowest byte that is marked in its highest bit.
    @inline(__always)
    var firstMarkedByte: Int { trailingZeroBitCount &>> 3 }
}

/// The word that up to eight bytes of a literal make; the optimizer folds it to a constant.
@inline(__always)
func literal(_ text: StaticString) -> UInt64 { literal(text, from: 0, count: text.utf8CodeUnitCount) }

/// The word that `count` bytes of a literal make, from `offset` on.
@inline(__always)
func literal(_ text: StaticString, from offset: Int, count: Int) -> UInt64 {
    precondition(count <= 8 && offset >= 0 && offset + count <= text.utf8CodeUnitCount)
    var word: UInt64 = 0
    for index in 0..<count {
        word |= UInt64(unsafe text.utf8Start[offset + index]) << UInt64(truncatingIfNeeded: index &* 8)
    }
    return word
}
