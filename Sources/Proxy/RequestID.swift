/// The name of a request in logs on both sides (`X-Request-Id`): the client's, where it sent a usable one, else made here.
struct RequestID {
    private enum Source {
        /// The client's: where it stands in the kept head.
        case client(Range<Int>)
        case made(UInt64)
    }

    private var source = Source.made(0)

    init() {}

    init(made number: UInt64) { source = .made(number) }

    /// Takes a client's value over if it is short and visible ASCII.
    init?(client range: Range<Int>, in head: UnsafeBufferPointer<UInt8>) {
        guard !range.isEmpty, range.count <= Limits.requestIDBytesMax, head[range].allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { return nil }
        source = .client(range)
    }

    /// Calls `body` with the bytes; `head` is the kept head.
    func withBytes<R>(head: UnsafeBufferPointer<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        switch source {
        case .client(let range):
            return body(UnsafeBufferPointer(rebasing: head[range]))
        case .made(let number):
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 16) { digits in
                for index in 0..<16 {
                    let digit = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * index)) & 15
                    digits[index] = digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
                }
                return body(UnsafeBufferPointer(digits))
            }
        }
    }

    func text(head: UnsafeBufferPointer<UInt8>) -> String {
        withBytes(head: head) { String(decoding: $0, as: UTF8.self) }
    }
}
