internal import Wire

/// The two times of a JSON Web Token (RFC 7519) that its bearer may read. Nothing is verified: the token's audience does that.
public struct JWT: Sendable, Equatable {
    /// `exp` (RFC 7519 4.1.4), since 1970-01-01 UTC.
    public let expiry: Duration?
    /// `iat` (RFC 7519 4.1.6), since 1970-01-01 UTC.
    public let issued: Duration?

    /// Reads a token in the JWS compact form (RFC 7515 3.1): three parts with dots between them, of which only the second is
    /// looked into. Nil if it has another form, is longer than `limits.tokenBytesMax`, or holds no JSON object; a time
    /// that is no number is as if it were not there.
    public init?(_ token: Span<UInt8>, limits: Limits = Limits()) {
        guard token.count <= limits.tokenBytesMax, let payload = Self.payload(of: token),
            let bytes = Base64URL.decode(payload),
            let claims = try? JSON.parse(bytes, depthMax: limits.answerDepthMax), claims.object != nil
        else { return nil }
        expiry = Self.time(claims["exp"])
        issued = Self.time(claims["iat"])
    }

    /// Between the first dot and the second; nil if there are not exactly two, or nothing before the first.
    private static func payload(of token: Span<UInt8>) -> [UInt8]? {
        var part = 0
        var payload: [UInt8] = []
        for index in 0..<token.count {
            let byte = token[index]
            if byte == UInt8(ascii: ".") {
                guard index > 0 else { return nil }
                part += 1
            } else if part == 1 {
                payload.append(byte)
            }
        }
        return part == 2 && !payload.isEmpty ? payload : nil
    }

    /// NumericDate (RFC 7519 2): seconds, perhaps with a fraction.
    private static func time(_ claim: JSON?) -> Duration? {
        guard let seconds = claim?.double else { return nil }
        return .seconds(min(max(seconds, 0), timeMax))
    }

    /// Seconds; about the year 5138. Keeps a nonsensical time from overflowing.
    private static let timeMax = 1e11
}
