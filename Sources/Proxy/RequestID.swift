internal import Wire

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

    /// Where a client's stands in the kept head; nil of one that was made here.
    var clientRange: Range<Int>? {
        if case .client(let range) = source { range } else { nil }
    }

    /// Writes it; `head` is the kept head.
    func write(head: UnsafeBufferPointer<UInt8>, into output: inout OutputSpan<UInt8>) {
        switch source {
        case .client(let range): output.appendWhole(head.span.extracting(range))
        case .made(let number): output.appendHexadecimal(number)
        }
    }

    func text(head: UnsafeBufferPointer<UInt8>) -> String {
        String(unsafeUninitializedCapacity: Limits.requestIDBytesMax) { buffer in
            var output = OutputSpan(buffer: buffer, initializedCount: 0)
            write(head: head, into: &output)
            return output.finalize(for: buffer)
        }
    }
}
