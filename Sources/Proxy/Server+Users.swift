internal import EventLoop

// Whose connection it is, and what that user may do.

extension Server {
    /// Asks the kernel once for each connection.
    func user(of downstream: Handle<Downstream>) -> ClientUser {
        if let user = downstreams[downstream].user { return user }
        let user = kernel.peerUser(of: downstreams[downstream].descriptor.number).map(ClientUser.user) ?? .unknown
        downstreams[downstream].user = user
        return user
    }

    /// The answer where the route is not for the client's user, or where nobody knows who that is.
    func refusalOfUser(_ downstream: Handle<Downstream>, _ users: AllowedUsers, _ route: String) -> Answer? {
        switch user(of: downstream) {
        case .unknown: return .unknownUser(route)
        case .user(let number):
            switch users.verdict(on: number, at: now) {
            case .allowed: return nil
            case .refused(let name): return .userRefused(name.map { "\($0) (\(number))" } ?? "\(number)", route)
            }
        }
    }
}
