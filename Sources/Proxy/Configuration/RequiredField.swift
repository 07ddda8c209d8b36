internal import Credentials

/// A field that a request has to have, for the proxy alone: it does not go upstream.
public struct RequiredField: Sendable, Equatable {
    /// Without `_`.
    public let name: String
    /// People may take it for a secret, so it is one.
    let value: Secret
}
