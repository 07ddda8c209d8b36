/// The token machine: the life of one credential's token, from the first call to the token endpoint through renewal,
/// refusal and outage. One instance for each credential, whoever uses it.
///
/// It is pure: it performs no call and has no clock. Its owner reports what happened (each method is one event), after
/// each event asks `nextAction(at:)` until there is none and performs what it gets, and arms one timer for `nextDeadline`, upon
/// which it asks again. `now` is a monotonic time that does not run backwards, `wall` the time since 1970-01-01 UTC. The owner bounds
/// each call, and each request that waits, by `Limits.authTimeout`, and wakes the waiting whenever an outcome is other
/// than `.continues`; they ask `use` again.
///
/// What each event does in each state (T: the token serves; F: a flight, of which there is never more than one):
///
/// | state          | `use`              | `refused` with the current token | time                                          | flight ends with a token | … fails                  | … with a refusal         |
/// |----------------|--------------------|----------------------------------|-----------------------------------------------|--------------------------|--------------------------|--------------------------|
/// | permanent (T)  | ready              | pass through                     | —                                             | —                        | —                        | —                        |
/// | fetching (F)   | wait               | wait                             | —                                             | valid                    | backoff, no token        | refused, no token        |
/// | valid (T)      | ready              | replacing, wait                  | renewal: renewing; expiry: fetching           | —                        | —                        | —                        |
/// | renewing (T F) | ready              | replacing (doubted: stays), wait | expiry: fetching                              | valid                    | backoff                  | refused                  |
/// | replacing (F)  | wait               | wait                             | expiry: fetching                              | valid                    | backoff, token doubted   | refused, token doubted   |
/// | backoff (T)    | ready              | token doubted, wait              | end: renewing; expiry: backoff, no token      | —                        | —                        | —                        |
/// | backoff        | pausing            | wait                             | end: fetching                                 | —                        | —                        | —                        |
/// | refused (T)    | ready              | token doubted, unavailable       | end: renewing; expiry: refused, no token      | —                        | —                        | —                        |
/// | refused        | unavailable        | unavailable                      | end: fetching                                 | —                        | —                        | —                        |
///
/// Further:
/// - A refusal of a token that is no longer current is answered with the current one, where `use` would say ready.
/// - A refusal by a route that refuses fresh tokens too passes through in every state (`RouteHolds`).
/// - A request that saw generation N refused is never given N again: where others get it, it waits for the flight or is
///   told that there is none.
/// - Who is told that the machine pauses waits for the next flight if that begins in his time, and else is answered (`Use.pausing`). The
///   credentials that were refused will be again: nobody waits for that.
/// - A flight with the refresh token whose answer is a refusal goes on with the credentials: the state stays. After any other
///   answer that is no token, the next flight begins with the credentials, lest a bad refresh token outlive its use. One whose
///   token an upstream refuses is forgotten.
/// - Before a call with the credentials, a flight has the secrets read anew, unless they never change (`Rotation`); the first
///   has those of the start. Where they have changed and are refused, the flight goes on with those that got the last token,
///   the state stays, and for `Limits.refusalPause` the former go first; if those are refused by then, the newest follow.
/// - In the state refused, secrets that can be watched are looked at every `Limits.secretsLookInterval`, and `secretsRead` with
///   others ends the pause at once: renewing, or fetching where there is no token.
/// - Upon `secretsChanged` a flight with the credentials begins at once, or behind the one that is under way, or after the pause of a
///   backoff; the token serves meanwhile. In the state refused, `secretsRead` ends the pause.
/// - `secretsRead` with another permanent token puts that in place, as a new generation.
/// - A token that an upstream refused is doubted, once it could not be replaced or is the replacement itself, until one has accepted it
///   (`TokenDoubt`): that is told, and changes nothing of the table.
/// - `restore` turns the fetching of a new machine into valid, with a token of an earlier process.
public struct TokenCache: Sendable {
    let limits: Limits
    private let rotation: Rotation
    var grants: KnownGrants
    /// That the token is of.
    var tokenGrant: Grant?
    var state: TokenState
    var generation: UInt64
    var refreshToken: Secret?
    private var isRefreshTokenDoubted = false
    /// The secrets have changed, and no flight has begun with them since.
    var owesAuthentication = false
    private(set) var failures = 0
    private(set) var lastCause: String?
    var holds = RouteHolds()
    var doubt = TokenDoubt()
    private var random: SplitMix64

    /// A machine without a token, whose first `nextAction` is a call; a grant with a permanent token has generation 1 at once.
    /// `seed` decides the jitter: from the kernel's entropy in production, so that no two proxies march in step.
    public init(grant: Grant, rotation: Rotation = .never, seed: UInt64, limits: Limits = Limits()) {
        grants = KnownGrants(grant)
        self.rotation = rotation
        self.limits = limits
        random = SplitMix64(seed: seed)
        if let token = grant.permanentToken {
            state = .permanent(token)
            tokenGrant = grant
            generation = 1
        } else {
            state = .fetching(TokenState.Flight(call: .authenticate, stage: .due))
            generation = 0
        }
    }
}

extension TokenCache {
    /// What a request that needs the token gets.
    public enum Use: Sendable, Equatable {
        /// `withToken` has the token; the generation goes with the request, for `refused`.
        case ready(generation: UInt64)
        /// A call is under way or about to start: ask again when it ends, at most `Limits.authTimeout` long.
        case wait
        /// There is no token, and the next call, which may well bring one, is `retryAfter` away: who has that much time left to wait
        /// asks again when the call has ended, and who has not is answered.
        case pausing(cause: String, retryAfter: Duration)
        /// There is no token, nor is one to be expected; the next call is `retryAfter` away.
        case unavailable(cause: String, retryAfter: Duration)
    }

    /// A request needs the token. `refusedGeneration`: the token that an upstream refused to this very request, if one did;
    /// it will not get that one again.
    public mutating func use(at now: Duration, refusedGeneration: UInt64? = nil) -> Use {
        advance(to: now)
        switch state {
        case .permanent:
            return .ready(generation: generation)
        case .fetching, .replacing:
            return .wait
        case .valid(let token):
            if token.generation != refusedGeneration { return .ready(generation: token.generation) }
            return .unavailable(cause: Self.refusedUpstream, retryAfter: limits.holdTime)
        case .renewing(let token, _):
            return token.generation == refusedGeneration ? .wait : .ready(generation: token.generation)
        case .backoff(let token, let pause):
            if let token, token.generation != refusedGeneration { return .ready(generation: token.generation) }
            return .pausing(cause: pause.cause, retryAfter: pause.end - now)
        case .refused(let token, let pause):
            if let token, token.generation != refusedGeneration { return .ready(generation: token.generation) }
            return .unavailable(cause: pause.cause, retryAfter: pause.end - now)
        }
    }

    /// Lends the bytes of the token that `use` just called ready, as they stand in a field value behind the scheme; nil if
    /// there is none. Not to be kept: `use` has judged its expiry for this moment only.
    public func withToken<Result>(_ body: (Span<UInt8>) -> Result) -> Result? {
        token?.withBytes(body)
    }

    private static let refusedUpstream = "the upstream refused the token, and there is no newer one"
}

extension TokenCache {
    /// What the owner has to do.
    public enum Action: Sendable, Equatable {
        case none
        /// Perform this call, and report its end with `answered` or `failed`. No other comes before.
        case fetch(TokenRequest)
        /// Read the secrets anew, and report them with `secretsRead`. The call follows that.
        case readSecrets
        /// Look whether the secrets may have changed; if so, read them and report them with `secretsRead`.
        case lookAtSecrets
    }

    /// To be asked after every event, and when `nextDeadline` has come, until there is none.
    public mutating func nextAction(at now: Duration) -> Action {
        advance(to: now)
        if case .refused(let token, var pause) = state, let look = pause.look, now >= look {
            pause.look = now + limits.secretsLookInterval
            state = .refused(token, pause)
            return .lookAtSecrets
        }
        guard var flight = state.flight, flight.isPending else { return .none }
        if case .unread = flight.stage {
            flight.stage = .reading
            state.flight = flight
            return .readSecrets
        }
        flight.stage = .sent(now)
        state.flight = flight
        return .fetch(grants[flight.choice].request(for: flight.call))
    }

    /// When to ask `nextAction` again if nothing else happens; zero (which is past) if an action waits already, and nil if
    /// only the end of a call can bring news.
    public var nextDeadline: Duration? { state.deadline }

    /// How a call ended.
    public enum Outcome: Sendable, Equatable {
        /// There is a new token: wake those who wait.
        case renewed(generation: UInt64)
        /// There is none: wake those who wait. The next call is `retryAfter` away.
        case failed(cause: String, retryAfter: Duration)
        /// The refresh token was refused, and the flight goes on with the credentials: ask `nextAction`; those who wait, wait on.
        case continues
        /// The credentials that were read last were refused, and the flight goes on with those that got the last token.
        case continuesWithFormer(cause: String)
        /// The credentials that got the last token are refused by now, and the flight goes on with those that were read last.
        case continuesWithNewest(cause: String)
    }

    /// The outstanding call was answered. `retryAfter` is the answer's field of that name, if it has one, as time from
    /// now; `body` is its whole content, of at most `Limits.answerBytesMax`; `date` is the field of that name, the
    /// endpoint's own clock, if it has one.
    public mutating func answered(
        status: Int, retryAfter: Duration?, body: [UInt8], at now: Duration, wall: Duration, date: Duration? = nil
    ) -> Outcome {
        advance(to: now)
        let (flight, sentAt) = outstandingFlight()
        switch grants[flight.choice].answerForm.read(status: status, body: body, limits: limits) {
        case .granted(let granted):
            return accept(granted, flight, sentAt: sentAt, now: now, wall: wall, date: date)
        case .refused(let cause):
            if flight.isRefresh {
                refreshToken = nil
                owesAuthentication = false
                state.flight = authentication(unreadStage, at: now)
                return .continues
            }
            return refuse(flight, cause: cause, now: now)
        case .unusable(let cause):
            if flight.isRefresh { isRefreshTokenDoubted = true }
            return fail(cause: cause, pauseLength: backoff(retryAfter: retryAfter), isRefusal: false, now: now)
        }
    }

    /// The outstanding call ended without an answer.
    public mutating func failed(_ failure: FetchFailure, at now: Duration) -> Outcome {
        advance(to: now)
        let (flight, _) = outstandingFlight()
        if flight.isRefresh, failure.isAnswer { isRefreshTokenDoubted = true }
        return fail(cause: failure.cause, pauseLength: backoff(retryAfter: nil), isRefusal: false, now: now)
    }
}

extension TokenCache {
    /// What time alone brings: the column "time" of the table.
    mutating func advance(to now: Duration) {
        switch state {
        case .permanent, .fetching:
            break
        case .valid(let token):
            if now >= token.expiry {
                state = .fetching(newFlight(at: now))
            } else if now >= token.renewal {
                state = .renewing(token, newFlight(at: now))
            }
        case .renewing(let token, let flight), .replacing(let token, let flight):
            if now >= token.expiry { state = .fetching(flight) }
        case .backoff(let token, let pause):
            let living = token.flatMap { now < $0.expiry ? $0 : nil }
            state = now >= pause.end ? stateWithFlight(living, newFlight(at: now)) : .backoff(living, pause)
        case .refused(let token, let pause):
            let living = token.flatMap { now < $0.expiry ? $0 : nil }
            state = now >= pause.end ? stateWithFlight(living, newFlight(at: now)) : .refused(living, pause)
        }
    }

    func stateWithFlight(_ token: TokenState.Token?, _ flight: TokenState.Flight) -> TokenState {
        if let token { .renewing(token, flight) } else { .fetching(flight) }
    }

    mutating func newFlight(at now: Duration) -> TokenState.Flight {
        // One from an earlier process may be left of settings that had such a call.
        defer { owesAuthentication = false }
        if let refreshToken, !isRefreshTokenDoubted, !owesAuthentication, grants[.newest].hasRefreshCall { return TokenState.Flight(call: .refresh(refreshToken), stage: .due) }
        return authentication(unreadStage, at: now)
    }

    func authentication(_ stage: TokenState.Flight.Stage, at now: Duration) -> TokenState.Flight {
        TokenState.Flight(call: .authenticate, stage: stage, choice: grants.first(at: now))
    }

    var unreadStage: TokenState.Flight.Stage {
        switch rotation {
        case .never: .due
        case .readable, .watchable: .unread
        }
    }

    private func outstandingFlight() -> (TokenState.Flight, sentAt: Duration) {
        guard let flight = state.flight, case .sent(let sentAt) = flight.stage else {
            preconditionFailure("a token call ended that was not outstanding")
        }
        return (flight, sentAt)
    }

    /// The credentials of a flight were refused: it goes on with others, or ends.
    private mutating func refuse(_ flight: TokenState.Flight, cause: String, now: Duration) -> Outcome {
        let other = grants.refused(flight.choice, at: now, limits: limits)
        guard let other, !flight.hasChosenAgain else {
            return fail(cause: cause, pauseLength: limits.refusalPause, isRefusal: true, now: now)
        }
        state.flight = TokenState.Flight(call: .authenticate, stage: .due, choice: other, hasChosenAgain: true)
        switch other {
        case .former: return .continuesWithFormer(cause: cause)
        case .newest: return .continuesWithNewest(cause: cause)
        }
    }

    private mutating func accept(
        _ granted: TokenAnswer.Granted, _ flight: TokenState.Flight, sentAt: Duration, now: Duration, wall: Duration,
        date: Duration?
    ) -> Outcome {
        let jwt = granted.token.withBytes { JWT($0, limits: limits) }
        let lifetime = Lifetime(
            expiresIn: granted.expiresIn, jwt: jwt, sentAt: sentAt, now: now, wall: wall,
            date: date, share: .random(in: limits.renewalShare, using: &random), limits: limits
        )
        refreshToken = granted.refreshToken ?? refreshToken
        guard let lifetime else {
            if flight.isRefresh { isRefreshTokenDoubted = true }
            let cause = "the token endpoint's answer has a token that is already expired: check the clock"
            return fail(cause: cause, pauseLength: backoff(retryAfter: nil), isRefusal: false, now: now)
        }
        if !flight.isRefresh {
            tokenGrant = grants[flight.choice]
            grants.proved(flight.choice)
        }
        generation += 1
        failures = 0
        lastCause = nil
        isRefreshTokenDoubted = false
        let token = TokenState.Token(
            secret: granted.token, generation: generation, isRefreshed: flight.isRefresh, asked: sentAt, obtained: now,
            renewal: lifetime.renewal, expiry: lifetime.expiry)
        state = owesAuthentication ? .renewing(token, newFlight(at: now)) : .valid(token)
        return .renewed(generation: generation)
    }

    private mutating func fail(cause: String, pauseLength: Duration, isRefusal: Bool, now: Duration) -> Outcome {
        var token = state.token
        if case .replacing = state {
            token?.isDoubted = true
            doubt.refused(token?.generation ?? 0)
        }
        failures += 1
        lastCause = cause
        // What was refused is known to be others by now.
        let pauseLength = isRefusal && owesAuthentication ? .zero : pauseLength
        var pause = TokenState.Pause(end: now + pauseLength, cause: cause)
        if isRefusal, case .watchable = rotation { pause.look = now + limits.secretsLookInterval }
        state = isRefusal ? .refused(token, pause) : .backoff(token, pause)
        return .failed(cause: cause, retryAfter: pauseLength)
    }

    /// The pause after the failure that is about to be counted.
    private mutating func backoff(retryAfter: Duration?) -> Duration {
        var pause = limits.backoffFirst
        for _ in 0..<failures where pause < limits.backoffMax { pause *= 2 }
        pause = min(pause, limits.backoffMax) * Double.random(in: limits.backoffShare, using: &random)
        return max(pause, min(retryAfter ?? .zero, limits.retryAfterMax))
    }
}
