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
        if takePlace(user, of: placesMax) {
            downstreams[downstream].isCounted = true
        } else if allRefusedCount < min(Limits.refusalsOfUsersMax, budget.refusalsMax / 2) {
            refuse(downstream)
        } else {
            kernel.resetOnClose(downstreams[downstream].descriptor.number)
            close(downstream)
            return false
        }
        return true
    }

    /// It is going to be told that there are too many, and has no place among those that are served.
    func refuse(_ downstream: Handle<Downstream>) {
        markRefused(downstream)
        group?.giveClientPlaceBack()
    }

    func markRefused(_ downstream: Handle<Downstream>) {
        figures.add(at: Figure.Loop.clientsRefused)
        downstreams[downstream].isRefused = true
        refusedCount += 1
        group?.refusedCount.add(1)
    }

    /// Over all loops.
    private var allRefusedCount: Int { group?.refusedCount.value ?? refusedCount }

    /// Whether as many are being told already as may be at one time. One more for each loop may be, where several count at once.
    var areRefusalsTaken: Bool { allRefusedCount >= budget.refusalsMax }

    private func takePlace(_ user: ClientUser, of placesMax: Int) -> Bool {
        func take(_ taken: inout [ClientUser: Int]) -> Bool {
            let count = taken[user, default: 0]
            guard count < placesMax else { return false }
            taken[user] = count + 1
            return true
        }
        return group?.placesTaken.withLock(take) ?? take(&placesTaken)
    }

    /// What a refused connection is told. Its user was asked for only where there was a place.
    func refusalOfConnection(_ downstream: Handle<Downstream>) -> Answer {
        guard let user = downstreams[downstream].user, let placesMax = configuration.connectionsPerUserMax else {
            return .tooManyConnections(clientsMax)
        }
        return .tooManyConnections(of: user, placesMax)
    }

    func givePlaceBack(_ downstream: Handle<Downstream>) {
        guard let user = downstreams[downstream].user else { preconditionFailure("a place that was taken has a user") }
        func giveBack(_ taken: inout [ClientUser: Int]) {
            guard let count = taken[user] else { preconditionFailure("a place that was taken is counted") }
            taken[user] = count > 1 ? count - 1 : nil
        }
        if let group { group.placesTaken.withLock(giveBack) } else { giveBack(&placesTaken) }
    }
}
