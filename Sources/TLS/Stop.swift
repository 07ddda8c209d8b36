import COpenSSL

/// Why a call into OpenSSL did not do what it was asked for.
enum Stop {
    case wantsRead
    case wantsWrite
    /// The peer's close_notify has come.
    case closed
    case failed(TLSError)

    /// Reads the reason of the call that has just answered `result`, and leaves the error queue empty, as it was before it.
    init(_ ssl: OpaquePointer, _ result: Int32) {
        let kind = SSL_get_error(ssl, result)
        switch kind {
        case SSL_ERROR_WANT_READ: self = .wantsRead
        case SSL_ERROR_WANT_WRITE: self = .wantsWrite
        case SSL_ERROR_ZERO_RETURN: self = .closed
        default: self = .failed(Self.error(Pipe.of(ssl), kind))
        }
    }

    private static func error(_ pipe: UnsafeMutablePointer<Pipe>, _ kind: Int32) -> TLSError {
        let peer = pipe.pointee.peer
        let code = ErrorQueue.oldest
        ErrorQueue.clear()
        if let fault = pipe.pointee.certificateFault { return .certificate(peer: peer, reason: fault) }
        if pipe.pointee.errorNumber != 0 { return .transport(peer: peer, errorNumber: pipe.pointee.errorNumber) }
        if code == 0 && pipe.pointee.isEnded { return .truncated(peer: peer) }
        let reason = ERR_GET_REASON(code)
        if ERR_GET_LIB(code) == ERR_LIB_SSL {
            // OpenSSL reports a received alert as a reason above this offset.
            if (SSL_AD_REASON_OFFSET...SSL_AD_REASON_OFFSET + 255).contains(reason) {
                return .alert(peer: peer, reason: description(ofAlert: reason - SSL_AD_REASON_OFFSET, code))
            }
            if reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST {
                let reason = "\(ErrorQueue.text(of: code)); the other side may not speak TLS on this port"
                return .protocolFault(peer: peer, reason: reason)
            }
        }
        return .protocolFault(peer: peer, reason: ErrorQueue.text(of: code))
    }

    /// As in "alert 116, certificate required". OpenSSL has two tables, neither of which is complete; one says
    /// "tlsv13 alert certificate required".
    private static func description(ofAlert alert: Int32, _ code: UInt) -> String {
        let words = ErrorQueue.text(of: code).split(separator: " ")
        if let mark = words.firstIndex(of: "alert"), mark + 1 < words.count {
            return "alert \(alert), \(words[(mark + 1)...].joined(separator: " "))"
        }
        return "alert \(alert), \(String(cString: SSL_alert_desc_string_long(alert)))"
    }
}
