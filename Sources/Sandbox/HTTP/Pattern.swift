/// Content of any length that a test can check without keeping it: the byte at `offset` is `offset % 251`, a prime, so
/// that a piece lost at any power of two shows.
enum Pattern {
    static func append(from offset: Int, count: Int, to bytes: inout [UInt8]) {
        bytes.reserveCapacity(bytes.count + count)
        var value = UInt8(offset % 251)
        for _ in 0..<count {
            bytes.append(value)
            value = value == 250 ? 0 : value + 1
        }
    }
}
