/// A date and a time of day, perhaps one that does not exist.
struct CivilDate {
    var year = 0
    var month = 0
    var day = 0
    var hour = 0
    var minute = 0
    var second = 0

    /// Nil where there is no such time. A leap second counts as the one before it.
    var seconds: Int? {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...daysOfMonth).contains(day),
            hour < 24, minute < 60, second <= 60
        else { return nil }
        return daysSince1970 * 86_400 + hour * 3600 + minute * 60 + min(second, 59)
    }

    private var isLeapYear: Bool { year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) }

    private var daysOfMonth: Int {
        switch month {
        case 2: isLeapYear ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    /// The year is taken to begin in March, so that the leap day is its last.
    private var daysSince1970: Int {
        let year = month > 2 ? year : year - 1
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
    }
}
