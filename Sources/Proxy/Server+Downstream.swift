internal import EventLoop
internal import Glibc
internal import TLS
internal import Wire

// A client connection: reading heads, sending answers, waiting.

extension Server {
    /// How an attempt to receive went.
    enum Intake {
        case some
        /// Nothing for now: an event will tell.
        case blocked
        /// There is no room; something has to be consumed first.
        case full
        /// The stream has ended properly.
        case ended
    }

    func downstreamReady(_ downstream: Handle<Downstream>, _ readiness: Readiness) {
        if readiness.contains(.failed) {
            abandon(downstream)
            return
        }
        if readiness.contains(.readable) {
            downstreams[downstream].canReceive = true
            downstreams[downstream].tls?.socketReadable(peerClosed: readiness.contains(.peerClosed))
        }
        if readiness.contains(.writable) { downstreams[downstream].canSend = true }
        if readiness.contains(.peerClosed) {
            downstreams[downstream].isPeerClosed = true
            wake(downstream, by: now + Limits.peerCheckDelay)
        }
        advance(downstream)
    }

    /// Does whatever the connection can do at this moment.
    func advance(_ downstream: Handle<Downstream>) {
        var requestCount = 0
        while true {
            switch downstreams[downstream].phase {
            case .handshaking:
                if !shakeHands(downstream), downstreams[downstream].phase == .handshaking { return }
            case .idle, .receivingHead:
                if downstreams[downstream].output.isLent, !flush(downstream) { return }
                guard requestCount < Limits.requestsPerTurn else {
                    resumeLater(downstream)
                    return
                }
                requestCount += 1
                guard receiveHead(downstream) else { return }
            case .exchanging:
                pumpExchange(downstream)
                if downstreams[downstream].phase == .exchanging { return }
            case .tunnelling:
                pumpTunnel(downstream)
                if downstreams[downstream].phase == .tunnelling { return }
            case .finishing:
                guard flush(downstream), endOutput(downstream) else { return }
                beginLingering(downstream)
            case .lingering:
                linger(downstream)
                return
            case .breaking, .closed:
                return
            }
        }
    }

    /// Goes on with the request that is under way, in both directions.
    private func pumpExchange(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.phase == .forwarding else {
            _ = flush(downstream)
            if downstreams[downstream].phase == .exchanging, downstreams[downstream].exchange.phase == .receivingContent {
                receiveInspected(downstream)
            }
            return
        }
        let upstream = downstreams[downstream].exchange.upstream
        if !isRequestGone(downstream, upstream) { pumpRequest(downstream, upstream) }
        if isServing(upstream, downstream), !isAnswerAwaited(downstream, upstream) { pumpResponse(upstream) }
    }

    /// Whether there is nothing of the request left to be sent.
    @inline(__always)
    func isRequestGone(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) -> Bool {
        downstreams[downstream].exchange.isRequestSent && upstreams[upstream].output.isEmpty
    }

    /// Whether there can be nothing to do for the response before something has come from the upstream.
    @inline(__always)
    private func isAnswerAwaited(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) -> Bool {
        !upstreams[upstream].canReceive && downstreams[downstream].exchange.responsePhase == .none
            && upstreams[upstream].input.count == upstreams[upstream].searchedCount && downstreams[downstream].output.isEmpty
    }

    /// Whether the upstream connection still serves the client's request: a fault or an answer may have ended that.
    @inline(__always)
    func isServing(_ upstream: Handle<Upstream>, _ downstream: Handle<Downstream>) -> Bool {
        upstreams[upstream].phase == .serving && upstreams[upstream].client == .exchange(downstream)
    }
}

// MARK: heads

extension Server {
    /// Receives until a head is complete, and begins its exchange. False when nothing can be done before an event.
    private func receiveHead(_ downstream: Handle<Downstream>) -> Bool {
        while true {
            if downstreams[downstream].input.count > downstreams[downstream].searchedCount, searchHead(downstream) {
                return downstreams[downstream].phase != .closed
            }
            switch receive(downstream) {
            case .some: continue
            case .full:
                refuseHead(downstream, .malformed(Self.tooLong(downstreams[downstream].input)))
                return true
            case .ended:
                close(downstream)
                return false
            case .blocked:
                awaitHead(downstream)
                return false
            }
        }
    }

    /// Nothing more has arrived: either the connection is idle, and holds no memory, or a head is on its way.
    private func awaitHead(_ downstream: Handle<Downstream>) {
        if downstreams[downstream].input.isEmpty {
            pool.giveBack(&downstreams[downstream].input)
            mayHaveIdleClients = true
            if isDraining || downstreams[downstream].isLeaving { endSoon(downstream) }
        } else if downstreams[downstream].phase == .idle {
            downstreams[downstream].become(.receivingHead)
            setDeadline(downstream, after: headTimeout(of: downstreams[downstream].listener))
        }
    }

    /// The request that may be on its way is the last.
    func endSoon(_ downstream: Handle<Downstream>) {
        setDeadline(downstream, after: min(Limits.drainGrace, max(.zero, downstreams[downstream].deadline - now)))
    }

    /// Parses what is there. True when that was a head, or was refused as none.
    private func searchHead(_ downstream: Handle<Downstream>) -> Bool {
        let bytes = downstreams[downstream].input.bytes
        // A head can only end with a line: without a new one, what was incomplete still is. So a client that sends byte by
        // byte costs one parse a line, and a head has a bounded number of lines.
        let searched = downstreams[downstream].searchedCount
        downstreams[downstream].searchedCount = bytes.count
        if searched > 0, memchr(bytes.baseAddress! + searched, 0x0A, bytes.count - searched) == nil { return false }
        do throws(MessageError) {
            requestHead.reset()
            // Whoever's head it held has to parse it again: this one may turn out to be incomplete, and belong to nobody yet.
            parsedExchange = 0
            guard let headCount = try requestHead.parse(bytes.span) else { return false }
            downstreams[downstream].searchedCount = 0
            beginExchange(downstream, headCount: headCount)
        } catch {
            refuseHead(downstream, .malformed(error))
        }
        return true
    }

    /// Answers what is no request, and ends the connection: where the next one would begin is unknown.
    func refuseHead(_ downstream: Handle<Downstream>, _ answer: Answer) {
        downstreams[downstream].become(.exchanging)
        startExchange(downstream)
        self.answer(downstream, answer)
    }

    /// Whether the request line or the fields made the head too long.
    private static func tooLong(_ input: borrowing Buffer) -> MessageError {
        input.bytes.contains(0x0A) ? .headTooLong : .targetTooLong
    }

    func startExchange(_ downstream: Handle<Downstream>) {
        lastExchange += 1
        downstreams[downstream].exchange.begin(number: lastExchange, at: now, requestID: RequestID(made: requestIDs.next()))
    }
}

// MARK: bytes

extension Server {
    /// Receives once into `input`.
    func receive(_ downstream: Handle<Downstream>) -> Intake {
        guard downstreams[downstream].canReceive else {
            return downstreams[downstream].isInputEnded ? .ended : .blocked
        }
        pool.lend(to: &downstreams[downstream].input)
        if downstreams[downstream].input.freeCapacity == 0 { downstreams[downstream].input.compact() }
        let room = downstreams[downstream].input.room
        if room.isEmpty { return .full }
        if downstreams[downstream].tls != nil { return receiveTLS(downstream, UnsafeMutableRawBufferPointer(room)) }
        let count = kernel.receive(downstreams[downstream].descriptor.number, into: UnsafeMutableRawBufferPointer(room))
        if count > 0 {
            downstreams[downstream].input.grew(by: count)
            figures.add(count, at: Figure.Loop.receivedFromClients)
            // A short read has emptied the socket, and the next byte brings an event, unless the end has come already.
            if count < room.count, !downstreams[downstream].isPeerClosed { downstreams[downstream].canReceive = false }
            return .some
        }
        downstreams[downstream].canReceive = false
        if count == Int(-EAGAIN) { return .blocked }
        // A reset is an end, too: what it means for a request, its sender's silence or our own sending will show.
        downstreams[downstream].isInputEnded = true
        downstreams[downstream].isReset = count < 0
        return .ended
    }

    /// Sends what is in `output`. False when some of it has to wait, or the connection is gone.
    func flush(_ downstream: Handle<Downstream>) -> Bool {
        while !downstreams[downstream].output.isEmpty {
            guard downstreams[downstream].canSend else { return false }
            let count = send(downstream, UnsafeRawBufferPointer(downstreams[downstream].output.bytes))
            if count >= 0 {
                downstreams[downstream].output.consume(count)
                figures.add(count, at: Figure.Loop.sentToClients)
                if downstreams[downstream].exchange.isResponseHeld { downstreams[downstream].exchange.isResponseHeld = false }
                noteProgress(downstream)
            } else if count == Int(-EAGAIN) {
                downstreams[downstream].canSend = false
                if !downstreams[downstream].isWatched { watchAnswered(downstream) }
            } else {
                // Nothing reaches a client that has reset; any other may have a part, and has to see that.
                if count == Int(-EPIPE) || count == Int(-ECONNRESET) { abandon(downstream) } else { cutOff(downstream) }
                return false
            }
        }
        pool.giveBack(&downstreams[downstream].output)
        return downstreams[downstream].phase != .closed
    }

    /// What the socket takes of them: how many, or an error.
    func send(_ downstream: Handle<Downstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        if downstreams[downstream].tls != nil { return sendTLS(downstream, bytes) }
        return kernel.send(downstreams[downstream].descriptor.number, from: bytes)
    }

    /// Room for what the client is to be sent.
    @inline(__always)
    func lendOutput(_ downstream: Handle<Downstream>) {
        pool.lend(to: &downstreams[downstream].output)
    }

    func takeInput(_ downstream: Handle<Downstream>) -> Buffer {
        var buffer = Buffer()
        swap(&buffer, &downstreams[downstream].input)
        return buffer
    }
}

// MARK: time

extension Server {
    @inline(__always)
    func setDeadline(_ downstream: Handle<Downstream>, after span: Interval) {
        downstreams[downstream].deadline = now + span
        armTimer(downstream)
    }

    /// For the deadline, or before it where the client may have left.
    @inline(__always)
    private func armTimer(_ downstream: Handle<Downstream>) {
        let interval = downstreams[downstream].isPeerClosed ? now + Limits.peerCheckInterval : .never
        wake(downstream, by: min(downstreams[downstream].deadline, interval))
    }

    /// A timer that fires before its time is armed anew then. So a deadline that moves with each request costs a comparison.
    @inline(__always)
    func wake(_ downstream: Handle<Downstream>, by time: Instant) {
        guard time < downstreams[downstream].alarm else { return }
        downstreams[downstream].alarm = time
        loop.arm(downstreams[downstream].timer, at: time)
    }

    /// Something moved: the present wait begins anew.
    func noteProgress(_ downstream: Handle<Downstream>) {
        switch downstreams[downstream].phase {
        case .exchanging: refreshDeadline(downstream)
        case .tunnelling: refreshTunnelDeadline(downstream)
        case .idle, .finishing: awaitEnd(downstream)
        case .handshaking, .receivingHead, .breaking, .lingering, .closed: break
        }
    }

    /// The request is over: the wait for the client to take the rest of its answer, or for its next request.
    func awaitEnd(_ downstream: Handle<Downstream>) {
        let router = listeners[downstreams[downstream].listener].router
        setDeadline(downstream, after: downstreams[downstream].output.isEmpty ? router.keepAliveTimeout : router.idleTimeout)
    }

    /// The wait that the exchange is in now: for the request's content, for the response's head, or for more of it.
    func refreshDeadline(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.phase == .forwarding else { return }
        let timeouts = routes[downstreams[downstream].exchange.route].timeouts
        if downstreams[downstream].exchange.responsePhase != .none {
            setDeadline(downstream, after: timeouts.idle)
        } else if downstreams[downstream].exchange.isHeld {
            setDeadline(downstream, after: downstreams[downstream].exchange.heldUntil - now)
        } else if !downstreams[downstream].exchange.requestBody.isComplete {
            setDeadline(downstream, after: timeouts.requestBody)
        } else {
            setDeadline(downstream, after: timeouts.responseHead)
        }
    }

    func downstreamTimerFired(_ downstream: Handle<Downstream>) {
        downstreams[downstream].alarm = .never
        if !downstreams[downstream].isWatched {
            watchAnswered(downstream)
            if downstreams[downstream].phase == .closed { return }
        }
        let isLeft = hasLeft(downstream)
        guard downstreams[downstream].deadline <= now, !isLeft else {
            if isLeft { abandon(downstream) } else { armTimer(downstream) }
            return
        }
        switch downstreams[downstream].phase {
        case .handshaking: handshakeTimedOut(downstream)
        case .idle, .finishing, .lingering:
            // An answer whose rest was not taken must not look whole, which one that ends with the connection would.
            if !downstreams[downstream].output.isEmpty { resetOnClose(downstream) }
            close(downstream)
        case .receivingHead:
            refuseHead(
                downstream, .requestTimeout("head", limit: headTimeout(of: downstreams[downstream].listener).duration))
            advance(downstream)
        case .exchanging: exchangeTimedOut(downstream)
        case .tunnelling: tunnelTimedOut(downstream)
        case .breaking: resetWhenConfirmed(downstream)
        case .closed: break
        }
    }
}
