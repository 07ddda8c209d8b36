// What becomes of the machine when its secrets are others.

extension TokenCache {
    /// The secrets were read: `grant` is made of them; nil if they cannot be read or used, and what was read before stays in use.
    /// True if they are others than before.
    @discardableResult
    public mutating func secretsRead(_ grant: Grant?, at now: Duration) -> Bool {
        advance(to: now)
        let isChanged = grant.map { grants.take($0) } ?? false
        if case .reading = state.flight?.stage {
            state.flight = authentication(owesAuthentication ? unreadStage : .due, at: now)
            owesAuthentication = false
        } else if isChanged, case .refused(let token, _) = state {
            state = stateWithFlight(token, authentication(.due, at: now))
        } else if isChanged, case .permanent = state, let token = grant?.permanentToken {
            state = .permanent(token)
            tokenGrant = grant
            generation += 1
        }
        return isChanged
    }

    /// The secrets are known to be others than those that were read last. They are used at once, whatever the refresh token would do for
    /// longer: a mistake in them is to show while the token serves, and not when all else has ended.
    public mutating func secretsChanged(at now: Duration) {
        advance(to: now)
        switch state {
        // As soon as they are read.
        case .permanent, .refused: break
        case .backoff: owesAuthentication = true
        case .valid(let token): state = .renewing(token, authentication(unreadStage, at: now))
        case .fetching(let flight), .renewing(_, let flight), .replacing(_, let flight):
            switch flight.stage {
            case .unread, .due: state.flight = authentication(unreadStage, at: now)
            // It may have, or have read, what was there before.
            case .reading, .sent: owesAuthentication = true
            }
        }
    }

    /// Whether the machine still has a use for these credentials.
    public func knows(_ other: Grant) -> Bool { isOfToken(other) || grants.contains(other) }

    /// Whether the present token was obtained with these credentials.
    public func isOfToken(_ other: Grant) -> Bool { other == tokenGrant }

    /// The token that was put in place was obtained with the credentials that were read last.
    mutating func takeAsProven() {
        tokenGrant = grants[.newest]
        grants.proved(.newest)
    }
}
