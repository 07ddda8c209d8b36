internal import EventLoop

/// Bloquo's tokens: they say nothing, and the service remembers whose they are and until when.
struct OpaqueTokens {
    enum Finding {
        case valid(customerID: String)
        case expired
        case unknown
    }

    private struct Issue {
        let customerID: String
        let expiresAt: Duration
        let sequence: Int
    }

    private var issues: [String: Issue] = [:]
    private var issuedCount = 0

    /// A new token that is valid for `lifetime` from now.
    mutating func issue(customerID: String, lifetime: Duration, kernel: any Kernel) -> String {
        let token = Hexadecimal.encode(kernel.entropy(32))
        if issues.count >= Limits.opaqueTokensMax,
            let oldest = issues.min(by: { $0.value.sequence < $1.value.sequence })
        {
            issues[oldest.key] = nil
        }
        issuedCount += 1
        issues[token] = Issue(
            customerID: customerID, expiresAt: kernel.monotonicNow().sinceBeginning + lifetime, sequence: issuedCount)
        return token
    }

    /// - Parameter now: time since the kernel began.
    func find(_ token: String, at now: Duration) -> Finding {
        guard let issue = issues[token] else { return .unknown }
        return now < issue.expiresAt ? .valid(customerID: issue.customerID) : .expired
    }

    /// Makes every token issued so far unknown.
    mutating func revokeAll() { issues.removeAll() }
}
