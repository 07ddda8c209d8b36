internal import EventLoop
internal import TLS

extension Server {
    /// Accepts nothing more, gives idle connections a moment for a request that is on its way, and stops the loop when all requests
    /// have been answered, or after `drainTimeout`.
    public func drain() {
        log.event(.info, "draining: finishing the requests under way, at most \(configuration.drainTimeout.text)")
        group?.postToOthers(of: position, .drain)
        // A signal is no event of ours: the last one may have been long ago.
        now = loop.now
        beginDraining()
    }

    func beginDraining() {
        isDraining = true
        group?.members[position].isDraining.set()
        listenEnd = now + Limits.drainGrace
        for (index, listener) in listeners.enumerated() {
            acceptWaiting(on: index)
            if isAwaited(listener) {
                loop.arm(listener.timer, at: now + Limits.drainStep)
            } else {
                stopListening(index)
            }
        }
        downstreams.forEach { downstream in
            switch downstreams[downstream].phase {
            case .handshaking: close(downstream)
            case .idle where downstreams[downstream].output.isEmpty: endSoon(downstream)
            case .idle, .receivingHead, .exchanging, .tunnelling, .breaking, .finishing, .lingering, .closed: break
            }
        }
        loop.arm(drainTimer, at: now + Interval(configuration.drainTimeout))
        stopIfDrained()
    }

    /// What waits to be accepted would be reset with its listener. What waits at a socket of systemd stays there, for the next process.
    func acceptWaiting(on index: Int) {
        guard listeners[index].origin != .systemd else { return }
        for _ in 0..<Limits.acceptRoundsAtEnd {
            guard accept(on: index), listeners[index].mayHaveMore else { break }
        }
    }

    /// Whether more may come to a listener of a proxy that drains. A client that has connected and not asked yet is known to nobody but
    /// the kernel; and one that there was no room for has it when the turn, or a request, is over.
    private func isAwaited(_ listener: Listener) -> Bool {
        switch listener.origin {
        case .systemd: false
        case .path: listener.mayHaveMore
        case .address: listener.tls == nil || listener.mayHaveMore
        }
    }

    private func stopListening(_ index: Int) {
        listeners[index].descriptor = nil
        listeners[index].mayHaveMore = false
        loop.disarm(listeners[index].timer)
    }

    /// It is time to accept again after a pause, or, when the proxy drains, to see whether to go on with it: as long as it has clients,
    /// others may be about to ask.
    func listenerTimerFired(_ index: Int) {
        guard isDraining else {
            accept(on: index)
            return
        }
        acceptWaiting(on: index)
        let end = listeners[index].mayHaveMore ? listenEnd + Limits.drainGrace : listenEnd
        let hasClients = group.map { $0.takenPlacesCount > 0 } ?? (downstreams.count > endedDownstreams.count)
        if now < end, hasClients, isAwaited(listeners[index]) {
            loop.arm(listeners[index].timer, at: min(now + Limits.drainStep, end))
        } else {
            stopListening(index)
            stopIfDrained()
        }
    }

    func stopIfDrained() {
        guard downstreams.count == endedDownstreams.count, listeners.allSatisfy({ $0.descriptor == nil }) else { return }
        guard let group else { return loop.stop() }
        // More than are here: one that another loop has accepted is on its way.
        guard group.members[position].clientCount.value <= downstreams.count else { return }
        loop.disarm(drainTimer)
        // Others may wait for what this loop does for them.
        guard group.drained(position) else { return }
        group.postToOthers(of: position, .stop)
        loop.stop()
    }

    func drainTimedOut() {
        guard !isCutOff else { return endAtOnce() }
        log.event(.warning, "\(downstreams.count) connections had not ended within \(configuration.drainTimeout.text)")
        cutOffClients("after drainTimeout (\(configuration.drainTimeout.text))")
        // To answer many takes a while, too.
        loop.arm(drainTimer, at: kernel.monotonicNow() + Limits.lastAnswerGrace)
        stopIfDrained()
    }

    /// Ends everything at once and stops the loop.
    public func cutOff() {
        group?.postToOthers(of: position, .cutOff)
        now = loop.now
        cutOffHere()
    }

    func cutOffHere() {
        if !isCutOff { cutOffClients("at a second signal") }
        endAtOnce()
    }

    /// No request is taken or sent any more. Whose has had no byte of an answer is given one; all else that is cut off looks so to both
    /// its sides.
    private func cutOffClients(_ reason: String) {
        isCutOff = true
        for index in listeners.indices { stopListening(index) }
        for destination in destinations { destination.keepInQueue { _ in false } }
        downstreams.forEach { downstream in
            switch downstreams[downstream].phase {
            case .exchanging where downstreams[downstream].exchange.responsePhase == .none || takeBackResponse(downstream):
                giveLastAnswer(downstream, reason)
            // What they have is whole.
            case .finishing where downstreams[downstream].output.isEmpty, .lingering: break
            case .handshaking, .idle, .receivingHead, .exchanging, .tunnelling, .breaking, .finishing, .closed: cutOffAtOnce(downstream)
            }
        }
    }

    /// A connection that ends without a byte would make the client send the request again: to the next process, where one has taken
    /// over the socket.
    private func giveLastAnswer(_ downstream: Handle<Downstream>, _ reason: String) {
        let upstream = downstreams[downstream].exchange.upstream
        let isForwarding = downstreams[downstream].exchange.phase == .forwarding
        let fate = downstreams[downstream].exchange.fate(isUntouched: !isForwarding || upstreams[upstream].isUntouched)
        let wait = wait(of: downstream)
        if isForwarding { closeUpstream(upstream) }
        answer(downstream, .cutOff(reason, while: wait, fate))
        // What the client has sent, and nobody has read, would have its kernel throw the answer away when this end closes.
        if !downstreams[downstream].isInputEnded {
            downstreams[downstream].canReceive = true
            downstreams[downstream].tls?.socketReadable()
        }
        advance(downstream)
    }

    private func wait(of downstream: Handle<Downstream>) -> String {
        switch downstreams[downstream].exchange.phase {
        case .receivingContent: "the request's content was arriving"
        case .waitingForToken: "the request waited for a token"
        case .waitingForConnection: "the request waited for a connection"
        case .forwarding, .none, .tunnelling, .answered: "\(routes[downstreams[downstream].exchange.route].destination.text) had not answered"
        }
    }

    private func cutOffAtOnce(_ downstream: Handle<Downstream>) {
        switch downstreams[downstream].phase {
        case .exchanging, .tunnelling, .breaking: resetOnClose(downstream)
        case .handshaking, .idle, .receivingHead, .finishing, .lingering, .closed:
            if !downstreams[downstream].output.isEmpty { resetOnClose(downstream) }
        }
        abandon(downstream, code: .cutOff)
    }

    private func endAtOnce() {
        downstreams.forEach(cutOffAtOnce)
        loop.disarm(drainTimer)
        if let group, group.drained(position) { group.postToOthers(of: position, .stop) }
        loop.stop()
    }
}
