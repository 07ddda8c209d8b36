internal import EventLoop
internal import Synchronization

/// Numbers that one loop counts with. Any other may read them at any time: what it finds is a moment old at most, and whole.
///
/// A place in memory of a `Metrics`, which has to live on. To add takes a load and a store: nobody else writes.
struct Counters: @unchecked Sendable {
    private let base: UnsafeMutablePointer<Atomic<UInt64>>
    let count: Int

    private init(_ base: UnsafeMutablePointer<Atomic<UInt64>>, count: Int) {
        self.base = base
        self.count = count
    }

    /// In memory of its own, in lines of the cache that nothing else is in; all are 0.
    static func make(_ count: Int) -> Counters {
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * MemoryLayout<Atomic<UInt64>>.stride, alignment: 128)
        let base = memory.bindMemory(to: Atomic<UInt64>.self, capacity: count)
        for index in 0..<count { (base + index).initialize(to: Atomic(0)) }
        return Counters(base, count: count)
    }

    /// For whoever counts what nobody reads; enough for any kind.
    static let unread = make(Figure.Route.count)

    /// Gives the memory back.
    func deallocate() { base.deallocate() }

    @inline(__always)
    subscript(index: Int) -> UInt64 {
        get { base[index].load(ordering: .relaxed) }
        nonmutating set { base[index].store(newValue, ordering: .relaxed) }
    }

    @inline(__always)
    func add(_ amount: Int = 1, at index: Int) {
        assert(index >= 0 && index < count, "a counter has its place")
        self[index] = self[index] &+ UInt64(truncatingIfNeeded: amount)
    }

    /// Counts one more duration of the histogram that begins at `index`.
    @inline(__always)
    func observe(_ duration: Interval, at index: Int, _ scale: TimeScale) {
        add(at: index &+ scale.bucket(of: duration))
        add(Int(truncatingIfNeeded: duration.nanoseconds), at: index &+ TimeScale.bucketCount)
    }
}
