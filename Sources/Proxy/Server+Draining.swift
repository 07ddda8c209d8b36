internal import EventLoop

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
        log.event(.warning, "\(downstreams.count) connections had not ended within \(configuration.drainTimeout.text)")
        cutOffHere()
    }

    /// Ends everything at once and stops the loop. What is cut off by this looks so to both its sides.
    public func cutOff() {
        group?.postToOthers(of: position, .cutOff)
        now = loop.now
        cutOffHere()
    }

    func cutOffHere() {
        if let group, group.drained(position) { group.postToOthers(of: position, .stop) }
        for destination in destinations { destination.keepInQueue { _ in false } }
        downstreams.forEach { downstream in
            switch downstreams[downstream].phase {
            case .exchanging, .tunnelling, .breaking: resetOnClose(downstream)
            case .handshaking, .idle, .receivingHead, .finishing, .lingering, .closed:
                guard !downstreams[downstream].output.isEmpty else { break }
                resetOnClose(downstream)
            }
            abandon(downstream, code: .cutOff)
        }
        loop.stop()
    }
}
