import Glibc

/// How much of a random test is run: all of it, or one seed in so many as `SIMULATION_SHARE` in the environment says, for
/// builds in which it takes too long.
enum Share {
    static let step: Int = {
        guard let text = getenv("SIMULATION_SHARE") else { return 1 }
        guard let step = Int(String(cString: text)), step > 0 else { fatalError("SIMULATION_SHARE is a whole number from 1") }
        return step
    }()

    static func of(_ seeds: Range<Int>) -> [Int] { Array(stride(from: seeds.lowerBound, to: seeds.upperBound, by: step)) }
}
