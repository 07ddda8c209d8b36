/// What an error answer says in the words of OAuth 2, as far as it helps to know what to do. Others are not shown: their
/// text is the endpoint's.
enum TokenErrorCode: String {
    // RFC 6749 5.2
    case invalidRequest = "invalid_request"
    case invalidClient = "invalid_client"
    case invalidGrant = "invalid_grant"
    case unauthorizedClient = "unauthorized_client"
    case unsupportedGrantType = "unsupported_grant_type"
    case invalidScope = "invalid_scope"
    // RFC 6749 4.1.2.1
    case accessDenied = "access_denied"
    case serverError = "server_error"
    case temporarilyUnavailable = "temporarily_unavailable"
    // RFC 8628 3.5
    case slowDown = "slow_down"
    // RFC 8707 2
    case invalidTarget = "invalid_target"

    /// Whether the same call may end otherwise later.
    var isTransient: Bool {
        switch self {
        case .serverError, .temporarilyUnavailable, .slowDown: true
        case .invalidRequest, .invalidClient, .invalidGrant, .unauthorizedClient, .unsupportedGrantType, .invalidScope,
            .accessDenied, .invalidTarget:
            false
        }
    }

    /// What to do, as it follows a colon.
    var advice: String {
        switch self {
        case .invalidClient, .invalidGrant:
            "check the credentials, and whether they go into the content or into Authorization, with the provider"
        case .unauthorizedClient, .accessDenied: "have the provider allow this client to get tokens in this way"
        case .invalidScope: "check the scope with the provider"
        case .invalidTarget: "check the audience or resource with the provider"
        case .invalidRequest, .unsupportedGrantType: "check with the provider what the call has to hold"
        case .serverError, .temporarilyUnavailable, .slowDown: "the provider asks for patience"
        }
    }
}
