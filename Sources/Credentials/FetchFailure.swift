/// Why a token call ended without an answer that `TokenCache.answered` could judge: what the caller, who has the
/// connection, reports. The texts become part of answers and logs, so they name hosts and reasons, never content.
public enum FetchFailure: Error, Sendable, Equatable {
    /// No connection to the token endpoint: resolution, dialling, a reset.
    case connection(String)
    /// TLS to the token endpoint failed.
    case tls(String)
    /// No whole answer within the caller's bound (`Limits.authTimeout`).
    case timeout(String)
    /// The answer is no HTTP that RFC 9112 allows.
    case malformedAnswer(String)
    /// The connection ended within the answer.
    case truncatedAnswer
    /// The answer's content has more than `Limits.answerBytesMax`.
    case answerTooLarge

    /// Whether it is the answer that cannot be used, which the next may not be better than, and not the way to it.
    var isAnswer: Bool {
        switch self {
        case .connection, .tls, .timeout: false
        case .malformedAnswer, .truncatedAnswer, .answerTooLarge: true
        }
    }

    /// For answers and logs.
    public var cause: String {
        switch self {
        case .connection(let reason): "the token endpoint cannot be reached: \(reason)"
        case .tls(let reason): "TLS to the token endpoint failed: \(reason)"
        case .timeout(let reason): "the token endpoint did not answer in time: \(reason)"
        case .malformedAnswer(let reason): "the token endpoint's answer is malformed: \(reason)"
        case .truncatedAnswer: "the token endpoint's answer is cut off"
        case .answerTooLarge: "the token endpoint's answer is too large for a token answer"
        }
    }
}
