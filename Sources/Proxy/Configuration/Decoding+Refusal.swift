internal import Wire

extension Decoding {
    /// The answers that mean that the token was refused.
    func refusalRules(_ node: Node) -> [RefusalRule]? {
        guard let elements = node.elements(of: "answers such as { \"status\": 401 }") else { return nil }
        var rules: [RefusalRule] = []
        var isSound = true
        for element in elements {
            guard let rule = refusalRule(element) else {
                isSound = false
                continue
            }
            if rules.contains(rule) {
                element.error("the same answer stands twice; remove one")
                isSound = false
            }
            rules.append(rule)
        }
        return isSound ? rules : nil
    }

    private func refusalRule(_ node: Node) -> RefusalRule? {
        guard let object = ObjectReader(node, "an object such as { \"status\": 401 }") else { return nil }
        // Only these say that the request was refused before it was acted on; it is sent a second time.
        let status = object.required("status", "a status such as 401")?.int(in: 400...499)
        let fieldNode = object.optional("header")
        let field = fieldNode.flatMap { $0.parse("a field and text in its value, such as \"WWW-Authenticate: invalid_token\"", Self.refusalField) }
        let contentNode = object.optional("body")
        let content = contentNode.flatMap { $0.parse("text that the answer's content holds, such as \"jwt expired\"", Self.refusalText) }
        object.finish()
        guard let status, (field == nil) == (fieldNode == nil), (content == nil) == (contentNode == nil) else { return nil }
        if field == nil, content == nil, status != 401, status != 403 {
            node.warning(
                "a request with the answer \(status) is sent once more, though it may have been acted on; write \"body\" or \"header\", "
                    + "with text that only an answer to a refused token has")
        }
        return RefusalRule(status: status, field: field, contentText: content)
    }

    private static func refusalText(_ text: String) throws(Malformed) -> [UInt8] {
        guard !text.isEmpty else { throw Malformed("there is no text, and every answer would do; write some, or leave this out") }
        guard text.utf8.count <= Limits.refusalTextBytesMax else {
            throw Malformed("the text has \(text.utf8.count) bytes; write at most \(Limits.refusalTextBytesMax)")
        }
        return Array(text.utf8)
    }

    private static func refusalField(_ text: String) throws(Malformed) -> RefusalRule.Field {
        guard let colon = text.utf8.firstIndex(of: UInt8(ascii: ":")), Injection.isToken(String(text[..<colon])) else {
            throw Malformed("\(quoted(text)) is no field with text of its value; write one such as \"WWW-Authenticate: invalid_token\"")
        }
        let value = text[text.index(after: colon)...].drop { $0 == " " }
        return RefusalRule.Field(name: Array(text[..<colon].lowercased().utf8), text: try refusalText(String(value)))
    }
}
