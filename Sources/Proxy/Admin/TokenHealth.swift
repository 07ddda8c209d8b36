internal import Credentials

/// Whether a credential serves the requests that need it, and for how long that is certain.
struct TokenHealth {
    let name: String
    let status: TokenStatus
    /// Why it cannot be relied on; nil when it can.
    let problem: String?

    init(name: String, status: TokenStatus) {
        self.name = name
        self.status = status
        problem = Self.problem(status)
    }

    private static func problem(_ status: TokenStatus) -> String? {
        let cause = status.cause.map { ": \($0)" } ?? ""
        guard status.isUsable else {
            if status.generation == 0 { return "there is no token yet\(cause)" }
            return "the token has expired\(cause)"
        }
        guard status.failures > 0, let left = status.expiresIn, left <= Limits.expiryWarned else { return nil }
        return "the token runs out in \(left.components.seconds) s, and there is no new one\(cause)"
    }
}
