internal import EventLoop
internal import Glibc
internal import TLS

// Upstream connections: how they are made, and what becomes of them when they are.

extension Server {
    /// Makes connections for those in the queue that none is being made for yet, up to the destination's limit.
    func openForQueue(_ destination: Destination) {
        while destination.promisedCount < destination.queueCount, takePlace(destination) {
            connect(to: destination, for: .none, hasPlace: true)
        }
        if let shared = destination.shared { settlePlaces(destination, shared) }
    }

    /// Counts one more connection to be made, if the destination's limit has a place for it, and it is not another loop's turn.
    func takePlace(_ destination: Destination) -> Bool {
        !isOthersTurn(destination, before: destination.firstUnpromisedSince) && destination.takePlace()
    }

    /// Begins to connect. How it ends, `established` or `upstreamFailed` will tell. `hasPlace`: it is counted already.
    @discardableResult
    func connect(to destination: Destination, for client: Upstream.Client, hasPlace: Bool = false) -> Handle<Upstream>? {
        guard !upstreams.isFull else {
            if hasPlace { destination.givePlaceBack() }
            destination.counters.add(at: Figure.Connections.failures + ConnectionFailure.unreachable.index)
            giveFault(.unreachable(address: destination.text, reason: "the proxy has \(Limits.upstreamsMax) connections"), to: client, destination)
            return nil
        }
        if !hasPlace { destination.takePlaceAnyway() }
        let hasRoom = makeRoom()
        let upstream = upstreams.insert { handle in
            let timer = loop.makeTimer(for: handlerID, token: EventToken(handle).rawValue)
            return Upstream(destination: destination, timer: timer, client: client)
        }
        publishSockets()
        destination.counters.add(at: Figure.Connections.opened)
        if client == .none { destination.promisedCount += 1 }
        var timeout = destination.connectTimeout
        if case .tokenCall(let index) = client {
            timeout = min(timeout, credentials[index].authTimeout)
        }
        upstreams[upstream].connectDeadline = now + timeout
        setDeadline(upstream, at: upstreams[upstream].connectDeadline)
        if hasRoom {
            dial(upstream)
        } else if mayOthersYieldDescriptors {
            upstreams[upstream].awaitsDescriptor = true
            descriptorlessCount += 1
            publishSockets()
            setDeadline(upstream, at: now + Limits.descriptorPause)
        } else {
            tellByTimer(upstream, Self.lacksDescriptor(destination))
        }
        return upstream
    }

    private static func lacksDescriptor(_ destination: Destination) -> UpstreamFault {
        .unreachable(address: destination.text, reason: "the proxy has no descriptor left for it; raise the limit of open files")
    }

    /// Whether connections rest in other loops' pools. They have been asked for one.
    private var mayOthersYieldDescriptors: Bool { destinations.contains { $0.shared?.isIdleElsewhere(than: position) ?? false } }

    /// A connection waits for a descriptor: another loop may have given one up meanwhile.
    private func lookForDescriptor(_ upstream: Handle<Upstream>) {
        let hasRoom = makeRoom()
        if !hasRoom, now < upstreams[upstream].connectDeadline, mayOthersYieldDescriptors {
            setDeadline(upstream, at: now + Limits.descriptorPause)
            return
        }
        noLongerAwaitsDescriptor(upstream)
        guard hasRoom else {
            upstreamFailed(upstream, Self.lacksDescriptor(upstreams[upstream].destination))
            return
        }
        setDeadline(upstream, at: upstreams[upstream].connectDeadline)
        dial(upstream)
    }

    func noLongerAwaitsDescriptor(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].awaitsDescriptor else { return }
        upstreams[upstream].awaitsDescriptor = false
        descriptorlessCount -= 1
        publishSockets()
    }

    /// Not from within: whoever asked for the connection is not to be answered while it asks.
    func tellByTimer(_ upstream: Handle<Upstream>, _ fault: UpstreamFault) {
        upstreams[upstream].fault = fault
        setDeadline(upstream, at: now)
    }

    /// Descriptors of connections, over all loops.
    var socketCount: Int { ownSocketCount + (group?.socketCount(besides: position) ?? 0) }

    private var ownSocketCount: Int { downstreams.count + upstreams.count - endedUpstreams.count + rivalCount - descriptorlessCount }

    func publishSockets() { group?.members[position].socketCount.set(ownSocketCount) }

    /// Whether one more connection leaves alone the descriptors that are for all else. If there is no other way, one that has
    /// rested in the pool ends for it.
    func makeRoom() -> Bool {
        // A client's descriptor is its own until the end of the turn, an upstream connection's is free as soon as that has ended.
        guard socketCount >= budget.socketsMax else { return true }
        guard let pooled = destinations.first(where: { !$0.idle.isEmpty })?.idle.first else {
            askForDescriptors()
            return false
        }
        closeUpstream(pooled)
        return true
    }

    func setDeadline(_ upstream: Handle<Upstream>, at deadline: Instant) {
        upstreams[upstream].deadline = deadline
        wake(upstream, by: deadline)
    }

    /// A timer that goes off before its time is armed anew then.
    func wake(_ upstream: Handle<Upstream>, by time: Instant) {
        guard time < upstreams[upstream].alarm else { return }
        upstreams[upstream].alarm = time
        loop.arm(upstreams[upstream].timer, at: time)
    }
}

// MARK: events

extension Server {
    /// Takes over what an event says, before any event of this turn is acted on.
    func noteReadiness(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        if readiness.contains(.readable) || readiness.contains(.failed) {
            upstreams[upstream].canReceive = true
            upstreams[upstream].tls?.socketReadable(peerClosed: !readiness.isDisjoint(with: [.peerClosed, .failed]))
        }
        if !readiness.isDisjoint(with: [.peerClosed, .failed]) { upstreams[upstream].isPeerClosed = true }
        if readiness.contains(.writable) { upstreams[upstream].canSend = true }
    }

    func upstreamReady(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        switch upstreams[upstream].phase {
        case .askingEgress:
            guard let egress = upstreams[upstream].destination.egress else { preconditionFailure("only an egress proxy is asked") }
            awaitEgress(upstream, egress)
        case .handshaking: shakeHands(upstream)
        case .idle: watchIdle(upstream)
        case .discarding: discard(upstream)
        case .serving: serveEvent(upstream, readiness)
        case .tunnelling: tunnelReady(upstream, readiness)
        case .resolving, .connecting, .closed: break
        }
    }

    private func serveEvent(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        switch upstreams[upstream].client {
        case .exchange(let downstream):
            if readiness.contains(.writable), !isRequestGone(downstream, upstream) { pumpRequest(downstream, upstream) }
            if isServing(upstream, downstream) { pumpResponse(upstream) }
            advanceIfFree(downstream)
        case .tokenCall(let index):
            if readiness.contains(.writable) { _ = flush(upstream) }
            guard upstreams[upstream].phase == .serving else { return }
            pumpTokenAnswer(upstream, credentials[index])
        case .none, .waiting:
            preconditionFailure("a connection that serves has a client")
        }
    }

    /// The exchange has ended, or become a tunnel: what comes next has its turn.
    func advanceIfFree(_ downstream: Handle<Downstream>) {
        switch downstreams[downstream].phase {
        case .idle, .finishing, .tunnelling: advance(downstream)
        case .handshaking, .receivingHead, .exchanging, .breaking, .lingering, .closed: break
        }
    }

    /// The socket is connected: what has to be said before the first request follows.
    func connected(_ upstream: Handle<Upstream>) {
        if let witness { witness.connected(upstreams[upstream].destination, upstreams[upstream].address) }
        setDeadline(upstream, at: upstreams[upstream].connectDeadline)
        if let egress = upstreams[upstream].destination.egress {
            askEgress(upstream, egress)
        } else if upstreams[upstream].destination.tls != nil {
            shakeHandsFirst(upstream)
        } else {
            established(upstream)
        }
    }

    /// Begins with TLS.
    func shakeHandsFirst(_ upstream: Handle<Upstream>) {
        guard let context = upstreams[upstream].destination.tls else { preconditionFailure("there is TLS only where there is a context") }
        do throws(TLSError) {
            upstreams[upstream].tls = try TLSConnection(
                client: context, serverName: upstreams[upstream].destination.serverName, transport: transport,
                descriptor: upstreams[upstream].number)
        } catch {
            upstreamFailed(upstream, .tls(error))
            return
        }
        upstreams[upstream].become(.handshaking)
        if upstreams[upstream].isPeerClosed { upstreams[upstream].tls?.socketReadable(peerClosed: true) }
        shakeHands(upstream)
    }

    private func shakeHands(_ upstream: Handle<Upstream>) {
        do throws(TLSError) {
            // Where it waits for one direction, an edge of that direction brings us back.
            if try upstreams[upstream].tls!.handshake() == .done { established(upstream) }
        } catch {
            handshakeFailed(upstream, error)
        }
    }

    /// At most one line in a while: the address may be in trouble for long, and each connection tries it.
    private func tellPassedOver(_ destination: Destination, _ fault: UpstreamFault) {
        guard now >= destination.nextPassedOverLine else { return }
        log.event(.info, "\(destination.text): \(fault.reason); the next address is tried")
        destination.nextPassedOverLine = now + Limits.tlsFaultInterval
    }

    /// Nothing of a request has been sent, so another address may do better. Not where the certificate is refused: that somebody at one
    /// of a provider's addresses cannot show that he is the provider has to be seen, and would only make connections slower.
    private func handshakeFailed(_ upstream: Handle<Upstream>, _ error: TLSError) {
        let destination = upstreams[upstream].destination
        let fault = UpstreamFault.tls(error, address: destination.egress == nil ? upstreams[upstream].address?.description : nil)
        switch error {
        case .certificate, .configuration, .library: break
        case .alert, .protocolFault, .truncated, .transport:
            guard let race = upstreams[upstream].race, race.hasMore || race.awaitsLookUp, destination.egress == nil else { break }
            tellPassedOver(destination, fault)
            race.fault = fault
            upstreams[upstream].disown()
            if !tryNextAddress(upstream) { upstreamFailed(upstream, unreached(upstream)) }
            return
        }
        upstreamFailed(upstream, fault)
    }

    /// The connection can be used: by whom it was made for, or by the first in the queue.
    private func established(_ upstream: Handle<Upstream>) {
        upstreams[upstream].become(.idle)
        upstreams[upstream].race = nil
        if let witness { witness.established(upstreams[upstream].destination, upstreams[upstream].encryption) }
        let client = upstreams[upstream].client
        upstreams[upstream].client = .none
        switch client {
        case .none:
            upstreams[upstream].destination.promisedCount -= 1
            offer(upstream)
        case .waiting(let downstream, let exchange):
            if !isWaiting(downstream, exchange: exchange) || !serveWaiting(downstream, on: upstream) { offer(upstream) }
        case .tokenCall(let index):
            let credential = credentials[index]
            setDeadline(upstream, at: min(now + credential.responseHeadTimeout, credential.callDeadline))
            sendTokenCall(credential, on: upstream)
        case .exchange:
            preconditionFailure("a connection serves nobody before it is established")
        }
    }

    func upstreamTimerFired(_ upstream: Handle<Upstream>) {
        upstreams[upstream].alarm = .never
        if upstreams[upstream].deadline > now {
            rest(upstream)
            return
        }
        if upstreams[upstream].awaitsDescriptor {
            lookForDescriptor(upstream)
            return
        }
        if let fault = upstreams[upstream].fault {
            upstreamFailed(upstream, fault)
            return
        }
        let destination = upstreams[upstream].destination
        switch upstreams[upstream].phase {
        case .resolving:
            upstreamFailed(
                upstream,
                destination.connecting(
                    .unresolved(
                        ResolutionError(host: destination.dialled.host, reason: "no answer within \(destination.connectTimeout.duration.text)"))))
        case .connecting: attemptTakesLong(upstream)
        case .askingEgress:
            guard let egress = destination.egress else { preconditionFailure("only an egress proxy is asked") }
            upstreamFailed(
                upstream, .egress(proxy: egress.text, setting: egress.setting, .noAnswer(limit: destination.connectTimeout.duration)))
        case .handshaking:
            let way = destination.egress.map { "\(destination.text), through egress proxy \($0.text)," } ?? upstreams[upstream].address?.description ?? destination.text
            upstreamFailed(upstream, .connectTimeout(address: way, limit: destination.connectTimeout.duration))
        case .idle, .discarding: closeUpstream(upstream)
        case .serving:
            if case .tokenCall(let index) = upstreams[upstream].client {
                let settings = credentials[index].configuration
                upstreamFailed(upstream, .responseTimeout(limit: min(settings.timeouts.responseHead, settings.authTimeout)))
            }
        case .tunnelling, .closed: break
        }
    }
}
