import Wire

/// A request target (RFC 9112 section 3.2), taken apart by its form.
struct PlainTarget {
    var path: [UInt8] = []
    var query: [UInt8]?
    var authority: [UInt8]?

    /// Nil for what is none, or none that goes with the method.
    init?(_ text: [UInt8], method: [UInt8]) {
        guard !text.isEmpty, text.count <= Limits.targetBytesMax, Self.isSpelledWell(text) else { return nil }
        if method.isText("CONNECT") {
            guard let authority = PlainAuthority(text), authority.port != nil else { return nil }
            self.authority = text
            return
        }
        if text.isText("*") {
            if !method.isText("OPTIONS") { return nil }
            return
        }
        var rest = text
        if text[0] != UInt8(ascii: "/") {
            guard let scheme = ["http://", "https://"].first(where: { text.lowercased.starts(with: $0.utf8) }) else { return nil }
            rest = Array(text.dropFirst(scheme.utf8.count))
            let end = rest.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
            authority = Array(rest[..<end])
            guard PlainAuthority(rest[..<end]) != nil else { return nil }
            rest = Array(rest[end...])
        }
        let question = rest.firstIndex(of: UInt8(ascii: "?"))
        path = Array(rest[..<(question ?? rest.endIndex)])
        query = question.map { Array(rest[($0 + 1)...]) }
    }

    /// Visible ASCII but for `#` and `\`, and two digits behind each `%`.
    private static func isSpelledWell(_ text: [UInt8]) -> Bool {
        text.indices.allSatisfy { index in
            let byte = text[index]
            guard (0x21...0x7E).contains(byte), byte != UInt8(ascii: "#"), byte != UInt8(ascii: "\\") else { return false }
            let digits = text[(index + 1)...].prefix(2)
            return byte != UInt8(ascii: "%") || digits.count == 2 && digits.allSatisfy { $0.hexadecimalDigit != nil }
        }
    }
}
