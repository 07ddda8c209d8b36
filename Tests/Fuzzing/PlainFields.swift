import Wire

/// The field lines of a head as one reads them with RFC 9110 and 9112 in hand, and what they say together.
struct PlainFields: Equatable {
    struct Line: Equatable {
        let name: [UInt8]
        let value: [UInt8]
    }

    let lines: [Line]

    /// Nil where a line is none, or there are too many.
    init?(_ text: [[UInt8]]) {
        var lines: [Line] = []
        for line in text {
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let name = Array(line[..<colon])
            let value = Array(line[(colon + 1)...])
            guard name.isToken, name.count <= Limits.fieldNameBytesMax, value.allSatisfy(\.isValueByte) else { return nil }
            lines.append(Line(name: name, value: value.trimmed))
        }
        guard lines.count <= Limits.fieldsMax else { return nil }
        self.lines = lines
        guard values(of: "connection").reduce(0, { $0 + Self.members($1).count }) <= Limits.connectionOptionsMax else { return nil }
    }

    func values(of name: String) -> [[UInt8]] { lines.filter { $0.name.lowercased.isText(name) }.map(\.value) }

    /// What stands between commas; a comma at the end ends nothing.
    private static func members(_ value: [UInt8]) -> [[UInt8]] {
        var members = value.pieces(separatedBy: ",")
        if members.last == [] { members.removeLast() }
        return members.map { $0.trimmed.lowercased }
    }

    func isPersistent(minorVersion: Int) -> Bool {
        let options = values(of: "connection").flatMap(Self.members)
        if options.contains(where: { $0.isText("close") }) { return false }
        return minorVersion == 1 || options.contains { $0.isText("keep-alive") || $0.isText("keep_alive") }
    }

    /// The length of a content; nil where nothing says it.
    enum Length: Equatable {
        case absent, bytes(Int), invalid
    }

    var contentLength: Length {
        let values = values(of: "content-length")
        guard let value = values.first else { return .absent }
        guard values.count == 1, (1...Limits.contentLengthDigitsMax).contains(value.count), value.allSatisfy(\.isDigit),
            let length = Int(String(decoding: value, as: UTF8.self))
        else { return .invalid }
        return .bytes(length)
    }

    enum Coding: Equatable {
        case absent, chunked, refused
    }

    var transferCoding: Coding {
        let values = values(of: "transfer-encoding")
        guard let value = values.first else { return .absent }
        return values.count == 1 && value.lowercased.isText("chunked") ? .chunked : .refused
    }

    /// On one line, for the second opinion.
    var verdict: String {
        lines.isEmpty ? "-" : lines.map { "\(hexadecimal($0.name)):\(hexadecimal($0.value))" }.joined(separator: ",")
    }
}
