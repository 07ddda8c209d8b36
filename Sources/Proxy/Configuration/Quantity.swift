/// Durations and sizes as the configuration writes them: a whole number and a unit.
enum Quantity {
    /// `"500ms"`, `"30s"`, `"5m"`, `"1h"`.
    static func duration(_ text: String) throws(Malformed) -> Duration {
        guard let (count, unit) = split(text), let (_, length) = durationUnits.first(where: { $0.unit == unit }) else {
            throw Malformed(
                "\(quoted(text)) is no duration; write a whole number with its unit, such as \"500ms\", \"30s\", \"5m\" or \"1h\"")
        }
        return length * count
    }

    /// `"512B"`, `"64KiB"`, `"1MiB"`, `"1GiB"` in bytes.
    static func size(_ text: String) throws(Malformed) -> Int {
        guard let (count, unit) = split(text), let (_, bytes) = sizeUnits.first(where: { $0.unit == unit }) else {
            throw Malformed(
                "\(quoted(text)) is no size; write a whole number with its unit, such as \"512B\", \"64KiB\" or \"1MiB\", or a number of bytes")
        }
        return count * bytes
    }

    /// The duration in its largest whole unit.
    static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
        for (unit, length) in durationUnits.reversed() {
            let (unitSeconds, unitAttoseconds) = length.components
            let unitMilliseconds = unitSeconds * 1000 + unitAttoseconds / 1_000_000_000_000_000
            if milliseconds != 0 && milliseconds % unitMilliseconds == 0 { return "\(milliseconds / unitMilliseconds)\(unit)" }
        }
        return "0s"
    }

    /// The bytes in their largest whole unit.
    static func text(bytes: Int) -> String {
        for (unit, size) in sizeUnits.reversed() where bytes != 0 && bytes % size == 0 {
            return "\(bytes / size)\(unit)"
        }
        return "0B"
    }

    private static let durationUnits: [(unit: String, length: Duration)] = [
        ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
    ]

    private static let sizeUnits: [(unit: String, bytes: Int)] = [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)]

    /// Nine digits at most: no product with a unit can overflow, and the ranges of the keys end far below.
    private static func split(_ text: String) -> (count: Int, unit: String)? {
        let digits = text.utf8.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        guard digits.count <= 9, let count = Int(String(digits) ?? "") else { return nil }
        return (count, String(text.utf8.dropFirst(digits.count)) ?? "")
    }
}
