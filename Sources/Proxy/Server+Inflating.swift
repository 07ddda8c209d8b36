internal import EventLoop
internal import Wire

// Content that the upstream sent as gzip because it was asked to, for a client that did not ask; and answers other than of
// success whose content is gzip, for they are the ones that repeat what a request had, and its token has to be found in them.
//
// Such an answer is definite: a client that is told "insufficient funds" knows that nothing has happened. So what is wrong
// with its content never costs it its status.

extension Server {
    /// Whether `beginInflating` is to look at the head in `responseHead`, the first `headCount` bytes of the upstream's input.
    func mayInflate(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int) -> Bool {
        downstreams[downstream].exchange.asksForGzip || responseHead.hasContentCoding && mayTell(downstream, upstream, headCount)
    }

    /// Whether it is an answer whose content is inflated so that the token can be found in it. That it is not to be transformed
    /// does not count there.
    private func mayTell(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int) -> Bool {
        downstreams[downstream].exchange.search != nil && responseHead.status >= 300 && responseHead.status != 304
            && responseHead.hasGzipContent(upstreams[upstream].input.bytes.span.extracting(first: headCount))
    }

    /// That head is about to be written: decides whether its content is inflated. How that is framed for the client.
    func beginInflating(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int, _ framing: BodyFraming
    ) throws(UpstreamFault) -> BodyFraming {
        let head = upstreams[upstream].input.bytes.span.extracting(first: headCount)
        // A 304 does not tell the coding of what it stands for.
        let isInflated = responseHead.status == 304
            ? !responseHead.forbidsTransformation(head)
            : responseHead.hasInflatableContent(head) || mayTell(downstream, upstream, headCount)
        downstreams[downstream].exchange.isInflated = isInflated
        // Servers that say gzip of no content at all, by its length, mean no content.
        guard isInflated, framing != .none, framing != .length(0) else { return framing }
        do throws(GzipError) {
            downstreams[downstream].exchange.inflater = try GzipDecoder(allowsPadding: responseHead.status >= 300)
        } catch {
            throw .coding(error)
        }
        // How long it will be is known at its end.
        return .untilClose
    }

    /// Passes content on, inflated. False when the upstream has no more for now, the client takes no more, or all of it
    /// has been passed on.
    func relayInflated(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>
    ) throws(UpstreamFault) -> Bool {
        let before = upstreams[upstream].reader
        let hasPending = downstreams[downstream].exchange.inflater?.hasPendingOutput == true
        if !hasPending {
            if before.isComplete {
                try checkInflated(downstream)
                guard releaseHeldBack(downstream) else { return false }
                finishResponse(downstream, upstream)
                return false
            }
            switch try receiveContent(upstream) {
            case .some: break
            case .blocked, .full: return false
            case .ended: return true
            }
        }
        lendOutput(downstream)
        guard let room = contentRoom(downstream, downstreams[downstream].exchange.responseCoding) else { return false }
        if hasPending {
            _ = try deliverInflated(UnsafeBufferPointer(start: nil, count: 0), downstream, room: room)
            return true
        }
        var reader = before
        let bytes = upstreams[upstream].input.bytes
        var step = try next(&reader, bytes, contentMax: .max)
        if !step.trailers.isEmpty, downstreams[downstream].exchange.forwardsResponseTrailers {
            // Behind them nothing can be broken any more.
            try checkInflated(downstream)
            guard relayTrailers(UnsafeBufferPointer(rebasing: bytes[step.trailers]), downstream) else { return false }
        }
        if !step.content.isEmpty {
            let content = UnsafeBufferPointer(rebasing: bytes[step.content])
            if isMislabelled(content, downstream) { return true }
            let taken = try deliverInflated(content, downstream, room: room)
            refreshDeadline(downstream)
            if taken < step.content.count {
                // The reader goes no further than the decoder did.
                reader = before
                step = try next(&reader, bytes, contentMax: taken)
            }
        }
        upstreams[upstream].reader = reader
        upstreams[upstream].input.consume(step.consumed)
        return true
    }

    private func next(
        _ reader: inout BodyReader, _ bytes: UnsafeBufferPointer<UInt8>, contentMax: Int
    ) throws(UpstreamFault) -> BodyReader.Step {
        do throws(MessageError) { return try reader.step(bytes.span, contentMax: contentMax) } catch { throw .malformed(error) }
    }

    /// Nothing more will come: it must have been all. No content at all is that too, where the answer is definite.
    private func checkInflated(_ downstream: Handle<Downstream>) throws(UpstreamFault) {
        let isEmpty = downstreams[downstream].exchange.inflater?.inputCount == 0
        guard downstreams[downstream].exchange.inflater?.isComplete == true || isEmpty && isDefinite(downstream) else {
            throw .coding(.truncated)
        }
    }

    /// Whether the answer whose head has been written is other than of success.
    private func isDefinite(_ downstream: Handle<Downstream>) -> Bool { downstreams[downstream].exchange.status >= 300 }

    /// Whether this next piece of a definite answer's content shows by its first bytes that it is no gzip: then it goes on as
    /// it comes.
    private func isMislabelled(_ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>) -> Bool {
        guard isDefinite(downstream), let takenCount = downstreams[downstream].exchange.inflater?.inputCount,
            !GzipDecoder.mayBegin(with: content.span, behind: takenCount)
        else { return false }
        downstreams[downstream].exchange.inflater = nil
        var beginning = GzipDecoder.firstByte
        if takenCount > 0 {
            withUnsafeMutablePointer(to: &beginning) { byte in
                deliver(UnsafeBufferPointer(start: byte, count: 1), downstream, downstreams[downstream].exchange.responseCoding)
            }
        }
        return true
    }

    /// The content that is under way is damaged. What a definite answer says in its head is true nevertheless, so the head goes:
    /// a client must not be told that nobody knows what became of its request.
    func giveDefiniteHead(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.responsePhase == .head, isDefinite(downstream) else { return }
        _ = flush(downstream)
    }

    /// Inflates, and gives the client at most `room` bytes of it. How much of the content was taken: at least a byte, if there is one
    /// and nothing was pending.
    private func deliverInflated(
        _ content: UnsafeBufferPointer<UInt8>, _ downstream: Handle<Downstream>, room: Int
    ) throws(UpstreamFault) -> Int {
        var scratch = pool.lend()
        let place = UnsafeMutableBufferPointer(rebasing: scratch.room.prefix(room))
        var output = OutputSpan(buffer: place, initializedCount: 0)
        var taken = 0
        var failure: GzipError?
        do throws(GzipError) {
            taken = try downstreams[downstream].exchange.inflater!.step(content.span, into: &output)
        } catch {
            failure = error
        }
        scratch.grew(by: output.finalize(for: place))
        // What came out before a fault may be all that a person needs to know.
        if failure == nil || isDefinite(downstream), !scratch.isEmpty { deliver(scratch.bytes, downstream, downstreams[downstream].exchange.responseCoding) }
        pool.giveBack(scratch)
        if let failure { throw .coding(failure) }
        return taken
    }
}
