internal import EventLoop

extension Preparation {
    /// What is allowed, but hardly meant, on a machine as this one is.
    static func warnings(_ configuration: Configuration) -> [Finding] {
        configuration.routes.flatMap { route in
            var warnings: [Finding] = []
            if case .unix(let path, _, _) = route.listen, let directory = UnixSocketFile.unsafeDirectory(above: path) {
                warnings.append(
                    Finding(
                        place: route.listenPlace,
                        message: "every user can put another socket in the place of this one, for all may write to \(directory); "
                            + "run chmod o-w \(directory), or choose another directory"))
            }
            for entry in route.allow.users ?? [] where isUnmapped(entry) {
                warnings.append(
                    Finding(
                        place: entry.place,
                        message: "\(unmappedUser) also stands for every user whom the kernel cannot name here, as in a container; "
                            + "list a user that stands for nobody else"))
            }
            return warnings
        }
    }

    private static func isUnmapped(_ entry: AllowedUser) -> Bool {
        switch entry.kind {
        case .number(let number): number == unmappedUser
        case .name(let name): Accounts.user(named: name) == unmappedUser
        case .group: false
        }
    }

    /// `nobody`; user_namespaces(7) has it for all users that a namespace does not have.
    private static let unmappedUser: UInt32 = 65_534

    /// Reports the group of a Unix socket that this machine does not have.
    mutating func checkSocket(of route: Route) {
        if case .unix(_, _, let group?) = route.listen, Accounts.group(text: group) == nil {
            report(route.listenPlace, "this machine has no group \(quoted(group))")
        }
    }

    /// Who may use a route, looked up; nil where everybody may.
    mutating func users(of route: Route) -> AllowedUsers? {
        guard let entries = route.allow.users else { return nil }
        var users: [UInt32] = []
        var groups: [UInt32] = []
        for entry in entries {
            switch entry.kind {
            case .number(let number): users.append(number)
            case .name(let name):
                if let user = Accounts.user(named: name) {
                    users.append(user)
                } else {
                    let advice = Accounts.group(named: name) == nil ? "" : "; the group of that name is \(quoted("@\(name)"))"
                    report(entry.place, "this machine has no user \(quoted(name))\(advice)")
                }
            case .group(let name):
                if let group = Accounts.group(text: name) {
                    groups.append(group)
                } else {
                    report(entry.place, "this machine has no group \(quoted(name))")
                }
            }
        }
        return AllowedUsers(users: users, groups: groups, groupsOfUser: Accounts.groups)
    }
}
