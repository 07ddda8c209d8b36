internal import Credentials
internal import EventLoop
internal import Wire

// A request from its accepted head to its attempt upstream.

extension Server {
    /// The head in `requestHead` is the first `headCount` bytes of the client's input: decides where it goes.
    func beginExchange(_ downstream: Handle<Downstream>, headCount: Int) {
        downstreams[downstream].become(.exchanging)
        startExchange(downstream)
        let head = UnsafeBufferPointer(rebasing: downstreams[downstream].input.bytes[..<headCount])
        takeFacts(downstream, head.span)
        do throws(Router.Refusal) {
            let route = try route(of: downstream, head.span)
            downstreams[downstream].exchange.route = route.index
            route.counters.add(at: Figure.Route.begun)
            let isInspected = route.hasRules && route.policy?.inspects(requestHead.method) ?? false
            downstreams[downstream].exchange.isInspected = isInspected
            keepHead(downstream, headCount, contentBytesMax: isInspected ? Limits.rpcContentBytesMax : route.configuration.replayBodyBytesMax)
            if let answer = requestHead.hasOtherExpectation ? .expectationFailed : refusalOfContent(downstream) {
                self.answer(downstream, answer)
            } else if isInspected {
                beginInspection(downstream)
            } else {
                admit(downstream, route)
            }
        } catch {
            keepHead(downstream, headCount, contentBytesMax: 0)
            if let index = error.route {
                downstreams[downstream].exchange.route = index
                routes[index].counters.add(at: Figure.Route.begun)
            }
            answer(downstream, error.answer)
        }
    }

    private func takeFacts(_ downstream: Handle<Downstream>, _ head: Span<UInt8>) {
        downstreams[downstream].exchange.method = requestHead.method
        downstreams[downstream].exchange.minorVersion = requestHead.minorVersion
        let isPersistent = requestHead.isPersistent
        downstreams[downstream].exchange.isPersistent = isPersistent
        downstreams[downstream].exchange.isLast = !isPersistent
        let framing = requestHead.framing
        if framing != .none {
            downstreams[downstream].exchange.requestFraming = framing
            downstreams[downstream].exchange.requestBody.begin(framing)
            downstreams[downstream].exchange.expectsContinue = requestHead.expectsContinue
            downstreams[downstream].exchange.forwardsTrailers = requestHead.allowsTrailers
        }
        if requestHead.hasUpgrade, downstreams[downstream].exchange.requestBody.isComplete {
            downstreams[downstream].exchange.offersTunnel = UpgradeOffer(requestHead, in: head) != nil
        }
        if log.isAccessLogged {
            downstreams[downstream].exchange.methodRange = requestHead.methodRange
            downstreams[downstream].exchange.pathRange = requestHead.target.path
        }
    }

    private func keepHead(_ downstream: Handle<Downstream>, _ headCount: Int, contentBytesMax: Int) {
        downstreams[downstream].exchange.copy.begin(
            headCount, of: &downstreams[downstream].input, pool: &pool, contentBytesMax: contentBytesMax)
        parsedExchange = downstreams[downstream].exchange.number
        takeRequestID(downstream)
        if case .length(let count) = downstreams[downstream].exchange.requestFraming {
            downstreams[downstream].exchange.isTooLongToKeep = count > contentBytesMax
        }
    }

    /// The route of the request in `requestHead`, unless it is refused.
    private func route(of downstream: Handle<Downstream>, _ head: Span<UInt8>) throws(Router.Refusal) -> RouteState {
        let route = try listeners[downstreams[downstream].listener].router.decide(requestHead, head)
        if let users = route.users, let answer = refusalOfUser(downstream, users, route.configuration.name) {
            throw Router.Refusal(answer: answer, route: route.index)
        }
        if route.hasRules, let answer = Router.refusal(requestHead, head, by: route) {
            throw Router.Refusal(answer: answer, route: route.index)
        }
        return route
    }

    /// The answer where more content is announced, or has come, than the route takes.
    func refusalOfContent(_ downstream: Handle<Downstream>) -> Answer? {
        var count = downstreams[downstream].exchange.receivedCount
        if case .length(let length) = downstreams[downstream].exchange.requestFraming { count = length }
        if count == 0 { return nil }
        let route = routes[downstreams[downstream].exchange.route].configuration
        if downstreams[downstream].exchange.isInspected, count > Limits.rpcContentBytesMax {
            return .contentTooLarge(route.name, bytesMax: Limits.rpcContentBytesMax, rule: "allow.rpcMethods")
        }
        return count > route.limits.requestBodyBytesMax
            ? .contentTooLarge(route.name, bytesMax: route.limits.requestBodyBytesMax) : nil
    }

    private func takeRequestID(_ downstream: Handle<Downstream>) {
        guard let field = requestHead.first(.xRequestID), requestHead.count(of: .xRequestID) == 1 else { return }
        let head = downstreams[downstream].exchange.copy.head
        guard let requestID = RequestID(client: field.valueRange, in: head) else { return }
        downstreams[downstream].exchange.requestID = requestID
    }

    /// The kept head is in `requestHead` afterwards. It was parsed before, and is the same bytes.
    func parseKeptHead(_ downstream: Handle<Downstream>) {
        let number = downstreams[downstream].exchange.number
        guard parsedExchange != number else { return }
        requestHead.reset()
        do throws(MessageError) {
            let count = try requestHead.parse(downstreams[downstream].exchange.copy.head.span)
            precondition(count == downstreams[downstream].exchange.copy.headCount, "a kept head is whole")
        } catch {
            preconditionFailure("a kept head was accepted before")
        }
        parsedExchange = number
    }
}

// MARK: the token and the connection

extension Server {
    /// Nothing is left that the request could be refused for, but that the route has had as many as it takes: it goes upstream.
    func admit(_ downstream: Handle<Downstream>, _ route: RouteState) {
        if let rate = route.rate, let wait = rate.take(at: now) {
            answer(downstream, .rateLimited(route.configuration.name, perSecond: rate.perSecond, wait: wait))
            return
        }
        downstreams[downstream].exchange.become(.waitingForToken)
        takeToken(downstream, route, isFirst: true)
    }

    /// The request needs a token: goes on with it, waits for it, or is answered.
    /// - Parameter isFirst: its time to wait for one begins.
    func takeToken(_ downstream: Handle<Downstream>, isFirst: Bool = false) {
        takeToken(downstream, routes[downstreams[downstream].exchange.route], isFirst: isFirst)
    }

    private func takeToken(_ downstream: Handle<Downstream>, _ route: RouteState, isFirst: Bool) {
        let refused = downstreams[downstream].exchange.refusedGeneration
        switch route.credential.use(at: now, refusedGeneration: refused) {
        case .ready(let generation):
            downstreams[downstream].exchange.become(.waitingForConnection)
            takeConnection(downstream, route, generation)
        case .wait:
            awaitToken(downstream, route.credential, isFirst: isFirst)
        case .pausing(let cause, let retryAfter):
            let end = isFirst ? now + route.credential.authTimeout : downstreams[downstream].deadline
            if now + Interval(retryAfter) < end {
                awaitToken(downstream, route.credential, isFirst: isFirst)
            } else {
                let fate = downstreams[downstream].exchange.fate()
                answer(downstream, .credentialUnavailable(route.credential.configuration.name, cause: cause, retryAfter: retryAfter, fate))
            }
        case .unavailable(let cause, let retryAfter):
            let fate = downstreams[downstream].exchange.fate()
            answer(downstream, .credentialUnavailable(route.credential.configuration.name, cause: cause, retryAfter: retryAfter, fate))
        }
    }

    private func awaitToken(_ downstream: Handle<Downstream>, _ credential: CredentialState, isFirst: Bool) {
        if isFirst { setDeadline(downstream, after: credential.authTimeout) }
        downstreams[downstream].exchange.timing.waitBegan = now
        credential.waiting.append(downstream)
        driveCredential(credential)
    }

    /// Goes on with a free connection of the pool and the token of `generation`, which has just been found ready; or waits for one.
    private func takeConnection(_ downstream: Handle<Downstream>, _ route: RouteState, _ generation: UInt64) {
        let destination = route.destination
        var generation = generation
        if downstreams[downstream].exchange.hasRetriedConnection {
            // The pool has just shown that it may hold what the upstream has closed.
            awaitConnection(downstream)
            let number = downstreams[downstream].exchange.number
            guard destination.takePlace() else {
                // Its place has gone to the queue, at the head of which it was.
                destination.enqueueFirst(Destination.Waiting(downstream: downstream, exchange: number, since: now))
                openForQueue(destination)
                return
            }
            connect(to: destination, for: .waiting(downstream, exchange: number), hasPlace: true)
            return
        }
        while let upstream = destination.idle.popLast() {
            publishIdle(destination)
            // What has come on it since its answer would be taken for the answer to this request.
            let isQuiet = !upstreams[upstream].canReceive && !upstreams[upstream].isPeerClosed
            guard isQuiet && downstreams[downstream].exchange.method.isSafe || isStillOpen(upstream) else {
                closeUpstream(upstream)
                // Its place may have gone to another request, and with that one's answer a client has had its next begun: the token
                // may be another by now.
                guard case .ready(let present) = route.credential.use(
                    at: now, refusedGeneration: downstreams[downstream].exchange.refusedGeneration)
                else {
                    downstreams[downstream].exchange.become(.waitingForToken)
                    takeToken(downstream, route, isFirst: true)
                    return
                }
                generation = present
                continue
            }
            serve(downstream, on: upstream, route, generation)
            if destination.idle.count &* Limits.aheadShare < destination.openCount { openAhead(destination) }
            return
        }
        if destination.isFull(at: position) { tidyQueue(destination) }
        guard !destination.isFull(at: position) else {
            let fate = downstreams[downstream].exchange.fate()
            answer(downstream, .overloaded(route.configuration.name, queueMax: destination.queueMax, fate))
            return
        }
        awaitConnection(downstream)
        destination.enqueue(Destination.Waiting(downstream: downstream, exchange: downstreams[downstream].exchange.number, since: now))
        openForQueue(destination)
    }

    /// The time for the token is over. To connect has a limit of its own; to wait for others has this one.
    private func awaitConnection(_ downstream: Handle<Downstream>) {
        downstreams[downstream].exchange.timing.waitBegan = now
        setDeadline(downstream, after: routes[downstreams[downstream].exchange.route].timeouts.responseHead)
    }

    /// Hands a free connection to a request that waits for one, and writes the head. False when the request has to wait for
    /// a token, and the connection is still free.
    func serve(_ downstream: Handle<Downstream>, on upstream: Handle<Upstream>) -> Bool {
        endWait(downstream)
        let route = routes[downstreams[downstream].exchange.route]
        // While it waited for the connection, the token may have been renewed, refused to another, or have expired.
        guard case .ready(let generation) = route.credential.use(
            at: now, refusedGeneration: downstreams[downstream].exchange.refusedGeneration)
        else {
            downstreams[downstream].exchange.become(.waitingForToken)
            takeToken(downstream, route, isFirst: true)
            return false
        }
        serve(downstream, on: upstream, route, generation)
        return true
    }

    private func serve(_ downstream: Handle<Downstream>, on upstream: Handle<Upstream>, _ route: RouteState, _ generation: UInt64) {
        precondition(upstreams[upstream].destination === route.destination, "a request and its token go to no other upstream than its route's")
        upstreams[upstream].beginRequest(for: .exchange(downstream))
        upstreams[upstream].deadline = .never
        downstreams[downstream].exchange.beginAttempt(on: upstream, generation: generation)
        guard writeRequestHead(downstream, upstream, route, generation) else {
            closeUpstream(upstream)
            answer(downstream, .malformed(.headTooLong))
            return
        }
        refreshDeadline(downstream)
        pumpRequest(downstream, upstream)
        if isServing(upstream, downstream), downstreams[downstream].exchange.responsePhase == .none {
            downstreams[downstream].exchange.timing.sent = kernel.monotonicNow()
        }
    }
}

// MARK: the head for the upstream

extension Server {
    /// False when the head with what is added does not fit a buffer.
    private func writeRequestHead(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ route: RouteState, _ generation: UInt64
    ) -> Bool {
        parseKeptHead(downstream)
        let injected = Unmanaged.passUnretained(route.injectedFields(generation: generation))
        hideToken(of: route, generation: generation, from: downstream)
        pool.lend(to: &upstreams[upstream].output)
        let head = downstreams[downstream].exchange.copy.head
        let parameterCount = route.configuration.socketIOToken ? route.tokenParameter(generation: generation).count : 0
        let added = injected._withUnsafeGuaranteedRef { $0.count } + parameterCount + route.basePath.count + Limits.requestIDBytesMax + 256
        guard head.count + added <= upstreams[upstream].output.freeCapacity else { return false }

        let keepsLine = route.keepsLine(of: requestHead)
        if !keepsLine {
            let parameter = route.configuration.socketIOToken ? route.tokenParameter(generation: generation) : nil
            route.writeRequestLine(requestHead, head, parameter: parameter, into: &upstreams[upstream].output)
        }
        let asksForGzip = route.configuration.decompress && requestHead.mayAskForGzip(head.span)
        downstreams[downstream].exchange.asksForGzip = asksForGzip
        let isWhole = downstreams[downstream].exchange.requestFraming == .none && !requestHead.acceptsTrailers
            && !downstreams[downstream].exchange.offersTunnel
        let requestID = downstreams[downstream].exchange.requestID
        let fits = upstreams[upstream].output.append { output in
            if keepsLine { output.appendWhole(head.span.extracting(requestHead.line)) }
            injected._withUnsafeGuaranteedRef { $0.withBytes { output.appendWhole($0) } }
            requestID.write(head: head, into: &output)
            output.appendWhole("\r\n")
            if asksForGzip { output.appendWhole("Accept-Encoding: gzip\r\n") }
            // Not one call with the one or the other: that would copy the filter.
            let fits = asksForGzip
                ? requestHead.writeFields(from: head.span, except: route.gzipRequestFilter, into: &output)
                : requestHead.writeFields(from: head.span, except: route.requestFilter, into: &output)
            guard fits else { return false }
            // After those of earlier recipients, for their order tells the path (RFC 9110, section 7.6.3).
            output.appendWhole("Via: 1.1 bearerproxy\r\n")
            if isWhole { output.appendWhole("\r\n") }
            return true
        }
        precondition(fits, "the room for a head was measured before")
        upstreams[upstream].output.holdSecret()
        if isWhole { return true }
        if downstreams[downstream].exchange.offersTunnel { writeOffer(downstream, upstream) }
        writeRequestFraming(downstream, upstream)
        return true
    }

    private func writeRequestFraming(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        switch downstreams[downstream].exchange.requestFraming {
        case .none: break
        case .length(let count):
            upstreams[upstream].output.appendWhole("Content-Length: ")
            upstreams[upstream].output.appendDecimal(count)
            upstreams[upstream].output.appendWhole("\r\n")
        case .chunked:
            let head = downstreams[downstream].exchange.copy.head
            let fits = upstreams[upstream].output.append { requestHead.writeTrailerField(from: head.span, into: &$0) }
            precondition(fits, "the room for a head was measured before")
            upstreams[upstream].output.appendWhole("Transfer-Encoding: chunked\r\n")
        case .untilClose: preconditionFailure("no request ends with its connection")
        }
        if requestHead.acceptsTrailers, !downstreams[downstream].exchange.offersTunnel {
            // TE is for one hop, so it is said anew (RFC 9110, section 10.1.4).
            upstreams[upstream].output.appendWhole("TE: trailers\r\nConnection: TE\r\n")
        }
        writeExpectation(downstream, upstream)
        upstreams[upstream].output.appendWhole("\r\n")
    }
}
