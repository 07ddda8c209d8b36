internal import Credentials
internal import EventLoop
internal import Wire

// The response on its way down.

extension Server {
    /// Moves as much of the response to the client as both sides allow.
    func pumpResponse(_ upstream: Handle<Upstream>) {
        guard case .exchange(let downstream) = upstreams[upstream].client else { return }
        var share = Limits.transferBytesPerTurn
        do throws(UpstreamFault) {
            while isServing(upstream, downstream) {
                let sent = downstreams[downstream].exchange.sentCount
                if try !stepResponse(downstream, upstream) { break }
                let moved = downstreams[downstream].exchange.sentCount - sent + Limits.transferStepBytes
                share -= downstreams[downstream].exchange.isInflated ? moved * Limits.inflatedByteCost : moved
                if share < 0 {
                    resumeLater(downstream)
                    break
                }
            }
        } catch {
            if case .coding = error { giveDefiniteHead(downstream) }
            upstreamFailed(upstream, error)
            return
        }
        // What was collected goes out in one piece.
        if downstreams.isAlive(downstream), downstreams[downstream].phase == .exchanging {
            noteRelay(downstream)
            _ = flush(downstream)
        }
    }

    /// One part of the response. False when something has to happen first.
    private func stepResponse(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) throws(UpstreamFault) -> Bool {
        switch upstreams[upstream].response {
        case .head:
            guard let headCount = try receiveResponseHead(upstream) else { return false }
            return try takeResponseHead(downstream, upstream, headCount)
        case .content:
            if downstreams[downstream].exchange.inflater != nil { return try relayInflated(downstream, upstream) }
            if upstreams[upstream].reader.isComplete {
                guard releaseHeldBack(downstream) else { return false }
                finishResponse(downstream, upstream)
                return false
            }
            return try relayContent(downstream, upstream)
        }
    }

    /// Receives until a response head is complete, and parses it into `responseHead`: its count of bytes, which are the
    /// first of `input`. Nil when more has to arrive.
    func receiveResponseHead(_ upstream: Handle<Upstream>) throws(UpstreamFault) -> Int? {
        while true {
            let bytes = upstreams[upstream].input.bytes
            if bytes.count > upstreams[upstream].searchedCount {
                let searched = upstreams[upstream].searchedCount
                upstreams[upstream].searchedCount = bytes.count
                if searched == 0 || bytes[searched...].contains(0x0A) {
                    do throws(MessageError) {
                        responseHead.reset()
                        if let headCount = try responseHead.parse(bytes.span) { return headCount }
                    } catch {
                        throw .malformed(error)
                    }
                }
            }
            switch try receive(upstream) {
            case .some: continue
            case .blocked: return nil
            case .full: throw .malformed(.headTooLong)
            case .ended: throw upstreams[upstream].isUnanswered ? .closedBeforeAnswer : .truncated
            }
        }
    }
}

// MARK: heads

extension Server {
    private func takeResponseHead(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int
    ) throws(UpstreamFault) -> Bool {
        let status = responseHead.status
        if status == 101 { return try takeSwitch(downstream, upstream, headCount) }
        if status < 200 {
            try takeInterimHead(downstream, upstream, headCount)
            return true
        }
        downstreams[downstream].exchange.timing.answered(at: now)
        let framing: BodyFraming
        do throws(MessageError) {
            framing = try responseHead.framing(answering: downstreams[downstream].exchange.method)
        } catch {
            throw .malformed(error)
        }
        if status == 417, try repeatUnannounced(downstream, upstream) { return false }
        // An upstream that takes the request without a word about its content may be waiting for it.
        if status < 300, downstreams[downstream].exchange.isHeld { releaseContent(downstream) }
        upstreams[upstream].keepsAlive = responseHead.isPersistent && framing != .untilClose
        upstreams[upstream].awaitContent(framing)
        switch try status < 400 ? Verdict.accepted : verdict(upstream, routes[downstreams[downstream].exchange.route], headCount) {
        case .refused:
            if reauthenticate(downstream, upstream, headCount) { return false }
        case .accepted:
            downstreams[downstream].exchange.isReplayOpen = false
            let generation = downstreams[downstream].exchange.generation
            withRoute(of: downstream) { $0.accepted(generation: generation, status: status) }
        case .undecided:
            upstreams[upstream].awaitHead()
            return false
        }
        let clientFraming = mayInflate(downstream, upstream, headCount) ? try beginInflating(downstream, upstream, headCount, framing) : framing
        lendOutput(downstream)
        // An interim response may still be waiting in it.
        guard headCount + headGrowth(downstream) + Limits.requestIDBytesMax + 256 <= downstreams[downstream].output.freeCapacity else {
            upstreams[upstream].awaitHead()
            if downstreams[downstream].output.isEmpty { throw .malformed(.headTooLong) }
            return flush(downstream)
        }
        downstreams[downstream].exchange.isContentLegible = isContentLegible(downstream, upstream, headCount)
        downstreams[downstream].exchange.isResponseHeld = downstreams[downstream].output.isEmpty
        writeResponseHead(downstream, upstream, headCount, clientFraming)
        upstreams[upstream].input.consume(headCount)
        downstreams[downstream].exchange.responsePhase = .head
        refreshDeadline(downstream)
        return true
    }

    /// 1xx (RFC 9110, section 15.2) goes on to clients that know it.
    private func takeInterimHead(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int
    ) throws(UpstreamFault) {
        downstreams[downstream].exchange.interimCount += 1
        // One that answers the proxy's own expectation need not go on (RFC 9110, section 15.2), and a client that waits for none
        // may take it for the answer.
        let isContinue = responseHead.status == 100
        let isOwn = isContinue && downstreams[downstream].exchange.isAnnounced
            && (!downstreams[downstream].exchange.expectsContinue || downstreams[downstream].exchange.wasContinued)
        if isContinue {
            downstreams[downstream].exchange.wasContinued = true
            releaseContentSoon(downstream)
        }
        guard downstreams[downstream].exchange.interimCount <= Limits.interimResponsesMax else {
            throw .unexpected("it sent more than \(Limits.interimResponsesMax) interim responses")
        }
        lendOutput(downstream)
        let head = UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[..<headCount])
        if downstreams[downstream].exchange.minorVersion == 1, !isOwn,
            headCount + 64 + Limits.answerBytesMax <= downstreams[downstream].output.freeCapacity
        {
            hideToken(in: head, from: downstream)
            let fits = downstreams[downstream].output.append { output in
                guard responseHead.write(from: head.span, except: Self.noFilter, into: &output) else { return false }
                output.appendWhole("\r\n")
                return true
            }
            precondition(fits, "the room for a head was measured before")
        }
        upstreams[upstream].input.consume(headCount)
        upstreams[upstream].searchedCount = 0
        _ = flush(downstream)
    }

    private static let noFilter = FieldFilter(removing: [])

    private func writeResponseHead(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int, _ framing: BodyFraming
    ) {
        let head = UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[..<headCount])
        downstreams[downstream].exchange.status = responseHead.status
        writeResponseFields(downstream, head)
        if responseHead.status == 426 { writeDemandedUpgrade(downstream, head) }
        writeResponseFraming(downstream, framing, head)
    }

    /// The status line, and the fields that are not of one connection.
    func writeResponseFields(_ downstream: Handle<Downstream>, _ head: UnsafeBufferPointer<UInt8>) {
        hideToken(in: head, from: downstream)
        let isPlain = isHeadPlain(downstream)
        if !isPlain { writeRewrittenFields(downstream, head) }
        let kept = downstreams[downstream].exchange.copy.head
        let requestID = downstreams[downstream].exchange.requestID
        let fits = withRoute(of: downstream) { route in
            downstreams[downstream].output.append { output in
                if isPlain, !responseHead.write(from: head.span, except: route.responseFilter, into: &output) { return false }
                output.appendWhole("X-Request-Id: ")
                requestID.write(head: kept, into: &output)
                output.appendWhole("\r\n")
                return true
            }
        }
        precondition(fits, "the room for a head was measured before")
        guard withRoute(of: downstream, { $0.configuration.serverTiming }) else { return }
        let timing = serverTiming(downstream)
        downstreams[downstream].output.append { timing.write(into: &$0) }
    }

    /// 426 says in Upgrade what is demanded (RFC 9110, section 15.5.22).
    private func writeDemandedUpgrade(_ downstream: Handle<Downstream>, _ head: UnsafeBufferPointer<UInt8>) {
        guard let line = responseHead.first(.upgrade), responseHead.count(of: .upgrade) == 1 else { return }
        downstreams[downstream].output.appendWhole("Connection: upgrade\r\nUpgrade: ")
        downstreams[downstream].output.appendWhole(UnsafeBufferPointer(rebasing: head[line.valueRange]))
        downstreams[downstream].output.appendWhole("\r\n")
    }

    /// What tells the client where the content ends and whether the connection goes on, and the end of the head.
    private func writeResponseFraming(
        _ downstream: Handle<Downstream>, _ framing: BodyFraming, _ head: UnsafeBufferPointer<UInt8>
    ) {
        var length: Int?
        let isHTTP10 = downstreams[downstream].exchange.minorVersion == 0
        // An answer before the end of the request: where the next request begins is not known for long.
        var isPersistent = downstreams[downstream].exchange.isPersistent
            && downstreams[downstream].exchange.requestBody.isComplete && !isDraining && !downstreams[downstream].isLeaving
        var isChunked = false
        switch framing {
        case .none:
            // An answer to HEAD, and a 304, tell the length that content would have.
            let isBare = responseHead.status == 204 || responseHead.status < 200 || downstreams[downstream].exchange.isInflated
            length = isBare ? nil : responseHead.contentLength
        case .length(let count): length = count
        case .chunked, .untilClose: if isHTTP10 { isPersistent = false } else { isChunked = true }
        }
        downstreams[downstream].exchange.isPersistent = isPersistent
        downstreams[downstream].exchange.responseCoding = isChunked ? .chunked : .identity
        if isChunked { downstreams[downstream].exchange.forwardsResponseTrailers = responseHead.allowsTrailers }
        let fits = downstreams[downstream].output.append { output in
            if isChunked {
                guard responseHead.writeTrailerField(from: head.span, into: &output) else { return false }
                output.appendWhole("Transfer-Encoding: chunked\r\n")
            }
            if let length {
                output.appendWhole("Content-Length: ")
                output.appendDecimal(length)
                output.appendWhole("\r\n")
            }
            if !isPersistent { output.appendWhole("Connection: close\r\n") } else if isHTTP10 { output.appendWhole("Connection: keep-alive\r\n") }
            output.appendWhole("\r\n")
            return true
        }
        precondition(fits, "the room for a head was measured before")
    }
}

// MARK: content

extension Server {
    /// Passes content on. False when the upstream has no more for now, or the client takes no more.
    private func relayContent(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>
    ) throws(UpstreamFault) -> Bool {
        switch try receiveContent(upstream) {
        case .some: break
        case .blocked, .full: return false
        case .ended: return true
        }
        lendOutput(downstream)
        let coding = downstreams[downstream].exchange.responseCoding
        guard let limit = contentRoom(downstream, coding) else { return false }
        let bytes = upstreams[upstream].input.bytes
        let before = downstreams[downstream].exchange.forwardsResponseTrailers ? upstreams[upstream].reader : nil
        let step: BodyReader.Step
        do throws(MessageError) { step = try upstreams[upstream].reader.step(bytes.span, contentMax: limit) } catch { throw .malformed(error) }
        if let before, !step.trailers.isEmpty {
            guard relayTrailers(UnsafeBufferPointer(rebasing: bytes[step.trailers]), downstream) else {
                // They are read again when there is room for them.
                upstreams[upstream].reader = before
                return false
            }
        }
        let content = UnsafeBufferPointer(rebasing: bytes[step.content])
        let isHandedOver = handOver(step, upstream, downstream)
        if !isHandedOver, !content.isEmpty { deliver(content, downstream, coding) }
        guard downstreams[downstream].phase == .exchanging else { return false }
        if !content.isEmpty { refreshDeadline(downstream) }
        if !isHandedOver { upstreams[upstream].input.consume(step.consumed) }
        return true
    }

    /// Receives if nothing of the content is at hand. The end of the stream ends a content that ends so, and is a fault in others.
    func receiveContent(_ upstream: Handle<Upstream>) throws(UpstreamFault) -> Intake {
        guard upstreams[upstream].input.count == upstreams[upstream].reader.heldCount else { return .some }
        let intake = try receive(upstream)
        if case .ended = intake {
            guard upstreams[upstream].reader.endsWithStream else { throw .truncated }
            upstreams[upstream].reader.streamEnded()
        }
        return intake
    }

    /// Writes the end of a chunked response with its trailers. False when the client has to take something first.
    func relayTrailers(_ lines: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>) -> Bool {
        guard releaseHeldBack(downstream) else { return false }
        let needed = lines.count + ChunkedEncoder.lastCount
        if downstreams[downstream].output.freeCapacity < needed {
            if flush(downstream) { lendOutput(downstream) } else { downstreams[downstream].output.compact() }
            guard downstreams[downstream].output.freeCapacity >= needed else { return false }
        }
        let route = routes[downstreams[downstream].exchange.route]
        hideToken(in: lines, from: downstream)
        let filter = downstreams[downstream].exchange.isInflated ? route.inflatedTrailerFilter : route.responseTrailerFilter
        let fits = downstreams[downstream].output.append { output in
            ChunkedEncoder.writeLastSize(into: &output) && TrailerSection.write(lines.span, except: filter, into: &output)
                && ChunkedEncoder.writeEnd(into: &output)
        }
        precondition(fits, "the room for trailers was measured before")
        downstreams[downstream].exchange.isResponseEndWritten = true
        return true
    }

    /// How much content can be taken on: nil when the client has to take something first.
    func contentRoom(_ downstream: Handle<Downstream>, _ coding: Exchange.ResponseCoding) -> Int? {
        let overhead = (coding == .chunked ? ChunkedEncoder.overheadMax : 0) + downstreams[downstream].exchange.heldBack.count
        if downstreams[downstream].output.freeCapacity <= overhead {
            guard flush(downstream) else {
                // To move so much would cost more than to wait.
                guard downstreams[downstream].output.count < Limits.handOverBytesMin else { return nil }
                downstreams[downstream].output.compact()
                let room = downstreams[downstream].output.freeCapacity - overhead
                return room > 0 && downstreams[downstream].phase == .exchanging ? room : nil
            }
            lendOutput(downstream)
        }
        return downstreams[downstream].output.freeCapacity - overhead
    }

    /// Gives the client content, for which there is room.
    func pass(_ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>, _ coding: Exchange.ResponseCoding) {
        // An empty chunk would be the last one.
        if content.isEmpty { return }
        downstreams[downstream].exchange.sentCount += content.count
        switch coding {
        case .chunked:
            let fits = downstreams[downstream].output.append { ChunkedEncoder.writeSize(content.count, into: &$0) }
            downstreams[downstream].output.appendWhole(content)
            let ends = downstreams[downstream].output.append { ChunkedEncoder.writeEnd(into: &$0) }
            precondition(fits && ends, "the room for a chunk was measured before")
        case .identity:
            downstreams[downstream].output.appendWhole(content)
        }
    }
}
