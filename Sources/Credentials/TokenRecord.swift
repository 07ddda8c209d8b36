/// A token with its times since 1970, in the form in which it outlives the process.
///
///     saved (8) | renewal (8) | expiry (8) | count (4) | token | count (4) | refresh token, or nothing
///
/// Numbers are big-endian, times in milliseconds. It is no form to be stored as it is: it shows the token.
public struct TokenRecord: Sendable, Equatable {
    let token: Secret
    let refreshToken: Secret?
    /// When this was written down.
    let saved: Duration
    let renewal: Duration
    let expiry: Duration

    /// The written form.
    public var bytes: Secret {
        Secret(capacity: 32 + token.count + (refreshToken?.count ?? 0)) { output in
            for time in [saved, renewal, expiry] { output.appendNumber(UInt64(Self.milliseconds(time)), bytes: 8) }
            let secrets = [token, refreshToken]
            for secret in secrets {
                output.appendNumber(UInt64(secret?.count ?? 0), bytes: 4)
                if let secret { output.append(contentsOf: secret) }
            }
        }
    }

    init(token: Secret, refreshToken: Secret?, saved: Duration, renewal: Duration, expiry: Duration) {
        self.token = token
        self.refreshToken = refreshToken
        self.saved = Self.written(saved)
        self.renewal = Self.written(renewal)
        self.expiry = Self.written(expiry)
    }

    /// A time as precise as it is written down, and never later.
    private static func written(_ time: Duration) -> Duration {
        .milliseconds(milliseconds(time))
    }

    private static func milliseconds(_ time: Duration) -> Int64 {
        let (seconds, attoseconds) = time.components
        return max(0, seconds * 1_000 + attoseconds / 1_000_000_000_000_000)
    }

    /// Nil for anything but a written form of tokens that may be sent.
    public init?(_ bytes: Span<UInt8>, limits: Limits = Limits()) {
        var reader = Reader()
        guard let saved = reader.time(bytes), let renewal = reader.time(bytes), let expiry = reader.time(bytes),
            let token = reader.secret(bytes, bytesMax: limits.tokenBytesMax), token.count > 0,
            let refreshToken = reader.secret(bytes, bytesMax: limits.refreshTokenBytesMax), reader.offset == bytes.count
        else { return nil }
        self.init(
            token: token, refreshToken: refreshToken.count > 0 ? refreshToken : nil, saved: saved, renewal: renewal, expiry: expiry)
    }

    /// Goes through a written form.
    private struct Reader {
        private(set) var offset = 0

        mutating func time(_ bytes: Span<UInt8>) -> Duration? {
            // Far beyond any, and short of where the reckoning would overflow.
            number(bytes, count: 8).flatMap { $0 < 1 << 50 ? .milliseconds(Int64($0)) : nil }
        }

        mutating func secret(_ bytes: Span<UInt8>, bytesMax: Int) -> Secret? {
            guard let count = number(bytes, count: 4), count <= UInt64(min(bytesMax, bytes.count - offset)) else { return nil }
            let range = offset..<offset + Int(count)
            offset = range.upperBound
            guard range.allSatisfy({ Grammar.isVisible(bytes[$0]) }) else { return nil }
            return Secret(capacity: range.count) { output in
                for index in range { output.append(bytes[index]) }
            }
        }

        private mutating func number(_ bytes: Span<UInt8>, count: Int) -> UInt64? {
            guard bytes.count - offset >= count else { return nil }
            var number: UInt64 = 0
            for index in offset..<offset + count { number = number << 8 | UInt64(bytes[index]) }
            offset += count
            return number
        }
    }
}

extension OutputSpan<UInt8> {
    mutating func append(contentsOf secret: Secret) {
        secret.withBytes { bytes in
            for index in 0..<bytes.count { append(bytes[index]) }
        }
    }

    fileprivate mutating func appendNumber(_ number: UInt64, bytes count: Int) {
        for index in (0..<count).reversed() { append(UInt8(truncatingIfNeeded: number >> (8 * UInt64(index)))) }
    }
}
