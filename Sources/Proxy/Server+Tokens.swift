internal import Credentials
internal import EventLoop
internal import Wire

// The credentials: performs what the token machines ask for, and tells them how it went.

extension Server {
    /// To be called after every event of a credential's machine: does what it wants, and arms its timer.
    func driveCredential(_ credential: CredentialState) {
        guard !credential.isRetired || !credential.waiting.isEmpty else { return loop.disarm(credential.timer) }
        var action = credential.look { $0.cache.nextAction(at: now.sinceBeginning) }
        while action != .none {
            switch action {
            case .none: break
            case .fetch(let request): beginTokenCall(credential, request)
            case .readSecrets: readSecrets(credential)
            case .lookAtSecrets: lookAtSecrets(credential)
            }
            action = credential.look { $0.cache.nextAction(at: now.sinceBeginning) }
        }
        if let deadline = credential.cache.nextDeadline {
            loop.arm(credential.timer, at: Instant(deadline))
        } else {
            loop.disarm(credential.timer)
        }
    }

    /// Always on a new connection: a token call is rare, and must not fail on one that was closed meanwhile.
    private func beginTokenCall(_ credential: CredentialState, _ request: TokenRequest) {
        guard let destination = credential.destination else {
            preconditionFailure("only a credential with an origin has token calls")
        }
        log.event(.debug, "credential \(credential.configuration.name): asking \(destination.text) for a token")
        credential.counters.add(at: Figure.Tokens.calls)
        credential.request = request
        credential.callDeadline = now + credential.authTimeout
        connect(to: destination, for: .tokenCall(credential.index))
    }

    /// The connection stands: sends the call.
    func sendTokenCall(_ credential: CredentialState, on upstream: Handle<Upstream>) {
        guard let request = credential.request else { preconditionFailure("a token call is sent once") }
        credential.request = nil
        // It does not grow, so no part of the token stays behind in memory that was given back.
        credential.answer.reserveCapacity(Limits.tokenAnswerBytesMax)
        upstreams[upstream].beginRequest(for: .tokenCall(credential.index))
        pool.lend(to: &upstreams[upstream].output)
        let origin = upstreams[upstream].destination.origin
        let length = request.body.count == 0 && request.method == "GET" ? "" : "Content-Length: \(request.body.count)\r\n"
        let head = "Host: \(origin.authority)\r\nConnection: close\r\n\(length)"
        let needed = request.path.count + request.fieldLines.count + request.body.count + head.utf8.count + origin.basePath.utf8.count + 64
        guard needed <= upstreams[upstream].output.freeCapacity else {
            preconditionFailure("settings of a credential are bounded so that its call fits a buffer")
        }
        upstreams[upstream].output.appendWhole(Array("\(request.method) \(origin.basePath)".utf8))
        append(request.path, upstream)
        upstreams[upstream].output.appendWhole(" HTTP/1.1\r\n")
        upstreams[upstream].output.appendWhole(Array(head.utf8))
        append(request.fieldLines, upstream)
        upstreams[upstream].output.appendWhole("\r\n")
        append(request.body, upstream)
        upstreams[upstream].output.holdSecret()
        _ = flush(upstream)
    }

    private func append(_ secret: Secret, _ upstream: Handle<Upstream>) {
        secret.withBytes { bytes in
            bytes.withUnsafeBufferPointer { upstreams[upstream].output.appendWhole($0) }
        }
    }

    /// Reads the answer to a token call as it arrives, and reports it when it is whole.
    func pumpTokenAnswer(_ upstream: Handle<Upstream>, _ credential: CredentialState) {
        do throws(UpstreamFault) {
            while upstreams[upstream].phase == .serving {
                if try !stepTokenAnswer(upstream, credential) { return }
            }
        } catch {
            upstreamFailed(upstream, error)
        }
    }

    /// One part of the answer. False when more has to arrive first.
    private func stepTokenAnswer(_ upstream: Handle<Upstream>, _ credential: CredentialState) throws(UpstreamFault) -> Bool {
        switch upstreams[upstream].response {
        case .head:
            guard let headCount = try receiveResponseHead(upstream) else { return false }
            credential.answerStatus = responseHead.status
            readTimes(of: credential, UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[..<headCount]))
            let framing: BodyFraming
            do throws(MessageError) { framing = try responseHead.framing(answering: .post) } catch { throw .malformed(error) }
            if responseHead.status >= 200 {
                upstreams[upstream].awaitContent(framing)
            } else {
                try countInterimAnswer(credential)
            }
            upstreams[upstream].input.consume(headCount)
            upstreams[upstream].searchedCount = 0
            return true
        case .content:
            if upstreams[upstream].reader.isComplete {
                endTokenCall(upstream, credential)
                return false
            }
            switch try receiveContent(upstream) {
            case .some: break
            case .blocked, .full: return false
            case .ended: return true
            }
            let bytes = upstreams[upstream].input.bytes
            let step: BodyReader.Step
            do throws(MessageError) { step = try upstreams[upstream].reader.step(bytes.span) } catch { throw .malformed(error) }
            // Before it would grow, which leaves a copy behind.
            guard step.content.count <= Limits.tokenAnswerBytesMax - credential.answer.count else {
                tokenCallEnded(upstream, credential, .answer) { $0.failed(.answerTooLarge, at: now.sinceBeginning) }
                return false
            }
            credential.answer.append(contentsOf: bytes[step.content])
            upstreams[upstream].input.consume(step.consumed)
            return true
        }
    }

    /// Takes over what the endpoint says of time: its clock, and when to ask again (RFC 9110, sections 6.6.1 and 10.2.3).
    private func readTimes(of credential: CredentialState, _ head: UnsafeBufferPointer<UInt8>) {
        let wall = kernel.wallNow()
        credential.answerDate = date(.date, head, wall: wall)
        if let witness, let destination = credential.destination { witness.answered(destination, date: credential.answerDate, wall: wall) }
        credential.answerRetryAfter = seconds(.retryAfter, head)
        // A date is one of the endpoint's clock; how far it is ahead of the local one may be the fault of that.
        if credential.answerRetryAfter == nil, let time = date(.retryAfter, head, wall: wall) {
            credential.answerRetryAfter = max(.zero, time - (credential.answerDate ?? wall))
        }
    }

    /// The longest, where there are several: who waits longer does no harm. Any number of digits is allowed.
    private func seconds(_ name: FieldName, _ head: UnsafeBufferPointer<UInt8>) -> Duration? {
        var longest: Int?
        for index in 0..<responseHead.fieldCount {
            let line = responseHead.field(at: index)
            let digits = head[line.valueRange]
            guard line.name == name, !line.isVariant, !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else { continue }
            let seconds = digits.reduce(0) { min($0 * 10 + Int($1 - UInt8(ascii: "0")), Limits.retryAfterSecondsMax) }
            longest = max(longest ?? 0, seconds)
        }
        return longest.map { .seconds($0) }
    }

    private func date(_ name: FieldName, _ head: UnsafeBufferPointer<UInt8>, wall: Duration) -> Duration? {
        guard responseHead.count(of: name) == 1, let range = responseHead.first(name)?.valueRange else { return nil }
        let year = 1970 + Int(wall.components.seconds / 31_556_952)
        return HTTPDate.seconds(Array(head[range]), presentYear: year).map { .seconds($0) }
    }

    /// An endpoint that sends nothing else would keep the loop to itself.
    private func countInterimAnswer(_ credential: CredentialState) throws(UpstreamFault) {
        credential.answerInterimCount += 1
        guard responseHead.status != 101 else { throw .unexpected("it switched protocols, which nobody had asked for") }
        guard credential.answerInterimCount <= Limits.interimResponsesMax else {
            throw .unexpected("it sent more than \(Limits.interimResponsesMax) interim responses")
        }
    }

    private func endTokenCall(_ upstream: Handle<Upstream>, _ credential: CredentialState) {
        let wall = kernel.wallNow()
        tokenCallEnded(upstream, credential) { cache in
            // No second reference to the answer is kept: what is wiped behind this would be a copy.
            cache.answered(
                status: credential.answerStatus, retryAfter: credential.answerRetryAfter, body: credential.answer, at: now.sinceBeginning,
                wall: wall, date: credential.answerDate)
        }
    }

    /// The call's connection failed, or the call took too long.
    func tokenCallFailed(_ credential: CredentialState, _ fault: UpstreamFault) {
        let failure: FetchFailure
        let host = credential.destination?.text ?? ""
        switch fault {
        case .egress(_, _, let egress) where egress.isTimeout: failure = .timeout("\(host): \(fault.reason)")
        case .tls: failure = .tls("\(host): \(fault.reason)")
        case .connectTimeout, .responseTimeout, .idleTimeout: failure = .timeout("\(host): \(fault.reason)")
        case .malformed, .coding, .unexpected: failure = .malformedAnswer("\(host): \(fault.reason)")
        case .truncated: failure = .truncatedAnswer
        case .unresolved, .unreachable, .closedBeforeAnswer, .egress: failure = .connection("\(host): \(fault.reason)")
        }
        tokenCallEnded(.none, credential, TokenFailure(failure)) { $0.failed(failure, at: now.sinceBeginning) }
    }

    /// - Parameter failure: how it failed, where that is known already.
    private func tokenCallEnded(
        _ upstream: Handle<Upstream>, _ credential: CredentialState, _ failure: TokenFailure? = nil,
        _ report: (inout TokenCache) -> TokenCache.Outcome
    ) {
        if upstream != .none { closeUpstream(upstream) }
        credential.request = nil
        let name = credential.configuration.name
        let outcome = credential.change { report(&$0.cache) }
        credential.wipeAnswer()
        count(outcome, of: credential, failure)
        switch outcome {
        case .renewed(let generation):
            log.event(.info, "credential \(name): token \(generation) obtained")
            saveToken(of: credential, generation: generation)
        case .failed(let cause, let retryAfter):
            log.event(.error, "credential \(name): no token: \(cause); trying again in \(retryAfter.text)")
            note(.credential(name), code: "no_token", cause)
        case .continues: log.event(.info, "credential \(name): the refresh token was refused; authenticating anew")
        case .continuesWithFormer(let cause):
            let told = "\(cause); these are the ones that were changed, so the ones before are used once more"
            log.event(.warning, "credential \(name): \(told)")
            note(.credential(name), code: "changed_secrets_refused", told)
        case .continuesWithNewest(let cause):
            log.event(.warning, "credential \(name): \(cause); these are the ones before the last change, so the changed ones are used")
        }
        driveCredential(credential)
        switch outcome {
        case .renewed, .failed:
            tellOthers(of: credential)
            wakeWaiting(credential)
        // One that nobody waits for here, and that another configuration has replaced, makes no more calls.
        case .continues, .continuesWithFormer, .continuesWithNewest: if credential.isRetired { tellOthers(of: credential) }
        }
    }

    func wakeWaiting(_ credential: CredentialState) {
        var waiting: [Handle<Downstream>] = []
        swap(&waiting, &credential.waiting)
        for downstream in waiting
        where downstreams.isAlive(downstream) && downstreams[downstream].exchange.phase == .waitingForToken
            && downstreams[downstream].phase == .exchanging
        {
            endWait(downstream)
            takeToken(downstream)
            // An answer that was made at once leaves the connection free for its next request.
            if downstreams[downstream].phase != .exchanging { advance(downstream) }
        }
    }
}
