import Glibc

/// How much of a random test is run: all of it, or one seed in so many as `SIMULATION_SHARE` in the environment says, for builds in which it
/// takes too long.
enum Share {
    static func of(_ seeds: Range<UInt64>) -> StrideTo<UInt64> {
        let text = getenv("SIMULATION_SHARE").map { String(cString: $0) } ?? "1"
        guard let step = UInt64.Stride(text), step > 0 else { fatalError("SIMULATION_SHARE is a whole number from 1") }
        return stride(from: seeds.lowerBound, to: seeds.upperBound, by: step)
    }
}
