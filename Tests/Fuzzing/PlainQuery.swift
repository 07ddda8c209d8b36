/// A query without the parameters of one name, found by decoding every name as often as servers do.
struct PlainQuery {
    private struct Parameter {
        /// What stands before it: `&`, `;`, or nothing.
        let separator: UInt8?
        let text: [UInt8]
    }

    private let query: [UInt8]
    private let name: [UInt8]
    private var parameters: [Parameter] = []

    init(_ query: [UInt8], name: [UInt8]) {
        self.query = query
        self.name = name
        var separator: UInt8?
        var text: [UInt8] = []
        for byte in query {
            if byte == UInt8(ascii: "&") || byte == UInt8(ascii: ";") {
                parameters.append(Parameter(separator: separator, text: text))
                separator = byte
                text = []
            } else {
                text.append(byte)
            }
        }
        parameters.append(Parameter(separator: separator, text: text))
    }

    var isNamed: Bool { parameters.contains { isNamed($0.text) } }

    /// What stays, with what has to stand before it.
    func rest(isContinued: Bool) -> [UInt8] {
        if !isContinued, !isNamed { return [UInt8(ascii: "?")] + query }
        let kept = parameters.filter { !$0.text.isEmpty && !isNamed($0.text) }
        return kept.enumerated().flatMap { index, parameter in
            let first = isContinued ? UInt8(ascii: "&") : UInt8(ascii: "?")
            return [index == 0 ? first : parameter.separator ?? first] + parameter.text
        }
    }

    private func isNamed(_ parameter: [UInt8]) -> Bool {
        var written = Array(parameter.prefix { $0 != UInt8(ascii: "=") })
        for _ in 0...2 {
            let parts = written.split(omittingEmptySubsequences: false) { $0 == UInt8(ascii: "&") || $0 == UInt8(ascii: ";") }
            if parts.contains(where: isName) { return true }
            written = Self.decoded(written)
        }
        return false
    }

    private func isName(_ part: ArraySlice<UInt8>) -> Bool {
        let isBlank = { (byte: UInt8) in byte <= 0x20 || byte == UInt8(ascii: "+") }
        let isBracket = { (byte: UInt8) in byte == UInt8(ascii: "[") || byte == UInt8(ascii: "]") }
        let begun = part.drop { isBlank($0) || isBracket($0) || $0 == UInt8(ascii: "?") }
        guard begun.prefix(name.count).lowercased.elementsEqual(name) else { return false }
        for byte in begun.dropFirst(name.count) {
            if byte == 0 || byte == UInt8(ascii: "=") || isBracket(byte) { return true }
            if !isBlank(byte) { return false }
        }
        return true
    }

    private static func decoded(_ text: [UInt8]) -> [UInt8] {
        var decoded: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "%"), index + 2 < text.count, let high = text[index + 1].hexadecimalDigit,
                let low = text[index + 2].hexadecimalDigit
            {
                decoded.append(high << 4 | low)
                index += 3
            } else {
                decoded.append(text[index])
                index += 1
            }
        }
        return decoded
    }
}
