/// Random numbers that one number determines (SplitMix64): a run of a simulation is repeated by its seed.
public struct Seed: RandomNumberGenerator, Sendable {
    private var state: UInt64

    public init(_ seed: UInt64) { state = seed }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True with this probability, 0…1. Takes no number where the answer is certain.
    public mutating func chance(_ probability: Double) -> Bool {
        if probability <= 0 { return false }
        return probability >= 1 || Double(next() >> 11) < probability * Double(1 << 53)
    }

    public mutating func integer(in range: ClosedRange<Int>) -> Int {
        range.lowerBound == range.upperBound ? range.lowerBound : Int.random(in: range, using: &self)
    }

    /// A time in the range, to the microsecond.
    public mutating func duration(in range: ClosedRange<Duration>) -> Duration {
        let microseconds = (range.upperBound - range.lowerBound) / .microseconds(1)
        return range.lowerBound + .microseconds(integer(in: 0...max(0, Int(microseconds))))
    }

    /// A seed of its own for another purpose, so that more draws there change nothing here.
    public mutating func split() -> Seed { Seed(next()) }

    /// Cuts bytes at random into at most `countMax` pieces, none empty.
    public mutating func pieces(of bytes: [UInt8], countMax: Int) -> [[UInt8]] {
        guard bytes.count > 1 else { return bytes.isEmpty ? [] : [bytes] }
        var cuts: Set<Int> = [0, bytes.count]
        for _ in 1..<max(2, countMax) { cuts.insert(integer(in: 0...bytes.count)) }
        let edges = cuts.sorted()
        return zip(edges, edges.dropFirst()).map { Array(bytes[$0..<$1]) }
    }
}
