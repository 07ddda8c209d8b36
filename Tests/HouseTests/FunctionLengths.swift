/// Finds functions that do not fit a screen.
enum FunctionLengths {
    static let linesMax = 70

    /// Each function of more than `linesMax` lines, from its name to its last brace, as `path:line: what is wrong`.
    static func faults(in file: SourceFile) -> [String] {
        var scanner = Scanner(file.text)
        return scanner.functions().filter { $0.lines > linesMax }.map { function in
            "\(file.path):\(function.line): \(function.name) has \(function.lines) lines; \(linesMax) fit a screen"
        }
    }

    struct Function: Equatable {
        let name: String
        let line: Int
        let lines: Int
    }

    /// Reads a file as far as braces go: words, braces, and what has neither meaning, comments and literals.
    struct Scanner {
        private let bytes: [UInt8]
        private var position = 0
        private var line = 1
        private var open: [(name: String, line: Int)?] = []
        private var announced: (name: String, line: Int)?
        private var parentheses = 0
        private var found: [Function] = []

        init(_ text: String) { bytes = Array(text.utf8) }

        mutating func functions() -> [Function] {
            while position < bytes.count { step() }
            return found
        }

        private func starts(with text: StaticString) -> Bool {
            let count = text.utf8CodeUnitCount
            return position + count <= bytes.count
                && bytes[position..<position + count].elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: count))
        }

        private mutating func step() {
            let byte = bytes[position]
            if starts(with: "//") { return skip(past: "\n") }
            if starts(with: "/*") { return skip(past: "*/") }
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "#"): return skipLiteral()
            case UInt8(ascii: "("): parentheses += 1
            case UInt8(ascii: ")"): parentheses -= 1
            case UInt8(ascii: "{") where parentheses == 0:
                open.append(announced)
                announced = nil
            case UInt8(ascii: "{"): open.append(nil)
            case UInt8(ascii: "}"): close()
            case UInt8(ascii: "\n"): line += 1
            case UInt8(ascii: "`"):
                position += 1
                return skip(past: "`")
            case let byte where Self.isWord(byte): return takeWord()
            default: break
            }
            position += 1
        }

        private mutating func close() {
            // A closure among the parameters is not the end of what was announced.
            if parentheses == 0 { announced = nil }
            if let last = open.popLast(), let function = last {
                found.append(Function(name: function.name, line: function.line, lines: line - function.line + 1))
            }
        }

        private mutating func takeWord() {
            let start = position
            while position < bytes.count, Self.isWord(bytes[position]) { position += 1 }
            let word = String(decoding: bytes[start..<position], as: UTF8.self)
            // `.init(…)` and `self.init(…)` are calls.
            let isMember = start > 0 && bytes[start - 1] == UInt8(ascii: ".")
            if parentheses == 0, !isMember, ["func", "init", "deinit", "subscript", "get", "set"].contains(word) {
                announced = (name(after: word), line)
            }
        }

        private func name(after word: String) -> String {
            guard word == "func" else { return word }
            return String(decoding: bytes[(position + 1)...].prefix { $0 != UInt8(ascii: "(") && $0 != UInt8(ascii: "<") }, as: UTF8.self)
        }

        /// A string of any form, or a word that begins with `#`. What stands in `\(…)` counts as part of the string.
        private mutating func skipLiteral() {
            var marks = 0
            while position < bytes.count, bytes[position] == UInt8(ascii: "#") {
                marks += 1
                position += 1
            }
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { return }
            let quotes = starts(with: "\"\"\"") ? 3 : 1
            let end = [UInt8](repeating: UInt8(ascii: "\""), count: quotes) + [UInt8](repeating: UInt8(ascii: "#"), count: marks)
            position += quotes
            while position < bytes.count, !bytes[position...].starts(with: end) {
                if bytes[position] == UInt8(ascii: "\n") { line += 1 }
                if marks == 0, bytes[position] == UInt8(ascii: "\\") {
                    position += 1
                    if position < bytes.count, bytes[position] == UInt8(ascii: "(") { skipInterpolation() }
                }
                position += 1
            }
            position += end.count
        }

        /// Up to the parenthesis that closes it; strings within are literals of their own.
        private mutating func skipInterpolation() {
            var depth = 0
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "("): depth += 1
                case UInt8(ascii: ")"): depth -= 1
                case UInt8(ascii: "\n"): line += 1
                case UInt8(ascii: "\""):
                    skipLiteral()
                    continue
                default: break
                }
                if depth == 0 { return }
                position += 1
            }
        }

        private mutating func skip(past end: StaticString) {
            while position < bytes.count, !starts(with: end) {
                if bytes[position] == UInt8(ascii: "\n") { line += 1 }
                position += 1
            }
            if starts(with: "\n") { line += 1 }
            position += end.utf8CodeUnitCount
        }

        private static func isWord(_ byte: UInt8) -> Bool {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
                UInt8(ascii: "_"), 0x80...0xFF:
                true
            default: false
            }
        }
    }
}
