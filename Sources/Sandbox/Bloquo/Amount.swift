/// An amount of money: a whole number of hundred-millionths, never a binary fraction.
struct Amount: Comparable {
    private let units: Int

    static let zero = Amount(units: 0)
    private static let fractionDigitsMax = 8
    private static let unitsPerOne = 100_000_000

    private init(units: Int) { self.units = units }

    /// A positive decimal number without sign or exponent, with at most that many digits behind the point; nil for
    /// anything else, and from 92 thousand million on.
    init?(_ text: String, fractionDigits: Int = fractionDigitsMax) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let fraction = parts.count > 1 ? parts[1] : ""
        guard parts.count == 1 || !fraction.isEmpty, fraction.utf8.count <= fractionDigits, parts[0].utf8.count <= 11,
            !parts[0].isEmpty, (parts[0] + fraction).utf8.allSatisfy({ (48...57).contains($0) })
        else { return nil }
        let padding = String(repeating: "0", count: Self.fractionDigitsMax - fraction.utf8.count)
        guard let units = Int(parts[0] + fraction + padding), units > 0 else { return nil }
        self.units = units
    }

    static func < (left: Amount, right: Amount) -> Bool { left.units < right.units }
    static func - (left: Amount, right: Amount) -> Amount { Amount(units: left.units - right.units) }

    /// Nil where the sum is more than an amount can hold.
    func adding(_ other: Amount) -> Amount? {
        let (sum, isOverflow) = units.addingReportingOverflow(other.units)
        return isOverflow ? nil : Amount(units: sum)
    }

    /// This many at `price` each, to so many digits behind the point; what is left over is dropped or rounded up.
    func times(_ price: Amount, fractionDigits: Int, roundingUp: Bool) -> Amount? {
        var step = Int128(Self.unitsPerOne)
        var unitStep = Self.unitsPerOne
        for _ in 0..<fractionDigits { unitStep /= 10 }
        step *= Int128(unitStep)
        let product = Int128(units) * Int128(price.units)
        let steps = product / step + (roundingUp && product % step != 0 ? 1 : 0)
        return Int(exactly: steps * Int128(unitStep)).map { Amount(units: $0) }
    }

    /// With exactly that many digits behind the point: `0.50` for a half and two.
    func text(fractionDigits: Int) -> String {
        let fraction = String(units % Self.unitsPerOne)
        let padded = String(repeating: "0", count: Self.fractionDigitsMax - fraction.utf8.count) + fraction
        let whole = String(units / Self.unitsPerOne)
        return fractionDigits == 0 ? whole : whole + "." + padded.prefix(fractionDigits)
    }
}
