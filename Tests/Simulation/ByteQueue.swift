/// Bytes in order: added at the end, taken from the start. Its users bound it.
struct ByteQueue {
    private var storage: [UInt8] = []
    private var start = 0

    var count: Int { storage.count - start }
    var isEmpty: Bool { count == 0 }

    mutating func append(_ bytes: UnsafeRawBufferPointer) { storage.append(contentsOf: bytes) }

    /// Fills `bytes` as far as there is something, and returns how much.
    mutating func take(into bytes: UnsafeMutableRawBufferPointer) -> Int {
        let taken = min(bytes.count, count)
        storage.withUnsafeBytes { bytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[start..<start + taken])) }
        drop(taken)
        return taken
    }

    /// Moves the first `moved` bytes to the end of another queue.
    mutating func move(_ moved: Int, to other: inout ByteQueue) {
        storage.withUnsafeBytes { other.append(UnsafeRawBufferPointer(rebasing: $0[start..<start + moved])) }
        drop(moved)
    }

    mutating func removeAll() {
        storage = []
        start = 0
    }

    private mutating func drop(_ dropped: Int) {
        start += dropped
        if start == storage.count {
            storage.removeAll(keepingCapacity: true)
            start = 0
        } else if start > 64 * 1024 {
            storage.removeFirst(start)
            start = 0
        }
    }
}
