/// Reads a date of a field such as Date or Retry-After (RFC 9110, section 5.6.7), in its three forms:
///
///     Sun, 06 Nov 1994 08:49:37 GMT      IMF-fixdate
///     Sunday, 06-Nov-94 08:49:37 GMT     of RFC 850
///     Sun Nov  6 08:49:37 1994           of asctime
public enum HTTPDate {
    /// Seconds since 1970-01-01 00:00 UTC, from the year 1970 to 9999. Nil for anything else, also where the name of the day
    /// belongs to another date.
    ///
    /// - Parameter year: the present year. A year of two digits that would be more than 50 years ahead of it is of the century before.
    public static func seconds(_ bytes: [UInt8], presentYear year: Int) -> Int? {
        var text = DateText(bytes)
        guard let name = text.name() else { return nil }
        let date: CivilDate?
        if text.skip(", ") {
            date = name.count == 3 ? text.fixedDate() : text.obsoleteDate(presentYear: year)
        } else {
            date = name.count == 3 && text.skip(" ") ? text.plainDate() : nil
        }
        guard let date, text.isAtEnd, let seconds = date.seconds else { return nil }
        return isDay(name, of: seconds) ? seconds : nil
    }

    private static let days = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"]

    /// The first of January 1970 was a Thursday.
    private static func isDay(_ name: [UInt8], of seconds: Int) -> Bool {
        let day = Array(days[seconds / 86_400 % 7].utf8)
        return name == (name.count == 3 ? Array(day.prefix(3)) : day)
    }
}
