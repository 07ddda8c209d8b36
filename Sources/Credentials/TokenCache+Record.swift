// What of the machine outlives the process.

extension TokenCache {
    /// The token in its prime and its refresh token, to be kept beyond this process; nil in any other state.
    public func record(at now: Duration, wall: Duration) -> TokenRecord? {
        guard case .valid(let token) = state else { return nil }
        return TokenRecord(
            token: token.secret, refreshToken: refreshToken, saved: wall, renewal: wall + (token.renewal - now),
            expiry: wall + (token.expiry - now))
    }

    /// Takes over the token of an earlier process, as generation 1, before anything else was done with the machine. A renewal
    /// that is due by now begins at once, and the token serves meanwhile.
    ///
    /// - Throws: `Misfit` if the token has expired, or nearly, or its times cannot be right.
    public mutating func restore(_ record: TokenRecord, at now: Duration, wall: Duration) throws(Misfit) {
        guard case .fetching(let flight) = state, flight.isPending, generation == 0 else {
            preconditionFailure("a token is restored before any other is asked for")
        }
        guard record.saved - wall <= limits.clockDifferenceMax, record.expiry - wall <= limits.lifetimeMax else { throw .fromTheFuture }
        let left = record.expiry - wall
        guard left >= limits.lifetimeMin else { throw .expired }
        generation = 1
        refreshToken = record.refreshToken
        takeAsProven()
        let obtained = now - (wall - record.saved)
        state = .valid(TokenState.Token(
            secret: record.token, generation: generation, isRefreshed: false, asked: obtained, obtained: obtained,
            renewal: now + min(record.renewal - wall, left), expiry: now + left))
    }

    /// Why a token is not taken over.
    public enum Misfit: Error {
        case expired
        /// The clock was set back since, or forward then.
        case fromTheFuture

        /// For the log.
        public var cause: String {
            switch self {
            case .expired: "it has expired"
            case .fromTheFuture: "it is from a time that has not come yet by this machine's clock"
            }
        }
    }
}

extension Grant {
    /// All that a token is obtained with, secrets and settings alike, for keys that are derived from it; nil for a grant without
    /// calls. Two grants that differ in anything have different ones.
    public var sealingSecret: Secret? {
        guard permanentToken == nil else { return nil }
        let request = request(for: .authenticate)
        let parts = [Secret(request.method), request.path, request.fieldLines, request.body]
        return Secret(capacity: parts.reduce(0) { $0 + 4 + $1.count }) { output in
            for part in parts {
                for shift in [24, 16, 8, 0] { output.append(UInt8(truncatingIfNeeded: part.count >> shift)) }
                output.append(contentsOf: part)
            }
        }
    }
}
