public import EventLoop
internal import Glibc

// What several loops have to do with one another. One loop alone has no group, and none of this.

extension Server {
    /// A server for one more loop of this one's group, with connections, pools and TLS contexts of its own. The credentials, the
    /// places of clients and the limits are shared. To be called before any of them runs.
    ///
    /// - Parameter position: of this loop in the group; the first server's is 0.
    /// - Throws: `StartError.configuration` if a file can no longer be used.
    public convenience init(besides first: Server, position: Int, loop: Loop, log: Log) throws(StartError) {
        guard let group = first.group, group.members.indices.contains(position), position > 0 else {
            preconditionFailure("a group has so many loops as it was made for")
        }
        try self.init(first, Membership(group: group, position: position), loop, log)
    }

    /// From now on the others' mail is read.
    func openMailbox() throws(StartError) {
        guard let group else { return }
        do throws(SystemError) {
            let waker = try loop.makeWaker(for: handlerID, token: EventToken(.mail, index: 0).rawValue)
            group.members[position].mailbox.open(with: waker)
        } catch {
            throw .wake(error)
        }
    }

    func readMail() {
        guard let group else { return }
        let mails = group.members[position].mailbox.take()
        // What others have taken over already they may speak of.
        for renewal in group.takeRenewals(of: position) { adopt(renewal) }
        for mail in mails {
            switch mail {
            case .reload: break
            case .reloadDone: reloadDone()
            case .credentialChanged(let index): if let credential = credentials.living(index) { credentialChanged(credential) }
            case .connection(let number, let listener): takeOver(number, listener: listener, group)
            case .placeWanted(let index): if let destination = destinations.living(index) { yieldPlaces(destination) }
            case .placeFree(let index):
                guard let destination = destinations.living(index) else { break }
                destination.shared?.heardTelling(position)
                openForQueue(destination)
            case .clientPlaceWanted:
                group.members[position].isAskedForClients.clear()
                endIdleClients(atMost: Limits.clientsYieldedMax)
            case .descriptorsWanted: yieldDescriptor(group)
            case .reportWanted: report()
            case .reportMade(let other): admin?.reportArrived(from: other)
            case .drain: if isDraining { stopIfDrained() } else { beginDraining() }
            case .cutOff: cutOffHere()
            case .stop: loop.stop()
            }
        }
    }

    /// Another loop has brought the machine on.
    private func credentialChanged(_ credential: CredentialState) {
        driveCredential(credential)
        wakeWaiting(credential)
    }

    func tellOthers(of credential: CredentialState) {
        group?.postToOthers(of: position, .credentialChanged(credential.index))
    }
}

// MARK: clients

extension Server {
    /// Whether the connection, which has its place, goes to another loop, which has fewer.
    func handOver(_ number: Int32, listener: Int, _ group: LoopGroup) -> Bool {
        guard let other = group.lessBusy(than: position) else { return false }
        // It has no more room for handshakes than this one.
        if listeners[listener].tls != nil, group.members[other].handshakeCount.value >= handshakesMax { return false }
        guard group.sendClient(to: other) else { return false }
        group.handedOverCount.add(1)
        group.post(.connection(number, listener: listener), to: other)
        return true
    }

    /// A client that another loop has accepted.
    private func takeOver(_ number: Int32, listener: Int, _ group: LoopGroup) {
        // It was counted as this loop's when it was sent.
        group.members[position].clientCount.add(-1)
        group.handedOverCount.add(-1)
        guard !group.members[position].hasDrained.isSet, !isCutOff, !downstreams.isFull else {
            kernel.close(number)
            group.giveClientPlaceBack()
            if isDraining { stopIfDrained() }
            return
        }
        begin(number, listener: listener, hasPlace: true)
    }

    /// All places are taken, and no client here can give its own. Whether those of other loops may still: they are asked for it once,
    /// and have the time of a pause.
    func mayOthersMakeRoom(for listener: Listener) -> Bool {
        guard let group else { return false }
        if let refusalTime = listener.refusalTime, now < refusalTime + Limits.refusalSpan { return now < refusalTime }
        listener.refusalTime = now + Limits.acceptPause
        for other in group.members.indices where other != position && group.members[other].isAskedForClients.set() {
            group.post(.clientPlaceWanted, to: other)
        }
        return true
    }

    /// There are none left, and nothing in a pool here.
    func askForDescriptors() {
        guard let group else { return }
        for other in group.members.indices where other != position
            && group.members[other].isAskedForDescriptors.set()
        {
            group.post(.descriptorsWanted, to: other)
        }
    }

    private func yieldDescriptor(_ group: LoopGroup) {
        group.members[position].isAskedForDescriptors.clear()
        if let pooled = destinations.first(where: { !$0.idle.isEmpty })?.idle.first { closeUpstream(pooled) }
    }
}

// MARK: places among a destination's connections

extension Server {
    /// To be called after all that may change who waits here: tells the others, has them give up what they can spare, and takes what
    /// there is.
    func settlePlaces(_ destination: Destination, _ shared: SharedPlaces) {
        guard let group else { return }
        while true {
            publishWants(destination, shared, group)
            // A place may have become free before the others knew that it is wanted.
            guard destination.promisedCount < destination.queueCount, takePlace(destination) else { return }
            connect(to: destination, for: .none, hasPlace: true)
        }
    }

    private func publishWants(_ destination: Destination, _ shared: SharedPlaces, _ group: LoopGroup) {
        let waitingCount = max(0, destination.queueCount - destination.promisedCount)
        let since = destination.firstUnpromisedSince
        // Only what the others do not know: who is asked answers by publishing, too.
        let wantsMore = waitingCount > destination.toldWaitingCount || since.map { $0 < destination.toldSince } ?? false
        destination.toldWaitingCount = waitingCount
        destination.toldSince = since ?? .never
        shared.setWaiting(waitingCount, of: position)
        shared.setWant(since, of: position)
        if wantsMore { askForPlaces(destination, shared, group) }
        guard shared.isWanted, shared.hasPlace, let other = shared.betterRight(than: since, of: position), shared.tell(other) else { return }
        group.post(.placeFree(destination: destination.index), to: other)
    }

    private func askForPlaces(_ destination: Destination, _ shared: SharedPlaces, _ group: LoopGroup) {
        for other in group.members.indices where other != position && shared.ask(other) {
            group.post(.placeWanted(destination: destination.index), to: other)
        }
    }

    /// Drops those who no longer wait, here and, a moment later, at the other loops.
    func tidyQueue(_ destination: Destination) {
        destination.keepInQueue(isWaiting)
        guard let group, let shared = destination.shared else { return }
        askForPlaces(destination, shared, group)
        settlePlaces(destination, shared)
    }

    /// Other loops' requests wait, and have no place: what rests in the pool here ends for them.
    private func yieldPlaces(_ destination: Destination) {
        guard let shared = destination.shared else { return }
        shared.heardAsking(position)
        destination.keepInQueue(isWaiting)
        if destination.queueCount == 0 {
            let missingCount = shared.waitingCount(besides: position) - shared.leftCount
            for _ in 0..<max(0, min(missingCount, destination.idle.count)) { closeUpstream(destination.idle[0]) }
        }
        settlePlaces(destination, shared)
    }

    /// To be called after each change: a store, and one more where there are several loops.
    func publishIdle(_ destination: Destination) {
        destination.publishIdle()
        destination.shared?.setIdle(destination.idle.count, of: position)
    }

    /// Whether the next place is another loop's, whose request has waited clearly longer than the one of this loop that would have it.
    func isOthersTurn(_ destination: Destination, before since: Instant?) -> Bool {
        guard let shared = destination.shared, shared.isWanted else { return false }
        return shared.betterRight(than: since, of: position) != nil
    }
}
