public import Credentials

/// Where a credential gets its tokens, and how.
public struct TokenService: Sendable {
    public let origin: Origin
    public let endpoint: TokenEndpoint<SecretSource>
    /// The customer whose requests they are, for what is injected: `bloquo` alone has one.
    public let customerId: SecretSource?
    /// Of a token that does not say how long it lives; nil for the standard one.
    public let defaultLifetime: Duration?

    init(origin: Origin, endpoint: TokenEndpoint<SecretSource>, customerId: SecretSource? = nil, defaultLifetime: Duration? = nil) {
        self.origin = origin
        self.endpoint = endpoint
        self.customerId = customerId
        self.defaultLifetime = defaultLifetime
    }
}
