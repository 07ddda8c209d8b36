internal import EventLoop
internal import Synchronization

/// How often a route takes a request: `limits.requestsPerSecond`, over all loops.
///
/// A token bucket that holds one second's worth: so many requests may come at once after a second of rest, and then one each time that
/// another is due. It is kept as one number, the time from which on the bucket would be full again, so no loop waits for another.
final class RequestRate: Sendable {
    let perSecond: Int
    /// Nanoseconds in which one more request is due.
    private let interval: Int64
    /// In nanoseconds of the common clock.
    private let fullTime = Atomic<Int64>(0)

    private static let second: Int64 = 1_000_000_000

    init(perSecond: Int) {
        precondition(perSecond > 0, "a rate of 0 lets nothing through")
        self.perSecond = perSecond
        // A whole second's worth has to fit into a second.
        interval = Self.second / Int64(perSecond)
    }

    /// Counts one request; or gives the time after which the next would be taken, and counts nothing.
    func take(at now: Instant) -> Interval? {
        var known = fullTime.load(ordering: .relaxed)
        while true {
            let next = max(known, now.nanoseconds) + interval
            let excess = next - now.nanoseconds - Self.second
            guard excess <= 0 else { return Interval(nanoseconds: excess) }
            let (isDone, found) = fullTime.compareExchange(expected: known, desired: next, ordering: .relaxed)
            if isDone { return nil }
            known = found
        }
    }
}
