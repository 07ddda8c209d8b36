internal import Credentials

/// Why a call brought no token, as a label of metrics.
enum TokenFailure: String, CaseIterable {
    /// The credentials themselves were.
    case refused
    case refreshTokenRefused = "refresh_token_refused"
    /// An answer of another kind, or none that can be understood.
    case answer
    case connection, tls, timeout

    init(_ failure: FetchFailure) {
        switch failure {
        case .connection: self = .connection
        case .tls: self = .tls
        case .timeout: self = .timeout
        case .malformedAnswer, .truncatedAnswer, .answerTooLarge: self = .answer
        }
    }

    /// Its place among all of them.
    var index: Int { Self.allCases.firstIndex(of: self)! }
}
