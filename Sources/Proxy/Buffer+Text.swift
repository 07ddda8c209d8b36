internal import EventLoop
internal import Wire

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
        append { $0.appendDecimal(number) }
    }
}
