extension TokenEndpoint {
    /// Client keys of Bloq: `POST /auth/token` with the keys, and then with the refresh token that comes with the first
    /// answer. Lifetimes stand in the tokens, which are JWTs.
    public static func bloq(clientId: Source, clientSecret: Source) -> TokenEndpoint {
        func call(_ grantType: String, _ members: [CallJSON<Source>.Member]) -> CallForm<Source> {
            CallForm(
                path: [.literal("/auth/token")],
                content: .json(.object([.init("grantType", .string(.literal(grantType)))] + members)))
        }
        return TokenEndpoint(
            authentication: call("clientCredentials", [
                .init("clientId", .string(.secret(clientId, setting: "clientId"))),
                .init("clientSecret", .string(.secret(clientSecret, setting: "clientSecret"))),
            ]),
            refresh: call("refreshToken", [.init("refreshToken", .string(.refreshToken))]),
            answer: AnswerForm(tokenPaths: ["accessToken"], refreshTokenPaths: ["refreshToken"]))
    }

    /// A user of Bloq: `POST /auth` with HTTP Basic. `username` is an e-mail address or a user's identifier.
    public static func bloqAccount(username: Source, password: Source) -> TokenEndpoint {
        let basic = CallForm<Source>.Basic(
            username: .secret(username, setting: "username"), password: .secret(password, setting: "password"))
        return TokenEndpoint(
            authentication: CallForm(path: [.literal("/auth")], basic: basic, content: .none),
            answer: AnswerForm(tokenPaths: ["accessToken"]))
    }
}
