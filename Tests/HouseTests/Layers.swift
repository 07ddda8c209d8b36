/// Which target may import what: imports point one way, so no format and no token can reach a socket.
///
///     bearerproxy → { Proxy · Sandbox } → Credentials → Wire → CZlib,  Credentials → CMemory
///                 → CBuild              → TLS → COpenSSL,  EventLoop → CLinux
enum Layers {
    /// Besides the standard library, all that a target's files may name.
    private static let allowed: [String: Set<String>] = [
        "bearerproxy": ["ArgumentParser", "CBuild", "Glibc", "Proxy", "Sandbox", "Credentials", "Wire", "TLS", "EventLoop"],
        "Proxy": ["Glibc", "Synchronization", "Credentials", "Wire", "TLS", "EventLoop"],
        "Sandbox": ["Glibc", "Credentials", "Wire", "TLS", "EventLoop"],
        "Credentials": ["Wire", "CMemory"],
        "Wire": ["CZlib"],
        "TLS": ["COpenSSL", "Synchronization"],
        "EventLoop": ["Glibc", "CLinux", "Synchronization"],
    ]

    static var targets: Set<String> { Set(allowed.keys) }

    /// The imports that have no place where they stand, as `path:line: what is wrong`.
    static func faults(in file: SourceFile) -> [String] {
        guard let allowed = allowed[file.target] else { return ["\(file.path): nothing says what \(file.target) may import"] }
        return imports(file.text).filter { !allowed.contains($0.module) }.map { line, module in
            "\(file.path):\(line): \(file.target) may not import \(module), only \(allowed.sorted().joined(separator: ", "))"
        }
    }

    /// The modules that a file imports, with their lines. Anything that begins as an import does counts as one: text in a
    /// string or a comment may be taken for an import, and never the other way round.
    static func imports(_ text: String) -> [(line: Int, module: String)] {
        var found: [(line: Int, module: String)] = []
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for statement in line.split(separator: ";") {
                var words = statement.split { " \t\r".contains($0) }[...]
                while let word = words.first, word.hasPrefix("@") || modifiers.contains(word) { words.removeFirst() }
                guard words.popFirst() == "import", var name = words.popFirst() else { continue }
                if kinds.contains(name), let next = words.first { name = next }
                found.append((index + 1, String(name.prefix { $0 != "." && $0 != "/" })))
            }
        }
        return found
    }

    private static let modifiers: Set<Substring> = ["public", "package", "internal", "fileprivate", "private"]
    private static let kinds: Set<Substring> = ["typealias", "struct", "class", "enum", "protocol", "let", "var", "func"]
}
