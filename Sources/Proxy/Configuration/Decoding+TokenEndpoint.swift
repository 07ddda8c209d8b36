internal import Credentials
internal import Wire

extension Decoding {
    /// The calls and answers of a provider that has no type of its own.
    func tokenEndpoint(_ object: ObjectReader, _ dialling: Dialling?) -> TokenService? {
        var calls = CallDecoding(decoding: self, credential: object.node)
        let requestNode = object.required("request", "\"request\": { \"url\": \"https://…\", \"json\": { … } }")
        let refreshNode = object.optional("refresh")
        let responseNode = object.required("response", "\"response\": { \"token\": \"access_token\" }")
        let lifetimeNode = object.optional("defaultLifetime")
        let defaultLifetime = lifetimeNode.flatMap { $0.duration(in: Limits.tokenLifetime) }
        let request = requestNode.flatMap { calls.call($0, dialling) }
        calls.isRefresh = true
        let refresh = refreshNode.flatMap { calls.call($0, dialling, standard: request?.url) }
        let answer = responseNode.flatMap(answerForm)
        guard let request, let answer, let responseNode, refreshNode == nil || refresh != nil, lifetimeNode == nil || defaultLifetime != nil
        else { return nil }
        if let refresh, refresh.url.origin != request.url.origin {
            refreshNode?.error("this is another server than that of \"request\"; write a URL at \(quoted(request.url.origin.authority))")
            return nil
        }
        guard (refreshNode == nil) == answer.refreshTokenPaths.isEmpty else {
            if let refreshNode {
                refreshNode.error("there is no refresh token to renew with; write \"refreshToken\": \"refresh_token\" into \"response\"")
            } else {
                responseNode.error("a refresh token is of no use without the call for it; write \"refresh\", or remove \"refreshToken\"")
            }
            return nil
        }
        return TokenService(
            origin: request.url.origin,
            endpoint: TokenEndpoint(authentication: request.form, refresh: refresh?.form, answer: answer),
            defaultLifetime: defaultLifetime)
    }

    /// The client credentials of OAuth 2.
    func oauth2(_ object: ObjectReader, _ dialling: Dialling?) -> TokenService? {
        let calls = CallDecoding(decoding: self, credential: object.node)
        let url = object.required("tokenURL", CallDecoding.urlExample).flatMap { calls.url($0, dialling) }
        let clientId = secret(object, "clientId")
        let clientSecret = secret(object, "clientSecret")
        let scopeNode = object.optional("scope")
        let scope = scopeNode.flatMap { $0.parse("scopes such as \"read write\"", Self.scope) }
        let authentication = object.optional("authentication").map { $0.choice(ClientAuthentication.self) } ?? .basic
        let query = calls.pairs(object.optional("query"), "parameters of the URL")
        let parametersNode = object.optional("parameters")
        let parameters = calls.pairs(parametersNode, "parameters such as { \"audience\": \"…\" }")
        let lifetimeNode = object.optional("defaultLifetime")
        let defaultLifetime = lifetimeNode.flatMap { $0.duration(in: Limits.tokenLifetime) }
        guard let url, let clientId, let clientSecret, scopeNode == nil || scope != nil, let authentication, let query, let parameters,
            lifetimeNode == nil || defaultLifetime != nil
        else { return nil }
        let ownNames = ["grant_type", "scope", "client_secret"] + (authentication == .post ? ["client_id"] : [])
        if let clash = parameters.first(where: { ownNames.contains($0.name) }) {
            parametersNode?.error("\(quoted(clash.name)) is written by the type \"oauth2\" itself; remove it here")
            return nil
        }
        return TokenService(
            origin: url.origin,
            endpoint: .oauth2(
                path: url.path, query: query, clientId: clientId, clientSecret: clientSecret, authentication: authentication,
                scope: scope, parameters: parameters),
            defaultLifetime: defaultLifetime)
    }

    /// scope (RFC 6749 3.3)
    private static func scope(_ text: String) throws(Malformed) -> String {
        let tokens = text.split(separator: " ", omittingEmptySubsequences: false)
        let isScope = tokens.allSatisfy { token in
            !token.isEmpty && token.utf8.allSatisfy { (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
        }
        guard isScope else { throw Malformed("a scope has words of visible ASCII characters with single spaces between them") }
        return text
    }

    private func answerForm(_ node: Node) -> AnswerForm? {
        guard let object = ObjectReader(node, "an object such as { \"token\": \"access_token\", \"expiresIn\": \"expires_in\" }") else { return nil }
        let token = object.required("token", "the path of the token in the answer, such as \"data.token\"").flatMap(answerPaths)
        let expiresIn = object.optional("expiresIn").map(answerPaths) ?? []
        let refreshToken = object.optional("refreshToken").map(answerPaths) ?? []
        let successNode = object.optional("success")
        let success = successNode.flatMap(success)
        let type = object.optional("type").map(answerPaths) ?? []
        let error = object.optional("error").map(answerPaths) ?? []
        object.finish()
        guard let token, let expiresIn, let refreshToken, successNode == nil || success != nil, let type, let error else { return nil }
        return AnswerForm(
            tokenPaths: token, lifetimePaths: expiresIn, refreshTokenPaths: refreshToken, success: success, typePaths: type,
            errorPaths: error)
    }

    /// One path, or a list of them.
    private func answerPaths(_ node: Node) -> [String]? {
        guard node.json.array != nil else { return answerPath(node).map { [$0] } }
        guard let elements = node.elements(of: "paths") else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty; write a path such as \"data.token\"")
            return nil
        }
        let paths = elements.map(answerPath)
        return paths.contains { $0 == nil } ? nil : paths.compactMap(\.self)
    }

    private func answerPath(_ node: Node) -> String? {
        node.parse("the path of a member of the answer, such as \"data.token\"") { text throws(Malformed) in
            guard !text.split(separator: ".", omittingEmptySubsequences: false).contains("") else {
                throw Malformed("\(quoted(text)) is no path; write names with single dots between them, such as \"data.token\"")
            }
            return text
        }
    }

    /// A path to `true`, or to a value that is told.
    private func success(_ node: Node) -> AnswerForm.Success? {
        guard node.json.object != nil else { return answerPaths(node).map { AnswerForm.Success(paths: $0) } }
        guard let object = ObjectReader(node, "a path") else { return nil }
        let paths = object.required("path", "the path of what tells that a call succeeded").flatMap(answerPaths)
        let valueNode = object.required("equals", "what stands there after success, such as true, 0 or \"ok\"")
        object.finish()
        guard let paths, let valueNode else { return nil }
        switch valueNode.json.value {
        case .bool(let bool): return AnswerForm.Success(paths: paths, value: .bool(bool))
        case .string(let string): return AnswerForm.Success(paths: paths, value: .string(string))
        case .number(let number):
            if let double = number.double { return AnswerForm.Success(paths: paths, value: .number(double)) }
        case .null, .array, .object: break
        }
        valueNode.error("\(valueNode.kind) stands here; write what stands there after success, such as true, 0 or \"ok\"")
        return nil
    }
}
