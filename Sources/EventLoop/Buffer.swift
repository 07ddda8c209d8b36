internal import Glibc

/// A fixed run of bytes that is filled at its end and emptied at its start. It never grows: when it is full, its
/// owner stops reading.
///
///     |  taken  |  readable: count  |  freeCapacity  |
///     0         start               end              capacity
///
/// A buffer is lent by a `BufferPool` while bytes are in flight. An owner that has none holds the empty buffer `Buffer()`.
public struct Buffer: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>?
    public private(set) var capacity: Int
    private var start = 0
    private var end = 0
    /// The memory before this held a secret.
    private var secretEnd = 0

    /// The buffer of an idle connection: no bytes, no room.
    public init() {
        base = nil
        capacity = 0
    }


    deinit {
        if secretEnd > 0 { wipe() }
        base?.deallocate()
    }

    /// Whether there is memory behind it.
    public var isLent: Bool { base != nil }
    /// Bytes that can be read.
    public var count: Int { end - start }
    public var isEmpty: Bool { end == start }
    /// Bytes that can be added at the end without moving what is there.
    public var freeCapacity: Int { capacity - end }

    /// The readable bytes. Valid until the next mutation.
    public var bytes: UnsafeBufferPointer<UInt8> {
        UnsafeBufferPointer(start: base.map { UnsafePointer($0 + start) }, count: end - start)
    }

    /// The room behind the readable bytes. Valid until the next mutation; `grew` tells how much was filled.
    public var room: UnsafeMutableBufferPointer<UInt8> {
        UnsafeMutableBufferPointer(start: base.map { $0 + end }, count: capacity - end)
    }

    /// `count` bytes of `room` have been filled.
    public mutating func grew(by count: Int) {
        precondition(count >= 0 && count <= capacity - end, "a buffer grew beyond its capacity")
        end += count
    }

    /// The first `count` readable bytes are done with. An emptied buffer has all its room again.
    public mutating func consume(_ count: Int) {
        precondition(count >= 0 && count <= end - start, "more was consumed than is in the buffer")
        start += count
        if start == end {
            start = 0
            end = 0
        }
    }

    public mutating func removeAll() {
        start = 0
        end = 0
    }

    /// The last `count` readable bytes are done with.
    public mutating func removeLast(_ count: Int) {
        precondition(count >= 0 && count <= end - start, "more was removed than is in the buffer")
        end -= count
    }

    /// Bytes of room before the first readable one, for `prepend`.
    public var consumedCount: Int { start }

    /// Makes such room, of at most the capacity, in a buffer that is empty.
    public mutating func leaveRoomInFront(_ count: Int) {
        precondition(isEmpty && count >= 0 && count <= capacity, "room in front is left in an empty buffer")
        start = count
        end = count
    }

    /// Puts `bytes`, at most `consumedCount` of them, before the readable ones.
    public mutating func prepend(_ bytes: UnsafeBufferPointer<UInt8>) {
        precondition(bytes.count <= start, "there is no such room in front")
        guard let base, let source = bytes.baseAddress else { return }
        start -= bytes.count
        (base + start).update(from: source, count: bytes.count)
    }

    /// Moves the readable bytes to the front, so that all room is behind them.
    public mutating func compact() {
        guard start > 0, let base else { return }
        base.update(from: base + start, count: end - start)
        end -= start
        start = 0
    }

    /// Adds as many of `bytes` as there is room for, and returns how many.
    public mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let count = min(bytes.count, capacity - end)
        guard count > 0, let base, let source = bytes.baseAddress else { return 0 }
        (base + end).update(from: source, count: count)
        end += count
        return count
    }

    /// Lets `body` write behind the readable bytes; what it appended becomes readable.
    @inlinable @inline(__always)
    public mutating func append<R>(writing body: (inout OutputSpan<UInt8>) -> R) -> R {
        let room = room
        var output = OutputSpan(buffer: room, initializedCount: 0)
        let result = body(&output)
        grew(by: output.finalize(for: room))
        return result
    }

    /// All that was written so far is overwritten before anyone else has the memory: it holds a secret.
    public mutating func holdSecret() { secretEnd = max(secretEnd, end) }

    /// The same of all that may ever have been written.
    public mutating func holdSecrets() { secretEnd = capacity }

    private func wipe() {
        if let base { explicit_bzero(base, secretEnd) }
    }

    /// Takes memory, where there is none.
    @inline(__always)
    mutating func adopt(_ memory: UnsafeMutablePointer<UInt8>, capacity: Int) {
        base = memory
        self.capacity = capacity
    }

    /// Lets go of the memory: what is left is the buffer of an idle connection.
    mutating func takeMemory() -> UnsafeMutablePointer<UInt8>? {
        if secretEnd > 0 { wipe() }
        let memory = base
        base = nil
        capacity = 0
        start = 0
        end = 0
        secretEnd = 0
        return memory
    }
}
