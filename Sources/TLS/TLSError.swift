import COpenSSL

/// What can fail, split by who has to act. No message holds bytes of the connection or of a key.
public enum TLSError: Error, Equatable, Sendable {
    /// The operator: a setting, or a file it names, is unusable.
    case configuration(String)
    /// The operator or the server: the server's certificate was refused.
    case certificate(peer: String, reason: String)
    /// The peer ended the connection with a fatal alert.
    case alert(peer: String, reason: String)
    /// The peer broke the protocol, or has none in common with us.
    case protocolFault(peer: String, reason: String)
    /// The stream ended without close_notify: whatever was under way may be incomplete.
    case truncated(peer: String)
    /// The transport failed with this error number.
    case transport(peer: String, errorNumber: Int32)
    /// OpenSSL could not do its part (memory, entropy, its own configuration).
    case library(String)

    /// Whether the server's certificate was refused: a retry does not help, and nothing was sent to it.
    public var isCertificateFault: Bool {
        if case .certificate = self { return true }
        return false
    }

    /// One line for the operator: which peer, what failed, what to do.
    public var message: String {
        switch self {
        case .configuration(let text): text
        case .certificate(let peer, let reason): "\(peer): certificate refused: \(reason)"
        case .alert(let peer, let reason): "\(peer): the peer refused the TLS connection: \(reason)"
        case .protocolFault(let peer, let reason): "\(peer): TLS failed: \(reason)"
        case .truncated(let peer): "\(peer): the connection ended without TLS close_notify; its data may be incomplete"
        case .transport(let peer, let number): "\(peer): the connection failed: \(errorText(number)) (errno \(number))"
        case .library(let text): "OpenSSL: \(text)"
        }
    }
}

extension TLSError: CustomStringConvertible {
    public var description: String { message }
}

/// The system's text for an error number.
func errorText(_ errorNumber: Int32) -> String {
    openssl_errno_text(errorNumber).map { String(cString: $0) } ?? "unknown error"
}
