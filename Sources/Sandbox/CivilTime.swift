/// A moment in UTC as calendars and clocks show it, for dates in fields and in JSON.
struct CivilTime {
    let year: Int
    let month: Int
    let day: Int
    private let secondOfDay: Int
    private let weekday: Int

    /// `seconds` since 1970-01-01 00:00 UTC, not before it.
    init(secondsSinceEpoch seconds: Int) {
        let days = seconds / 86_400
        secondOfDay = seconds % 86_400
        weekday = (days + 4) % 7
        // Years are counted from 1 March, so that the leap day is a year's last; 400 of them have 146,097 days.
        let shifted = days + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted % 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = era * 400 + yearOfEra + (month <= 2 ? 1 : 0)
    }

    /// The second at which a day written as `2024-11-15` begins in UTC; nil for what is no date from 1970 on.
    static func seconds(ofDate text: String) -> Int? {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
            (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day)
        else { return nil }
        let shiftedYear = month <= 2 ? year - 1 : year
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = shiftedYear % 400 * 365 + shiftedYear % 400 / 4 - shiftedYear % 400 / 100 + dayOfYear
        let seconds = (shiftedYear / 400 * 146_097 + dayOfEra - 719_468) * 86_400
        // A day that its month does not have comes out as another date.
        let found = CivilTime(secondsSinceEpoch: seconds)
        return found.month == month && found.day == day ? seconds : nil
    }

    /// `2024-11-15`
    var date: String { "\(year)-\(Self.padded(month))-\(Self.padded(day))" }

    /// `2024-11-15T08:49:37Z` (RFC 3339)
    var timestamp: String { "\(date)T\(clock)Z" }

    /// `Fri, 15 Nov 2024 08:49:37 GMT` (IMF-fixdate, RFC 9110 5.6.7)
    var fieldValue: String {
        "\(Self.weekdays[weekday]), \(Self.padded(day)) \(Self.months[month - 1]) \(year) \(clock) GMT"
    }

    private var clock: String {
        "\(Self.padded(secondOfDay / 3600)):\(Self.padded(secondOfDay / 60 % 60)):\(Self.padded(secondOfDay % 60))"
    }

    private static func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }

    private static let weekdays = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
}
