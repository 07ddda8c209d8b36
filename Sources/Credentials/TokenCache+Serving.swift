// What a copy of the machine can tell until its next event.

extension TokenCache {
    /// Whether `awaitsAcceptance` may be true of any request.
    public var awaitsAcceptances: Bool { holds.awaitsAcceptances || isDoubted }

    /// Whether `accepted` would change something: hardly ever, and then a request that was not refused has to be reported.
    public func awaitsAcceptance(generation: UInt64, route: Int, isProof: Bool = true) -> Bool {
        holds.awaitsAcceptance(generation: generation, route: route) || (isProof && generation == self.generation && isDoubted)
    }

    /// Whether a copy of the `former` machine tells the same of its token and of acceptances, until the same time.
    public func serves(as former: TokenCache) -> Bool {
        generation == former.generation && serving?.generation == former.serving?.generation && serving?.end == former.serving?.end
            && holds.awaitsSame(as: former.holds) && isDoubted == former.isDoubted
    }

    /// Whether `secretsRead` is of use: a call waits for it, or the present secrets serve no more. Never while a call goes on, whose
    /// secrets have to stay the newest until it ends.
    public var awaitsSecrets: Bool {
        if case .reading = state.flight?.stage { return true }
        return switch state {
        case .permanent, .refused: true
        case .fetching, .valid, .renewing, .replacing, .backoff: false
        }
    }

    /// Of the token that `withToken` has.
    public var tokenGeneration: UInt64? {
        if case .permanent = state { generation } else { state.token?.generation }
    }

    /// A token that `use` calls ready at every time before `end`, for all requests but those to which it was refused, unless another
    /// event comes first; nil where `use` has to be asked.
    public var serving: (generation: UInt64, end: Duration)? {
        switch state {
        case .permanent: (generation, .seconds(Int64.max / 4))
        case .fetching, .replacing: nil
        case .valid(let token): (token.generation, min(token.renewal, token.expiry))
        case .renewing(let token, _): (token.generation, token.expiry)
        case .backoff(let token, let pause), .refused(let token, let pause):
            token.map { ($0.generation, min($0.expiry, pause.end)) }
        }
    }
}
