internal import Glibc
internal import TLS
public import EventLoop

extension Server {
    /// Opens all listeners and begins to obtain tokens. Requests are served from now on, whenever the loop turns.
    ///
    /// - Throws: `StartError.listen` or `wake`: none of the listeners is open then.
    public func start() throws(StartError) {
        try listen()
        obtainTokens()
    }

    /// The first half of `start`, after which the process may lose its rights to listen. Starts no thread.
    ///
    /// - Parameter passed: the sockets that systemd passed on, for the routes that name them.
    public func listen(passed: PassedSockets = PassedSockets()) throws(StartError) {
        do {
            try openMailbox()
            for socket in passed.all { try adopt(socket) }
            try openMissing(configuration.routes)
            settleListeners()
            try openAdmin()
        } catch {
            listeners = []
            throw error
        }
    }

    /// The same for one more loop, on the addresses of the first. Unix sockets and those of systemd stay with that: it hands clients over.
    public func listen(besides first: Server) throws(StartError) {
        try openMailbox()
        for listener in first.listeners {
            guard listener.origin == .address else {
                append(nil, listener.address, listener.origin, listener.key)
                continue
            }
            do throws(SystemError) {
                try open(listener.address, ListenOptions(sharing: .more, awaitsBytes: true), listener.key)
            } catch {
                throw .listen(error, route: listener.router.names[0])
            }
        }
        settleListeners()
    }

    /// The second half of `start`.
    public func obtainTokens() {
        for credential in credentials { driveCredential(credential) }
    }

    /// The addresses that are listened on, with the ports that the kernel chose, and the routes of each.
    public var listening: [(address: SocketAddress, routes: [String])] {
        listeners.filter { !$0.isRetired }.map { listener in (listener.address, listener.router.names) }
    }
}

// MARK: accepting

extension Server {
    /// Accepts what is waiting, up to a bound; the rest in a later turn. False where there is no room for it at the moment.
    @discardableResult
    func accept(on index: Int) -> Bool {
        let listener = listeners[index]
        guard let number = listener.descriptor?.number, !listener.isRetired else { return false }
        listener.mayHaveMore = true
        var lostCount = 0
        for _ in 0..<Limits.acceptsPerTurn {
            let isTooMany = group?.areClientPlacesTaken(of: clientsMax) ?? (downstreams.count - refusedCount >= clientsMax)
            let isFull = isTooMany && (isRoomComing() || mayOthersMakeRoom(for: listener) || areRefusalsTaken) || downstreams.isFull
            if isFull || listener.tls != nil && isHandshakeRoomMissing() || !makeRoom() {
                pauseAccepting(listener)
                return false
            }
            let result = kernel.accept(from: number)
            if result >= 0 {
                accepted(Int32(result), listener: index, isTooMany: isTooMany)
            } else if result == Int(-EAGAIN) {
                listener.mayHaveMore = false
                listener.refusalTime = nil
                return true
            } else if result == Int(-EMFILE) || result == Int(-ENFILE) || result == Int(-ENOMEM) || result == Int(-ENOBUFS) {
                log.event(.error, "cannot accept: \(SystemError.text(for: Int32(-result))); raise the limit of open files")
                pauseAccepting(listener)
                return false
            } else {
                // Of a connection that ended before it was accepted; or of all, as long as somebody forbids them.
                lostCount += 1
                guard lostCount < Limits.acceptsPerTurn else {
                    log.event(
                        .error, "cannot accept on \(listener.address): \(SystemError.text(for: Int32(-result))); look for what forbids it to this "
                            + "process, as a firewall or a security module does")
                    pauseAccepting(listener)
                    return false
                }
            }
        }
        hasUnaccepted = true
        loop.turnAgain()
        return true
    }

    /// When the proxy drains, the timer is the end of listening, and nothing puts that off.
    private func pauseAccepting(_ listener: Listener) {
        if !isDraining { loop.arm(listener.timer, at: now + Limits.acceptPause) }
    }

    private func accepted(_ number: Int32, listener: Int, isTooMany: Bool) {
        guard let group else { return begin(number, listener: listener, hasPlace: !isTooMany) }
        // Who is refused is so here: the others' descriptors are for clients that they serve.
        guard !isTooMany, group.takeClientPlace(of: clientsMax) else { return begin(number, listener: listener, hasPlace: false) }
        // One that drains takes none over.
        if isDraining || !handOver(number, listener: listener, group) { begin(number, listener: listener, hasPlace: true) }
    }

    /// Connections that were left in the backlog are accepted: room has come, or the others have had their turn.
    func resumeAccepting() {
        hasUnaccepted = false
        for index in listeners.indices where listeners[index].mayHaveMore { accept(on: index) }
    }

    /// All places are taken: a connection that waits for a next request gives its own to one that has one. It is free at the end of
    /// the turn, and the backlog is looked at again then, in turns that do not wait. False when there is none.
    private func isRoomComing() -> Bool {
        if endedDownstreams.isEmpty { endIdleClients(atMost: 1) }
        return !endedDownstreams.isEmpty
    }

    /// Those that wait for a next request; it goes on a new connection.
    func endIdleClients(atMost countMax: Int) {
        for _ in 0..<countMax {
            guard let idle = longestIdleClient() else { return }
            close(idle)
        }
    }

    /// The one that has been so for longest of the next few; who has been looked at is not so again before all others were.
    private func longestIdleClient() -> Handle<Downstream>? {
        guard mayHaveIdleClients else { return nil }
        var found: Handle<Downstream>?
        var count = 0
        idleCursor = downstreams.visit(from: idleCursor) { downstream in
            guard downstreams[downstream].phase == .idle, downstreams[downstream].output.isEmpty, downstreams[downstream].input.isEmpty,
                !downstreams[downstream].canReceive, downstreams[downstream].hasBeenUsed
            else { return true }
            if found.map({ downstreams[downstream].deadline < downstreams[$0].deadline }) ?? true { found = downstream }
            count += 1
            return count < Limits.idleClientsCompared
        }
        if found == nil { mayHaveIdleClients = false }
        return found
    }

    /// `hasPlace`: it is counted among the clients that are served. Any other is told that there are too many.
    func begin(_ number: Int32, listener: Int, hasPlace: Bool) {
        let handle = downstreams.insert { handle in
            let timer = loop.makeTimer(for: handlerID, token: EventToken(handle).rawValue)
            return Downstream(descriptor: Descriptor(number, of: kernel), listener: listener, timer: timer, exchanges: exchanges)
        }
        publishSockets()
        figures.add(at: Figure.Loop.clientsAccepted)
        group?.members[position].clientCount.add(1)
        if !hasPlace { markRefused(handle) }
        if listeners[listener].isRetired { downstreams[handle].isLeaving = true }
        if hasPlace, let placesMax = configuration.connectionsPerUserMax, !takePlace(handle, of: placesMax) {
            return
        }
        if let tls = listeners[listener].tls {
            guard watch(handle) else { return }
            if beginHandshake(handle, tls) { setDeadline(handle, after: headTimeout(of: listener)) } else { close(handle) }
            return
        }
        guard !downstreams[handle].isRefused else {
            // Whatever it is going to ask: a client that is told so can try again, one that waits in the backlog only waits.
            guard watch(handle) else { return }
            refuseHead(handle, refusalOfConnection(handle))
            advance(handle)
            return
        }
        beginFirstHead(handle)
    }

    /// The first request has its time from here; nothing was said yet about how long an idle connection is kept. Over TCP it is there
    /// already, mostly (`ListenOptions.awaitsBytes`), and is served at once.
    private func beginFirstHead(_ downstream: Handle<Downstream>) {
        let listener = downstreams[downstream].listener
        setDeadline(downstream, after: headTimeout(of: listener))
        if case .unix = listeners[listener].address {
            if isDraining { endSoon(downstream) }
            watch(downstream)
            return
        }
        downstreams[downstream].canReceive = true
        advance(downstream)
        if downstreams[downstream].isWatched || downstreams[downstream].phase == .closed { return }
        if isNothingAwaited(downstream) { wake(downstream, by: now + Limits.watchDelay) } else { watchAnswered(downstream) }
    }

    /// Whether the client has said all that it is going to say: its only request, which has no content, is under way. As a rule its
    /// answer comes sooner than it would pay to have the kernel watch the connection.
    private func isNothingAwaited(_ downstream: Handle<Downstream>) -> Bool {
        downstreams[downstream].phase == .exchanging && downstreams[downstream].exchange.isLast
            && downstreams[downstream].exchange.requestBody.isComplete && downstreams[downstream].exchange.receivedCount == 0
            && !downstreams[downstream].exchange.offersTunnel
    }

    /// A request that has gone on is answered, whatever the kernel has no room for: its client must not have to guess.
    func watchAnswered(_ downstream: Handle<Downstream>) {
        let isAnswerDue = downstreams[downstream].phase == .exchanging || !downstreams[downstream].output.isEmpty
        if !watch(downstream, isNeeded: !isAnswerDue), isAnswerDue { wake(downstream, by: now + Limits.watchDelay) }
    }

    /// From now on events tell what happens to the connection. False when that cannot be; where it is needed, it has ended.
    @discardableResult
    func watch(_ downstream: Handle<Downstream>, isNeeded: Bool = true) -> Bool {
        downstreams[downstream].isWatched = true
        do throws(SystemError) {
            try loop.register(downstreams[downstream].descriptor.number, for: handlerID, token: EventToken(downstream).rawValue)
            return true
        } catch {
            log.event(.error, "\(error.description)")
            if isNeeded { abandon(downstream) } else { downstreams[downstream].isWatched = false }
            return false
        }
    }

    /// The listener's routes may differ; which is meant is known only after the head.
    func headTimeout(of listener: Int) -> Interval { listeners[listener].router.headTimeout }
}
