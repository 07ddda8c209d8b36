import COpenSSL

/// OpenSSL's per-thread queue of errors. It is cleared before each call whose failure is looked up in it.
enum ErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    /// The oldest error, which is the cause of those after it; 0 when there is none.
    static var oldest: UInt {
        ERR_peek_error()
    }

    /// Takes all errors, and answers the oldest one's reason.
    static func takeReason() -> String {
        let code = oldest
        clear()
        return text(of: code)
    }

    static func text(of code: UInt) -> String {
        if code == 0 { return "no reason given" }
        if ERR_GET_LIB(code) == ERR_LIB_SYS { return errorText(ERR_GET_REASON(code)) }
        return ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(String(code, radix: 16))"
    }
}
