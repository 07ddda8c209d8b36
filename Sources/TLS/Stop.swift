import COpenSSL

/// Why a call into OpenSSL did not do what it was asked for.
enum Stop {
    case wantsRead
    case wantsWrite
    /// The peer's close_notify has come.
    case closed
    case failed(TLSError)

    /// Reads the reason of the call that has just answered `result`; the error queue was empty before it.
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
                let alert = reason - SSL_AD_REASON_OFFSET
                return .alert(peer: peer, reason: "alert \(alert), \(String(cString: SSL_alert_desc_string_long(alert)))")
            }
            if reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST {
                return .protocolFault(peer: peer, reason: "\(ErrorQueue.text(of: code)); the other side may not speak TLS on this port")
            }
        }
        return .protocolFault(peer: peer, reason: ErrorQueue.text(of: code))
    }
}
