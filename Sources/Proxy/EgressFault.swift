/// Why the egress proxy did not open the way to an upstream. Nothing of it is said in the proxy's own words, which nobody
/// has checked.
enum EgressFault: Error {
    /// The proxy itself could not be reached.
    indirect case connecting(UpstreamFault)
    case noAnswer(limit: Duration)
    /// It ended the connection, or broke it, before it had answered.
    case closed
    /// Its answer is not HTTP, or not what answers CONNECT.
    case malformed(String)
    /// It wants user name and password, and was given none.
    case credentialsMissing(status: Int)
    /// It does not take the ones that it was given.
    case credentialsRefused(status: Int)
    case refused(status: Int)

    /// The reason in words; `setting` is what names the proxy.
    func reason(setting: String) -> String {
        switch self {
        case .connecting(let fault): "\(fault.reason); see \(setting)"
        case .noAnswer(let limit): "it did not answer CONNECT within \(limit.text)"
        case .closed: "it closed the connection without an answer to CONNECT; see \(setting)"
        case .malformed(let text): "its answer to CONNECT is none: \(text); is it an HTTP proxy? see \(setting)"
        case .credentialsMissing(let status):
            "it wants a user name and password (\(status)); write \"egressProxy\": { \"url\": …, \"username\": …, \"password\": … }"
        case .credentialsRefused(let status):
            "it refused the user name and password of \(setting), which were sent as Basic (\(status))"
        case .refused(let status): Self.reason(of: status)
        }
    }

    private static func reason(of status: Int) -> String {
        switch status {
        case 100..<200: "it answered CONNECT with an interim response (\(status)), which has no place there"
        case 300..<400: "it answered CONNECT with a redirect (\(status)), which is never followed"
        case 403: "it does not allow this destination (403); have it allowed there"
        case 405, 501: "it knows no CONNECT (\(status)); name an HTTP proxy that does"
        case 502, 503, 504: "it could not reach the destination (\(status))"
        default: "it answered CONNECT with \(status)"
        }
    }

    /// The error type of RFC 9209, section 2.3.
    var proxyStatusError: String {
        switch self {
        case .connecting(let fault): fault.proxyStatusError
        case .noAnswer, .refused(status: 504): "connection_timeout"
        case .closed: "connection_terminated"
        case .malformed: "http_protocol_error"
        case .credentialsMissing, .credentialsRefused: "proxy_configuration_error"
        case .refused(status: 500...): "destination_unavailable"
        case .refused: "connection_refused"
        }
    }

    /// Whether time has run out, here or at the proxy.
    var isTimeout: Bool {
        switch self {
        case .connecting(let fault): fault.status == 504
        case .noAnswer, .refused(status: 504): true
        case .closed, .malformed, .credentialsMissing, .credentialsRefused, .refused: false
        }
    }
}
