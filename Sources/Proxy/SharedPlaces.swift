internal import EventLoop
internal import Synchronization

/// The places among a destination's connections that all loops share: `limits.concurrency` and `limits.queue` hold for them together.
///
/// A loop whose requests wait, and that gets no place, says since when. Who gives a place back tells the one that has waited
/// longest; and who has idle connections, or whose own requests have come clearly later, gives them up for it.
final class SharedPlaces: Sendable {
    private final class Member: Sendable {
        /// Since when its first request has waited in vain, in nanoseconds of the common clock; `none`: it wants nothing.
        let wantedSince = Atomic<Int64>(SharedPlaces.none)
        /// Requests that wait, beyond those for which a connection is being made.
        let waitingCount = SharedCount()
        /// Connections that rest in its pool.
        let idleCount = SharedCount()
        /// It was asked for a place, and did not get to it yet.
        let isAsked = SharedFlag()
        /// It was told of a place, and did not get to it yet.
        let isTold = SharedFlag()
    }

    private static let none = Int64.max

    private let members: [Member]
    private let max: Int
    private let queueMax: Int
    private let taken = Atomic<Int>(0)
    /// Loops that want a place.
    private let wantingCount = Atomic<Int>(0)

    init(loops: Int, max: Int, queueMax: Int) {
        members = (0..<loops).map { _ in Member() }
        self.max = max
        self.queueMax = queueMax
    }

    // MARK: places

    /// One more connection, if that is within the limit.
    func take() -> Bool {
        var known = taken.load(ordering: .sequentiallyConsistent)
        while known < max {
            let (isDone, found) = taken.compareExchange(expected: known, desired: known + 1, ordering: .sequentiallyConsistent)
            if isDone { return true }
            known = found
        }
        return false
    }

    /// One more in any case: in the place of one that is ending.
    func takeAnyway() { taken.add(1, ordering: .sequentiallyConsistent) }

    func giveBack() {
        let left = taken.subtract(1, ordering: .sequentiallyConsistent).newValue
        precondition(left >= 0, "a place was given back that was not taken")
    }

    var hasPlace: Bool { taken.load(ordering: .sequentiallyConsistent) < max }

    var takenCount: Int { taken.load(ordering: .sequentiallyConsistent) }

    /// Places that nobody has; below zero where some were taken in any case.
    var leftCount: Int { max - takenCount }

    /// Whether neither a connection may be made nor a request of this loop wait for one. Those that rest with other loops end for
    /// requests of this one: these may wait for them besides.
    func isFull(at position: Int) -> Bool {
        guard !hasPlace else { return false }
        let waitingCount = members.reduce(0) { $0 + $1.waitingCount.value }
        let idleCount = members.indices.reduce(0) { $1 == position ? $0 : $0 + members[$1].idleCount.value }
        return waitingCount >= queueMax + idleCount
    }

    /// Whether connections rest in other loops' pools.
    func isIdleElsewhere(than position: Int) -> Bool { members.indices.contains { $0 != position && members[$0].idleCount.value > 0 } }

    func setIdle(_ count: Int, of position: Int) { members[position].idleCount.set(count) }

    /// What a loop's requests wait for.
    func setWaiting(_ count: Int, of position: Int) {
        members[position].waitingCount.set(count)
    }

    // MARK: wants

    /// A loop's first request has waited since then without a place; nil: it wants none. To be followed by another attempt to take
    /// one, for it may have been given back in between.
    func setWant(_ since: Instant?, of position: Int) {
        let new = since?.nanoseconds ?? Self.none
        let old = members[position].wantedSince.exchange(new, ordering: .sequentiallyConsistent)
        if (old == Self.none) != (new == Self.none) {
            wantingCount.add(new == Self.none ? -1 : 1, ordering: .sequentiallyConsistent)
        }
    }

    /// Whether any loop wants a place. Costs one load.
    var isWanted: Bool { wantingCount.load(ordering: .sequentiallyConsistent) > 0 }

    /// The other loop that has wanted a place longest, if it has the better right to one: this loop's own first request has waited
    /// since `own`, or there is none.
    func betterRight(than own: Instant?, of position: Int) -> Int? {
        guard isWanted else { return nil }
        var oldest = Self.none
        var found: Int?
        for other in members.indices where other != position {
            let since = members[other].wantedSince.load(ordering: .sequentiallyConsistent)
            if since < oldest { (oldest, found) = (since, other) }
        }
        guard let found, let own else { return found }
        return oldest < (own - Limits.placeTolerance).nanoseconds ? found : nil
    }

    /// How many requests of other loops wait.
    func waitingCount(besides position: Int) -> Int {
        members.indices.reduce(0) { $1 == position ? $0 : $0 + members[$1].waitingCount.value }
    }

    // MARK: mail that is not posted twice

    /// True for the first who asks until it is `heard`.
    func ask(_ position: Int) -> Bool { members[position].isAsked.set() }
    func heardAsking(_ position: Int) { members[position].isAsked.clear() }
    func tell(_ position: Int) -> Bool { members[position].isTold.set() }
    func heardTelling(_ position: Int) { members[position].isTold.clear() }
}
