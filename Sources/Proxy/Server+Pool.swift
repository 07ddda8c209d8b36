internal import EventLoop
internal import TLS

// Upstream connections between requests: handed out, kept, checked, and ended.

extension Server {
    /// Whether this request of the client, and no other of it, waits for a connection.
    func isWaiting(_ downstream: Handle<Downstream>, exchange number: UInt64) -> Bool {
        downstreams.isAlive(downstream) && downstreams[downstream].phase == .exchanging
            && downstreams[downstream].exchange.phase == .waitingForConnection && downstreams[downstream].exchange.number == number
    }

    func isWaiting(_ waiting: Destination.Waiting) -> Bool { isWaiting(waiting.downstream, exchange: waiting.exchange) }

    private func isSentAgain(_ waiting: Destination.Waiting) -> Bool {
        isWaiting(waiting) && downstreams[waiting.downstream].exchange.hasRetriedConnection
    }

    /// A connection's request has been answered, and another may follow on it.
    func release(_ upstream: Handle<Upstream>) {
        if upstreams[upstream].phase != .idle { upstreams[upstream].become(.idle) }
        upstreams[upstream].client = .none
        upstreams[upstream].isReused = true
        pool.giveBack(&upstreams[upstream].input)
        pool.giveBack(&upstreams[upstream].output)
        offer(upstream)
    }

    /// A free connection goes to the request that has waited longest, else into the pool.
    func offer(_ upstream: Handle<Upstream>) {
        // The server has it for as long as it lives.
        Unmanaged.passUnretained(upstreams[upstream].destination)._withUnsafeGuaranteedRef { offer(upstream, to: $0) }
    }

    private func offer(_ upstream: Handle<Upstream>, to destination: Destination) {
        defer { if destination.toldWaitingCount > 0, let shared = destination.shared { settlePlaces(destination, shared) } }
        if destination.shared != nil, isOthersTurn(destination, before: destination.firstWaitingSince) {
            closeUpstream(upstream)
            return
        }
        // What came behind the answer, in a packet of its own, would be taken for the next one; and its end would be that of a request. Who has
        // met such an end is sent again on a new connection: one is made in the place of this.
        if let first = destination.firstWaiting, upstreams[upstream].isReused, isSentAgain(first) || !isStillOpen(upstream) {
            closeUpstream(upstream)
            return
        }
        while let waiting = destination.dequeue() {
            guard isWaiting(waiting), serveWaiting(waiting.downstream, on: upstream) else { continue }
            return
        }
        // Those who had waited may all be gone.
        if isDraining || destination.isRetired || isOthersTurn(destination, before: destination.firstWaitingSince) {
            closeUpstream(upstream)
            return
        }
        // One that nobody came for, although it was opened ahead for the next, is hardly needed.
        let isSpare = upstreams[upstream].isAhead && !upstreams[upstream].isReused
        upstreams[upstream].isReused = true
        destination.idle.append(upstream)
        publishIdle(destination)
        upstreams[upstream].isResting = false
        upstreams[upstream].deadline = now + (isSpare ? Limits.unusedIdleTimeout : Limits.pooledIdleTimeout)
        upstreams[upstream].restTime = now + Limits.pooledRestTime
        wake(upstream, by: upstreams[upstream].restTime)
        if destination.addressBook.expiry <= now { lookUp(destination) }
    }

    /// A connection's timer went off before its deadline. One that has not been used for a while gives its memory back; and when
    /// the others that came to rest with it have done so too, the process does.
    func rest(_ upstream: Handle<Upstream>) {
        var next = upstreams[upstream].deadline
        if upstreams[upstream].phase == .idle, upstreams[upstream].restTime > now {
            next = min(next, upstreams[upstream].restTime)
        } else if upstreams[upstream].phase == .idle, upstreams[upstream].isResting {
            if restedUpstreamsCount >= Limits.restedUpstreamsMin { FreeMemory.release() }
            restedUpstreamsCount = 0
        } else if upstreams[upstream].phase == .idle {
            upstreams[upstream].isResting = true
            upstreams[upstream].tls?.releaseBuffers()
            restedUpstreamsCount += 1
            next = min(next, now + Limits.pooledRestTime)
        }
        wake(upstream, by: next)
    }

    /// A request has taken a free connection, and few or none are left: opens one for the next, where that is likely to come.
    func openAhead(_ destination: Destination) {
        let inUseCount = destination.openCount - destination.idle.count
        // Whoever waits is served first, and by connections that are opened for him.
        let spareCount = destination.idle.count + destination.promisedCount - destination.queueCount
        guard spareCount < inUseCount / Limits.aheadShare, destination.queueCount == 0, !isDraining, !destination.isRetired,
            // Over HTTP/1.1 each client has one request at a time.
            destination.openCount < min(destination.concurrency, downstreams.count), now >= destination.nextAhead,
            // What is left is for those who ask.
            2 * socketCount < budget.socketsMax, !upstreams.isFull, takePlace(destination),
            let upstream = connect(to: destination, for: .none, hasPlace: true)
        else { return }
        upstreams[upstream].isAhead = true
    }

    /// Serves a request that no event of its client is being handled for. If it is answered at once, which a malformed content
    /// is, nobody else would send the answer. False when the connection is still free.
    func serveWaiting(_ downstream: Handle<Downstream>, on upstream: Handle<Upstream>) -> Bool {
        let isServed = serve(downstream, on: upstream)
        advanceIfFree(downstream)
        return isServed
    }

    /// Whether a connection that was used has not ended meanwhile, and nothing has come on it, as far as can be known. A request that must not
    /// be sent twice is not sent on one whose end lies in the socket, and whose event is only to come: it would be lost, or its fate unknown.
    func isStillOpen(_ upstream: Handle<Upstream>) -> Bool {
        upstreams[upstream].canReceive = true
        upstreams[upstream].tls?.socketReadable()
        let isOpen = isDrained(upstream) && !upstreams[upstream].isPeerClosed
        pool.giveBack(&upstreams[upstream].input)
        return isOpen
    }

    /// Something came on a connection that owes no answer: its end, or what belongs to TLS alone.
    func watchIdle(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].canReceive else { return }
        do throws(UpstreamFault) {
            let intake = try receive(upstream)
            pool.giveBack(&upstreams[upstream].input)
            if case .blocked = intake, !upstreams[upstream].isPeerClosed { return }
        } catch {
            // A pooled connection may end in any way; nobody waits for it.
        }
        closeUpstream(upstream)
    }

    /// Drops the rest of an answer that is not passed on.
    func beginDiscarding(_ upstream: Handle<Upstream>) {
        upstreams[upstream].become(.discarding)
        upstreams[upstream].client = .none
        upstreams[upstream].discardedCount = 0
        setDeadline(upstream, at: now + Limits.discardTimeout)
        discard(upstream)
    }

    func discard(_ upstream: Handle<Upstream>) {
        precondition(upstreams[upstream].response == .content, "only an answer whose head was read is discarded")
        do {
            while !upstreams[upstream].reader.isComplete {
                if upstreams[upstream].input.count == upstreams[upstream].reader.heldCount {
                    guard case .some = try receive(upstream) else { break }
                }
                let bytes = upstreams[upstream].input.bytes
                let step = try upstreams[upstream].reader.step(bytes.span)
                upstreams[upstream].input.consume(step.consumed)
                upstreams[upstream].discardedCount += step.consumed
                guard upstreams[upstream].discardedCount <= Limits.discardBytesMax else { throw UpstreamFault.truncated }
            }
        } catch {
            closeUpstream(upstream)
            return
        }
        if upstreams[upstream].reader.isComplete {
            if isReusable(upstream) { release(upstream) } else { closeUpstream(upstream) }
        } else if upstreams[upstream].isPeerClosed {
            closeUpstream(upstream)
        }
    }

    /// Whether the connection can carry another request: the upstream keeps it, and sent nothing beyond its answer.
    func isReusable(_ upstream: Handle<Upstream>) -> Bool {
        upstreams[upstream].keepsAlive && upstreams[upstream].input.isEmpty && upstreams[upstream].output.isEmpty
            && !upstreams[upstream].isPeerClosed && !upstreams[upstream].isSendBroken && !upstreams[upstream].isOutdated && !isDraining && isDrained(upstream)
    }

    /// Whether nothing lies in the socket. A receive that filled its buffer leaves that open, and the edge that told of
    /// the rest is spent: it would be taken for the answer to the next request.
    private func isDrained(_ upstream: Handle<Upstream>) -> Bool {
        guard upstreams[upstream].canReceive else { return true }
        do throws(UpstreamFault) {
            guard case .blocked = try receive(upstream) else { return false }
            return true
        } catch {
            return false
        }
    }

    /// Ends the connection. Its descriptor is free at once, for another connection that this turn makes; its slot is at the
    /// end of the turn.
    func closeUpstream(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].phase != .closed else { return }
        let destination = upstreams[upstream].destination
        switch upstreams[upstream].phase {
        case .idle:
            destination.idle.removeAll { $0 == upstream }
            publishIdle(destination)
        case .resolving, .connecting, .askingEgress, .handshaking:
            if upstreams[upstream].client == .none { destination.promisedCount -= 1 }
        case .serving, .tunnelling, .discarding, .closed: break
        }
        // The answer to a token call, whole or not.
        if case .tokenCall = upstreams[upstream].client { upstreams[upstream].input.holdSecrets() }
        upstreams[upstream].become(.closed)
        upstreams[upstream].client = .none
        noLongerAwaitsDescriptor(upstream)
        if let race = upstreams[upstream].race { giveUpAttempts(race) }
        upstreams[upstream].tls?.sendCloseNotify()
        upstreams[upstream].releaseDescriptor()
        destination.givePlaceBack()
        destination.counters.add(at: Figure.Connections.closed)
        loop.disarm(upstreams[upstream].timer)
        pool.giveBack(&upstreams[upstream].input)
        pool.giveBack(&upstreams[upstream].output)
        endedUpstreams.append(upstream)
        publishSockets()
        // A place has become free.
        openForQueue(destination)
    }
}
