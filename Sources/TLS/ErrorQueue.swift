import COpenSSL

/// OpenSSL's per-thread queue of errors. Whoever makes calls that may fail leaves it empty: a connection's reads and writes look
/// their failures up in it, and to clear it before each of them would cost 850 instructions.
enum ErrorQueue {
    static func clear() {
        ERR_clear_error()
    }

    /// Checked in debug builds alone, on each read and write: what somebody left would be taken for a failure of theirs.
    static func assertEmpty() {
        assert(oldest == 0, "an error was left behind: \(text(of: oldest))")
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
