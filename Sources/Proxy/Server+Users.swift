internal import EventLoop

// Whose connection it is, and what that user may do.

extension Server {
    /// Asks the kernel once for each connection.
    func user(of downstream: Handle<Downstream>) -> ClientUser {
        if let user = downstreams[downstream].user { return user }
        let descriptor = downstreams[downstream].descriptor.number
        let user = kernel.peerUser(of: descriptor).map(ClientUser.user) ?? ClientUser(address: kernel.peerAddress(of: descriptor))
        downstreams[downstream].user = user
        return user
    }

    /// The answer where the route is not for the client's user, or where nobody knows who that is.
    func refusalOfUser(_ downstream: Handle<Downstream>, _ users: AllowedUsers, _ route: String) -> Answer? {
        guard let number = user(of: downstream).number else { return .unknownUser(route) }
        return users.contains(number, at: now) ? nil : .userRefused(number, route)
    }
}

// MARK: places

extension Server {
    /// Counts a new connection among its user's. Where it is one too many, it is marked as refused, to be told so; and where many are
    /// being told already, for they take places, too, it is closed at once: false.
    func takePlace(_ downstream: Handle<Downstream>, of placesMax: Int) -> Bool {
        let user = user(of: downstream)
        let count = placesTaken[user, default: 0]
        if count < placesMax {
            placesTaken[user] = count + 1
            downstreams[downstream].isCounted = true
        } else if refusedCount < min(Limits.refusalsOfUsersMax, budget.refusalsMax / 2) {
            downstreams[downstream].isRefused = true
            refusedCount += 1
        } else {
            kernel.resetOnClose(downstreams[downstream].descriptor.number)
            close(downstream)
            return false
        }
        return true
    }

    /// What a refused connection is told. Its user was asked for only where there was a place.
    func refusalOfConnection(_ downstream: Handle<Downstream>) -> Answer {
        guard let user = downstreams[downstream].user, let placesMax = configuration.connectionsPerUserMax else {
            return .tooManyConnections(clientsMax)
        }
        return .tooManyConnections(of: user, placesMax)
    }

    func givePlaceBack(_ downstream: Handle<Downstream>) {
        guard let user = downstreams[downstream].user, let count = placesTaken[user] else {
            preconditionFailure("a place that was taken has a user")
        }
        placesTaken[user] = count > 1 ? count - 1 : nil
    }
}
