/// How a credential comes to its token: it has one for good, or asks a token endpoint.
public struct Grant: Sendable, Equatable {
    // Boxed: the loops copy the machine that has it after each event.
    private indirect enum Way: Sendable, Equatable {
        case permanent(Secret, madeOf: [Secret])
        case calls(TokenEndpoint<Secret>)
    }

    /// The authentication scheme that the token belongs to, as it stands before it in `Authorization`.
    public let scheme: String
    private let way: Way

    /// A token that is configured and never changes: it is always ready, and a refusal of it cannot be cured here.
    ///
    /// Throws if the token is empty, longer than `limits.tokenBytesMax`, or not visible ASCII.
    public static func fixed(token: Secret, limits: Limits = Limits()) throws(CredentialError) -> Grant {
        try Setting.checkVisible(token, setting: "token", bytesMax: limits.tokenBytesMax)
        return Grant(scheme: "Bearer", way: .permanent(token, madeOf: []))
    }

    /// HTTP Basic (RFC 7617) with every request: the token is the base 64 encoding of user name, colon and password.
    ///
    /// Throws if the user name is empty or has a colon, if either is longer than `limits.inputBytesMax`, or has control
    /// characters (RFC 7617 2). An empty password is allowed.
    public static func basic(
        username: Secret, password: Secret, limits: Limits = Limits()
    ) throws(CredentialError) -> Grant {
        try CallPlace.username(isFormEncoded: false).check(username, setting: "username", limits: limits)
        try CallPlace.password.check(password, setting: "password", limits: limits)
        let token = BasicCredentials.encoded(username: username, password: password, isFormEncoded: false)
        return Grant(scheme: "Basic", way: .permanent(token, madeOf: [password]))
    }

    /// Calls of a token endpoint.
    ///
    /// Throws if a value cannot stand where the call has it, or if a call could have more than `limits.callBytesMax`.
    public static func calls(
        _ endpoint: TokenEndpoint<Secret>, limits: Limits = Limits()
    ) throws(CredentialError) -> Grant {
        try endpoint.check(limits: limits)
        return Grant(scheme: "Bearer", way: .calls(endpoint))
    }

    /// The token of a grant that needs no call.
    var permanentToken: Secret? {
        if case .permanent(let token, _) = way { token } else { nil }
    }

    /// Secrets that whoever reads the token can read in it.
    var ingredients: [Secret] {
        if case .permanent(_, let ingredients) = way { ingredients } else { [] }
    }

    /// Renders a token call. Only for grants without a permanent token.
    func request(for call: TokenCall) -> TokenRequest {
        switch call {
        case .authenticate: endpoint.authentication.rendered(refreshToken: nil)
        case .refresh(let refreshToken):
            if let refresh = endpoint.refresh {
                refresh.rendered(refreshToken: refreshToken)
            } else {
                preconditionFailure("a call that this grant does not have")
            }
        }
    }

    /// Whether a refresh token is of use. Only for grants without a permanent token.
    var hasRefreshCall: Bool { endpoint.refresh != nil }

    /// Only for grants without a permanent token.
    var answerForm: AnswerForm { endpoint.answer }

    private var endpoint: TokenEndpoint<Secret> {
        guard case .calls(let endpoint) = way else { preconditionFailure("a grant without calls has no endpoint") }
        return endpoint
    }
}
