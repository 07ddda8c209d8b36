/// The routes that refuse even fresh tokens, so that an endpoint that always answers 401 does not cause one
/// authentication after the other.
///
/// A route gets here in two ways, each for `Limits.holdTime`:
/// - A replay with a fresh token was refused: this very token is not tried against the token endpoint again.
/// - A refusal by the route made us authenticate, and no replay with the fruit of it was accepted since: a refusal of a
///   token younger than the one refused then says nothing new. Without this, requests that overtake the replay, or two such
///   routes that spoil each other's generations, would authenticate without end. Where the replay was lost, with its client or its
///   connection, one more refusal is believed, and that is all until the time is over.
///
/// What cannot be replayed is never proved, so one refusal of another request is believed behind it. But after its refusal made us
/// authenticate, no other such refusal of the route does, however many requests besides are accepted there.
struct RouteHolds: Sendable {
    private struct Entry {
        let route: Int
        var heldGeneration: UInt64 = 0
        var heldUntil = Duration.zero
        /// The generation whose refusal made us authenticate.
        var refusedGeneration: UInt64 = 0
        var unprovenUntil = Duration.zero
        /// No replay will show what it was worth.
        var hasLostReplay = false
        /// It was one that was believed behind a lost replay.
        var isSecond = false

        /// A refusal that no replay could prove made us authenticate.
        var unprovableUntil = Duration.zero

        var isUnproven: Bool { unprovenUntil > .zero }
        var end: Duration { max(heldUntil, unprovenUntil, unprovableUntil) }
    }

    private var entries: [Entry] = []

    /// Whether a refusal of the current token goes to the client without an authentication.
    func passesThrough(generation: UInt64, route: Int, at now: Duration) -> Bool {
        guard let entry = entries.first(where: { $0.route == route }) else { return false }
        return (entry.heldGeneration == generation && now < entry.heldUntil)
            || (!entry.hasLostReplay && entry.refusedGeneration < generation && now < entry.unprovenUntil)
    }

    /// Whether a refusal that no replay can prove has made us authenticate not long ago.
    func hasUnprovable(route: Int, at now: Duration) -> Bool {
        entries.contains { $0.route == route && now < $0.unprovableUntil }
    }

    /// A replay with this token was refused.
    mutating func replayRefused(generation: UInt64, route: Int, at now: Duration, limits: Limits) {
        update(route, at: now, limits: limits) { entry in
            entry.heldGeneration = generation
            entry.heldUntil = now + limits.holdTime
        }
    }

    /// The refusal of this token by the route begins an authentication.
    mutating func authenticationBegun(generation: UInt64, route: Int, isProvable: Bool, at now: Duration, limits: Limits) {
        update(route, at: now, limits: limits) { entry in
            entry.isSecond = entry.hasLostReplay && now < entry.unprovenUntil
            entry.hasLostReplay = !isProvable && !entry.isSecond
            entry.refusedGeneration = generation
            entry.unprovenUntil = now + limits.holdTime
            if !isProvable { entry.unprovableUntil = now + limits.holdTime }
        }
    }

    /// A request to which this token was refused has ended, and its replay has shown nothing.
    mutating func replayLost(refusedGeneration: UInt64, route: Int) {
        guard let index = entries.firstIndex(where: { $0.route == route && $0.refusedGeneration == refusedGeneration }) else { return }
        entries[index].hasLostReplay = !entries[index].isSecond
    }

    /// Whether `awaitsAcceptance` may be true of any request.
    var awaitsAcceptances: Bool { entries.contains { $0.isUnproven } }

    /// Whether it is true of the same requests as with `other`.
    func awaitsSame(as other: RouteHolds) -> Bool {
        entries.lazy.filter(\.isUnproven).elementsEqual(other.entries.lazy.filter(\.isUnproven)) {
            $0.route == $1.route && $0.refusedGeneration == $1.refusedGeneration
        }
    }

    /// Whether `accepted` would change something.
    func awaitsAcceptance(generation: UInt64, route: Int) -> Bool {
        !entries.isEmpty
            && entries.contains { $0.route == route && $0.refusedGeneration < generation && $0.isUnproven }
    }

    /// A request with this token was accepted.
    mutating func accepted(generation: UInt64, route: Int) {
        guard let index = entries.firstIndex(where: { $0.route == route }),
            entries[index].refusedGeneration < generation
        else { return }
        entries[index].unprovenUntil = .zero
    }

    private mutating func update(_ route: Int, at now: Duration, limits: Limits, _ change: (inout Entry) -> Void) {
        entries.removeAll { $0.end <= now && $0.route != route }
        if let index = entries.firstIndex(where: { $0.route == route }) {
            change(&entries[index])
            return
        }
        if entries.count >= limits.heldRoutesMax, let oldest = entries.indices.min(by: { entries[$0].end < entries[$1].end }) {
            entries.remove(at: oldest)
        }
        var entry = Entry(route: route)
        change(&entry)
        entries.append(entry)
    }
}
