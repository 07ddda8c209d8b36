internal import EventLoop

extension Preparation {
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
        return AllowedUsers(users: users, groups: groups)
    }
}
