internal import Glibc
internal import Wire

/// Writes times for people and programs alike (RFC 3339, in UTC): `2026-11-21T19:45:07.123Z`. It keeps what it wrote of a second, for
/// the next time is mostly of the same.
struct Timestamp {
    static let count = 24

    private var second: Int64 = -1
    /// `2026-11-21T19:45:07.`
    private var beginning: [UInt8] = []

    /// Writes a time since 1970, for which there has to be room.
    mutating func write(_ wall: Duration, into output: inout OutputSpan<UInt8>) {
        let milliseconds = Int64(max(0, wall.attoseconds) / 1_000_000_000_000_000)
        let second = milliseconds / 1_000
        if second != self.second { begin(second) }
        output.appendWhole(beginning.span)
        output.appendDecimal(Int(milliseconds % 1_000), digitCount: 3)
        output.appendWhole("Z")
    }

    static func text(_ wall: Duration) -> String {
        var timestamp = Timestamp()
        return String(decoding: [UInt8](capacity: count) { timestamp.write(wall, into: &$0) }, as: UTF8.self)
    }

    private mutating func begin(_ second: Int64) {
        var time = time_t(second)
        var parts = tm()
        gmtime_r(&time, &parts)
        self.second = second
        beginning = [UInt8](capacity: Self.count) { output in
            output.appendDecimal(Int(parts.tm_year) + 1900, digitCount: 4)
            output.appendWhole("-")
            output.appendDecimal(Int(parts.tm_mon) + 1, digitCount: 2)
            output.appendWhole("-")
            output.appendDecimal(Int(parts.tm_mday), digitCount: 2)
            output.appendWhole("T")
            output.appendDecimal(Int(parts.tm_hour), digitCount: 2)
            output.appendWhole(":")
            output.appendDecimal(Int(parts.tm_min), digitCount: 2)
            output.appendWhole(":")
            output.appendDecimal(Int(parts.tm_sec), digitCount: 2)
            output.appendWhole(".")
        }
    }
}
