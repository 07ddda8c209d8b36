/// A time on a loop's clock: how long after the clock began, in whole nanoseconds.
public struct Instant: Comparable, Hashable, Sendable {
    public let nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// The time so long after the clock began, rounded up: what is due then is due now when the clock says so.
    public init(_ sinceBeginning: Duration) { nanoseconds = Interval(sinceBeginning).nanoseconds }

    /// When the clock began.
    public static var zero: Instant { Instant(nanoseconds: 0) }
    /// No clock comes there.
    public static var never: Instant { Instant(nanoseconds: .max) }
    public static func seconds(_ count: Int) -> Instant { .zero + .seconds(count) }
    public static func milliseconds(_ count: Int) -> Instant { .zero + .milliseconds(count) }

    public var sinceBeginning: Duration { Interval(nanoseconds: nanoseconds).duration }

    @inlinable public static func < (one: Instant, other: Instant) -> Bool { one.nanoseconds < other.nanoseconds }

    @inlinable public static func + (time: Instant, span: Interval) -> Instant {
        Instant(nanoseconds: time.nanoseconds + span.nanoseconds)
    }

    @inlinable public static func - (time: Instant, span: Interval) -> Instant {
        Instant(nanoseconds: time.nanoseconds - span.nanoseconds)
    }

    @inlinable public static func - (time: Instant, earlier: Instant) -> Interval {
        Interval(nanoseconds: time.nanoseconds - earlier.nanoseconds)
    }
}
