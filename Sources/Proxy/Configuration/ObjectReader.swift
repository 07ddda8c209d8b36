internal import Wire

/// What is left to say about a feature that the configuration knows and this version does not have.
let notSupported = "is not supported by this version of bearerproxy"

/// Reads an object key by key and remembers which keys were asked for: all others are unknown.
final class ObjectReader {
    let node: Node
    private let members: [JSON.Member]
    private var known: [String] = []

    /// Reports and gives nil if the value is no object; `expected` says what to write, as it follows "write".
    init?(_ node: Node, _ expected: String) {
        guard let members = node.json.object else {
            node.error("\(node.kind) stands here; write \(expected)")
            return nil
        }
        self.node = node
        self.members = members
        reportDuplicates()
    }

    func optional(_ key: String) -> Node? {
        known.append(key)
        return members.first { $0.key == key }.map(node.child)
    }

    /// Reports a missing key where the object begins; `advice` says what to write, as it follows "write".
    func required(_ key: String, _ advice: String) -> Node? {
        if let found = optional(key) { return found }
        node.diagnosis.error(at: node.json.range.lowerBound, node.path(of: key), "is missing; write \(advice)")
        return nil
    }

    /// Reports at the key itself.
    func error(at key: String, _ message: String) {
        guard let member = members.first(where: { $0.key == key }) else {
            preconditionFailure("a finding at a key that is not there")
        }
        node.diagnosis.error(at: member.keyRange.lowerBound, node.path(of: key), message)
    }

    /// Every member, for objects whose keys are names; none is unknown then. Of repeated ones only the first.
    func all() -> [(key: String, node: Node)] {
        var seen: Set<String> = []
        return members.filter { seen.insert($0.key).inserted }.map { ($0.key, node.child($0)) }
    }

    /// Reports the keys that nobody asked for, and gives false if there are any. Last of all. `advice` has more to say of some
    /// than which keys there are.
    @discardableResult
    func finish(advice special: (String) -> String? = { _ in nil }) -> Bool {
        var isKnown = true
        for member in members where !known.contains(member.key) {
            let advice =
                if let text = special(member.key) {
                    text
                } else if let near = Suggestion.nearest(to: member.key, among: known) {
                    "did you mean \(quoted(near))?"
                } else {
                    "the keys here are \(Node.list(known).replacing(" or ", with: " and "))"
                }
            node.diagnosis.error(at: member.keyRange.lowerBound, node.path(of: member.key), "unknown key; \(advice)")
            isKnown = false
        }
        return isKnown
    }

    private func reportDuplicates() {
        var lines: [String: Int] = [:]
        for member in members {
            let path = node.path(of: member.key)
            let line = node.diagnosis.place(of: member.keyRange.lowerBound, path).line
            if let first = lines[member.key] {
                node.diagnosis.error(
                    at: member.keyRange.lowerBound, path, "the key stands twice in this object, first on line \(first); remove one")
            } else {
                lines[member.key] = line
            }
        }
    }
}
