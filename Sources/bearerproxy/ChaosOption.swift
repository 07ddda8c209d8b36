/// What `sandbox --chaos` says: a percentage, and behind a colon the seed, where it is to be the one of another run.
struct ChaosOption {
    static let none = ChaosOption(percent: 0, seed: 0)

    let percent: Int
    let seed: UInt64

    private init(percent: Int, seed: UInt64) { (self.percent, self.seed) = (percent, seed) }

    /// Nil where it is something else.
    init?(_ text: String) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = parts.first, let percent = Self.number(first), percent <= 100 else { return nil }
        self.percent = Int(percent)
        guard parts.count == 2 else {
            // Few digits, for whoever writes it down.
            seed = .random(in: 1...999_999)
            return
        }
        guard let seed = Self.number(parts[1]) else { return nil }
        self.seed = seed
    }

    private static func number(_ text: Substring) -> UInt64? {
        text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? UInt64(text) : nil
    }
}
