/// Where a token stands. `TokenCache` has the table of what moves it.
enum TokenState: Sendable {
    /// A configured token, which neither expires nor is fetched.
    case permanent(Secret)
    /// No token, and a flight to the token endpoint.
    case fetching(Flight)
    /// A token in its prime.
    case valid(Token)
    /// A token that serves on while a flight fetches the next.
    case renewing(Token, Flight)
    /// A token that an upstream refused: nobody gets it while a flight fetches the next.
    case replacing(Token, Flight)
    /// The last flight failed in a way that may pass; a token that was left serves on.
    case backoff(Token?, Pause)
    /// The token endpoint refused the credentials; a token that was left serves on.
    case refused(Token?, Pause)

    /// A token, its number, and its times on the monotonic clock.
    struct Token: Sendable {
        let secret: Secret
        let generation: UInt64
        /// It came from a refresh token, and not from the credentials.
        let isRefreshed: Bool
        /// When the call that got it was sent.
        let asked: Duration
        /// When it was obtained; by an earlier process, that may be before the clock began.
        let obtained: Duration
        let renewal: Duration
        let expiry: Duration
        /// An upstream refused it, and the attempt to replace it failed. It serves those who do not know that; a further
        /// refusal no longer makes them wait, for it may be good on every other route.
        var isDoubted = false
    }

    /// One single flight of at most three calls: with the refresh token; if that is refused, with the credentials; if those
    /// are refused, with the former ones, where there are some, or the newest if the former were the first.
    struct Flight: Sendable {
        enum Stage: Sendable {
            /// The secrets are to be read before the call.
            case unread
            /// The owner reads them.
            case reading
            /// The call is to be handed out.
            case due
            /// It was handed out at this time.
            case sent(Duration)
        }

        var call: TokenCall
        var stage: Stage
        /// The credentials that `authenticate` is made with.
        var choice = KnownGrants.Choice.newest
        /// The flight has come to the second of two.
        var hasChosenAgain = false

        var isRefresh: Bool { if case .refresh = call { true } else { false } }

        /// Whether the owner has to act.
        var isPending: Bool {
            switch stage {
            case .unread, .due: true
            case .reading, .sent: false
            }
        }
    }

    /// A time without calls, and what caused it.
    struct Pause: Sendable {
        let end: Duration
        let cause: String
        /// When the secrets are looked at next; nil if they are not.
        var look: Duration?
    }

    /// The token that requests may get, or might get again if the flight fails.
    var token: Token? {
        switch self {
        case .permanent, .fetching: nil
        case .valid(let token), .renewing(let token, _), .replacing(let token, _): token
        case .backoff(let token, _), .refused(let token, _): token
        }
    }

    /// The flight that is due or under way.
    var flight: Flight? {
        get {
            switch self {
            case .fetching(let flight), .renewing(_, let flight), .replacing(_, let flight): flight
            case .permanent, .valid, .backoff, .refused: nil
            }
        }
        set {
            guard let flight = newValue else { preconditionFailure("a flight ends with a change of state") }
            switch self {
            case .fetching: self = .fetching(flight)
            case .renewing(let token, _): self = .renewing(token, flight)
            case .replacing(let token, _): self = .replacing(token, flight)
            case .permanent, .valid, .backoff, .refused: preconditionFailure("no flight in this state")
            }
        }
    }

    /// When time alone will change the state or a call is due; zero if one is due already.
    var deadline: Duration? {
        switch self {
        case .permanent: nil
        case .fetching(let flight): flight.isPending ? .zero : nil
        case .valid(let token): min(token.renewal, token.expiry)
        case .renewing(let token, let flight), .replacing(let token, let flight):
            flight.isPending ? .zero : token.expiry
        case .backoff(let token, let pause), .refused(let token, let pause):
            min(pause.end, token?.expiry ?? pause.end, pause.look ?? pause.end)
        }
    }
}
