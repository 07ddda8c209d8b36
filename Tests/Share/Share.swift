import Glibc

/// How much of a random test is run: all of it, or one seed in so many as `RANDOM_TESTS_SHARE` in the environment says, for builds in which
/// it takes too long.
public enum Share {
    public static let step: Int = {
        guard let text = getenv("RANDOM_TESTS_SHARE") else { return 1 }
        guard let step = Int(String(cString: text)), step > 0 else { fatalError("RANDOM_TESTS_SHARE is a whole number from 1") }
        return step
    }()

    public static func of(_ seeds: Range<Int>) -> [Int] { Array(stride(from: seeds.lowerBound, to: seeds.upperBound, by: step)) }
}
