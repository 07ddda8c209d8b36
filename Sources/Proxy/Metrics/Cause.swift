/// Why a request ended without the whole answer of its upstream: `error.code` of the proxy's own answers, `error` in access lines, and
/// a label of metrics.
enum Cause: String, CaseIterable {
    // The request
    case badRequest = "bad_request"
    case uriTooLong = "uri_too_long"
    case headTooLarge = "head_too_large"
    case notImplemented = "not_implemented"
    case versionNotSupported = "version_not_supported"
    case requestTimeout = "request_timeout"
    case contentTooLarge = "content_too_large"
    case expectationFailed = "expectation_failed"
    // Where it was meant to go
    case noRoute = "no_route"
    case misdirected
    case forbidden
    case methodRefused = "method_refused"
    // The proxy and its credentials
    case overloaded
    case rateLimited = "rate_limited"
    case credentialUnavailable = "credential_unavailable"
    case authTimeout = "auth_timeout"
    // The upstream
    case upstreamUnreachable = "upstream_unreachable"
    case upstreamTLS = "upstream_tls"
    case upstreamProtocol = "upstream_protocol"
    case upstreamTimeout = "upstream_timeout"
    // No answer of the proxy's own: the client is gone, or was shown that what it has is not whole
    case clientClosed = "client_closed"
    case brokenOff = "broken_off"
    case idleTimeout = "idle_timeout"
    case cutOff = "cut_off"

    /// Its place among all of them.
    var index: Int { Self.allCases.firstIndex(of: self)! }
}
