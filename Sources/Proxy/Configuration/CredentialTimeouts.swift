/// How long the steps of a token call may take; both positive. The whole call is bounded by the credential's `authTimeout` besides.
public struct CredentialTimeouts: Sendable, Equatable {
    /// With the TLS handshake; not above the credential's `authTimeout`.
    public let connect: Duration
    /// From the request's last byte to the end of the answer.
    public let responseHead: Duration
}
