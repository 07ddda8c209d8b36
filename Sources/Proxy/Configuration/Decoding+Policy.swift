internal import Credentials
internal import Wire

extension Decoding {
    /// Patterns over the paths that go upstream.
    func paths(_ node: Node) -> [Glob]? {
        texts(node, of: "paths", "a path such as \"/api/v1/*\"") { text throws(Malformed) in
            try Self.pathPattern(text)
        }
    }

    private static func pathPattern(_ text: String) throws(Malformed) -> Glob {
        guard text.hasPrefix("/") else {
            throw Malformed("\(quoted(text)) does not begin with \"/\"; write the whole path, as the upstream gets it: \(quoted("/\(text)"))")
        }
        guard !text.contains("?") else { throw Malformed("\(quoted(text)) has a \"?\"; paths are compared without their query, remove it") }
        guard !text.contains("***") else { throw Malformed("\(quoted(text)) has more than two \"*\" in a row; write one or two") }
        // Whatever stands for a star, the rest has to be in normal form, or no path that is would match.
        let sample = text.utf8.map { $0 == UInt8(ascii: "*") ? UInt8(ascii: "a") : $0 }
        if let deviation = NormalPath.deviation(sample.span, 0..<sample.count) {
            throw Malformed("\(quoted(text)) has \(deviation.reason); requests with such paths are refused, so write it without")
        }
        guard let glob = Glob(path: text) else {
            throw Malformed("\(quoted(text)) has more than \(Glob.literalsMax) bytes besides its stars; put a star in place of some")
        }
        return glob
    }

    /// Patterns over the names of JSON-RPC methods.
    func rpcMethods(_ node: Node) -> [Glob]? {
        texts(node, of: "JSON-RPC methods", "a method such as \"getblock*\"") { text throws(Malformed) in
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
                throw Malformed("\(quoted(text)) has a character that no method's name has here; write visible ASCII characters")
            }
            guard let glob = Glob(name: text) else {
                throw Malformed("\(quoted(text)) has more than \(Glob.literalsMax) bytes besides its stars; put a star in place of some")
            }
            return glob
        }
    }

    /// `"X-Name: value"`. What stands in it is never repeated: it may be a secret to people.
    func requiredField(_ node: Node) -> RequiredField? {
        node.parse("a field such as \"X-Local-Key: value\"") { text throws(Malformed) in
            guard let colon = text.firstIndex(of: ":") else { throw Malformed("there is no \":\" behind the field's name; write \"X-Name: value\"") }
            let name = String(text[..<colon])
            let value = String(text[text.index(after: colon)...].drop { $0 == " " })
            guard Injection.isToken(name) else { throw Malformed("what stands before the \":\" is no field name; write \"X-Name: value\"") }
            guard !name.contains("_") else {
                throw Malformed("the field's name has a \"_\", which many servers take for a \"-\"; write \"-\"")
            }
            guard !Self.namesNeverRequired.contains(Injection.comparable(name)) else {
                throw Malformed("\(quoted(name)) is a field that the proxy or the upstream needs; write another, such as \"X-Local-Key: value\"")
            }
            guard !value.isEmpty, !value.hasSuffix(" "), value.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else {
                throw Malformed("a field's value has visible ASCII characters, and spaces within; write \"X-Name: value\"")
            }
            return RequiredField(name: name, value: Secret(value))
        }
    }

    /// What is read for other decisions, or says what the content is.
    private static let namesNeverRequired = Injection.ownNames.union([
        "origin", "sec-fetch-site", "content-type", "content-encoding", "accept-encoding",
    ])
}
