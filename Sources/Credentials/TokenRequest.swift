/// One token call, rendered: what goes to the credential's own origin and nowhere else.
///
/// The caller adds what belongs to the connection: `Host`, `Content-Length` (`body.count`; none for a GET), and the origin's
/// base path in front of `path`. Each part is secret, for a path names the customer, a query or a field line may hold a
/// password and the content holds the client's secret.
public struct TokenRequest: Sendable, Equatable {
    /// The method, as it stands in the request line.
    public let method: String
    /// Path and query: begins with a slash; to be put behind the base path of the credential's origin.
    public let path: Secret
    /// Whole field lines, each with its CRLF; neither `Host` nor framing among them.
    public let fieldLines: Secret
    /// The content; empty if there is none.
    public let body: Secret
}
