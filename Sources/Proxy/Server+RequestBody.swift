internal import EventLoop
internal import Wire

// The request on its way up: first what is kept of it, then what the client goes on sending.

extension Server {
    /// Moves as much of the request upstream as both sides allow.
    func pumpRequest(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        var share = Limits.transferBytesPerTurn
        while isServing(upstream, downstream) {
            if share < 0 {
                resumeLater(downstream)
                return
            }
            do throws(MessageError) {
                try fillRequest(downstream, upstream)
            } catch {
                failRequest(downstream, .malformed(error))
                return
            }
            if upstreams[upstream].output.isEmpty { return }
            share -= upstreams[upstream].output.count + Limits.transferStepBytes
            guard flush(upstream) else {
                // What the upstream sent before it stopped taking the request may be its answer.
                if upstreams[upstream].isSendBroken { pumpResponse(upstream) }
                return
            }
            refreshDeadline(downstream)
            if downstreams[downstream].exchange.isRequestSent { return }
        }
    }

    /// Writes what is at hand into the upstream's output, until that is full.
    private func fillRequest(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) throws(MessageError) {
        if downstreams[downstream].exchange.isRequestSent { return }
        if downstreams[downstream].exchange.requestFraming == .none {
            downstreams[downstream].exchange.isRequestEndWritten = true
            return
        }
        pool.lend(to: &upstreams[upstream].output)
        fillFromCopy(downstream, upstream)
        try fillFromClient(downstream, upstream)
        guard isServing(upstream, downstream) else { return }
        guard downstreams[downstream].exchange.requestBody.isComplete, isCopySent(downstream) else { return }
        if downstreams[downstream].exchange.requestFraming == .chunked {
            guard writeLastChunk(downstream, upstream) else { return }
        }
        downstreams[downstream].exchange.isRequestEndWritten = true
    }

    /// False when there is no room for it.
    private func writeLastChunk(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) -> Bool {
        let trailerCount = downstreams[downstream].exchange.trailers.count
        guard trailerCount + ChunkedEncoder.lastCount <= upstreams[upstream].output.freeCapacity else { return false }
        _ = upstreams[upstream].output.append { ChunkedEncoder.writeLastSize(into: &$0) }
        if trailerCount > 0 { upstreams[upstream].output.appendWhole(downstreams[downstream].exchange.trailers) }
        _ = upstreams[upstream].output.append { ChunkedEncoder.writeEnd(into: &$0) }
        return true
    }

    /// Whether all that was received of the content has been handed to this attempt.
    private func isCopySent(_ downstream: Handle<Downstream>) -> Bool {
        !downstreams[downstream].exchange.copy.isWhole
            || downstreams[downstream].exchange.copyOffset == downstreams[downstream].exchange.copy.contentCount
    }

    /// In a second attempt, the content begins with what the first one had.
    private func fillFromCopy(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        while !isCopySent(downstream) {
            let room = upstreams[upstream].output.freeCapacity - ChunkedEncoder.overheadMax
            guard room > 0 else { return }
            let offset = downstreams[downstream].exchange.copyOffset
            let run = downstreams[downstream].exchange.copy.content(from: offset)
            let part = UnsafeBufferPointer(rebasing: run.prefix(room))
            writeContent(part, upstream, downstreams[downstream].exchange.requestFraming)
            downstreams[downstream].exchange.copyOffset = offset + part.count
        }
    }

    private func fillFromClient(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) throws(MessageError) {
        guard isCopySent(downstream), !downstreams[downstream].exchange.isTooLongToKeep || contentRoom(downstream) > 0 else { return }
        while !downstreams[downstream].exchange.requestBody.isComplete {
            let room = upstreams[upstream].output.freeCapacity - ChunkedEncoder.overheadMax
            guard room > 0 else { return }
            if downstreams[downstream].input.count == downstreams[downstream].exchange.requestBody.heldCount {
                switch receive(downstream) {
                case .some: break
                case .blocked, .full: return
                case .ended:
                    // Half a request: nobody is served by the rest of it.
                    cutOff(downstream)
                    return
                }
            }
            let bytes = downstreams[downstream].input.bytes
            let step = try downstreams[downstream].exchange.requestBody.step(bytes.span, contentMax: min(room, contentRoom(downstream)))
            let content = UnsafeBufferPointer(rebasing: bytes[step.content])
            if !content.isEmpty {
                keep(content, downstream)
                writeContent(content, upstream, downstreams[downstream].exchange.requestFraming)
            }
            if !step.trailers.isEmpty { keepTrailers(UnsafeBufferPointer(rebasing: bytes[step.trailers]), downstream) }
            downstreams[downstream].exchange.receivedCount += content.count
            downstreams[downstream].input.consume(step.consumed)
            // More than is kept has to wait for the upstream to want it.
            if step.consumed == 0, contentRoom(downstream) == 0 { return }
            // A length that was announced has been looked at already.
            if downstreams[downstream].exchange.requestFraming == .chunked, let answer = refusalOfContent(downstream) {
                failRequest(downstream, answer)
                return
            }
        }
    }

    private func writeContent(_ content: UnsafeBufferPointer<UInt8>, _ upstream: Handle<Upstream>, _ framing: BodyFraming) {
        guard framing == .chunked else {
            upstreams[upstream].output.appendWhole(content)
            return
        }
        let fits = upstreams[upstream].output.append { ChunkedEncoder.writeSize(content.count, into: &$0) }
        upstreams[upstream].output.appendWhole(content)
        let ends = upstreams[upstream].output.append { ChunkedEncoder.writeEnd(into: &$0) }
        precondition(fits && ends, "the room for a chunk was measured before")
    }

    /// Keeps content for a second attempt, within the request's own bound and that of all requests together.
    func keep(_ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>) {
        let isInspected = downstreams[downstream].exchange.isInspected
        if allReplayBytes + content.count > Limits.replayBytesMax || isInspected && allInspectedBytes + content.count > Limits.inspectedBytesMax {
            downstreams[downstream].exchange.copy.giveUp()
        }
        downstreams[downstream].exchange.copy.append(content)
        downstreams[downstream].exchange.copyOffset = downstreams[downstream].exchange.copy.contentCount
        let charged = downstreams[downstream].exchange.chargedCount
        let held = downstreams[downstream].exchange.copy.farCount
        charge(held - charged, isInspected: isInspected)
        downstreams[downstream].exchange.chargedCount = held
    }

    /// Counts memory that is held for replays, or given back.
    func charge(_ count: Int, isInspected: Bool) {
        guard count != 0 else { return }
        replayBytes += count
        group?.replayBytes.add(count)
        guard isInspected else { return }
        inspectedBytes += count
        group?.inspectedBytes.add(count)
    }

    /// Over all loops.
    var allReplayBytes: Int { group?.replayBytes.value ?? replayBytes }
    private var allInspectedBytes: Int { group?.inspectedBytes.value ?? inspectedBytes }

    /// Takes from the request's trailers what goes upstream.
    func keepTrailers(_ lines: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.forwardsTrailers else { return }
        let route = routes[downstreams[downstream].exchange.route]
        downstreams[downstream].exchange.trailers = [UInt8](capacity: lines.count) { output in
            let fits = TrailerSection.write(lines.span, except: route.requestTrailerFilter, into: &output)
            precondition(fits, "what is left of trailers is not longer than they were")
        }
    }

    /// The client's content is malformed: the upstream must not take its beginning for the whole.
    private func failRequest(_ downstream: Handle<Downstream>, _ answer: Answer) {
        closeUpstream(downstreams[downstream].exchange.upstream)
        if downstreams[downstream].exchange.responsePhase == .none || takeBackResponse(downstream) {
            self.answer(downstream, answer)
        } else {
            breakOff(downstream, answer.message)
        }
    }
}
