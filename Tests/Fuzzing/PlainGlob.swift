/// A pattern with stars, matched by trying every way to share the text out.
struct PlainGlob {
    private enum Part: Equatable {
        case byte(UInt8)
        case anything
        case withinSegment
    }

    private var parts: [Part] = []
    private let ignoresCase: Bool

    init(_ pattern: String, isPath: Bool, ignoresCase: Bool) {
        self.ignoresCase = ignoresCase
        let bytes = Array(pattern.utf8)
        var index = 0
        while index < bytes.count {
            let stars = bytes[index...].prefix { $0 == UInt8(ascii: "*") }.count
            if stars == 0 {
                parts.append(.byte(bytes[index]))
                index += 1
                continue
            }
            let isTail = index + stars == bytes.count && index > 0 && bytes[index - 1] == UInt8(ascii: "/")
            parts.append(isPath && stars == 1 && !isTail ? .withinSegment : .anything)
            index += stars
        }
    }

    func matches(_ text: [UInt8]) -> Bool {
        // By the count of parts and of bytes that are behind: nil is not yet known.
        var known = [Bool?](repeating: nil, count: (parts.count + 1) * (text.count + 1))
        return matches(text, from: 0, parts: 0, &known)
    }

    private func matches(_ text: [UInt8], from start: Int, parts first: Int, _ known: inout [Bool?]) -> Bool {
        let index = first * (text.count + 1) + start
        if let known = known[index] { return known }
        let result: Bool
        if first == parts.count {
            result = start == text.count
        } else {
            switch parts[first] {
            case .byte(let byte):
                result = start < text.count && isSame(byte, text[start]) && matches(text, from: start + 1, parts: first + 1, &known)
            case .anything, .withinSegment:
                let mayPass = start < text.count && (parts[first] == .anything || text[start] != UInt8(ascii: "/"))
                result = matches(text, from: start, parts: first + 1, &known) || mayPass && matches(text, from: start + 1, parts: first, &known)
            }
        }
        known[index] = result
        return result
    }

    private func isSame(_ one: UInt8, _ other: UInt8) -> Bool {
        ignoresCase ? [one].lowercased == [other].lowercased : one == other
    }
}
