internal import Credentials
internal import Wire

/// Reads the token calls of one credential. A method gives nil only after it has reported why.
struct CallDecoding {
    typealias Form = CallForm<SecretSource>
    typealias Value = CallValue<SecretSource>

    /// A call and where it goes.
    struct Call {
        let url: TokenURL
        let form: Form
    }

    let decoding: Decoding
    let credential: Node
    /// Whether the call is the one that has a refresh token in it.
    var isRefresh = false

    static let urlExample = "a URL such as \"https://login.example.com/oauth2/token\""
    /// Where the refresh token goes, as a whole string.
    private static let refreshSlot = "{refreshToken}"

    /// `standard` is the URL of a call that names none.
    func call(_ node: Node, _ dialling: Dialling?, standard: TokenURL? = nil) -> Call? {
        guard let object = ObjectReader(node, "an object such as { \"url\": \"https://…\", \"json\": { … } }") else { return nil }
        let urlNode = isRefresh ? object.optional("url") : object.required("url", Self.urlExample)
        let url = urlNode.map { self.url($0, dialling) } ?? standard
        let methodNode = object.optional("method")
        let method = methodNode.map { $0.choice(CallMethod.self) } ?? .post
        let query = pairs(object.optional("query"), "parameters of the URL")
        let basicNode = object.optional("basic")
        let basic = basicNode.flatMap(basic)
        let headers = headers(object.optional("headers"), hasBasic: basicNode != nil)
        let json = object.optional("json")
        let form = object.optional("form")
        let content = content(json: json, form: form)
        object.finish()
        guard let url, let method, let query, basicNode == nil || basic != nil, let headers, let content else { return nil }
        if method == .get, json != nil || form != nil {
            node.error("a GET has no content; write \"method\": \"POST\", or \"query\" in place of \(json != nil ? "\"json\"" : "\"form\"")")
            return nil
        }
        let call = Form(
            method: method, path: [.literal(url.path)], query: query, fields: headers, basic: basic, content: content)
        guard call.hasRefreshToken == isRefresh else {
            node.error("the refresh token is not in it; write \"\(Self.refreshSlot)\" as the value that it stands for")
            return nil
        }
        return Call(url: url, form: call)
    }

    func url(_ node: Node, _ dialling: Dialling?) -> TokenURL? {
        decoding.origin(node, dialling, Self.urlExample, Origin.parse(tokenURL:)).map { origin in
            TokenURL(origin: origin.with(basePath: ""), path: origin.basePath)
        }
    }

    /// Names and values: those of a query, or of a form.
    func pairs(_ node: Node?, _ expected: String) -> [Form.Pair]? {
        guard let node else { return [] }
        guard let object = ObjectReader(node, "an object with \(expected)") else { return nil }
        let pairs = object.all().map { name, child in value(child, of: name).map { Form.Pair(name, $0) } }
        return pairs.contains { $0 == nil } ? nil : pairs.compactMap(\.self)
    }

    private func headers(_ node: Node?, hasBasic: Bool) -> [Form.Pair]? {
        guard let node else { return [] }
        guard let object = ObjectReader(node, "an object with the names and values of fields") else { return nil }
        var fields: [Form.Pair] = []
        var names: Set<String> = []
        var isSound = true
        for (name, child) in object.all() {
            let comparable = Injection.comparable(name)
            if let problem = Self.problem(withField: name, hasBasic: hasBasic) {
                object.error(at: name, problem)
                isSound = false
            } else if !names.insert(comparable).inserted {
                object.error(at: name, "the field \(quoted(name)) stands there twice; remove one")
                isSound = false
            }
            guard let value = value(child, of: name, isField: true) else {
                isSound = false
                continue
            }
            fields.append(Form.Pair(name, value))
        }
        return isSound ? fields : nil
    }

    /// What is wrong with a field; nil if nothing is.
    private static func problem(withField name: String, hasBasic: Bool) -> String? {
        guard Injection.isToken(name) else { return "\(quoted(name)) is no field name; write one such as \"X-Api-Key\"" }
        // An answer in another coding would not be read.
        guard !Injection.ownNames.contains(Injection.comparable(name)), Injection.comparable(name) != "accept-encoding" else {
            return "\(quoted(name)) is a field that the proxy writes itself; remove it"
        }
        guard !hasBasic || Injection.comparable(name) != "authorization" else { return "\"basic\" writes this field; remove one of them" }
        return nil
    }

    private func basic(_ node: Node) -> Form.Basic? {
        guard let object = ObjectReader(node, "an object with \"username\" and \"password\"") else { return nil }
        let usernameNode = object.required("username", "a user name")
        let username = usernameNode.flatMap { value($0, of: "username") }
        let password = object.required("password", Decoding.secretAdvice).flatMap(secret)
        object.finish()
        guard let usernameNode, let username, let password else { return nil }
        if case .literal(let text) = username, text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F || $0 == UInt8(ascii: ":") }) {
            usernameNode.error("a user name has neither a colon nor control characters; write the one that the provider gave")
            return nil
        }
        return Form.Basic(username: username, password: password)
    }

    private func content(json: Node?, form: Node?) -> Form.Content? {
        switch (json, form) {
        case (nil, nil): return Form.Content.none
        case (let json?, nil): return self.json(json, of: "").map { .json($0) }
        case (nil, let form?): return pairs(form, "parameters such as { \"grant_type\": \"…\" }").map { .form($0) }
        case (_?, let form?):
            form.error("a call has one content; write \"json\" or \"form\"")
            return nil
        }
    }

    /// `key` is that of the member whose value this is.
    private func json(_ node: Node, of key: String) -> CallJSON<SecretSource>? {
        switch node.json.value {
        case .null: return .null
        case .bool(let bool): return .bool(bool)
        case .number(let number): return .number(number.text)
        case .string: return value(node, of: key).map { .string($0) }
        case .array:
            let elements = node.elements(of: "values")?.map { json($0, of: key) } ?? []
            return elements.contains { $0 == nil } ? nil : .array(elements.compactMap(\.self))
        case .object:
            if Self.isSecret(node) { return secret(node).map { .string($0) } }
            guard let object = ObjectReader(node, "an object") else { return nil }
            let members = object.all().map { name, child in json(child, of: name).map { CallJSON<SecretSource>.Member(name, $0) } }
            return members.contains { $0 == nil } ? nil : .object(members.compactMap(\.self))
        }
    }

    /// A string, or a secret.
    private func value(_ node: Node, of name: String, isField: Bool = false) -> Value? {
        guard let text = node.json.string else {
            if Self.isSecret(node) { return secret(node) }
            node.error("\(node.kind) stands here; write a string, or for a secret \(Decoding.secretAdvice)")
            return nil
        }
        // What is to be a secret and no string is said there.
        guard !Self.isSecretName(name) || text == Self.refreshSlot else { return secret(node) }
        if text.contains(Self.refreshSlot) { return slot(node, text) }
        if isField, !Self.isFieldValue(text) {
            node.error("a field's value has visible ASCII characters, and spaces within; write one such as \"application/json\"")
            return nil
        }
        return .literal(text)
    }

    private func slot(_ node: Node, _ text: String) -> Value? {
        if !isRefresh {
            node.error("there is no refresh token before the first answer; write \(Self.refreshSlot) into \"refresh\" alone")
        } else if text != Self.refreshSlot {
            node.error("\(Self.refreshSlot) is a whole value; write nothing before and behind it")
        } else {
            return .refreshToken
        }
        return nil
    }

    private func secret(_ node: Node) -> Value? {
        decoding.secret(node).map { .secret($0, setting: String(node.keyPath.dropFirst(credential.keyPath.count + 1))) }
    }

    /// Whether an object says where a secret is, rather than being content itself.
    private static func isSecret(_ node: Node) -> Bool {
        guard let members = node.json.object, !members.isEmpty else { return false }
        return members.allSatisfy { ["env", "file", "systemd", "command"].contains($0.key) }
    }

    /// Whether what has this name is hardly anything but a secret, which is not written into the configuration.
    private static func isSecretName(_ name: String) -> Bool {
        let plain = String(name.lowercased().filter { $0 != "-" && $0 != "_" })
        return ["secret", "password", "passphrase", "apikey", "privatekey", "token", "authorization", "cookie"].contains { plain.hasSuffix($0) }
    }

    private static func isFieldValue(_ text: String) -> Bool {
        text.utf8.allSatisfy { (0x20...0x7E).contains($0) } && !text.hasPrefix(" ") && !text.hasSuffix(" ")
    }
}
