internal import Credentials

/// Whether a credential serves the requests that need it, and for how long that is certain.
struct TokenHealth {
    let name: String
    let status: TokenStatus
    /// Why it cannot be relied on; nil when it can.
    let problem: String?
    /// What speaks against it all the same.
    let warning: String?

    init(name: String, status: TokenStatus) {
        self.name = name
        self.status = status
        problem = Self.problem(status)
        warning = status.isDoubted ? "the API refuses this token, and has answered no request with it since" : nil
    }

    private static func problem(_ status: TokenStatus) -> String? {
        let cause = status.cause.map { ": \($0)" } ?? ""
        guard status.isUsable else {
            if status.generation == 0 { return "there is no token yet\(cause)" }
            if status.expiresIn.map({ $0 > .zero }) ?? false { return "the API refuses the token, and there is no new one\(cause)" }
            return "the token has expired\(cause)"
        }
        guard status.failures > 0, let left = status.expiresIn, left <= Limits.expiryWarned else { return nil }
        return "the token runs out in \(left.components.seconds) s, and there is no new one\(cause)"
    }
}
