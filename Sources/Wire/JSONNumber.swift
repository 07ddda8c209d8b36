/// A JSON number (RFC 8259 6), kept as it was written: no digit is lost to a binary format.
public struct JSONNumber: Sendable, Equatable {
    /// The exact text, which fits the grammar of RFC 8259 6.
    public let text: String

    init(text: String) {
        self.text = text
    }

    /// The value, if it is a whole number that an `Int` holds. `3600`, `3600.0` and `36e2` are all 3600.
    public var int: Int? {
        if let int = Int(text) { return int }
        guard let double, double.magnitude < Self.inexactDouble else { return nil }
        return Int(exactly: double)
    }

    /// The nearest `Double`; nil where that would be infinite.
    public var double: Double? {
        guard let double = Double(text), double.isFinite else { return nil }
        return double
    }

    /// 2^53: only below it does a `Double` tell every whole number from its neighbours.
    private static let inexactDouble = 9_007_199_254_740_992.0
}
