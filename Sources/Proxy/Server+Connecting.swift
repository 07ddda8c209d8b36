internal import EventLoop
internal import Glibc
internal import TLS

// Upstream connections: from the name to the end of the handshake, the pool, and the end.

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
            giveFault(.unreachable(address: destination.text(), reason: "the proxy has \(Limits.upstreamsMax) connections"), to: client, destination)
            return
        }
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
        if resolve(destination) {
            connectToNextAddress(upstream)
        } else {
            destination.resolving.append(upstream)
        }
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
            log.event(.warning, "\(destination.text()): \(error.description)")
            // Yesterday's addresses are better than none.
            guard destination.addresses.isEmpty else { break }
            for upstream in waiting where isResolving(upstream) { upstreamFailed(upstream, .unresolved(error)) }
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
        var lastFault = UpstreamFault.unreachable(address: destination.text(), reason: "it has no address")
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
                lastFault = .unreachable(address: destination.text(at: address), reason: error.reason)
            }
        }
        // Told by the timer, and not from within: whoever asked for the connection is not to be answered while it asks.
        upstreams[upstream].fault = lastFault
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
            upstreamFailed(upstream, fault)
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
    func upstreamReady(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        if readiness.contains(.readable) || readiness.contains(.failed) {
            upstreams[upstream].canReceive = true
            upstreams[upstream].tls?.socketReadable(peerClosed: !readiness.isDisjoint(with: [.peerClosed, .failed]))
        }
        if !readiness.isDisjoint(with: [.peerClosed, .failed]) { upstreams[upstream].isPeerClosed = true }
        if readiness.contains(.writable) { upstreams[upstream].canSend = true }
        switch upstreams[upstream].phase {
        case .connecting: connectEnded(upstream)
        case .handshaking: shakeHands(upstream)
        case .idle: watchIdle(upstream)
        case .discarding: discard(upstream)
        case .serving: serveEvent(upstream, readiness)
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

    /// The exchange has ended: the client's next request has its turn.
    func advanceIfFree(_ downstream: Handle<Downstream>) {
        switch downstreams[downstream].phase {
        case .idle, .finishing: advance(downstream)
        case .receivingHead, .exchanging, .lingering, .closed: break
        }
    }

    private func connectEnded(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].fault == nil else { return }
        let number = upstreams[upstream].number
        let code = kernel.connectError(of: number)
        let address = upstreams[upstream].destination.text(at: currentAddress(upstream))
        guard code == 0 else {
            addressFailed(upstream, .unreachable(address: address, reason: SystemError.text(for: code)))
            return
        }
        guard upstreams[upstream].canSend else { return }
        setDeadline(upstream, at: upstreams[upstream].connectDeadline)
        guard let context = upstreams[upstream].destination.tls else {
            established(upstream)
            return
        }
        do throws(TLSError) {
            upstreams[upstream].tls = try TLSConnection(
                client: context, serverName: upstreams[upstream].destination.serverName, transport: transport, descriptor: number)
        } catch {
            upstreamFailed(upstream, .tls(error))
            return
        }
        upstreams[upstream].become(.handshaking)
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
            if isWaiting(downstream) { serveWaiting(downstream, on: upstream) } else { offer(upstream) }
        case .tokenCall(let index):
            setDeadline(upstream, at: now + credentials[index].configuration.timeouts.responseHead)
            sendTokenCall(credentials[index], on: upstream)
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
        let address = destination.text(at: currentAddress(upstream))
        switch upstreams[upstream].phase {
        case .resolving:
            upstreamFailed(
                upstream,
                .unresolved(ResolutionError(host: destination.dialled.host, reason: "no answer within \(destination.connectTimeout.text)")))
        case .connecting:
            addressFailed(upstream, .connectTimeout(address: address, limit: destination.connectTimeout))
        case .handshaking:
            upstreamFailed(upstream, .connectTimeout(address: address, limit: destination.connectTimeout))
        case .idle, .discarding: closeUpstream(upstream)
        case .serving:
            if case .tokenCall(let index) = upstreams[upstream].client {
                upstreamFailed(upstream, .responseTimeout(limit: credentials[index].configuration.timeouts.responseHead))
            }
        case .closed: break
        }
    }
}

// MARK: the pool

extension Server {
    func isWaiting(_ downstream: Handle<Downstream>) -> Bool {
        downstreams.isAlive(downstream) && downstreams[downstream].phase == .exchanging
            && downstreams[downstream].exchange.phase == .waitingForConnection
    }

    func isWaiting(_ waiting: Destination.Waiting) -> Bool {
        isWaiting(waiting.downstream) && downstreams[waiting.downstream].exchange.number == waiting.exchange
    }

    /// A connection's request has been answered, and another may follow on it.
    func release(_ upstream: Handle<Upstream>) {
        if upstreams[upstream].phase != .idle { upstreams[upstream].become(.idle) }
        upstreams[upstream].client = .none
        upstreams[upstream].isReused = true
        pool.giveBack(takeInput(upstream))
        pool.giveBack(takeOutput(upstream))
        offer(upstream)
    }

    /// A free connection goes to the request that has waited longest, else into the pool.
    private func offer(_ upstream: Handle<Upstream>) {
        let destination = upstreams[upstream].destination
        while let waiting = destination.dequeue() {
            guard isWaiting(waiting) else { continue }
            serveWaiting(waiting.downstream, on: upstream)
            return
        }
        if isDraining {
            closeUpstream(upstream)
            return
        }
        upstreams[upstream].isReused = true
        destination.idle.append(upstream)
        setDeadline(upstream, at: now + Limits.pooledIdleTimeout)
    }

    /// Serves a request that no event of its client is being handled for. If it is answered at once, which a malformed content
    /// is, nobody else would send the answer.
    private func serveWaiting(_ downstream: Handle<Downstream>, on upstream: Handle<Upstream>) {
        serve(downstream, on: upstream)
        advanceIfFree(downstream)
    }

    /// Something came on a connection that owes no answer: its end, or what belongs to TLS alone.
    private func watchIdle(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].canReceive else { return }
        do throws(UpstreamFault) {
            let intake = try receive(upstream)
            pool.giveBack(takeInput(upstream))
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

    private func discard(_ upstream: Handle<Upstream>) {
        guard case .body(var reader) = upstreams[upstream].response else {
            preconditionFailure("only an answer whose head was read is discarded")
        }
        do {
            while !reader.isComplete {
                if upstreams[upstream].input.isEmpty {
                    guard case .some = try receive(upstream) else { break }
                }
                let step = try reader.step(upstreams[upstream].input.bytes.span)
                upstreams[upstream].input.consume(step.consumed)
                upstreams[upstream].discardedCount += step.consumed
                guard upstreams[upstream].discardedCount <= Limits.discardBytesMax else { throw UpstreamFault.truncated }
            }
        } catch {
            closeUpstream(upstream)
            return
        }
        upstreams[upstream].response = .body(reader)
        if reader.isComplete {
            if isReusable(upstream) { release(upstream) } else { closeUpstream(upstream) }
        } else if upstreams[upstream].isPeerClosed {
            closeUpstream(upstream)
        }
    }

    /// Whether the connection can carry another request: the upstream keeps it, and sent nothing beyond its answer.
    func isReusable(_ upstream: Handle<Upstream>) -> Bool {
        upstreams[upstream].keepsAlive && upstreams[upstream].input.isEmpty && upstreams[upstream].output.isEmpty
            && !upstreams[upstream].isPeerClosed && !upstreams[upstream].isSendBroken && !isDraining && isDrained(upstream)
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

    /// Ends the connection. Its slot is free at the end of the turn.
    func closeUpstream(_ upstream: Handle<Upstream>) {
        guard upstreams[upstream].phase != .closed else { return }
        let destination = upstreams[upstream].destination
        switch upstreams[upstream].phase {
        case .idle: destination.idle.removeAll { $0 == upstream }
        case .resolving, .connecting, .handshaking:
            if upstreams[upstream].client == .none { destination.promisedCount -= 1 }
        case .serving, .discarding, .closed: break
        }
        upstreams[upstream].become(.closed)
        upstreams[upstream].client = .none
        upstreams[upstream].tls?.sendCloseNotify()
        destination.openCount -= 1
        loop.disarm(upstreams[upstream].timer)
        pool.giveBack(takeInput(upstream))
        pool.giveBack(takeOutput(upstream))
        endedUpstreams.append(upstream)
        // A place has become free.
        openForQueue(destination)
    }
}

// MARK: bytes

extension Server {
    /// Receives and decrypts into `input`.
    func receive(_ upstream: Handle<Upstream>) throws(UpstreamFault) -> Intake {
        guard upstreams[upstream].canReceive else { return .blocked }
        if !upstreams[upstream].input.isLent { upstreams[upstream].input = pool.lend() }
        if upstreams[upstream].input.freeCapacity == 0 { upstreams[upstream].input.compact() }
        let room = UnsafeMutableRawBufferPointer(upstreams[upstream].input.room)
        if room.isEmpty { return .full }
        let intake = upstreams[upstream].destination.tls == nil ? try receivePlain(upstream, room) : try receiveTLS(upstream, room)
        if case .some = intake { upstreams[upstream].isUnanswered = false }
        return intake
    }

    private func receivePlain(
        _ upstream: Handle<Upstream>, _ room: UnsafeMutableRawBufferPointer
    ) throws(UpstreamFault) -> Intake {
        let count = kernel.receive(upstreams[upstream].number, into: room)
        if count > 0 {
            upstreams[upstream].input.grew(by: count)
            if count < room.count, !upstreams[upstream].isPeerClosed { upstreams[upstream].canReceive = false }
            return .some
        }
        if count == Int(-EAGAIN) {
            upstreams[upstream].canReceive = false
            return .blocked
        }
        if count == 0 { return .ended }
        throw upstreams[upstream].isUnanswered ? .closedBeforeAnswer : .truncated
    }

    private func receiveTLS(
        _ upstream: Handle<Upstream>, _ room: UnsafeMutableRawBufferPointer
    ) throws(UpstreamFault) -> Intake {
        do throws(TLSError) {
            switch try upstreams[upstream].tls!.read(into: room) {
            case .bytes(let count):
                upstreams[upstream].input.grew(by: count)
                return .some
            case .wantsRead:
                upstreams[upstream].canReceive = false
                return .blocked
            case .wantsWrite:
                return .blocked
            case .closed:
                return .ended
            }
        } catch {
            switch error {
            case .truncated, .transport: throw upstreams[upstream].isUnanswered ? .closedBeforeAnswer : .truncated
            case .configuration, .certificate, .alert, .protocolFault, .library: throw .tls(error)
            }
        }
    }

    /// Encrypts and sends what is in `output`. True when all of it is sent.
    func flush(_ upstream: Handle<Upstream>) -> Bool {
        while !upstreams[upstream].output.isEmpty {
            guard upstreams[upstream].canSend, !upstreams[upstream].isSendBroken else { return false }
            let bytes = UnsafeRawBufferPointer(upstreams[upstream].output.bytes)
            let count = upstreams[upstream].destination.tls == nil ? sendPlain(upstream, bytes) : sendTLS(upstream, bytes)
            guard count > 0 else { return false }
            upstreams[upstream].output.consume(count)
        }
        if upstreams[upstream].output.isLent { pool.giveBack(takeOutput(upstream)) }
        return true
    }

    private func sendPlain(_ upstream: Handle<Upstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        let count = kernel.send(upstreams[upstream].number, from: bytes)
        if count > 0 {
            upstreams[upstream].isUntouched = false
        } else if count == Int(-EAGAIN) {
            upstreams[upstream].canSend = false
        } else {
            sendingFailed(upstream)
        }
        return count
    }

    /// What was given to OpenSSL counts as sent, even where the socket has not taken it yet: it cannot be taken back.
    private func sendTLS(_ upstream: Handle<Upstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        let sentCount = transport.sentCount
        // A write that fails may have handed some of its records to the kernel before.
        defer { if transport.sentCount != sentCount { upstreams[upstream].isUntouched = false } }
        do throws(TLSError) {
            switch try upstreams[upstream].tls!.write(bytes) {
            case .bytes(let count):
                upstreams[upstream].isUntouched = false
                if count < bytes.count { upstreams[upstream].canSend = false }
                return count
            case .wantsWrite, .wantsRead:
                upstreams[upstream].isUntouched = false
                upstreams[upstream].canSend = false
            case .closed:
                sendingFailed(upstream)
            }
        } catch {
            sendingFailed(upstream)
        }
        return 0
    }

    /// The upstream takes no more. It may have answered before that, so what it sent is still read.
    private func sendingFailed(_ upstream: Handle<Upstream>) {
        upstreams[upstream].isSendBroken = true
        upstreams[upstream].canReceive = true
        upstreams[upstream].isPeerClosed = true
        upstreams[upstream].tls?.socketReadable(peerClosed: true)
    }

    func takeInput(_ upstream: Handle<Upstream>) -> Buffer {
        var buffer = Buffer()
        swap(&buffer, &upstreams[upstream].input)
        return buffer
    }

    func takeOutput(_ upstream: Handle<Upstream>) -> Buffer {
        var buffer = Buffer()
        swap(&buffer, &upstreams[upstream].output)
        return buffer
    }
}
