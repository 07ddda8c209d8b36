/// A span of time in whole nanoseconds.
///
/// What `Duration` does in 128 bits by calls, this does in an instruction: the loop's clock, deadlines and timers are reckoned in it.
public struct Interval: Comparable, Hashable, Sendable {
    public let nanoseconds: Int64

    @inlinable public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Rounded up, so that nothing comes before its time; at most `Limits.intervalMax` either way.
    public init(_ duration: Duration) {
        let nanosecond: Int128 = 1_000_000_000
        let (quotient, rest) = duration.attoseconds.quotientAndRemainder(dividingBy: nanosecond)
        let bound = Int128(Limits.intervalMax)
        nanoseconds = Int64(max(-bound, min(bound, quotient + (rest > 0 ? 1 : 0))))
    }

    public static var zero: Interval { Interval(nanoseconds: 0) }
    public static func seconds(_ count: Int) -> Interval { Interval(nanoseconds: Int64(count) * 1_000_000_000) }
    public static func milliseconds(_ count: Int) -> Interval { Interval(nanoseconds: Int64(count) * 1_000_000) }
    public static func microseconds(_ count: Int) -> Interval { Interval(nanoseconds: Int64(count) * 1000) }

    public var duration: Duration { Duration(attoseconds: Int128(nanoseconds) * 1_000_000_000) }

    @inlinable public static func < (one: Interval, other: Interval) -> Bool { one.nanoseconds < other.nanoseconds }

    @inlinable public static func + (one: Interval, other: Interval) -> Interval {
        Interval(nanoseconds: one.nanoseconds + other.nanoseconds)
    }

    @inlinable public static func - (one: Interval, other: Interval) -> Interval {
        Interval(nanoseconds: one.nanoseconds - other.nanoseconds)
    }

    @inlinable public static func * (one: Interval, count: Int) -> Interval { Interval(nanoseconds: one.nanoseconds * Int64(count)) }
}
