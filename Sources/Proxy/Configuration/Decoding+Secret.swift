internal import Wire

extension Decoding {
    /// `{ "env": NAME }` or `{ "file": PATH }`. No message repeats what stands there: it may be the secret itself.
    func secret(_ object: ObjectReader, _ key: String) -> SecretSource? {
        object.required(key, Self.secretAdvice).flatMap(secret)
    }

    /// What to write for a secret, as it follows "write".
    private static let secretAdvice = "{ \"env\": \"NAME\" } or { \"file\": \"PATH\" }"

    /// As for a key, where the value may stand anywhere.
    func secret(_ node: Node) -> SecretSource? {
        let advice = Self.secretAdvice
        if case .string = node.json.value {
            node.error("a secret is not written into the configuration; put it into an environment variable or a file and write \(advice)")
            return nil
        }
        guard let source = ObjectReader(node, advice) else { return nil }
        let environment = source.optional("env")
        let file = source.optional("file")
        let later = ["systemd", "command"].filter { source.optional($0) != nil }
        let isKnown = source.finish()
        for key in later { source.error(at: key, "\(notSupported); write \(advice)") }
        switch (environment, file, later.isEmpty) {
        case (let environment?, nil, true): return environmentSource(environment, at: node)
        case (nil, let file?, true):
            return file.parse("the path of a file", Self.filePath).map { SecretSource(kind: .file($0), place: node.place) }
        case (nil, nil, false): return nil
        case (nil, nil, true) where !isKnown: return nil
        case (nil, nil, true): node.error("it is not said where the secret is; write \(advice)")
        default: node.error("a secret comes from one place; write \(advice)")
        }
        return nil
    }

    /// The name of a variable as shells can set it (POSIX XBD 3.216).
    private func environmentSource(_ node: Node, at secret: Node) -> SecretSource? {
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
        return SecretSource(kind: .environment(name), place: secret.place)
    }
}
