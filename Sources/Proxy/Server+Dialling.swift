internal import EventLoop

// Upstream connections: from the name to a connected socket.

extension Server {
    /// Begins to connect where addresses are known, else when the look-up has ended.
    func dial(_ upstream: Handle<Upstream>) {
        let destination = upstreams[upstream].destination
        guard let race = upstreams[upstream].race else { preconditionFailure("a connection is dialled once") }
        let state = destination.addressBook.state(at: now)
        if state != .fresh {
            lookUp(destination)
            race.awaitsLookUp = true
            destination.resolving.append(upstream)
        }
        if state == .unknown { return }
        race.add(destination.addressBook.candidates(at: now))
        if !tryNextAddress(upstream) { tellByTimer(upstream, unreached(upstream)) }
    }

    /// Looks the name up, if that is not being done.
    func lookUp(_ destination: Destination) {
        guard !destination.addressBook.isLookingUp else { return }
        destination.addressBook.isLookingUp = true
        loop.resolve(
            destination.dialled.host, port: destination.dialled.port, for: handlerID,
            token: EventToken(.resolution, index: destination.index).rawValue)
    }

    /// The look-up for a destination has ended.
    func resolved(_ destination: Destination, token: UInt64) {
        guard let result = loop.takeResolution(for: handlerID, token: token) else { return }
        destination.addressBook.isLookingUp = false
        var waiting: [Handle<Upstream>] = []
        swap(&waiting, &destination.resolving)
        switch result {
        case .success(let addresses):
            if destination.addressBook.learned(addresses, at: now) { retireOutdated(destination) }
        case .failure(let error):
            log.event(.warning, "\(destination.text): \(error.description)")
            guard destination.addressBook.lookUpFailed(at: now) else {
                for upstream in waiting where upstreams.isAlive(upstream) && upstreams[upstream].phase == .resolving {
                    upstreamFailed(upstream, destination.connecting(.unresolved(error)))
                }
                return
            }
        }
        for upstream in waiting where upstreams.isAlive(upstream) { dialOn(upstream) }
    }

    /// The look-up that the connection waits for, or may profit by, has ended.
    private func dialOn(_ upstream: Handle<Upstream>) {
        guard let race = upstreams[upstream].race, upstreams[upstream].fault == nil else { return }
        race.awaitsLookUp = false
        race.add(upstreams[upstream].destination.addressBook.candidates(at: now))
        // One of them may have been connected to meanwhile; the others are for when nothing comes of that.
        guard upstreams[upstream].phase == .resolving || upstreams[upstream].phase == .connecting else { return }
        if !race.attempts.isEmpty {
            armForNext(upstream, race)
        } else if !tryNextAddress(upstream) {
            upstreamFailed(upstream, unreached(upstream))
        }
    }

    /// Connections to addresses that the name no longer leads to end: at once where they are free, else with their request.
    private func retireOutdated(_ destination: Destination) {
        upstreams.forEach { upstream in
            guard upstreams[upstream].destination === destination, let address = upstreams[upstream].address,
                destination.addressBook.isGone(address)
            else { return }
            upstreams[upstream].isOutdated = true
            if upstreams[upstream].phase == .idle { closeUpstream(upstream) }
        }
    }
}

// MARK: attempts

extension Server {
    /// Begins with the next address that a socket can be had for. False when nothing is under way or to be hoped for.
    func tryNextAddress(_ upstream: Handle<Upstream>) -> Bool {
        guard let race = upstreams[upstream].race else { preconditionFailure("it is being dialled") }
        while now < upstreams[upstream].connectDeadline, let (address, place) = race.takeNext() {
            // Where there is no room for two at one time, the later takes the place of the earlier.
            if !race.attempts.isEmpty, socketCount >= budget.socketsMax { drop(race.attempts[0], of: race) }
            do throws(SystemError) {
                let number = try kernel.connect(to: address)
                let attempt = AddressAttempt(to: address, place: place, Descriptor(number, of: kernel))
                try loop.register(number, for: handlerID, token: EventToken(upstream, place: place).rawValue)
                race.attempts.append(attempt)
                if race.attempts.count > 1 { addRivals(1) }
                break
            } catch {
                race.fault = .unreachable(address: address.description, reason: error.reason)
            }
        }
        if upstreams[upstream].phase == .resolving, race.triedCount > 0 { upstreams[upstream].become(.connecting) }
        armForNext(upstream, race)
        return !race.attempts.isEmpty || race.awaitsLookUp
    }

    private func armForNext(_ upstream: Handle<Upstream>, _ race: AddressRace) {
        let deadline = upstreams[upstream].connectDeadline
        setDeadline(upstream, at: race.hasMore ? min(deadline, now + Limits.attemptDelay) : deadline)
    }

    /// Something happened to one of the sockets.
    func attemptReady(_ upstream: Handle<Upstream>, place: Int) {
        guard let race = upstreams[upstream].race, upstreams[upstream].fault == nil,
            let attempt = race.attempt(at: place)
        else { return }
        let code = kernel.connectError(of: attempt.number)
        guard code == 0 else {
            race.fault = .unreachable(address: attempt.address.description, reason: SystemError.text(for: code))
            drop(attempt, of: race)
            if !tryNextAddress(upstream) { upstreamFailed(upstream, unreached(upstream)) }
            return
        }
        guard attempt.readiness.contains(.writable) else { return }
        if place > 0 { upstreams[upstream].destination.addressBook.prefer(attempt.address, at: now) }
        giveUpAttempts(race)
        upstreams[upstream].own(attempt)
        noteReadiness(upstream, attempt.readiness)
        connected(upstream)
    }

    /// The time for the attempts under way is over: another address joins them, or it is over for the connection.
    func attemptTakesLong(_ upstream: Handle<Upstream>) {
        guard let race = upstreams[upstream].race else { return }
        if now < upstreams[upstream].connectDeadline {
            if !tryNextAddress(upstream) { upstreamFailed(upstream, unreached(upstream)) }
            return
        }
        if !race.attempts.isEmpty {
            let addresses = race.attempts.map(\.address.description).joined(separator: ", ")
            race.fault = .connectTimeout(address: addresses, limit: upstreams[upstream].destination.connectTimeout.duration)
        }
        upstreamFailed(upstream, unreached(upstream))
    }

    /// Why none was reached. They may have moved.
    func unreached(_ upstream: Handle<Upstream>) -> UpstreamFault {
        let destination = upstreams[upstream].destination
        destination.addressBook.unreachable(at: now)
        return destination.connecting(
            upstreams[upstream].race?.fault ?? .unreachable(address: destination.text, reason: "it has no address"))
    }

    private func drop(_ attempt: AddressAttempt, of race: AddressRace) {
        race.attempts.removeAll { $0 === attempt }
        if !race.attempts.isEmpty { addRivals(-1) }
    }

    private func addRivals(_ count: Int) {
        rivalCount += count
        publishSockets()
    }

    /// Nothing is waited for any more. The sockets close as soon as nobody holds them.
    func giveUpAttempts(_ race: AddressRace) {
        if race.attempts.count > 1 { addRivals(1 - race.attempts.count) }
        race.attempts = []
    }
}
