/// When a token that was just answered expires and is to be renewed, on the monotonic clock.
///
/// The earlier of these counts:
/// - the answer's `expiresIn`, from the moment the call was sent: the server began to count after that;
/// - the JWT's `exp`, as far ahead as it is of the present time; see `remainder`.
///
/// If there is neither: `Limits.lifetimeDefault`.
struct Lifetime: Equatable {
    let renewal: Duration
    let expiry: Duration

    /// Nil if less than `Limits.lifetimeMin` is left. `share` is the part of the remaining life after which to renew.
    init?(
        expiresIn: Duration?, jwt: JWT?, sentAt: Duration, now: Duration, wall: Duration, date: Duration?, share: Double,
        limits: Limits
    ) {
        var expiries: [Duration] = []
        if let expiresIn { expiries.append(sentAt + expiresIn) }
        if let end = jwt?.expiry {
            let life = (jwt?.issued).map { (issued: $0, since: sentAt - now + (end - $0)) }
            let left = Self.remainder(of: end, life: life, expiresIn: expiresIn, wall: wall, date: date, limits: limits)
            expiries.append(now + left)
        }
        let left = min((expiries.min() ?? sentAt + limits.lifetimeDefault) - now, limits.lifetimeMax)
        guard left >= limits.lifetimeMin else { return nil }
        expiry = now + left
        renewal = now + left * share
    }

    /// How far `exp` is ahead. It is a time of the clock of whoever made the token, and the local one may be wrong, as may the
    /// endpoint's `Date`. Two of these and the token's `iat` that are within `Limits.clockDifferenceMax` of each other are right.
    /// Where there are no such two, the token has `exp − iat` from the sending of the call, or less by a clock; but a clock by which it
    /// has expired is the wrong one, unless both say so.
    ///
    /// - Parameter life: the token's `iat`, and what is left of `exp − iat`.
    private static func remainder(
        of end: Duration, life: (issued: Duration, since: Duration)?, expiresIn: Duration?, wall: Duration, date: Duration?, limits: Limits
    ) -> Duration {
        func isNear(_ first: Duration, _ second: Duration) -> Bool {
            max(first, second) - min(first, second) <= limits.clockDifferenceMax
        }
        guard let date else {
            guard let life, !isNear(life.issued, wall) else { return end - wall }
            // Nobody says whether the clock is wrong or the token old. What the answer tells of its life decides.
            guard let expiresIn, !isNear(expiresIn, end - life.issued) else { return life.since }
            return min(life.since, end - wall)
        }
        if isNear(date, wall) { return end - wall }
        if let life, isNear(life.issued, wall) { return end - wall }
        if let life, isNear(life.issued, date) { return end - date }
        guard let living = [end - wall, end - date].filter({ $0 >= limits.lifetimeMin }).min() else { return .zero }
        return min(living, life?.since ?? living)
    }
}
