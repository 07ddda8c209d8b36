internal import Glibc

/// Writes times for people and programs alike (RFC 3339, in UTC).
enum Timestamp {
    /// `2026-11-21T19:45:07.123Z`, from the time since 1970.
    static func text(_ wall: Duration) -> String {
        let (seconds, attoseconds) = wall.components
        var time = time_t(seconds)
        var parts = tm()
        gmtime_r(&time, &parts)
        let date = "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
        let milliseconds = String(attoseconds / 1_000_000_000_000_000 + 1000).dropFirst()
        return "\(date)T\(padded(parts.tm_hour)):\(padded(parts.tm_min)):\(padded(parts.tm_sec)).\(milliseconds)Z"
    }

    private static func padded(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
