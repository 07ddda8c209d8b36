internal import EventLoop

extension Buffer {
    /// Adds all of `bytes`, for which there has to be room.
    mutating func appendWhole(_ bytes: UnsafeBufferPointer<UInt8>) {
        let count = append(bytes)
        precondition(count == bytes.count, "a head was written into a buffer without room for it")
    }

    mutating func appendWhole(_ text: StaticString) {
        appendWhole(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    mutating func appendWhole(_ bytes: [UInt8]) {
        bytes.withUnsafeBufferPointer { appendWhole($0) }
    }

    /// Adds a number in decimal digits.
    mutating func appendDecimal(_ number: Int) {
        precondition(number >= 0, "no length is negative")
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var rest = number
            var start = 20
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            } while rest > 0
            appendWhole(UnsafeBufferPointer(rebasing: digits[start...]))
        }
    }
}
