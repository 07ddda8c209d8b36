/// The bytes of a date, read from the front.
struct DateText {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func skip(_ text: StaticString) -> Bool {
        let count = text.utf8CodeUnitCount
        guard bytes.count - position >= count else { return false }
        let isThere = text.withUTF8Buffer { unsafe bytes[position..<position + count].elementsEqual($0) }
        if isThere { position += count }
        return isThere
    }

    /// The letters of a name of a day, 3 to 9.
    mutating func name() -> [UInt8]? {
        var name: [UInt8] = []
        while position < bytes.count, name.count <= 9, isLetter(bytes[position]) {
            name.append(bytes[position])
            position += 1
        }
        return (3...9).contains(name.count) ? name : nil
    }

    private mutating func number(digits: Int) -> Int? {
        guard bytes.count - position >= digits else { return nil }
        var number = 0
        for index in position..<position + digits {
            guard let digit = bytes[index].decimalValue else { return nil }
            number = number * 10 + digit
        }
        position += digits
        return number
    }

    private mutating func month() -> Int? {
        let names: [StaticString] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        for (index, name) in names.enumerated() where skip(name) { return index + 1 }
        return nil
    }

    private mutating func readTime(into date: inout CivilDate) -> Bool {
        guard let hour = number(digits: 2), skip(":"), let minute = number(digits: 2), skip(":"), let second = number(digits: 2) else { return false }
        (date.hour, date.minute, date.second) = (hour, minute, second)
        return true
    }

    /// `06 Nov 1994 08:49:37 GMT`
    mutating func fixedDate() -> CivilDate? {
        var date = CivilDate()
        guard let day = number(digits: 2), skip(" "), let month = month(), skip(" "), let year = number(digits: 4), skip(" "),
            readTime(into: &date), skip(" GMT")
        else { return nil }
        (date.year, date.month, date.day) = (year, month, day)
        return date
    }

    /// `06-Nov-94 08:49:37 GMT`
    mutating func obsoleteDate(presentYear: Int) -> CivilDate? {
        var date = CivilDate()
        guard let day = number(digits: 2), skip("-"), let month = month(), skip("-"), let year = number(digits: 2), skip(" "),
            readTime(into: &date), skip(" GMT")
        else { return nil }
        (date.year, date.month, date.day) = (presentYear / 100 * 100 + year, month, day)
        if date.year > presentYear + 50 { date.year -= 100 }
        return date
    }

    /// `Nov  6 08:49:37 1994`
    mutating func plainDate() -> CivilDate? {
        var date = CivilDate()
        guard let month = month(), skip(" "), let day = skip(" ") ? number(digits: 1) : number(digits: 2), skip(" "),
            readTime(into: &date), skip(" "), let year = number(digits: 4)
        else { return nil }
        (date.year, date.month, date.day) = (year, month, day)
        return date
    }

    private func isLetter(_ byte: UInt8) -> Bool {
        switch byte | 0x20 {
        case UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }
}
