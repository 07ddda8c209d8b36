internal import EventLoop

/// The users of `allow.users`, looked up: who may use a route.
final class AllowedUsers {
    struct Numbers: Hashable, Sendable {
        let users: [UInt32]
        let groups: [UInt32]
    }

    private let users: [UInt32]
    private let groups: [UInt32]
    private let groupsOfUser: (UInt32) -> [UInt32]
    /// Whether a user is in one of the groups. Whoever knows that may be another machine, for which everything here waits.
    private var remembered: [UInt32: (isMember: Bool, until: Instant)] = [:]

    /// - Parameter groupsOfUser: the groups that the system has a user in. Called only for users who are not listed themselves, and
    ///   only if groups are.
    init(users: [UInt32], groups: [UInt32], groupsOfUser: @escaping (UInt32) -> [UInt32]) {
        self.users = users
        self.groups = groups
        self.groupsOfUser = groupsOfUser
    }

    /// Whom the names stood for.
    var numbers: Numbers { Numbers(users: users, groups: groups) }

    func contains(_ user: UInt32, at now: Instant) -> Bool {
        users.contains(user) || !groups.isEmpty && isMember(user, at: now)
    }

    /// A user who has joined or left a group is noticed after a while.
    private func isMember(_ user: UInt32, at now: Instant) -> Bool {
        if let known = remembered[user], known.until > now { return known.isMember }
        let isMember = groupsOfUser(user).contains { groups.contains($0) }
        if remembered.count >= Limits.rememberedUsersMax, remembered[user] == nil { forgetOldest() }
        remembered[user] = (isMember, now + Limits.userLifetime)
        return isMember
    }

    private func forgetOldest() {
        guard let oldest = remembered.min(by: { $0.value.until < $1.value.until }) else { return }
        remembered[oldest.key] = nil
    }
}
