internal import EventLoop
internal import Glibc
internal import TLS

// Upstream connections: from the name to the end of the handshake.

extension Server {
    /// Makes connections for those in the queue that none is being made for yet, up to the destination's limit.
    func openForQueue(_ destination: Destination) {
        while destination.promisedCount < destination.queueCount, destination.openCount < destination.concurrency {
            connect(to: destination, for: .none)
        }
    }

    /// Begins to connect. How it ends, `established` or `upstreamFailed` will tell.
    func connect(to destination: Destination, for client: Upstream.Client) {
        guard !upstreams.isFull else {
            giveFault(.unreachable(address: destination.text, reason: "the proxy has \(Limits.upstreamsMax) connections"), to: client, destination)
            return
        }
        let hasRoom = makeRoom()
        let upstream = upstreams.insert { handle in
            let timer = loop.makeTimer(for: handlerID, token: EventToken(handle).rawValue)
            return Upstream(destination: destination, timer: timer, client: client)
        }
        destination.openCount += 1
        if client == .none { destination.promisedCount += 1 }
        var timeout = destination.connectTimeout
        if case .tokenCall(let index) = client {
            timeout = min(timeout, credentials[index].configuration.authTimeout)
        }
        upstreams[upstream].connectDeadline = now + timeout
        setDeadline(upstream, at: upstreams[upstream].connectDeadline)
        guard hasRoom else {
            // Told by the timer, as below.
            upstreams[upstream].fault = .unreachable(
                address: destination.text, reason: "the proxy has no descriptor left for it; raise the limit of open files")
            setDeadline(upstream, at: now)
            return
        }
        if resolve(destination) {
            connectToNextAddress(upstream)
        } else {
            destination.resolving.append(upstream)
        }
    }

    /// Whether one more connection leaves alone the descriptors that are for all else. If there is no other way, one that has
    /// rested in the pool ends for it.
    func makeRoom() -> Bool {
        // A client's descriptor is its own until the end of the turn, an upstream connection's is free as soon as that has ended.
        guard downstreams.count + upstreams.count - endedUpstreams.count >= budget.socketsMax else { return true }
        guard let pooled = destinations.first(where: { !$0.idle.isEmpty })?.idle.first else { return false }
        closeUpstream(pooled)
        return true
    }

    func setDeadline(_ upstream: Handle<Upstream>, at deadline: Duration) {
        upstreams[upstream].deadline = deadline
        loop.arm(upstreams[upstream].timer, at: deadline)
    }
}

// MARK: addresses

extension Server {
    /// Whether there are addresses now; else a look-up is under way.
    private func resolve(_ destination: Destination) -> Bool {
        let dialled = destination.dialled
        if !destination.addresses.isEmpty, destination.addressesExpiry > now { return true }
        if let numeric = SocketAddress(numeric: dialled.host, port: dialled.port) {
            destination.addresses = [numeric]
            destination.addressesExpiry = .seconds(Int64.max / 4)
            return true
        }
        if destination.resolving.isEmpty {
            loop.resolve(
                dialled.host, port: dialled.port, for: handlerID,
                token: EventToken(.resolution, index: destination.index).rawValue)
        }
        return false
    }

    /// The look-up for a destination has ended.
    func resolved(_ destination: Destination, token: UInt64) {
        guard let result = loop.takeResolution(for: handlerID, token: token) else { return }
        var waiting: [Handle<Upstream>] = []
        swap(&waiting, &destination.resolving)
        switch result {
        case .success(let addresses):
            destination.addresses = addresses
            destination.addressesExpiry = now + Limits.resolutionLifetime
        case .failure(let error):
            log.event(.warning, "\(destination.text): \(error.description)")
            // Yesterday's addresses are better than none.
            guard destination.addresses.isEmpty else { break }
            for upstream in waiting where isResolving(upstream) { upstreamFailed(upstream, destination.connecting(.unresolved(error))) }
            return
        }
        for upstream in waiting where isResolving(upstream) { connectToNextAddress(upstream) }
    }

    private func isResolving(_ upstream: Handle<Upstream>) -> Bool {
        upstreams.isAlive(upstream) && upstreams[upstream].phase == .resolving
    }

    /// Tries the addresses one after another, each for a part of the time that is left.
    private func connectToNextAddress(_ upstream: Handle<Upstream>) {
        let destination = upstreams[upstream].destination
        var lastFault = UpstreamFault.unreachable(address: destination.text, reason: "it has no address")
        while upstreams[upstream].addressIndex < destination.addresses.count {
            let address = destination.addresses[upstreams[upstream].addressIndex]
            upstreams[upstream].addressIndex += 1
            do throws(SystemError) {
                let number = try kernel.connect(to: address)
                upstreams[upstream].own(Descriptor(number, of: kernel))
                try loop.register(number, for: handlerID, token: EventToken(upstream).rawValue)
                upstreams[upstream].become(.connecting)
                let isLast = upstreams[upstream].addressIndex == destination.addresses.count
                let deadline = upstreams[upstream].connectDeadline
                setDeadline(upstream, at: isLast ? deadline : min(deadline, now + Limits.addressTimeout))
                return
            } catch {
                lastFault = .unreachable(address: address.description, reason: error.reason)
            }
        }
        // Told by the timer, and not from within: whoever asked for the connection is not to be answered while it asks.
        upstreams[upstream].fault = destination.connecting(lastFault)
        setDeadline(upstream, at: now)
    }

    /// An address was not to be reached: the next, or the end.
    private func addressFailed(_ upstream: Handle<Upstream>, _ fault: UpstreamFault) {
        let destination = upstreams[upstream].destination
        if upstreams[upstream].addressIndex < destination.addresses.count, upstreams[upstream].connectDeadline > now {
            connectToNextAddress(upstream)
        } else {
            // They may have moved.
            destination.addressesExpiry = min(destination.addressesExpiry, now)
            upstreamFailed(upstream, destination.connecting(fault))
        }
    }

    private func currentAddress(_ upstream: Handle<Upstream>) -> SocketAddress? {
        let destination = upstreams[upstream].destination
        let index = upstreams[upstream].addressIndex - 1
        return destination.addresses.indices.contains(index) ? destination.addresses[index] : nil
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
        case .connecting: connectEnded(upstream)
        case .askingEgress:
            guard let egress = upstreams[upstream].destination.egress else { preconditionFailure("only an egress proxy is asked") }
            awaitEgress(upstream, egress)
        case .handshaking: shakeHands(upstream)
        case .idle: watchIdle(upstream)
        case .discarding: discard(upstream)
        case .serving: serveEvent(upstream, readiness)
        case .tunnelling: tunnelReady(upstream, readiness)
        case .resolving, .closed: break
        }
    }

    private func serveEvent(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        switch upstreams[upstream].client {
        case .exchange(let downstream):
            if readiness.contains(.writable) { pumpRequest(downstream, upstream) }
            if isServing(upstream, downstream) { pumpResponse(upstream) }
            if downstreams.isAlive(downstream) { advanceIfFree(downstream) }
        case .tokenCall(let index):
            if readiness.contains(.writable) { _ = flush(upstream) }
            guard upstreams[upstream].phase == .serving else { return }
            pumpTokenAnswer(upstream, credentials[index])
        case .none:
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

    private func connectEnded(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].fault == nil else { return }
        let number = upstreams[upstream].number
        let code = kernel.connectError(of: number)
        let address = currentAddress(upstream)?.description ?? upstreams[upstream].destination.text
        guard code == 0 else {
            addressFailed(upstream, .unreachable(address: address, reason: SystemError.text(for: code)))
            return
        }
        guard upstreams[upstream].canSend else { return }
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
            upstreamFailed(upstream, .tls(error))
        }
    }

    /// The connection can be used: by whom it was made for, or by the first in the queue.
    private func established(_ upstream: Handle<Upstream>) {
        upstreams[upstream].become(.idle)
        let client = upstreams[upstream].client
        upstreams[upstream].client = .none
        switch client {
        case .none:
            upstreams[upstream].destination.promisedCount -= 1
            offer(upstream)
        case .exchange(let downstream):
            if !isWaiting(downstream) || !serveWaiting(downstream, on: upstream) { offer(upstream) }
        case .tokenCall(let index):
            let credential = credentials[index]
            setDeadline(upstream, at: min(now + credential.configuration.timeouts.responseHead, credential.callDeadline))
            sendTokenCall(credential, on: upstream)
        }
    }

    func upstreamTimerFired(_ upstream: Handle<Upstream>) {
        let deadline = upstreams[upstream].deadline
        if deadline > now {
            loop.arm(upstreams[upstream].timer, at: deadline)
            return
        }
        if let fault = upstreams[upstream].fault {
            upstreamFailed(upstream, fault)
            return
        }
        let destination = upstreams[upstream].destination
        let address = currentAddress(upstream)?.description ?? destination.text
        switch upstreams[upstream].phase {
        case .resolving:
            upstreamFailed(
                upstream,
                destination.connecting(
                    .unresolved(
                        ResolutionError(host: destination.dialled.host, reason: "no answer within \(destination.connectTimeout.text)"))))
        case .connecting:
            addressFailed(upstream, .connectTimeout(address: address, limit: destination.connectTimeout))
        case .askingEgress:
            guard let egress = destination.egress else { preconditionFailure("only an egress proxy is asked") }
            upstreamFailed(
                upstream, .egress(proxy: egress.text, setting: egress.setting, .noAnswer(limit: destination.connectTimeout)))
        case .handshaking:
            let way = destination.egress.map { "\(destination.text), through egress proxy \($0.text)," } ?? address
            upstreamFailed(upstream, .connectTimeout(address: way, limit: destination.connectTimeout))
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
