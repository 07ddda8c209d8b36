/// The pieces that heads and log lines are put together of. Each has to have room: the caller has measured what it writes.
extension OutputSpan where Element == UInt8 {
    /// Appends all of `bytes`.
    @inlinable @inline(__always)
    public mutating func appendWhole(_ bytes: Span<UInt8>) {
        unsafe bytes.withUnsafeBytes { unsafe appendWhole($0) }
    }

    /// Appends all of a literal; a short one costs a few instructions.
    @inlinable @inline(__always)
    public mutating func appendWhole(_ text: StaticString) {
        unsafe appendWhole(UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends the digits of a number that is not negative.
    public mutating func appendDecimal(_ number: Int) {
        if number >= 0, number < 10 {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number))
            return
        }
        var digitCount = 2
        var bound: UInt64 = 100
        while digitCount < 19, UInt64(bitPattern: Int64(number)) >= bound {
            digitCount &+= 1
            bound &*= 10
        }
        appendDecimal(number, digitCount: digitCount)
    }

    /// Appends the last `digitCount` digits of a number, zeros before it where it has fewer.
    public mutating func appendDecimal(_ number: Int, digitCount: Int) {
        precondition(number >= 0 && digitCount >= 0 && digitCount <= freeCapacity, "the room was measured before")
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            guard let base = buffer.baseAddress else { return }
            var rest = UInt(bitPattern: number)
            var offset = count &+ digitCount
            while offset > count {
                offset &-= 1
                unsafe base[offset] = UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            count &+= digitCount
        }
    }

    /// Appends the sixteen digits of a number, in lower case.
    public mutating func appendHexadecimal(_ number: UInt64) {
        var digits: InlineArray = [
            Self.hexadecimal(UInt32(truncatingIfNeeded: number >> 32)).littleEndian,
            Self.hexadecimal(UInt32(truncatingIfNeeded: number)).littleEndian,
        ]
        unsafe withUnsafeBytes(of: &digits) { unsafe appendWhole($0) }
    }

    /// The eight digits of a number, the first in the lowest place: each half byte gets a byte of its own, and letters 39 more.
    @inline(__always)
    private static func hexadecimal(_ number: UInt32) -> UInt64 {
        var word = UInt64(number.byteSwapped)
        word = (word | word << 16) & 0x0000_FFFF_0000_FFFF
        word = (word | word << 8) & 0x00FF_00FF_00FF_00FF
        word = (word >> 4 | word << 8) & 0x0F0F_0F0F_0F0F_0F0F
        let isLetter = (word &+ 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
        return word &+ 0x3030_3030_3030_3030 &+ isLetter &* 39
    }

    @inlinable @inline(__always)
    @unsafe mutating func appendWhole(_ source: UnsafeRawBufferPointer) {
        precondition(source.count <= freeCapacity, "the room was measured before")
        guard let start = source.baseAddress else { return }
        unsafe withUnsafeMutableBufferPointer { buffer, count in
            guard let base = buffer.baseAddress else { return }
            unsafe UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: source.count)
            count += source.count
        }
    }
}
