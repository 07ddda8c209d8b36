internal import EventLoop

// A new configuration in the place of the running one.
//
// The unit is a part: a route, a credential, a destination. Each has a number of its own for good, the same on every loop. What the new
// configuration says alike stays as it is, with its token, its pool and its places; what it says otherwise is a new part, beside the
// one before. A request has its route from its head on, so it ends as it began; the routers of the listeners decide which route the next
// one gets, and they change between two events. What no request, connection or call refers to any more is let go of.
//
// All that can fail is done before (`RunningConfiguration.renewal`, and the opening of listeners), so a loop that gets a renewal only has
// to take it over: all loops have it, or none.

extension Server {
    /// What `renewal` starts from. On the first loop.
    public var running: RunningConfiguration {
        RunningConfiguration(
            configuration: configuration, routes: runningRoutes, credentials: runningCredentials, egressFiles: egressFiles,
            nextRoute: routes.nextIndex, nextCredential: credentials.nextIndex, nextDestination: destinations.nextIndex, secrets: secrets,
            group: group, seed: requestIDs.next())
    }

    /// In the order of the configuration.
    public var routeNames: [String] { configuration.routes.map(\.name) }

    /// How long what is under way may take once the proxy drains.
    public var drainTimeout: Duration { configuration.drainTimeout }

    /// Says why a new configuration is not used, one reason or more. On the first loop.
    public func tellRefused(_ reasons: [String]) {
        for reason in reasons { log.event(.error, "reload refused, the running configuration stays in force: \(reason)") }
        // Nobody has to correct what an ending process does not read.
        guard !isDraining, let first = reasons.first else { return }
        lastReload.isSuccessful = false
        note(.proxy, code: "reload_refused", reasons.count == 1 ? first : "\(first); and more, which the log has")
    }

    /// What it is at the start.
    func noteRunning() {
        let texts = configuration.texts
        lastReload.success = kernel.wallNow()
        egressFiles = configuration.egress.secretSources.map { secrets.signature(of: $0) }
        runningCredentials = credentials.map { credential in
            RunningPart(
                name: credential.configuration.name, index: credential.index, text: texts.credentials[credential.configuration.name] ?? "",
                files: RunningPart.signatures(credential.configuration.files),
                destination: credential.destination.map { .init(index: $0.index, text: "", files: []) }, shared: credential.shared)
        }
        runningRoutes = routes.enumerated().map { index, route in
            let isFromFile = texts.routes.indices.contains(index)
            return RunningPart(
                name: route.configuration.name, index: route.index, text: isFromFile ? texts.routes[index] : "",
                files: RunningPart.signatures(route.configuration.files),
                destination: .init(
                    index: route.destination.index, text: isFromFile ? texts.destinations[index] : "",
                    files: RunningPart.signatures(route.configuration.upstreamFiles)),
                users: route.users?.numbers, rate: route.rate)
        }
    }

    /// Puts a renewal of what `running` told in force, on all loops. On the first, between two turns or upon an event.
    ///
    /// - Parameter done: called when it is in force on all of them; where there is one loop, before this returns.
    /// - Throws: `StartError` where a listener cannot be opened: everything is as it was then.
    public func reload(_ renewal: Renewal, done: @escaping () -> Void = {}) throws(StartError) {
        precondition(position == 0 && !isDraining, "the first loop reloads, while it serves")
        // A signal is no event of ours: the last one may have been long ago.
        now = loop.now
        let wasOpen = listeners.map { !$0.isRetired }
        try openListeners(for: renewal)
        let former = takeParts(of: renewal)
        secrets.take(renewal.signatures)
        // Before any loop asks for others.
        if let tokenFile { renewTokens(in: tokenFile, former: former.credentials) }
        // Before a client is accepted, whom another loop may get.
        group?.stage(renewal)
        settle(renewal, in: former)
        group?.postToOthers(of: position, .reload)
        runningRoutes = renewal.routes
        runningCredentials = renewal.credentials
        egressFiles = renewal.egressFiles
        tell(renewal, wasOpen)
        reloads.append((hasChanges: !renewal.changes.isEmpty, done: done))
        for credential in credentials {
            if renewal.renewed.contains(credential.index) { renewSecrets(of: credential) }
            driveCredential(credential)
        }
        if renewal.remaining.add(-1) == 0 { reloadDone() }
    }

    /// All loops have taken over what the first has put in force, each reload in its turn.
    func reloadDone() {
        let (hasChanges, done) = reloads.removeFirst()
        lastReload = (isSuccessful: true, success: kernel.wallNow())
        log.event(.info, "reload: done\(hasChanges ? "" : ", and nothing has changed")")
        done()
    }

    private func tell(_ renewal: Renewal, _ wasOpen: [Bool]) {
        for warning in renewal.configuration.warnings + Preparation.warnings(renewal.configuration) { log.event(.warning, warning.description) }
        tellWarnings()
        for change in renewal.changes { log.event(.info, "reload: \(change)") }
        for (index, listener) in listeners.enumerated() where !listener.isRetired && !(index < wasOpen.count && wasOpen[index]) {
            log.event(.info, "reload: listening on \(listener.address) for \(listener.router.names.joined(separator: ", "))")
        }
    }

    /// Takes over this loop's share. On another loop than the first.
    func adopt(_ renewal: Renewal) {
        let former = takeParts(of: renewal)
        takeListeners(of: renewal)
        settle(renewal, in: former)
        if renewal.remaining.add(-1) == 0 { group?.post(.reloadDone, to: 0) }
    }

    /// The numbers of the routes and credentials that were in force.
    private typealias Former = (routes: [Int], credentials: [Int])

    private func takeParts(of renewal: Renewal) -> Former {
        let former = (routes: routes.present, credentials: credentials.present)
        let share = renewal.shares[position]
        for destination in share.destinations { destinations.append(destination) }
        for new in share.credentials { append(new.configuration, new.destination, new.shared) }
        for new in share.routes {
            destinations[new.destination].counters = metrics.counters(of: .upstream(route: new.configuration.name), loop: position)
            routes.append(
                RouteState(
                    index: routes.nextIndex, configuration: new.configuration, destination: destinations[new.destination],
                    credential: credentials[new.credential], users: new.users, listenContext: new.listenContext, rate: new.rate,
                    counters: metrics.counters(of: .route(new.configuration.name), loop: position)))
        }
        routes.enforce(renewal.routes.map(\.index))
        credentials.enforce(renewal.credentials.map(\.index))
        configuration = renewal.configuration
        budget = firstBudget.reserving(DescriptorBudget.listenersMax(configuration, loopCount: group?.members.count ?? 1))
        return former
    }

    private func settle(_ renewal: Renewal, in former: Former) {
        settleListeners(revoked: renewal.revoked)
        retire(former.routes, former.credentials, keeping: renewal.destinations)
    }
}

// MARK: what is replaced

extension Server {
    private func retire(_ formerRoutes: [Int], _ formerCredentials: [Int], keeping kept: Set<Int>) {
        retiredRoutes += formerRoutes.filter { !routes.present.contains($0) }
        for index in formerCredentials where !credentials.present.contains(index) {
            credentials[index].isRetired = true
            retiredCredentials.append(index)
            driveCredential(credentials[index])
        }
        for destination in destinations where !kept.contains(destination.index) && !destination.isRetired {
            destination.isRetired = true
            while let pooled = destination.idle.first { closeUpstream(pooled) }
        }
        sweep()
    }

    /// Lets go of the parts that nothing refers to any more; others are looked at again a little later.
    func sweep() {
        let used = routesInUse()
        for index in retiredRoutes where !used.contains(index) { routes.remove(index) }
        retiredRoutes.removeAll { !used.contains($0) }
        var calls: Set<Int> = []
        upstreams.forEach { if case .tokenCall(let index) = upstreams[$0].client { calls.insert(index) } }
        for index in retiredRoutes { calls.insert(routes[index].credential.index) }
        retiredCredentials.removeAll { index in
            let credential = credentials[index]
            guard !calls.contains(index), credential.waiting.isEmpty, credential.reading == nil, credential.request == nil else { return false }
            loop.removeTimer(credential.timer)
            credentials.remove(index)
            return true
        }
        // A request that has no connection yet comes to its destination by its route, and a look-up's answer by the number.
        var needed = Set(retiredRoutes.map { routes[$0].destination.index })
        for index in retiredCredentials { if let destination = credentials[index].destination { needed.insert(destination.index) } }
        for destination in destinations where destination.isRetired && !needed.contains(destination.index) {
            if destination.openCount == 0, destination.queueCount == 0 { destinations.remove(destination.index) }
        }
        let isDone = retiredRoutes.isEmpty && retiredCredentials.isEmpty && !destinations.contains { $0.isRetired }
        if isDone { loop.disarm(sweepTimer) } else { loop.arm(sweepTimer, at: now + Limits.sweepInterval) }
    }

    /// The routes of requests, and of clients that may have one more request.
    private func routesInUse() -> Set<Int> {
        var used: Set<Int> = []
        var hosts: Set<Int> = []
        downstreams.forEach { downstream in
            hosts.insert(downstreams[downstream].listener)
            switch downstreams[downstream].phase {
            case .exchanging, .tunnelling, .breaking: used.insert(downstreams[downstream].exchange.route)
            case .handshaking, .idle, .receivingHead, .finishing, .lingering, .closed: break
            }
        }
        for (index, listener) in listeners.enumerated() where listener.isRetired {
            if now < listener.routesEnd || hosts.contains(index) {
                used.formUnion(listener.router.indices)
            } else if !listener.router.indices.isEmpty {
                listener.router = Router(routes: [])
                listener.tls = nil
            }
        }
        return used
    }
}

// MARK: listeners

extension Server {
    /// Opens those that are new, for all loops. Nobody is accepted there before the routes are.
    private func openListeners(for renewal: Renewal) throws(StartError) {
        let known = listeners.count
        do throws(StartError) {
            try openMissing(renewal.configuration.routes)
            for index in listeners.indices where index >= known || listeners[index].isTakenUp { renewal.openings.append(try opening(index)) }
        } catch {
            for opening in renewal.openings { opening.descriptors.compactMap(\.self).forEach(kernel.close) }
            renewal.openings = []
            for listener in listeners[known...] { loop.removeTimer(listener.timer) }
            for listener in listeners where listener.isTakenUp { listener.layDown() }
            listeners.removeLast(listeners.count - known)
            throw error
        }
    }

    /// The same address on the other loops.
    private func opening(_ index: Int) throws(StartError) -> Renewal.Opening {
        let listener = listeners[index]
        var opening = Renewal.Opening(index: index, key: listener.key, address: listener.address, origin: listener.origin, descriptors: [])
        guard let group, listener.origin == .address else { return opening }
        do throws(SystemError) {
            for _ in group.members.indices.dropFirst() {
                opening.descriptors.append(try kernel.listen(on: listener.address, options: ListenOptions(sharing: .more, awaitsBytes: true)))
            }
        } catch {
            opening.descriptors.compactMap(\.self).forEach(kernel.close)
            throw .listen(error, route: "of \(listener.address)")
        }
        return opening
    }

    /// On another loop than the first, which has opened them.
    private func takeListeners(of renewal: Renewal) {
        for opening in renewal.openings {
            guard let number = opening.descriptors.isEmpty ? nil : opening.descriptors[position - 1] else {
                put(nil, at: opening.index, opening.address, opening.origin, opening.key)
                continue
            }
            let descriptor = Descriptor(number, of: kernel)
            do throws(SystemError) {
                try loop.register(number, for: handlerID, token: EventToken(.listener, index: opening.index).rawValue)
                put(descriptor, at: opening.index, opening.address, opening.origin, opening.key)
            } catch {
                log.event(.error, "\(error.description); this loop accepts nobody on \(opening.address)")
                // Closed: whom the kernel gave to a socket that nobody looks at would wait in vain.
                put(nil, at: opening.index, opening.address, opening.origin, opening.key)
            }
        }
    }

    /// Gives each listener its routes, and ends those that have none any more.
    ///
    /// - Parameter revoked: those whose clients have to show certificates of other authorities than before.
    func settleListeners(revoked: Set<Listener.Key> = []) {
        let routes = Dictionary(grouping: routes) { Listener.Key($0.configuration) }
        for index in listeners.indices {
            let listener = listeners[index]
            guard let own = routes[listener.key], listener.serves(listener.key) else {
                if !listener.isRetired { retireListener(index) }
                continue
            }
            // What encrypts stays, with its sessions, where any of its routes does.
            let former = listener.tls
            if let former, own.contains(where: { $0.listenContext === former }) {} else { listener.tls = own[0].listenContext }
            listener.router = Router(routes: own)
            // Who is left of those before a time without it came by what is not known any more.
            if former !== listener.tls { changeTLS(ofClientsAt: index, isRevoked: listener.isTakenUp || listener.isRetired || revoked.contains(listener.key)) }
            listener.isTakenUp = false
            guard listener.isRetired else { continue }
            listener.isRetired = false
            accept(on: index)
        }
    }

    /// Who waits to be accepted is so, and has one answer more, as has everybody who is connected.
    private func retireListener(_ index: Int) {
        let listener = listeners[index]
        if position == 0 { log.event(.info, "reload: no longer listening on \(listener.address)") }
        if listener.origin != .systemd {
            acceptWaiting(on: index)
            listener.descriptor = nil
        }
        listener.mayHaveMore = false
        loop.disarm(listener.timer)
        listener.isRetired = true
        listener.routesEnd = now + Limits.retiredListenerSpan
        downstreams.forEach { downstream in
            guard downstreams[downstream].listener == index else { return }
            downstreams[downstream].isLeaving = true
            if downstreams[downstream].phase == .idle, downstreams[downstream].output.isEmpty { endSoon(downstream) }
        }
    }

    /// Who has come by what encrypted there before has one answer more, whenever that is. Where other authorities let clients in now,
    /// it has none but the one that is under way.
    private func changeTLS(ofClientsAt index: Int, isRevoked: Bool) {
        downstreams.forEach { downstream in
            guard downstreams[downstream].listener == index else { return }
            downstreams[downstream].isLeaving = true
            if isRevoked { revoke(downstream) }
        }
    }

    private func revoke(_ downstream: Handle<Downstream>) {
        switch downstreams[downstream].phase {
        case .handshaking, .receivingHead: close(downstream)
        case .idle where downstreams[downstream].output.isEmpty: close(downstream)
        case .idle:
            downstreams[downstream].isOwedInput = true
            downstreams[downstream].become(.finishing)
        case .exchanging: downstreams[downstream].exchange.isPersistent = false
        case .tunnelling, .breaking, .finishing, .lingering, .closed: break
        }
    }
}
