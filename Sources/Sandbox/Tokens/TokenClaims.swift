internal import Wire

/// What one of our JWTs says (RFC 7519 4.1).
struct TokenClaims {
    let subject: String
    /// The services that the token is good for.
    let audience: [String]
    /// Seconds since 1970-01-01 UTC.
    let expiresAt: Int
    /// The number of the token among all that its sandbox issued, and the name of that: the parts of its `jti`.
    let sequence: Int
    let issuer: String

    /// Nil for a payload that is none of ours.
    init?(payload: [UInt8]) {
        guard let json = try? JSON.parse(payload), let subject = json["sub"]?.string,
            let audience = json["aud"]?.array, let expiresAt = json["exp"]?.int,
            let parts = json["jti"]?.string?.split(separator: "-"), parts.count == 2, let sequence = Int(parts[0])
        else { return nil }
        self.subject = subject
        self.audience = audience.compactMap(\.string)
        self.expiresAt = expiresAt
        self.sequence = sequence
        issuer = String(parts[1])
    }
}
