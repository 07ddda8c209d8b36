/// How a credential comes to its token: the kinds of providers. Each renders its token call and knows the form of its answer.
public enum Grant: Sendable {
    /// Bloq client keys: a JSON call, a refresh token, lifetimes from the JWT.
    case bloq(Bloq)
    /// Bloquo client keys: a JSON call with an envelope around the answer.
    case bloquo(Bloquo)
    /// A token that is configured and never changes.
    case fixed(Fixed)
    /// A user name and password with every request.
    case basic(Basic)

    /// The authentication scheme that the token belongs to, as it stands before it in `Authorization`.
    public var scheme: String {
        switch self {
        case .bloq, .bloquo, .fixed: "Bearer"
        case .basic: "Basic"
        }
    }

    /// The token of a grant that needs no call.
    var permanentToken: Secret? {
        switch self {
        case .bloq, .bloquo: nil
        case .fixed(let fixed): fixed.token
        case .basic(let basic): basic.token
        }
    }

    /// Renders a token call. Only for grants without a permanent token.
    func request(for call: TokenCall) -> TokenRequest {
        switch (self, call) {
        case (.bloq(let bloq), .authenticate): bloq.authentication()
        case (.bloq, .refresh(let refreshToken)): Bloq.refresh(refreshToken)
        case (.bloquo(let bloquo), .authenticate): bloquo.authentication()
        case (.bloquo, .refresh), (.fixed, _), (.basic, _):
            preconditionFailure("a call that this grant does not have")
        }
    }

    /// Only for grants without a permanent token.
    var answerForm: AnswerForm {
        switch self {
        case .bloq: Bloq.answerForm
        case .bloquo: Bloquo.answerForm
        case .fixed, .basic: preconditionFailure("a grant without calls has no answers")
        }
    }
}
