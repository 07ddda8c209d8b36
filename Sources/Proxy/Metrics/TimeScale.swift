internal import EventLoop

/// The buckets that durations are sorted into, from 25 µs to a minute.
///
/// Bounds are at least a factor of 2 apart. So the highest bit of a duration leaves one bound that it has to be compared with.
struct TimeScale: @unchecked Sendable {
    /// The greatest duration of each bucket but the last, in microseconds.
    static let bounds = [
        25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
        10_000_000, 25_000_000, 60_000_000,
    ]
    /// With the one for all that takes longer.
    static var bucketCount: Int { 21 }
    /// What a histogram takes: its buckets, and the sum of all durations in nanoseconds.
    static var placeCount: Int { bucketCount + 1 }

    /// For durations with this highest bit: the one bound within reach, in nanoseconds, and how many are below.
    private struct Step {
        var bound = Int64.max
        var below = 0
    }

    private let steps: UnsafeMutablePointer<Step>

    private init() {
        steps = .allocate(capacity: 64)
        for bit in 0..<64 {
            steps.advanced(by: bit).initialize(to: Step())
            let lowest = UInt64(1) << UInt64(bit)
            for bound in Self.bounds.map({ UInt64($0) * 1_000 }) {
                if bound < lowest { steps[bit].below += 1 } else if bound >> UInt64(bit) == 1 { steps[bit].bound = Int64(bound) }
            }
        }
    }

    /// The one there is; its memory is never given back.
    static let standard = TimeScale()

    /// Of a duration that is not negative. A bound belongs to the bucket that it ends.
    @inline(__always)
    func bucket(of duration: Interval) -> Int {
        let nanoseconds = duration.nanoseconds
        let step = steps[63 &- (nanoseconds | 1).leadingZeroBitCount]
        return step.below &+ (nanoseconds > step.bound ? 1 : 0)
    }
}
