/// A look at a credential, for status pages, metrics and readiness. Holds nothing secret.
public struct TokenStatus: Sendable, Equatable {
    /// The states of the token machine; `TokenCache` explains them.
    public enum State: String, Sendable, CaseIterable {
        case permanent, fetching, valid, renewing, replacing, backoff, refused
    }

    /// Where the token stands.
    public let state: State
    /// Of the newest token there ever was; 0 before the first.
    public let generation: UInt64
    /// Whether there is a token that has not expired, and is not doubted while it cannot be replaced.
    public let isUsable: Bool
    /// Whether an upstream refused the token, it could not be replaced or was the replacement itself, and none has accepted it since.
    public let isDoubted: Bool
    /// Time left to the token; nil if there is none, or if it never expires.
    public let expiresIn: Duration?
    /// From when the token was obtained to its expiry; nil likewise.
    public let lifetime: Duration?
    /// Time to the next call of the token endpoint; nil if one is under way, or none will be made.
    public let nextCallIn: Duration?
    /// Failed flights since the last token.
    public let failures: Int
    /// Why the last flight failed; nil after a token.
    public let cause: String?
}

extension TokenCache {
    /// A look at the machine, which changes nothing.
    public func status(at now: Duration) -> TokenStatus {
        let left = state.token.map { $0.expiry - now }
        return TokenStatus(
            state: state.name,
            generation: generation,
            // A permanent token, or one that is fresh, is the best there is, and no attempt is under way that would end the doubt.
            isUsable: state.name == .permanent || ((left ?? .zero) > .zero && !(isDoubted && failures > 0)),
            isDoubted: isDoubted,
            expiresIn: left.map { max($0, .zero) },
            lifetime: state.token.map { $0.expiry - $0.obtained },
            nextCallIn: state.nextCallIn(at: now),
            failures: failures,
            cause: lastCause
        )
    }
}

extension TokenState {
    var name: TokenStatus.State {
        switch self {
        case .permanent: .permanent
        case .fetching: .fetching
        case .valid: .valid
        case .renewing: .renewing
        case .replacing: .replacing
        case .backoff: .backoff
        case .refused: .refused
        }
    }

    /// Time to the next call, if it is due or only time brings it.
    func nextCallIn(at now: Duration) -> Duration? {
        switch self {
        case .permanent: nil
        case .fetching(let flight), .renewing(_, let flight), .replacing(_, let flight): flight.isPending ? .zero : nil
        case .valid(let token): max(token.renewal - now, .zero)
        case .backoff(_, let pause), .refused(_, let pause): max(pause.end - now, .zero)
        }
    }
}
