internal import Wire

/// What was received on a connection and is not done with. At most a head, or a piece of content, and one receive more.
struct Incoming {
    private var bytes: [UInt8] = []
    private var start = 0

    var isEmpty: Bool { start == bytes.count }
    /// Bytes that are not done with.
    var count: Int { bytes.count - start }

    mutating func append(_ received: UnsafeRawBufferPointer) {
        if isEmpty {
            bytes.removeAll(keepingCapacity: true)
            start = 0
        } else if start >= Limits.receiveBytes {
            bytes.removeSubrange(..<start)
            start = 0
        }
        bytes.append(contentsOf: received)
    }

    /// The next request, if its head is there as a whole.
    mutating func takeRequest(_ head: inout RequestHead) throws(MessageError) -> Request? {
        guard !isEmpty, let count = try head.parse(bytes.span.extracting(start..<bytes.count)) else { return nil }
        let request = Request(head: head, bytes: bytes[start..<start + count])
        start += count
        return request
    }

    /// Moves content to its reader. False: more has to be received first.
    mutating func takeContent(_ reader: inout ContentReader, isKept: Bool) throws(MessageError) -> Bool {
        guard bytes.count - start > reader.heldCount else { return false }
        start += try reader.read(bytes.span.extracting(start..<bytes.count), isKept: isKept)
        return true
    }

    /// Hands everything to `take`, which returns how many bytes are done with.
    mutating func takeAll(_ take: (Span<UInt8>) -> Int) -> Int {
        let taken = take(bytes.span.extracting(start..<bytes.count))
        start += taken
        return taken
    }
}
