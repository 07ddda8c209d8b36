/// When a token that was just answered expires and is to be renewed, on the monotonic clock.
///
/// The earlier of these counts:
/// - the answer's `expiresIn`, from the moment the call was sent: the server began to count after that;
/// - the JWT's `exp`, as far ahead as it is of the wall clock. If nobody vouches for that clock, and the token's `iat` is more
///   than `Limits.clockDifferenceMax` away from it, then it is wrong, and `exp − iat` counts from the moment the call was
///   sent. Where it is vouched for, such a token was made long before it was asked for.
///
/// If there is neither: `Limits.lifetimeDefault`.
struct Lifetime: Equatable {
    let renewal: Duration
    let expiry: Duration

    /// Nil if less than `Limits.lifetimeMin` is left. `share` is the part of the remaining life after which to renew.
    init?(
        expiresIn: Duration?, jwt: JWT?, sentAt: Duration, now: Duration, wall: Duration, isWallCertain: Bool, share: Double,
        limits: Limits
    ) {
        var expiries: [Duration] = []
        if let expiresIn { expiries.append(sentAt + expiresIn) }
        if let end = jwt?.expiry {
            let issued = isWallCertain ? nil : jwt?.issued
            if let issued, issued - wall > limits.clockDifferenceMax || wall - issued > limits.clockDifferenceMax {
                expiries.append(sentAt + (end - issued))
            } else {
                expiries.append(now + (end - wall))
            }
        }
        let left = min((expiries.min() ?? sentAt + limits.lifetimeDefault) - now, limits.lifetimeMax)
        guard left >= limits.lifetimeMin else { return nil }
        expiry = now + left
        renewal = now + left * share
    }
}
