/// What was asked of one service's token endpoints.
public struct TokenCalls: Equatable, Sendable {
    /// Calls with client keys, or with user and password, whatever their answer.
    public internal(set) var authentications = 0
    /// Calls with a refresh token, whatever their answer.
    public internal(set) var refreshes = 0
    /// Calls among both that got no token.
    public internal(set) var refused = 0

    /// All calls.
    public var count: Int { authentications + refreshes }

    var document: JSONDocument {
        [
            "authentications": .int(authentications), "refreshes": .int(refreshes), "refused": .int(refused),
            "count": .int(count),
        ]
    }
}
