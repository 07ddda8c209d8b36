internal import Wire

extension Decoding {
    /// `{ "env": NAME }` or one of the others. No message repeats what stands there: it may be the secret itself.
    func secret(_ object: ObjectReader, _ key: String) -> SecretSource? {
        object.required(key, Self.secretAdvice).flatMap(secret)
    }

    /// What to write for a secret, as it follows "write".
    static let secretAdvice = "{ \"env\": \"NAME\" } or { \"file\": \"PATH\" }"

    /// As for a key, where the value may stand anywhere.
    func secret(_ node: Node) -> SecretSource? {
        let advice = Self.secretAdvice
        if case .string = node.json.value {
            node.error("a secret is not written into the configuration; put it into an environment variable or a file and write \(advice)")
            return nil
        }
        guard let source = ObjectReader(node, advice) else { return nil }
        let readers: [(key: String, read: (Node) -> SecretSource.Kind?)] = [
            ("env", environmentSource), ("file", fileSource), ("systemd", systemdSource), ("command", commandSource),
        ]
        let places = readers.compactMap { reader in source.optional(reader.key).map { (node: $0, read: reader.read) } }
        let isKnown = source.finish()
        guard let place = places.first else {
            if isKnown { node.error("it is not said where the secret is; write \(Self.secretPlaces)") }
            return nil
        }
        guard places.count == 1 else {
            node.error("a secret comes from one place; write \(Self.secretPlaces)")
            return nil
        }
        return place.read(place.node).map { SecretSource(kind: $0, place: node.place) }
    }

    /// All the places that a secret may come from.
    private static let secretPlaces =
        "{ \"env\": \"NAME\" }, { \"file\": \"PATH\" }, { \"systemd\": \"NAME\" } or { \"command\": [\"PROGRAM\", …] }"

    private func fileSource(_ node: Node) -> SecretSource.Kind? {
        node.parse("the path of a file", Self.filePath).map { .file($0) }
    }

    /// A name that systemd takes for a credential: of a file, in ASCII, without a colon (systemd.exec(5), LoadCredential=).
    private func systemdSource(_ node: Node) -> SecretSource.Kind? {
        let expected = "the NAME of a LoadCredential=NAME:… in the unit of bearerproxy"
        guard let name = node.string(expected) else { return nil }
        let isName = name.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: ":") }
        guard isName, name.utf8.count <= 255, name != ".", name != ".." else {
            node.error("this is no name of a systemd credential; write \(expected)")
            return nil
        }
        return .systemd(name)
    }

    private func commandSource(_ node: Node) -> SecretSource.Kind? {
        guard let elements = node.elements(of: "the program and its arguments (there is no shell)") else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty; write the program and its arguments")
            return nil
        }
        let arguments = elements.map { argument($0, isProgram: $0.keyPath == elements[0].keyPath) }
        guard arguments.allSatisfy({ $0 != nil }) else { return nil }
        return .command(arguments.compactMap(\.self))
    }

    private func argument(_ node: Node, isProgram: Bool) -> String? {
        guard let text = node.json.string else {
            node.error("\(node.kind) stands here; write an argument in quotation marks")
            return nil
        }
        guard !text.utf8.contains(0) else {
            node.error("an argument has no NUL; remove it")
            return nil
        }
        guard !isProgram || (!text.isEmpty && (text.hasPrefix("/") || !text.contains("/"))) else {
            node.error("this is no program; write an absolute path, or a name that is found in PATH")
            return nil
        }
        return text
    }

    /// The name of a variable as shells can set it (POSIX XBD 3.216).
    private func environmentSource(_ node: Node) -> SecretSource.Kind? {
        guard let name = node.string("the name of an environment variable") else { return nil }
        let isName = name.utf8.enumerated().allSatisfy { index, byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "_"): true
            case UInt8(ascii: "0")...UInt8(ascii: "9"): index > 0
            default: false
            }
        }
        guard isName, name.utf8.count <= 255 else {
            node.error("this is no name of an environment variable; it has letters, digits and \"_\" and does not begin with a digit")
            return nil
        }
        return .environment(name)
    }
}
