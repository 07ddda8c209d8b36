internal import Credentials
internal import EventLoop
internal import Wire

// An answer that may say that the token was refused: whether it does, and the request's second attempt.

extension Server {
    /// What an answer says of the token.
    enum Verdict {
        case refused
        case accepted
        /// More of the content has to arrive first.
        case undecided
    }

    /// Holds the answer whose head is in `responseHead`, the first `headCount` bytes of the upstream's input, against the
    /// route's rules. Nothing of the input is consumed.
    func verdict(_ upstream: Handle<Upstream>, _ route: RouteState, _ headCount: Int) throws(UpstreamFault) -> Verdict {
        guard route.mayRefuse(with: responseHead.status) else { return .accepted }
        var texts: [[UInt8]] = []
        for rule in route.configuration.reauthenticateOn where rule.status == responseHead.status {
            guard rule.field.map({ hasField($0, upstream) }) ?? true else { continue }
            guard let text = rule.contentText else { return .refused }
            texts.append(text)
        }
        return texts.isEmpty ? .accepted : try verdict(upstream, headCount, lookingFor: texts)
    }

    private func hasField(_ field: RefusalRule.Field, _ upstream: Handle<Upstream>) -> Bool {
        let bytes = upstreams[upstream].input.bytes
        for index in 0..<responseHead.fieldCount {
            let line = responseHead.field(at: index)
            let name = bytes[line.nameRange]
            if name.count == field.name.count, zip(name, field.name).allSatisfy({ $0 == $1 || $0 | 0x20 == $1 }),
                UnsafeBufferPointer(rebasing: bytes[line.valueRange]).holds(field.text)
            {
                return true
            }
        }
        return false
    }

    /// Waits for as much of the content as decides.
    private func verdict(
        _ upstream: Handle<Upstream>, _ headCount: Int, lookingFor texts: [[UInt8]]
    ) throws(UpstreamFault) -> Verdict {
        var isEnded = false
        while true {
            let (content, isComplete) = try contentStart(upstream, headCount)
            let plain = responseHead.hasGzipContent(upstreams[upstream].input.bytes.span) ? inflatedStart(content) : content
            if plain.withUnsafeBufferPointer({ content in texts.contains { content.holds($0) } }) { return .refused }
            if isComplete || isEnded || content.count >= Limits.refusalContentBytesMax { return .accepted }
            switch try receive(upstream) {
            case .some: continue
            case .blocked: return .undecided
            case .full: return .accepted
            case .ended:
                guard upstreams[upstream].reader.endsWithStream else { throw .truncated }
                isEnded = true
            }
        }
    }

    /// What the beginning of gzip inflates to, as far as it goes: what is wrong with it is found when it is passed on.
    private func inflatedStart(_ content: [UInt8]) -> [UInt8] {
        [UInt8](capacity: Limits.refusalContentBytesMax) { output in
            do throws(GzipError) {
                var decoder = try GzipDecoder()
                _ = try decoder.step(content.span, into: &output)
            } catch {
                // What came out before may still hold the text.
            }
        }
    }

    /// The beginning of the content, as far as it has arrived and decides, and whether that is all of it.
    private func contentStart(_ upstream: Handle<Upstream>, _ headCount: Int) throws(UpstreamFault) -> ([UInt8], isComplete: Bool) {
        // A copy: the content is read again by whoever passes it on.
        var reader = upstreams[upstream].reader
        var content: [UInt8] = []
        var rest = UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[headCount...])
        while !reader.isComplete, rest.count > reader.heldCount, content.count < Limits.refusalContentBytesMax {
            let step: BodyReader.Step
            do throws(MessageError) {
                step = try reader.step(rest.span, contentMax: Limits.refusalContentBytesMax - content.count)
            } catch {
                throw .malformed(error)
            }
            content.append(contentsOf: rest[step.content])
            rest = UnsafeBufferPointer(rebasing: rest[step.consumed...])
        }
        return (content, reader.isComplete)
    }
}

// MARK: the second attempt

extension Server {
    /// The upstream refused the token. True when the request begins anew, or was answered; false when the upstream's answer
    /// goes to the client.
    func reauthenticate(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int) -> Bool {
        let route = routes[downstreams[downstream].exchange.route]
        let credential = route.credential
        let generation = downstreams[downstream].exchange.generation
        rereadPermanentToken(credential)
        // One that has been sent again often enough is renewed behind, as for what cannot be sent again.
        let isReplayable = downstreams[downstream].exchange.isReplayable && downstreams[downstream].exchange.replayCount < Limits.replaysMax
        let firstRefused = downstreams[downstream].exchange.firstRefused
        let refusal = credential.report {
            $0.refused(
                generation: generation, route: route.index, isReplayable: isReplayable, firstRefused: firstRefused?.sinceBeginning,
                at: now.sinceBeginning)
        }
        driveCredential(credential)
        downstreams[downstream].exchange.isReplayOpen = refusal != .passThrough && isReplayable
        guard downstreams[downstream].exchange.isReplayOpen else { return false }
        log.event(.debug, "route \(route.configuration.name): token \(generation) of credential \(credential.configuration.name) was refused")
        downstreams[downstream].exchange.refusedGeneration = generation
        if firstRefused == nil { downstreams[downstream].exchange.firstRefused = now }
        downstreams[downstream].exchange.replayCount += 1
        route.counters.add(at: Figure.Route.replays)
        upstreams[upstream].input.consume(headCount)
        downstreams[downstream].exchange.upstream = .none
        let isReusable = downstreams[downstream].exchange.isRequestSent && upstreams[upstream].keepsAlive
        switch refusal {
        case .wait:
            // First, for its turn comes before that of those who wait for its connection and now have no token either.
            sendAgain(downstream)
            letGo(upstream, isReusable: isReusable)
        case .unavailable(let cause, let retryAfter):
            letGo(upstream, isReusable: isReusable)
            let fate = downstreams[downstream].exchange.fate()
            answer(downstream, .credentialUnavailable(credential.configuration.name, cause: cause, retryAfter: retryAfter, fate))
        case .replayNow, .passThrough:
            letGo(upstream, isReusable: isReusable)
            sendAgain(downstream)
        }
        return true
    }

    /// The request ends. If it was to show whether a new token is worth more than the one that was refused, nobody has to wait for that.
    func endReplay(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.isReplayOpen, let refused = downstreams[downstream].exchange.refusedGeneration else { return }
        let route = routes[downstreams[downstream].exchange.route]
        route.credential.report { $0.replayLost(refusedGeneration: refused, route: route.index) }
    }

    private func letGo(_ upstream: Handle<Upstream>, isReusable: Bool) {
        if isReusable { beginDiscarding(upstream) } else { closeUpstream(upstream) }
    }

    private func sendAgain(_ downstream: Handle<Downstream>) {
        downstreams[downstream].exchange.become(.waitingForToken)
        takeToken(downstream, isFirst: true)
    }
}
