// What becomes of requests that have a token.

extension TokenCache {
    /// The replay with this generation was refused too. Its answer goes to the client, and for `Limits.holdTime` a refusal
    /// of this token on this route passes through.
    public mutating func replayRefused(generation: UInt64, route: Int, at now: Duration) {
        holds.replayRefused(generation: generation, route: route, at: now, limits: limits)
        if generation == self.generation { doubt.refused(generation) }
    }

    /// A request to which this generation was refused has ended before a replay was answered: its client left, it got no token or no
    /// connection, or that broke.
    public mutating func replayLost(refusedGeneration: UInt64, route: Int) {
        holds.replayLost(refusedGeneration: refusedGeneration, route: route)
    }

    /// A request with this generation was not refused. To be reported of each: without it, the route is taken for one that
    /// refuses every token, and a second revocation within `Limits.holdTime` passes through to the client.
    ///
    /// - Parameter isProof: whether the answer is one of success. Any other may be given before the token was looked at.
    public mutating func accepted(generation: UInt64, route: Int, isProof: Bool = true) {
        holds.accepted(generation: generation, route: route)
        if isProof { doubt.accepted(generation) }
    }

    /// Whether an upstream refused the present token, and none has accepted it since.
    var isDoubted: Bool { doubt.isDoubted(generation) }
}
