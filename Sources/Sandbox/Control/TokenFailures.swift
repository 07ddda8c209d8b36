/// The failure that was ordered for the next token calls, of any service.
final class TokenFailures {
    private var status = 0
    private var remaining = 0
    private var retryAfter: Int?

    /// - Parameter retryAfter: seconds, for the answer's `Retry-After`.
    func order(status: Int, count: Int, retryAfter: Int?) {
        self.status = status
        self.remaining = count
        self.retryAfter = retryAfter
    }

    /// The failure to answer with instead of this call's own answer, if one is left.
    func take() -> Response? {
        guard remaining > 0 else { return nil }
        remaining -= 1
        let response = Response.json(["error": "ordered failure"], status: status)
        return retryAfter.map { response.with("Retry-After", String($0)) } ?? response
    }
}
