/// Where an OAuth 2 client puts its identifier and secret (RFC 6749 2.3.1).
public enum ClientAuthentication: String, Sendable, CaseIterable {
    /// `client_secret_basic`: in `Authorization`. Every server has to take it.
    case basic
    /// `client_secret_post`: in the content.
    case post
}

extension TokenEndpoint {
    /// The client credentials grant of OAuth 2 (RFC 6749 4.4). A refresh token is not to come with it (4.4.3), and is left
    /// aside if it does.
    ///
    /// - Parameter parameters: further ones of the content, such as `audience` or `resource`.
    public static func oauth2(
        path: String, query: [CallForm<Source>.Pair] = [], clientId: Source, clientSecret: Source,
        authentication: ClientAuthentication = .basic, scope: String? = nil, parameters: [CallForm<Source>.Pair] = []
    ) -> TokenEndpoint {
        let clientId = CallValue.secret(clientId, setting: "clientId")
        let clientSecret = CallValue.secret(clientSecret, setting: "clientSecret")
        var form = [CallForm<Source>.Pair("grant_type", .literal("client_credentials"))]
        if authentication == .post { form += [.init("client_id", clientId), .init("client_secret", clientSecret)] }
        if let scope { form.append(.init("scope", .literal(scope))) }
        return TokenEndpoint(
            authentication: CallForm(
                path: [.literal(path)], query: query,
                basic: authentication == .basic
                    ? .init(username: clientId, password: clientSecret, isFormEncoded: true) : nil,
                content: .form(form + parameters)),
            answer: AnswerForm(
                tokenPaths: ["access_token"], lifetimePaths: ["expires_in"], typePaths: ["token_type"],
                errorPaths: ["error"]))
    }
}
