internal import EventLoop
internal import TLS
internal import Wire

// How requests end: answered by the upstream, answered by the proxy, broken off, or given up.

extension Server {
    /// The upstream's answer is whole.
    func finishResponse(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        if downstreams[downstream].exchange.responseCoding == .chunked, !downstreams[downstream].exchange.isResponseEndWritten {
            // The content before it may have been sent already, and the buffer with it.
            lendOutput(downstream)
            let fits = downstreams[downstream].output.append { ChunkedEncoder.writeLast(into: &$0) }
            precondition(fits, "chunks leave room for the last one")
        }
        downstreams[downstream].exchange.responsePhase = .complete
        let isRequestSent = downstreams[downstream].exchange.isRequestSent
        // Some servers send a content behind the head all the same. Whoever waits for the connection would be given it at once.
        let isDoubtful = downstreams[downstream].exchange.method == .head && upstreams[upstream].destination.queueCount > 0
        downstreams[downstream].exchange.become(.answered)
        downstreams[downstream].isOwedInput = !isRequestSent || !downstreams[downstream].exchange.isLast
        endExchange(downstream, isPersistent: downstreams[downstream].exchange.isPersistent && isRequestSent)
        if isRequestSent, !isDoubtful, isReusable(upstream) { release(upstream) } else { closeUpstream(upstream) }
    }

    /// The proxy's own answer ends the request. Nothing of a response may have been sent.
    func answer(_ downstream: Handle<Downstream>, _ answer: Answer) {
        precondition(downstreams[downstream].exchange.responsePhase == .none, "a response is under way already")
        endWait(downstream)
        lendOutput(downstream)
        let head = downstreams[downstream].exchange.copy.head
        let route = downstreams[downstream].exchange.route
        let name = route >= 0 ? routes[route].configuration.name : nil
        let requestID = downstreams[downstream].exchange.requestID.text(head: head)
        let isPersistent = downstreams[downstream].exchange.isPersistent && !answer.closes && !isDraining && !downstreams[downstream].isLeaving
            && downstreams[downstream].exchange.requestBody.isComplete
        if answer.status >= 500, !isTold(answer.code, route: route) { log.event(.warning, "\(name.map { "route \($0): " } ?? "")\(answer.message)") }
        note(name.map { .route($0) } ?? .proxy, code: answer.code.rawValue, answer.message)
        downstreams[downstream].exchange.sentCount = answer.write(
            into: &downstreams[downstream].output, route: name, requestID: requestID,
            minorVersion: downstreams[downstream].exchange.minorVersion, isPersistent: isPersistent,
            timing: route >= 0 && routes[route].configuration.serverTiming ? serverTiming(downstream).text : "",
            withContent: downstreams[downstream].exchange.method != .head)
        downstreams[downstream].exchange.status = answer.status
        downstreams[downstream].exchange.responsePhase = .complete
        downstreams[downstream].exchange.become(.answered)
        downstreams[downstream].isOwedInput = answer.closes || !downstreams[downstream].exchange.isLast
            || !downstreams[downstream].exchange.requestBody.isComplete
        endExchange(downstream, isPersistent: isPersistent, code: answer.code)
    }

    /// Whether the same was said a moment ago of another request that got no token.
    private func isTold(_ code: Cause, route: Int) -> Bool {
        guard code == .credentialUnavailable || code == .authTimeout, route >= 0 else { return false }
        let credential = routes[route].credential
        guard now >= credential.nextFaultLine else { return true }
        credential.nextFaultLine = now + Limits.tokenFaultInterval
        return false
    }

    /// Lets go of the request; the connection waits for the next, or closes when everything is sent.
    func endExchange(_ downstream: Handle<Downstream>, isPersistent: Bool, code: Cause? = nil) {
        let durations = count(downstream, code)
        if log.isAccessLogged { logAccess(downstream, code, durations) }
        dropExchange(downstream)
        downstreams[downstream].hasBeenUsed = true
        downstreams[downstream].become(isPersistent ? .idle : .finishing)
        awaitEnd(downstream)
    }

    private func dropExchange(_ downstream: Handle<Downstream>) {
        endReplay(downstream)
        if !downstreams[downstream].exchange.heldBack.isEmpty { wipeHeldBack(downstream) }
        let charged = downstreams[downstream].exchange.chargedCount
        if charged > 0 { charge(-charged, isInspected: downstreams[downstream].exchange.isInspected) }
        downstreams[downstream].exchange.end(pool: &pool)
        downstreams[downstream].returnExchange()
        downstreams[downstream].searchedCount = 0
    }

    private func logAccess(_ downstream: Handle<Downstream>, _ cause: Cause?, _ durations: Durations) {
        log.access(
            downstreams[downstream].exchange, user: downstreams[downstream].user?.number,
            client: downstreams[downstream].clientName, route: downstreams[downstream].exchange.route >= 0
                ? routes[downstreams[downstream].exchange.route].configuration.name : nil,
            cause: cause, durations: durations)
    }

    /// The client is gone, or can be told nothing more: whatever is done for it stops.
    func cancelExchange(_ downstream: Handle<Downstream>, code: Cause) {
        let upstream = downstreams[downstream].exchange.upstream
        if downstreams[downstream].exchange.phase == .forwarding, isServing(upstream, downstream) { closeUpstream(upstream) }
        if downstreams[downstream].exchange.phase == .tunnelling { resetUpstream(upstream) }
        endWait(downstream)
        let durations = count(downstream, code)
        if log.isAccessLogged { logAccess(downstream, code, durations) }
        dropExchange(downstream)
    }

    /// A response has begun and cannot be finished: the client must see that it is not whole.
    func breakOff(_ downstream: Handle<Downstream>, _ reason: String) {
        let name = routes[downstreams[downstream].exchange.route].configuration.name
        log.event(.warning, "route \(name): a response was broken off: \(reason)")
        note(.route(name), code: "broken_off", "a response was broken off: \(reason)")
        cutOff(downstream, code: .brokenOff)
    }

    /// The beginning of a response has not gone yet: an answer that says what is wrong takes its place. A connection that ends
    /// without a byte would make clients send the request again (RFC 9112, section 9.3.1), which may have taken effect.
    func takeBackResponse(_ downstream: Handle<Downstream>) -> Bool {
        guard downstreams[downstream].exchange.isResponseHeld else { return false }
        downstreams[downstream].output.removeAll()
        if !downstreams[downstream].exchange.heldBack.isEmpty { wipeHeldBack(downstream) }
        downstreams[downstream].exchange.takeBackResponse()
        return true
    }

    func exchangeTimedOut(_ downstream: Handle<Downstream>) {
        let phase = downstreams[downstream].exchange.phase
        let route = routes[downstreams[downstream].exchange.route]
        switch phase {
        case .receivingContent:
            answer(downstream, .requestTimeout("content", limit: route.configuration.timeouts.requestBody))
        case .waitingForToken:
            let credential = route.credential.configuration
            answer(downstream, .authTimeout(credential.name, limit: credential.authTimeout, downstreams[downstream].exchange.fate()))
        case .waitingForConnection:
            answer(
                downstream,
                .queueTimeout(
                    route.configuration.name, concurrency: route.destination.concurrency, limit: route.configuration.timeouts.responseHead,
                    downstreams[downstream].exchange.fate()))
        case .forwarding:
            forwardingTimedOut(downstream, route)
        case .none, .tunnelling, .answered:
            break
        }
        advanceIfFree(downstream)
    }

    private func forwardingTimedOut(_ downstream: Handle<Downstream>, _ route: RouteState) {
        let timeouts = route.configuration.timeouts
        let upstream = downstreams[downstream].exchange.upstream
        guard downstreams[downstream].exchange.responsePhase == .none || takeBackResponse(downstream) else {
            breakOff(downstream, "nothing moved for \(timeouts.idle.text) (timeouts.idle)")
            return
        }
        if downstreams[downstream].exchange.isHeld {
            releaseContent(downstream)
            refreshDeadline(downstream)
            return
        }
        let isClientLate = !downstreams[downstream].exchange.requestBody.isComplete && upstreams[upstream].output.isEmpty
        let fate = downstreams[downstream].exchange.fate(isUntouched: upstreams[upstream].isUntouched)
        let address = upstreams[upstream].address
        closeUpstream(upstream)
        if isClientLate {
            answer(downstream, .requestTimeout("content", limit: timeouts.requestBody))
        } else {
            answer(downstream, .upstream(.responseTimeout(limit: timeouts.responseHead), route.destination, at: address, fate))
        }
    }
}

// MARK: faults of an upstream connection

extension Server {
    /// The connection brings no answer, or no whole one.
    func upstreamFailed(_ upstream: Handle<Upstream>, _ fault: UpstreamFault) {
        // Ended already, as with a client that turned out to have left: nobody is to be told, least of all who waits in the queue.
        guard upstreams[upstream].phase != .closed else { return }
        let destination = upstreams[upstream].destination
        let client = upstreams[upstream].client
        let wasServing = upstreams[upstream].phase == .serving
        if case .tls(let error, _) = fault, error.isCertificateFault, let text = TLSContext.takeSystemAuthoritiesFault() {
            log.event(.error, text)
        }
        witness?.failed(destination, fault, wasServing: wasServing)
        let isStale = wasServing && upstreams[upstream].isReused && upstreams[upstream].isUnanswered
        let isUntouched = upstreams[upstream].isUntouched
        let address = upstreams[upstream].address
        if wasServing, case .exchange(let downstream) = client {
            closeUpstream(upstream)
            attemptFailed(downstream, fault, at: address, isStale: isStale, isUntouched: isUntouched)
        } else {
            destination.counters.add(at: Figure.Connections.failures + ConnectionFailure(fault).index)
            destination.nextAhead = now + Limits.aheadPause
            // In this order: as long as the request that it was for is in the queue, another connection would be made for it. Whoever
            // has come to wait for one that was opened ahead gets one that is made for him.
            if !upstreams[upstream].isAhead { giveFault(fault, to: client, destination) }
            closeUpstream(upstream)
        }
    }

    /// A connection could not be made: tells whom it was for.
    func giveFault(_ fault: UpstreamFault, to client: Upstream.Client, _ destination: Destination) {
        switch client {
        case .tokenCall(let index):
            tokenCallFailed(credentials[index], fault)
        case .waiting(let downstream, let exchange):
            // Nobody, where the request has ended meanwhile.
            if isWaiting(downstream, exchange: exchange) { failWaiting(downstream, fault, destination) }
        case .none:
            while let waiting = destination.dequeue() {
                guard isWaiting(waiting) else { continue }
                failWaiting(waiting.downstream, fault, destination)
                return
            }
        case .exchange:
            // Who has the connection already is told by the answer that does not come.
            break
        }
    }

    private func failWaiting(_ downstream: Handle<Downstream>, _ fault: UpstreamFault, _ destination: Destination) {
        answer(downstream, .upstream(fault, destination, downstreams[downstream].exchange.fate()))
        advanceIfFree(downstream)
    }

    /// Exactly once: after a fault, a request is sent again only where the upstream cannot have acted on it.
    private func attemptFailed(
        _ downstream: Handle<Downstream>, _ fault: UpstreamFault, at address: SocketAddress?, isStale: Bool, isUntouched: Bool
    ) {
        let route = routes[downstreams[downstream].exchange.route]
        // Until now the upstream had it, whoever has it next.
        downstreams[downstream].exchange.timing.answered(at: now)
        if downstreams[downstream].exchange.responsePhase != .none, !takeBackResponse(downstream) {
            breakOff(downstream, fault.reason)
            return
        }
        let mayRetry = isStale && !downstreams[downstream].exchange.hasRetriedConnection
            && downstreams[downstream].exchange.isReplayable
            && (downstreams[downstream].exchange.method.isSafe || isUntouched)
        if case .closedBeforeAnswer = fault, mayRetry {
            downstreams[downstream].exchange.hasRetriedConnection = true
            route.counters.add(at: Figure.Route.retries)
            downstreams[downstream].exchange.wasSentBefore = !isUntouched
            downstreams[downstream].exchange.become(.waitingForToken)
            takeToken(downstream, isFirst: true)
        } else {
            answer(downstream, .upstream(fault, route.destination, at: address, downstreams[downstream].exchange.fate(isUntouched: isUntouched)))
        }
        advanceIfFree(downstream)
    }
}
