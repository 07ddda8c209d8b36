internal import Wire

/// How an origin is reached.
struct Dialling {
    let tls: TLSSettings
    /// Whether `tls` stands in the file.
    let tlsNode: Node?
    /// Where `tls` stands, else the object that may have it.
    let place: Place?
    let connectTo: Endpoint?
    let connectToNode: Node?
}

extension Decoding {
    func dialling(_ object: ObjectReader) -> Dialling? {
        let tlsNode = object.optional("tls")
        let tls = tlsNode.map(tlsSettings) ?? TLSSettings.standard
        let connectToNode = object.optional("connectTo")
        let connectTo = connectToNode.flatMap { $0.parse("an address such as \"127.0.0.1:9443\"", Endpoint.parse) }
        guard let tls, connectToNode == nil || connectTo != nil else { return nil }
        return Dialling(tls: tls, tlsNode: tlsNode, place: (tlsNode ?? object.node).place, connectTo: connectTo, connectToNode: connectToNode)
    }

    /// An upstream or a token service. What goes there is secret, so it goes over TLS or stays on this machine.
    func origin(
        _ node: Node, _ dialling: Dialling?, _ expected: String = "a URL such as \"https://btc.connect.bloq.cloud\"",
        _ parse: (String) throws(Malformed) -> Origin = Origin.parse(_:)
    ) -> Origin? {
        guard let origin = node.parse(expected, parse) else { return nil }
        guard origin.scheme == .http else { return origin }
        guard let dialling else { return nil }
        if let endpoint = dialling.connectTo {
            let host = endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host
            guard (try? HostName.parse(host))?.isLoopback == true else {
                dialling.connectToNode?.error(
                    "over http the token would travel in clear to \(quoted(host)); write \"https://…\" as the URL, or dial a loopback address")
                return nil
            }
        } else if !origin.isLoopback {
            node.error("over http the token would travel in clear; write \(quoted("https://\(origin.authority)\(origin.basePath)"))")
            return nil
        }
        if let tlsNode = dialling.tlsNode {
            tlsNode.error("a URL with http:// uses no TLS; remove this or write https://")
            return nil
        }
        return origin
    }

    private func tlsSettings(_ node: Node) -> TLSSettings? {
        guard let object = ObjectReader(node, "an object such as { \"ca\": \"FILE\" }") else { return nil }
        let ca = path(object, "ca")
        let serverNameNode = object.optional("serverName")
        let serverName = serverNameNode.flatMap {
            $0.parse("the name in the upstream's certificate") { text throws(Malformed) in
                let (host, port) = try HostName.split(text)
                guard port == nil else { throw Malformed("a certificate's name has no port; write \(quoted(host))") }
                return try HostName.parse(host).name
            }
        }
        let pins = object.optional("pinSHA256").map(self.pins) ?? []
        let clientCertificate = path(object, "clientCertificate")
        let clientKey = path(object, "clientKey")
        let minimumVersion = object.optional("minimumVersion").map { $0.choice(TLSSettings.Version.self) } ?? .tls12
        object.finish(advice: Self.verificationAdvice)
        guard let ca, serverNameNode == nil || serverName != nil, let pins, let clientCertificate, let clientKey, let minimumVersion
        else { return nil }
        guard (clientCertificate.text == nil) == (clientKey.text == nil) else {
            let missing = clientKey.text == nil ? "clientKey" : "clientCertificate"
            node.error("\"clientCertificate\" and \"clientKey\" go together; write \(quoted(missing)) too")
            return nil
        }
        return TLSSettings(
            ca: ca.text, serverName: serverName, pins: pins, clientCertificate: clientCertificate.text, clientKey: clientKey.text,
            minimumVersion: minimumVersion)
    }

    /// What to write in place of a key that would have the upstream trusted blindly.
    private static func verificationAdvice(_ key: String) -> String? {
        let word = String(decoding: key.lowercased().utf8.filter { $0 != UInt8(ascii: "-") && $0 != UInt8(ascii: "_") }, as: UTF8.self)
        let words = ["insecure", "skip", "unsafe", "noverif", "disable", "selfsigned", "rejectunauthorized", "checkhostname"]
        guard word.hasPrefix("verif") || words.contains(where: word.contains) else { return nil }
        return "the verification cannot be turned off; to trust a server of your own, write \"ca\": \"FILE\" with its authority's or its own "
            + "certificate, and \"serverName\" if that is for another name"
    }

    /// A path that may be left out: nil only if what stands there is wrong.
    private struct OptionalPath {
        let text: String?
    }

    private func path(_ object: ObjectReader, _ key: String) -> OptionalPath? {
        guard let node = object.optional(key) else { return OptionalPath(text: nil) }
        return node.parse("the path of a PEM file", Self.filePath).map { OptionalPath(text: $0) }
    }

    /// A path as the kernel takes it.
    static func filePath(_ text: String) throws(Malformed) -> String {
        guard !text.utf8.contains(0) else { throw Malformed("a path has no NUL character; remove it") }
        return text
    }

    private func pins(_ node: Node) -> [[UInt8]]? {
        guard let elements = node.elements(of: "base64 SHA-256 hashes") else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty, so every key would be accepted; write a pin into it, or remove the key")
            return nil
        }
        let pins = elements.map { element in
            element.parse("the base64 SHA-256 of a public key") { text throws(Malformed) in
                guard let bytes = Base64.decode(text), bytes.count == 32 else {
                    throw Malformed("\(quoted(text)) is no base64 SHA-256; it has 44 characters, the last of which is \"=\"")
                }
                return bytes
            }
        }
        let known = pins.compactMap(\.self)
        guard known.count == elements.count else { return nil }
        if Set(known).count == 1 {
            node.warning("with one pin alone, no request goes through once that key is replaced; list the pin of a second key, kept in reserve, too")
        }
        return known
    }
}
