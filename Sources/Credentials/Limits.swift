/// Every bound of the token machine, with unit and reason. Production takes them as they are; a simulation may shrink them.
public struct Limits: Sendable, Equatable {
    public init() {}

    /// Bytes of a token. A JWT with many claims has 4 KiB; servers take heads of 8 to 32 KiB, and the token is only a part.
    public var tokenBytesMax = 16 << 10
    /// Bytes of a client identifier, client secret, user name or password. Client keys have 80; a pasted file is a mistake.
    public var inputBytesMax = 4 << 10
    /// Bytes of a refresh token; a longer one is not kept. A JWT has 2 KiB, and all but the largest such calls fit with this.
    public var refreshTokenBytesMax = 8 << 10
    /// Bytes of a token call, escaped, without its start line and the fields of the connection: it is sent from one buffer of
    /// 64 KiB, of which this leaves 8 KiB for those.
    public var callBytesMax = 56 << 10
    /// Bytes of a secret that is looked for in answers. A shorter one stands in too many that do not mean it.
    public var soughtBytesMin = 8
    /// Bytes of a form's beginning at the end of a content that are hidden too, if they are half of it. Fewer stand at the beginning of
    /// others' tokens as well.
    public var cutBytesMin = 16
    /// Bytes of a form that is looked for, percent-encoded or in base 64: half of a buffer, so that the rest of one that has begun
    /// has room beside it.
    public var soughtBytesMax = 32 << 10
    /// Bytes of a token answer's content. They have about 2 KiB; the caller stops reading here and reports
    /// `FetchFailure.answerTooLarge`.
    public var answerBytesMax = 64 << 10
    /// Nested values of a token answer or a JWT payload. Known ones have 2; deeper ones are not meant for us.
    public var answerDepthMax = 16

    /// Of a token whose answer and form tell none. Both providers' client tokens live one hour.
    public var lifetimeDefault = Duration.seconds(3_600)
    /// A token with less to live is a failure, "already expired": it would be gone before a request used it, and taking
    /// it would turn renewal into a storm.
    public var lifetimeMin = Duration.milliseconds(500)
    /// A longer lifetime is cut to this: beyond it lies more likely a wrong unit than a promise. Also keeps sums in range.
    public var lifetimeMax = Duration.seconds(366 * 86_400)
    /// The local clock and a JWT's `iat` may differ by this much before `exp` is no longer judged by the local clock:
    /// more than the life of an answer on its way, less than what costs a request of a short-lived token.
    public var clockDifferenceMax = Duration.seconds(60)
    /// Renewal begins after a share of the lifetime drawn from this range, so that proxies started together spread out.
    /// Lies within 80 % ± 5 %, read as points as well as of the 80.
    public var renewalShare = 0.76...0.84

    /// Pause after the first failure; it doubles with each further one.
    public var backoffFirst = Duration.seconds(1)
    /// Longest such pause: what an operator will wait for after an outage.
    public var backoffMax = Duration.seconds(60)
    /// The share of the pause that is kept, drawn anew each time, so that the attempts of many proxies do not meet.
    public var backoffShare = 0.5...1.0
    /// Longest `Retry-After` that is honoured; a longer one is cut, lest a mistaken field keep us away for a day.
    public var retryAfterMax = Duration.seconds(300)
    /// Between attempts after the credentials were refused: they will not cure themselves, and providers lock accounts.
    public var refusalPause = Duration.seconds(300)
    /// Between looks at the secrets' files while the credentials are refused: whoever has corrected one sees it work at once.
    public var secretsLookInterval = Duration.seconds(2)
    /// The caller's bounds: of one token call, and of a request that waits for a token. A person is still there then.
    public var authTimeout = Duration.seconds(10)

    /// How long a route that refused a fresh token answers 401 to that token without a new authentication.
    public var holdTime = Duration.seconds(10)
    /// Routes remembered as refusing. Far above any configuration; the oldest is forgotten beyond it.
    public var heldRoutesMax = 1_024
}
