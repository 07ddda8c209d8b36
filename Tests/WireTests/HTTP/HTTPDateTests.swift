import Testing
import Wire

struct HTTPDateTests {
    private static func seconds(_ text: String, year: Int = 2026) -> Int? {
        HTTPDate.seconds(Array(text.utf8), presentYear: year)
    }

    @Test(arguments: [
        ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777), ("Sunday, 06-Nov-94 08:49:37 GMT", 784_111_777),
        ("Sun Nov  6 08:49:37 1994", 784_111_777), ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Thu, 29 Feb 2024 23:59:59 GMT", 1_709_251_199), ("Fri, 01 Mar 2024 00:00:00 GMT", 1_709_251_200),
        ("Mon, 01 Mar 2100 00:00:00 GMT", 4_107_542_400), ("Sat, 31 Dec 2016 23:59:60 GMT", 1_483_228_799),
        ("Wed Nov 16 08:49:37 1994", 784_975_777), ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
    ])
    func `each form of a date is read`(text: String, expected: Int) {
        #expect(Self.seconds(text) == expected)
    }

    @Test(arguments: [
        "", "0", "120", "Sun", "Sun, ", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 GMT ", " Sun, 06 Nov 1994 08:49:37 GMT", "Mon, 06 Nov 1994 08:49:37 GMT", "sun, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Wed, 31 Nov 1994 08:49:37 GMT", "Wed, 29 Feb 2023 00:00:00 GMT", "Wed, 31 Dec 1969 23:59:59 GMT",
        "Sunday, 06 Nov 1994 08:49:37 GMT", "Sun, 06-Nov-94 08:49:37 GMT", "Sun Nov 06 08:49:37 94", "Sun Nov 6 08:49:37 1994",
        "Sunday Nov  6 08:49:37 1994", "Sun, 06 Nov 1994 8:49:37 GMT", "Sun, 06 Nov 1994 08:49:3x GMT", "Sun,06 Nov 1994 08:49:37 GMT",
    ])
    func `what is no date is none`(text: String) {
        #expect(Self.seconds(text) == nil)
    }

    @Test func `a year of two digits is the nearest that is not far ahead`() {
        #expect(Self.seconds("Sunday, 06-Nov-94 08:49:37 GMT", year: 2026) == 784_111_777)
        #expect(Self.seconds("Saturday, 21-Nov-26 00:00:00 GMT", year: 2026) == 1_795_219_200)
        #expect(Self.seconds("Saturday, 06-Nov-94 08:49:37 GMT", year: 2060) == 3_939_871_777)
    }

    @Test func `every day from 1970 to 2400 follows the one before`() {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let names = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        var day = 0
        for year in 1970..<2400 {
            let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
            for (month, count) in [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].enumerated() {
                let text = "\(names[(day + count - 1) % 7]), \(count) \(months[month]) \(year) 00:00:00 GMT"
                day += count
                if Self.seconds(text) != (day - 1) * 86_400 { Issue.record("\(text)") }
            }
        }
    }
}
