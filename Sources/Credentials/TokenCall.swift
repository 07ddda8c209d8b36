/// The calls that a flight to the token endpoint may consist of.
enum TokenCall: Sendable, Equatable {
    /// With the configured credentials.
    case authenticate
    /// With the refresh token that came with an earlier answer.
    case refresh(Secret)
}
