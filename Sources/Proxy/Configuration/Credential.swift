/// How the proxy proves itself to an upstream.
public struct Credential: Sendable {
    /// The ways there are, with what each needs.
    public enum Kind: Sendable {
        /// Bloq client keys, exchanged for tokens at `accounts`.
        case bloq(clientId: SecretSource, clientSecret: SecretSource, accounts: Origin)
        /// Bloquo client keys of one customer, exchanged for tokens at `api`.
        case bloquo(customerId: SecretSource, clientId: SecretSource, clientSecret: SecretSource, api: Origin)
        /// HTTP Basic (RFC 7617); its token is base64(username:password).
        case basic(username: SecretSource, password: SecretSource)
        /// A token that is given and does not change: `"type": "static"`.
        case fixed(token: SecretSource)
    }

    /// The key in `credentials`; unique.
    public let name: String
    public let kind: Kind
    /// How long a request waits for the first token.
    public let authTimeout: Duration
    public let tls: TLSSettings
    /// Where `tls` stands in the file, or where the credential does; nil for kinds that connect to nothing.
    public let tlsPlace: Place?
    /// What is dialled in place of the origin's host and port.
    public let connectTo: Endpoint?
    public let timeouts: CredentialTimeouts

    /// Where tokens are obtained; nil for kinds that have theirs without asking.
    public var origin: Origin? {
        switch kind {
        case .bloq(_, _, let accounts): accounts
        case .bloquo(_, _, _, let api): api
        case .basic, .fixed: nil
        }
    }

    /// What has to be read before this credential can be used.
    public var secretSources: [SecretSource] {
        switch kind {
        case .bloq(let clientId, let clientSecret, _): [clientId, clientSecret]
        case .bloquo(let customerId, let clientId, let clientSecret, _): [customerId, clientId, clientSecret]
        case .basic(let username, let password): [username, password]
        case .fixed(let token): [token]
        }
    }
}
