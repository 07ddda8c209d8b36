internal import EventLoop

/// How often a route takes a request: `limits.requestsPerSecond`, over all loops.
///
/// No second has more, wherever it begins: each request takes the place of the one that came so many before it, which has to be a
/// second old. So all may come at once, and a provider that counts by the second does not count more. It is counted when a request would
/// go: those that then wait for a token or a connection go together, and second attempts are not counted. The times are kept of so
/// many requests, or of as many groups of them as there is memory for.
final class RequestRate: Sendable {
    private struct Window {
        /// When the last request of each group was taken, in nanoseconds of the common clock. The groups are begun in turn.
        var times: [Int64]
        /// The group that is being filled, and how many of it have been taken.
        var group: Int
        var count: Int
        /// When the last request was taken. Another loop's clock may have been read a moment earlier.
        var latest = Int64.min / 2
    }

    let perSecond: Int
    private let groupCount: Int
    private let window: Locked<Window>

    private static let second: Int64 = 1_000_000_000

    init(perSecond: Int) {
        precondition(perSecond > 0, "a rate of 0 lets nothing through")
        self.perSecond = perSecond
        groupCount = min(perSecond, Limits.rateGroupsMax)
        let times = [Int64](repeating: .min / 2, count: groupCount)
        window = Locked(Window(times: times, group: groupCount - 1, count: .max))
    }

    /// Counts one request; or gives the time after which the next would be taken, and counts nothing.
    func take(at now: Instant) -> Interval? {
        window.withLock { window in
            let time = max(now.nanoseconds, window.latest)
            if window.count >= size(of: window.group) {
                let next = (window.group + 1) % groupCount
                let wait = window.times[next] + Self.second - time
                guard wait <= 0 else { return Interval(nanoseconds: wait) }
                window.group = next
                window.count = 0
            }
            window.count += 1
            window.times[window.group] = time
            window.latest = time
            return nil
        }
    }

    /// All together are `perSecond`.
    private func size(of group: Int) -> Int { perSecond / groupCount + (group < perSecond % groupCount ? 1 : 0) }
}
