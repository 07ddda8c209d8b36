/// Lends buffers of one size, the last returned first, so that a busy proxy works in the same warm pages.
///
/// For one thread. What is lent is not counted against a limit here: its users bound it by bounding connections.
public struct BufferPool: ~Copyable {
    public let bufferBytes: Int
    /// The memory that was given back last; each that is idle begins with the address of the one before it.
    private var idle: UnsafeMutablePointer<UInt8>?
    private var idleCount = 0
    /// Buffers that are lent at this moment.
    public private(set) var lentCount = 0

    public init(bufferBytes: Int = Limits.bufferBytes) {
        self.bufferBytes = bufferBytes
    }

    deinit {
        var idle = idle
        while let memory = idle {
            idle = Self.next(of: memory).pointee
            memory.deallocate()
        }
    }

    /// An empty buffer of `bufferBytes`.
    public mutating func lend() -> Buffer {
        var buffer = Buffer()
        lend(to: &buffer)
        return buffer
    }

    /// The buffer has `bufferBytes` of memory from then on, if it had none.
    @inline(__always)
    public mutating func lend(to buffer: inout Buffer) {
        if !buffer.isLent { equip(&buffer) }
    }

    private mutating func equip(_ buffer: inout Buffer) {
        lentCount += 1
        guard let memory = idle else {
            let bytes = max(bufferBytes, MemoryLayout<UnsafeMutablePointer<UInt8>?>.size)
            buffer.adopt(UnsafeMutablePointer<UInt8>.allocate(capacity: bytes), capacity: bufferBytes)
            return
        }
        idle = Self.next(of: memory).pointee
        idleCount -= 1
        buffer.adopt(memory, capacity: bufferBytes)
    }

    /// Takes a buffer back from its owner, whatever is in it; the owner has the empty one from then on, which is nothing to take back.
    @inline(__always)
    public mutating func giveBack(_ buffer: inout Buffer) {
        if buffer.isLent { take(&buffer) }
    }

    /// Takes a buffer back.
    public mutating func giveBack(_ buffer: consuming Buffer) {
        giveBack(&buffer)
    }

    private mutating func take(_ buffer: inout Buffer) {
        precondition(buffer.capacity == bufferBytes, "a buffer was given to a pool of another size")
        guard let memory = buffer.takeMemory() else { return }
        lentCount -= 1
        guard idleCount < Limits.idleBuffersMax else {
            memory.deallocate()
            return
        }
        Self.next(of: memory).initialize(to: idle)
        idle = memory
        idleCount += 1
    }

    private static func next(of memory: UnsafeMutablePointer<UInt8>) -> UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?> {
        UnsafeMutableRawPointer(memory).assumingMemoryBound(to: UnsafeMutablePointer<UInt8>?.self)
    }
}
