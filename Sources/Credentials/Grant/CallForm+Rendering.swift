// The writing of a call. Each part goes from secret to secret: no rendered form of one stands in a `String`.

extension CallForm<Secret> {
    /// `refreshToken` stands where the form has one.
    func rendered(refreshToken: Secret?) -> TokenRequest {
        TokenRequest(
            method: method.rawValue, path: target(refreshToken).secret(), fieldLines: fieldLines(refreshToken).secret(),
            body: body(refreshToken).secret())
    }

    /// Bytes of the rendered call with the longest refresh token.
    func byteCountMax(refreshTokenBytes: Int) -> Int {
        // Of the characters a token may have, these grow most in JSON and in percent-encoding.
        ["\\", "%"].map { character in
            let longest = Secret([UInt8](repeating: character.utf8.first!, count: refreshTokenBytes))
            return target(longest).byteCount + fieldLines(longest).byteCount + body(longest).byteCount
        }.max()!
    }

    private func target(_ refreshToken: Secret?) -> Rendering {
        var rendering = Rendering(refreshToken: refreshToken)
        for value in path {
            if case .literal(let text) = value { rendering.text(text) } else { rendering.value(value, .percent) }
        }
        var separator = "?"
        for pair in query {
            rendering.text(separator)
            rendering.pair(pair, .percent)
            separator = "&"
        }
        return rendering
    }

    private func fieldLines(_ refreshToken: Secret?) -> Rendering {
        var rendering = Rendering(refreshToken: refreshToken)
        for (name, value) in standardFields where !fields.contains(where: { $0.name.lowercased() == name.lowercased() }) {
            rendering.text("\(name): \(value)\r\n")
        }
        for field in fields {
            rendering.text("\(field.name): ")
            rendering.value(field.value, .none)
            rendering.text("\r\n")
        }
        if let basic {
            rendering.text("Authorization: Basic ")
            rendering.secret(
                BasicCredentials.encoded(
                    username: rendering.bytes(of: basic.username), password: rendering.bytes(of: basic.password),
                    isFormEncoded: basic.isFormEncoded),
                .none)
            rendering.text("\r\n")
        }
        return rendering
    }

    private var standardFields: [(name: String, value: String)] {
        let type: [(String, String)] =
            switch content {
            case .none: []
            case .json: [("Content-Type", "application/json")]
            case .form: [("Content-Type", "application/x-www-form-urlencoded")]
            }
        return [("User-Agent", "bearerproxy")] + type + [("Accept", "application/json")]
    }

    private func body(_ refreshToken: Secret?) -> Rendering {
        var rendering = Rendering(refreshToken: refreshToken)
        switch content {
        case .none: break
        case .json(let json): rendering.json(json)
        case .form(let pairs):
            for (index, pair) in pairs.enumerated() {
                if index > 0 { rendering.text("&") }
                rendering.pair(pair, .form)
            }
        }
        return rendering
    }
}

extension Rendering {
    fileprivate mutating func pair(_ pair: CallForm<Secret>.Pair, _ escape: Escape) {
        secret(Secret(pair.name), escape)
        text("=")
        value(pair.value, escape)
    }

    fileprivate mutating func json(_ json: CallJSON<Secret>) {
        switch json {
        case .null: text("null")
        case .bool(let bool): text(bool ? "true" : "false")
        case .number(let number): text(number)
        case .string(let value): string(value)
        case .array(let elements):
            text("[")
            for (index, element) in elements.enumerated() {
                if index > 0 { text(",") }
                self.json(element)
            }
            text("]")
        case .object(let members):
            text("{")
            for (index, member) in members.enumerated() {
                if index > 0 { text(",") }
                string(.literal(member.key))
                text(":")
                self.json(member.value)
            }
            text("}")
        }
    }

    private mutating func string(_ value: CallValue<Secret>) {
        text("\"")
        self.value(value, .json)
        text("\"")
    }
}
