internal import Wire

extension Decoding {
    func admittance(_ node: Node?, listen: ListenAddress?) -> Admittance? {
        var names = ["localhost", "127.0.0.1", "[::1]"]
        // A page can have a name of its own lead to this address, but no page's name is an address.
        if let own = listen?.host, !names.contains(own) { names.append(own) }
        let standard = Admittance(hosts: names, origins: [], methods: nil)
        guard let node else { return standard }
        guard let object = ObjectReader(node, "an object such as { \"methods\": [\"GET\"] }") else { return nil }
        let hosts = object.optional("hosts").map(self.hosts) ?? standard.hosts
        let origins = object.optional("origins").map(self.origins) ?? standard.origins
        let methodsNode = object.optional("methods")
        let methods = methodsNode.flatMap(self.methods)
        let pathsNode = object.optional("paths")
        let paths = pathsNode.flatMap(self.paths)
        let callsNode = object.optional("rpcMethods")
        let calls = callsNode.flatMap(rpcMethods)
        if let callsNode, let methods, !methods.contains("POST") {
            callsNode.error("JSON-RPC calls are sent by POST, which \"methods\" does not have; add it there")
        }
        let fieldNode = object.optional("requireHeader")
        let field = fieldNode.flatMap(requiredField)
        let usersNode = object.optional("users")
        let users = usersNode.flatMap(self.users)
        object.finish()
        guard let hosts, let origins, (methodsNode == nil) == (methods == nil), (pathsNode == nil) == (paths == nil),
            (callsNode == nil) == (calls == nil), (fieldNode == nil) == (field == nil), (usersNode == nil) == (users == nil)
        else { return nil }
        return Admittance(
            hosts: hosts, origins: origins, methods: methods, paths: paths, rpcMethods: calls, requiredField: field, users: users)
    }

    private func hosts(_ node: Node) -> [String]? {
        texts(node, of: "host names", "a host name such as \"localhost\"", Self.hostText)
    }

    private func methods(_ node: Node) -> [String]? {
        texts(node, of: "methods", "a method such as \"GET\"") { text throws(Malformed) in
            guard Injection.isToken(text) else { throw Malformed("\(quoted(text)) is no method; write one such as \"GET\"") }
            guard text == text.uppercased() else {
                throw Malformed("methods are compared with their case; write \(quoted(text.uppercased()))")
            }
            guard text != "TRACE" && text != "CONNECT" else { throw Malformed("\(text) is always refused; remove it") }
            return text
        }
    }

    private func users(_ node: Node) -> [AllowedUser]? {
        guard let elements = node.elements(of: "users") else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty, so every request would be refused; write \(Self.userExample) into it, or remove the key")
            return nil
        }
        let users = elements.map(user)
        return users.contains { $0 == nil } ? nil : users.compactMap(\.self)
    }

    private func user(_ node: Node) -> AllowedUser? {
        if case .number = node.json.value {
            // The greatest number stands for no user.
            guard let number = node.int(in: 0...Int(UInt32.max) - 1) else { return nil }
            return AllowedUser(kind: .number(UInt32(number)), place: node.place)
        }
        let kind = node.parse(Self.userExample) { text throws(Malformed) -> AllowedUser.Kind in
            guard !text.utf8.contains(0) else { throw Malformed("a name has no NUL character; remove it") }
            guard !text.utf8.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
                throw Malformed("a user's number stands without quotes; write \(text.prefix(12))")
            }
            guard text.hasPrefix("@") else { return .name(text) }
            guard text != "@" else { throw Malformed("the group's name is missing; write one such as \"@staff\"") }
            return .group(String(text.dropFirst()))
        }
        return kind.map { AllowedUser(kind: $0, place: node.place) }
    }

    private static let userExample = "a user such as \"alice\" or 1001, or a group such as \"@staff\""

    private func origins(_ node: Node) -> [String]? {
        guard let elements = node.elements(of: "origins") else { return nil }
        let expected = "an origin such as \"http://localhost:3000\""
        let origins = elements.map { element in
            element.parse(expected) { text throws(Malformed) in
                guard text != "*" && text != "null" else {
                    throw Malformed("\(quoted(text)) would let any site use the credential; write \(expected)")
                }
                let origin = try Origin.parse(text)
                guard origin.basePath.isEmpty, !text.hasSuffix("/") else {
                    throw Malformed("an origin has no path; write \(quoted("\(origin.scheme)://\(origin.authority)"))")
                }
                return "\(origin.scheme)://\(origin.authority)"
            }
        }
        return origins.contains { $0 == nil } ? nil : origins.compactMap(\.self)
    }

    /// A list with at least one element; an empty one would refuse every request.
    func texts<Value>(
        _ node: Node, of what: String, _ expected: String, _ read: (String) throws(Malformed) -> Value
    ) -> [Value]? {
        guard let elements = node.elements(of: what) else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty, so every request would be refused; write \(expected) into it, or remove the key")
            return nil
        }
        let texts = elements.map { $0.parse(expected, read) }
        return texts.contains { $0 == nil } ? nil : texts.compactMap(\.self)
    }

    /// What a route adds. `kind` is nil if the credential could not be read; then only the form is checked.
    func inject(_ node: Node?, for kind: Credential.Kind?) -> [Injection]? {
        guard let node else { return kind.map(Injection.standard) ?? [] }
        guard let elements = node.elements(of: "fields such as \(Self.injectionExample)") else { return nil }
        var injections: [Injection] = []
        var names: Set<String> = []
        var isSound = true
        for element in elements {
            guard let injection = injection(element, for: kind) else {
                isSound = false
                continue
            }
            if !names.insert(Injection.comparable(injection.name)).inserted {
                element.error("the field \(quoted(injection.name)) is injected twice; remove one")
                isSound = false
            }
            injections.append(injection)
        }
        guard isSound else { return nil }
        guard injections.contains(where: { $0.value.contains(.token) }) else {
            node.error("no value has {token}, so requests would go without the credential; write \(Self.injectionExample)")
            return nil
        }
        if Self.hasCustomer(kind), !names.contains(Injection.comparable(Injection.customer.name)) { injections.append(.customer) }
        return injections
    }

    private static let injectionExample = "{ \"header\": \"Authorization\", \"value\": \"Bearer {token}\" }"

    private func injection(_ node: Node, for kind: Credential.Kind?) -> Injection? {
        guard let object = ObjectReader(node, "an object such as \(Self.injectionExample)") else { return nil }
        let name = object.required("header", "a field name such as \"Authorization\"").flatMap {
            $0.parse("a field name such as \"Authorization\"", Injection.parse(name:))
        }
        let valueNode = object.required("value", "a value such as \"Bearer {token}\"")
        let value = valueNode.flatMap { $0.parse("a value such as \"Bearer {token}\"", Injection.parse(value:)) }
        object.finish()
        guard let name, let valueNode, let value else { return nil }
        if Injection.comparable(name) == "authorization" && !value.contains(.token) {
            valueNode.error("a secret is not written into the configuration; write \"Bearer {token}\" and take the token from a credential")
            return nil
        }
        if let kind, value.contains(.customerId) {
            guard Self.hasCustomer(kind) else {
                valueNode.error("{customerId} is there for credentials of type \"bloquo\" alone; remove it")
                return nil
            }
        }
        return Injection(name: name, value: value)
    }

    private static func hasCustomer(_ kind: Credential.Kind?) -> Bool {
        if case .calls(let service) = kind { service.customerId != nil } else { false }
    }
}
