extension TokenCache {
    /// Finds the token that `use` just called ready, and what it was made of, in answers that echo it; nil if there is none, or if
    /// it is too short to be looked for. Not to be kept longer than requests with that token.
    public func search() -> SecretSearch? {
        guard let token else { return nil }
        return SecretSearch([token] + (tokenGrant?.ingredients ?? []), limits: limits)
    }

    /// The token that serves, or would.
    var token: Secret? {
        if case .permanent(let secret) = state { secret } else { state.token?.secret }
    }
}
