internal import EventLoop
internal import TLS
internal import Wire

/// Why an upstream connection could not bring an answer.
enum UpstreamFault: Error {
    case unresolved(ResolutionError)
    /// No address could be connected to; the reason is the last one's.
    case unreachable(address: String, reason: String)
    case connectTimeout(address: String, limit: Duration)
    /// The egress proxy did not open the way.
    case egress(proxy: String, setting: String, EgressFault)
    case tls(TLSError, address: String? = nil)
    /// The connection ended before a byte of the answer.
    case closedBeforeAnswer
    /// The connection ended within the answer.
    case truncated
    case malformed(MessageError)
    /// The content's coding is not what it should be.
    case coding(GzipError)
    /// What the upstream sent is well formed, and has no place here.
    case unexpected(String)
    case responseTimeout(limit: Duration)
    case idleTimeout(limit: Duration)

    /// The reason in words, without the upstream's name.
    var reason: String {
        switch self {
        case .unresolved(let error): error.description
        case .unreachable(let address, let reason): "cannot connect to \(address): \(reason)"
        case .connectTimeout(let address, let limit): "\(address) did not accept a connection within \(limit.text)"
        case .egress(let proxy, let setting, let fault): "egress proxy \(proxy): \(fault.reason(setting: setting))"
        case .tls(let error, let address): "\(error.message)\(address.map { " (at \($0))" } ?? "")"
        case .closedBeforeAnswer: "it closed the connection without an answer"
        case .truncated: "it closed the connection within the answer"
        case .malformed(let error): "its answer is malformed: \(error.message)"
        case .coding(let error): error.message
        case .unexpected(let text): text
        case .responseTimeout(let limit): "it did not answer within \(limit.text)"
        case .idleTimeout(let limit): "nothing came from it for \(limit.text)"
        }
    }

    /// Whether it takes a person to end it, so that no retry helps: a certificate that is refused now will be.
    var isLasting: Bool {
        if case .tls(let error, _) = self { error.isCertificateFault } else { false }
    }

    /// The error type of RFC 9209, section 2.3.
    var proxyStatusError: String {
        switch self {
        case .unresolved: "dns_error"
        case .unreachable: "connection_refused"
        case .connectTimeout: "connection_timeout"
        case .egress(_, _, let fault): fault.proxyStatusError
        case .tls(let error, _): error.isCertificateFault ? "tls_certificate_error" : "tls_protocol_error"
        case .closedBeforeAnswer: "connection_terminated"
        case .truncated: "http_response_incomplete"
        case .coding: "http_response_content_coding"
        case .malformed, .unexpected: "http_protocol_error"
        case .responseTimeout: "http_response_timeout"
        case .idleTimeout: "connection_read_timeout"
        }
    }

    var status: Int {
        switch self {
        case .egress(_, _, let fault): fault.isTimeout ? 504 : 502
        case .connectTimeout, .responseTimeout, .idleTimeout: 504
        case .unresolved, .unreachable, .tls, .closedBeforeAnswer, .truncated, .malformed, .coding, .unexpected: 502
        }
    }

    /// The code of the answer's body.
    var code: Cause {
        switch self {
        case .egress(_, _, let fault): fault.isTimeout ? .upstreamTimeout : .upstreamUnreachable
        case .unresolved, .unreachable: .upstreamUnreachable
        case .tls: .upstreamTLS
        case .closedBeforeAnswer, .truncated, .malformed, .coding, .unexpected: .upstreamProtocol
        case .connectTimeout, .responseTimeout, .idleTimeout: .upstreamTimeout
        }
    }
}

extension Duration {
    /// For messages: `5s`, `250ms`.
    var text: String {
        let (seconds, attoseconds) = components
        return attoseconds == 0 ? "\(seconds)s" : "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms"
    }
}
