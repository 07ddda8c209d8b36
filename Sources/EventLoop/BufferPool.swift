/// Lends buffers of one size, the last returned first, so that a busy proxy works in the same warm pages.
///
/// For one thread. What is lent is not counted against a limit here: its users bound it by bounding connections.
public struct BufferPool: ~Copyable {
    public let bufferBytes: Int
    private var idle: [UnsafeMutablePointer<UInt8>] = []
    /// Buffers that are lent at this moment.
    public private(set) var lentCount = 0

    public init(bufferBytes: Int = Limits.bufferBytes) {
        self.bufferBytes = bufferBytes
        idle.reserveCapacity(Limits.idleBuffersMax)
    }

    deinit { for memory in idle { memory.deallocate() } }

    /// An empty buffer of `bufferBytes`.
    public mutating func lend() -> Buffer {
        lentCount += 1
        if let memory = idle.popLast() { return Buffer(adopting: memory, capacity: bufferBytes) }
        return Buffer(adopting: .allocate(capacity: bufferBytes), capacity: bufferBytes)
    }

    /// Takes a buffer back, whatever is in it. The empty buffer `Buffer()` is nothing to take back.
    public mutating func giveBack(_ buffer: consuming Buffer) {
        precondition(!buffer.isLent || buffer.capacity == bufferBytes, "a buffer was given to a pool of another size")
        guard let memory = buffer.releaseMemory() else { return }
        lentCount -= 1
        if idle.count < Limits.idleBuffersMax {
            idle.append(memory)
        } else {
            memory.deallocate()
        }
    }
}
