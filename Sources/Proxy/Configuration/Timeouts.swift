/// How long each step of an exchange may take; all positive.
public struct Timeouts: Sendable, Equatable {
    /// The request's head, from its first byte to its last.
    public let requestHead: Duration
    /// Between two pieces of the request's body.
    public let requestBody: Duration
    /// Between two requests on one downstream connection.
    public let keepAlive: Duration
    /// To the upstream, with the TLS handshake.
    public let connect: Duration
    /// From the request's last byte to the end of the final answer's head.
    public let responseHead: Duration
    /// Between two pieces of the answer's body, or of a tunnel.
    public let idle: Duration
}
