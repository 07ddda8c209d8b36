// What becomes of a token that an upstream refuses.

extension TokenCache {
    /// What a request whose token an upstream refused gets.
    public enum Refusal: Sendable, Equatable {
        /// There is a newer token: replay with it (`withToken`).
        case replayNow(generation: UInt64)
        /// `use(at:refusedGeneration:)` tells on: a flight is under way or about to start, or comes after a pause.
        case wait
        /// The upstream's answer goes to the client.
        case passThrough
        /// The token cannot be replaced now, which is not the client's fault: 503, and not the upstream's 401.
        case unavailable(cause: String, retryAfter: Duration)
    }

    /// An upstream refused a request that carried this generation.
    ///
    /// - Parameters:
    ///   - isReplayable: whether the request can be sent again. The refusal of one that cannot is never shown to be the
    ///     token's fault by a replay, so a route has one authentication for such in `Limits.holdTime`.
    ///   - firstRefused: when a token was first refused to this very request; nil unless it is a replay.
    public mutating func refused(
        generation refusedGeneration: UInt64, route: Int, isReplayable: Bool = true, firstRefused: Duration? = nil, at now: Duration
    ) -> Refusal {
        advance(to: now)
        if let firstRefused, isFresh(refusedGeneration, since: firstRefused) {
            replayRefused(generation: refusedGeneration, route: route, at: now)
            doubtRefreshToken()
            return .passThrough
        }
        if refusedGeneration == generation, holds.passesThrough(generation: refusedGeneration, route: route, at: now) {
            doubtRefreshToken()
            return .passThrough
        }
        switch state {
        case .permanent:
            guard refusedGeneration == generation else { return .replayNow(generation: generation) }
            doubt.refused(generation)
            return .passThrough
        case .fetching, .replacing:
            return .wait
        case .valid(let token):
            if token.generation != refusedGeneration { return .replayNow(generation: token.generation) }
            if !isReplayable, holds.hasUnprovable(route: route, at: now) { return .passThrough }
            holds.authenticationBegun(generation: refusedGeneration, route: route, isProvable: isReplayable, at: now, limits: limits)
            state = .replacing(token, newFlight(at: now))
            return .wait
        case .renewing(let token, let flight):
            if token.generation != refusedGeneration { return .replayNow(generation: token.generation) }
            if !token.isDoubted { state = .replacing(token, flight) }
            return .wait
        case .backoff(var token, let pause):
            if let token, token.generation != refusedGeneration { return .replayNow(generation: token.generation) }
            token?.isDoubted = true
            doubt.refused(token?.generation ?? 0)
            state = .backoff(token, pause)
            return .wait
        case .refused(var token, let pause):
            if let token, token.generation != refusedGeneration { return .replayNow(generation: token.generation) }
            token?.isDoubted = true
            doubt.refused(token?.generation ?? 0)
            state = .refused(token, pause)
            return .unavailable(cause: pause.cause, retryAfter: pause.end - now)
        }
    }

    /// Whether the present token is of this generation, and was asked for after that time: then nothing better is to be had. One that was
    /// asked for before may have been taken back together with its forerunner.
    private func isFresh(_ generation: UInt64, since time: Duration) -> Bool {
        guard generation == self.generation, let token = state.token else { return false }
        return token.asked >= time
    }

    /// The present token, which replaced one that was refused, was refused as well. If it came from the refresh token, the session that
    /// this is of may have ended: the next comes from the credentials.
    private mutating func doubtRefreshToken() {
        if state.token?.isRefreshed == true { refreshToken = nil }
    }
}
