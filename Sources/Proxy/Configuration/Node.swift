internal import Wire

/// One value of the file with the path of keys that leads to it. Each way to read it reports what is wrong and gives nil.
struct Node {
    let json: JSON
    let keyPath: String
    let diagnosis: Diagnosis

    var place: Place {
        diagnosis.place(of: json.range.lowerBound, keyPath)
    }

    func error(_ message: String) {
        diagnosis.error(at: json.range.lowerBound, keyPath, message)
    }

    func warning(_ message: String) {
        diagnosis.warning(at: json.range.lowerBound, keyPath, message)
    }

    /// `expected`: what to write, as it follows "write".
    func string(_ expected: String) -> String? {
        guard let string = json.string else {
            error("\(kind) stands here; write \(expected)")
            return nil
        }
        guard !string.isEmpty else {
            error("the string is empty; write \(expected)")
            return nil
        }
        return string
    }

    /// A string that `read` understands.
    func parse<Value>(_ expected: String, _ read: (String) throws(Malformed) -> Value) -> Value? {
        guard let text = string(expected) else { return nil }
        do {
            return try read(text)
        } catch {
            self.error(error.reason)
            return nil
        }
    }

    func bool() -> Bool? {
        guard let bool = json.bool else {
            error("\(kind) stands here; write true or false")
            return nil
        }
        return bool
    }

    func int(in range: ClosedRange<Int>) -> Int? {
        guard case .number(let number) = json.value else {
            error("\(kind) stands here; write a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        guard let int = number.int, range.contains(int) else {
            error("\(number.text.prefix(40)) stands here; write a whole number from \(range.lowerBound) to \(range.upperBound)")
            return nil
        }
        return int
    }

    func duration(in range: ClosedRange<Duration>) -> Duration? {
        guard let duration = parse("a duration such as \"30s\"", Quantity.duration) else { return nil }
        guard range.contains(duration) else {
            error("\(Quantity.text(duration)) is outside \(Quantity.text(range.lowerBound)) to \(Quantity.text(range.upperBound))")
            return nil
        }
        return duration
    }

    /// A string with a unit, or an integer of bytes.
    func size(in range: ClosedRange<Int>) -> Int? {
        let size: Int?
        if case .number(let number) = json.value {
            guard let int = number.int else {
                error("\(number.text.prefix(40)) is no number of bytes; write a size such as \"64KiB\"")
                return nil
            }
            size = int
        } else {
            size = parse("a size such as \"64KiB\"", Quantity.size)
        }
        guard let size else { return nil }
        guard range.contains(size) else {
            error("\(Quantity.text(bytes: size)) is outside \(Quantity.text(bytes: range.lowerBound)) to \(Quantity.text(bytes: range.upperBound))")
            return nil
        }
        return size
    }

    /// One of the raw values of `Choice`.
    func choice<Choice: RawRepresentable<String> & CaseIterable>(_: Choice.Type) -> Choice? {
        let names = Choice.allCases.map(\.rawValue)
        guard let text = string(Self.list(names)) else { return nil }
        guard let choice = Choice(rawValue: text) else {
            error("\(quoted(text)) is unknown; write \(Self.list(names))")
            return nil
        }
        return choice
    }

    /// The elements of an array.
    func elements(of what: String) -> [Node]? {
        guard let elements = json.array else {
            error("\(kind) stands here; write a list of \(what) in brackets")
            return nil
        }
        return elements.enumerated().map { index, element in
            Node(json: element, keyPath: "\(keyPath)[\(index)]", diagnosis: diagnosis)
        }
    }

    func child(_ member: JSON.Member) -> Node {
        Node(json: member.value, keyPath: path(of: member.key), diagnosis: diagnosis)
    }

    func path(of key: String) -> String {
        let isPlain = !key.isEmpty && key.utf8.allSatisfy { Self.plainKeyBytes.contains($0) }
        guard isPlain else { return "\(keyPath)[\(quoted(key))]" }
        return keyPath.isEmpty ? key : "\(keyPath).\(key)"
    }

    /// The kind of the value, for messages.
    var kind: String {
        switch json.value {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }

    /// `"a", "b" or "c"`
    static func list(_ names: [String]) -> String {
        let marked = names.map(quoted)
        guard let last = marked.last, marked.count > 1 else { return marked.first ?? "" }
        return "\(marked.dropLast().joined(separator: ", ")) or \(last)"
    }

    private static let plainKeyBytes = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-$".utf8)
}
