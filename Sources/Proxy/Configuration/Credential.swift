internal import Credentials

/// How the proxy proves itself to an upstream.
public struct Credential: Sendable {
    /// The ways there are, with what each needs.
    public enum Kind: Sendable {
        /// Tokens of a service that gives them out.
        case calls(TokenService)
        /// HTTP Basic (RFC 7617); its token is base64(username:password).
        case basic(username: SecretSource, password: SecretSource)
        /// A token that is given and does not change: `"type": "static"`.
        case fixed(token: SecretSource)
    }

    /// The key in `credentials`; unique.
    public let name: String
    public let type: CredentialType
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
        if case .calls(let service) = kind { service.origin } else { nil }
    }

    /// What has to be read before this credential can be used, each once.
    public var secretSources: [SecretSource] {
        switch kind {
        case .calls(let service):
            var sources: [SecretSource] = []
            for source in service.endpoint.sources where !sources.contains(source) { sources.append(source) }
            return sources
        case .basic(let username, let password): return [username, password]
        case .fixed(let token): return [token]
        }
    }
}
