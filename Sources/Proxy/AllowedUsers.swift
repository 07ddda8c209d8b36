internal import EventLoop

/// The users of `allow.users`, looked up: who may use a route.
final class AllowedUsers {
    enum Verdict: Equatable {
        case allowed
        /// With the user's name, if the system has one.
        case refused(name: String?)
    }

    private let users: [UInt32]
    private let groups: [UInt32]
    /// Of users that do not stand in the list themselves, for which the system has to be asked: it may have to ask another machine.
    private var remembered: [UInt32: (verdict: Verdict, until: Duration)] = [:]

    init(users: [UInt32], groups: [UInt32]) {
        self.users = users
        self.groups = groups
    }

    /// A user who has joined or left a group is noticed after a while.
    func verdict(on user: UInt32, at now: Duration) -> Verdict {
        if users.contains(user) { return .allowed }
        if let known = remembered[user], known.until > now { return known.verdict }
        let isMember = !groups.isEmpty && Accounts.groups(of: user).contains { groups.contains($0) }
        let verdict = isMember ? Verdict.allowed : .refused(name: Accounts.userName(of: user))
        if remembered.count >= Limits.rememberedUsersMax { remembered.removeAll() }
        remembered[user] = (verdict, now + Limits.userLifetime)
        return verdict
    }
}
