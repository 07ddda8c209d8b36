internal import Wire

/// What one of our JWTs says (RFC 7519 4.1).
struct TokenClaims {
    let subject: String
    /// The services that the token is good for.
    let audience: [String]
    /// Seconds since 1970-01-01 UTC.
    let expiresAt: Int
    /// The number of the token among all that were issued; its `jti` begins with it.
    let sequence: Int

    init(subject: String, audience: [String], expiresAt: Int, sequence: Int) {
        self.subject = subject
        self.audience = audience
        self.expiresAt = expiresAt
        self.sequence = sequence
    }

    /// Nil for a payload that is none of ours.
    init?(payload: [UInt8]) {
        guard let json = try? JSON.parse(payload), let subject = json["sub"]?.string,
            let audience = json["aud"]?.array, let expiresAt = json["exp"]?.int,
            let name = json["jti"]?.string, let number = name.split(separator: "-").first, let sequence = Int(number)
        else { return nil }
        self.init(
            subject: subject, audience: audience.compactMap(\.string), expiresAt: expiresAt, sequence: sequence)
    }
}
