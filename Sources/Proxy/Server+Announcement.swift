internal import EventLoop
internal import Wire

// Content that waits for a 100 (RFC 9110, section 10.1.1): the client's, if it asked for one, and what is too long to be kept for
// a second attempt, or may turn out to be. Of the first nothing is taken from the client before the upstream wants it, of the
// second no more than is kept, so that a refusal of the token still finds all of it there.

extension Server {
    /// Asks the upstream for a 100 where the client does, or where the content could not be sent twice.
    func writeExpectation(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        guard !downstreams[downstream].exchange.requestBody.isComplete, downstreams[downstream].exchange.receivedCount == 0 else {
            return
        }
        // Once the client was told to go on, there is nothing that it waits for.
        let isAsked = downstreams[downstream].exchange.expectsContinue && !downstreams[downstream].exchange.wasContinued
        let mayBeLong = downstreams[downstream].exchange.isTooLongToKeep
            || (downstreams[downstream].exchange.requestFraming == .chunked && now >= upstreams[upstream].destination.nextAnnouncement
                && !isShortContent(downstream))
        let isAnnounced = mayBeLong && !downstreams[downstream].exchange.refusesAnnouncement
        guard isAsked || isAnnounced else { return }
        upstreams[upstream].output.appendWhole("Expect: 100-continue\r\n")
        guard isAnnounced else { return }
        downstreams[downstream].exchange.isAnnounced = true
        downstreams[downstream].exchange.isHeld = true
        downstreams[downstream].exchange.heldUntil = now + Limits.announcementTimeout
    }

    /// Whether all of a content of unknown length is at hand, and is kept.
    private func isShortContent(_ downstream: Handle<Downstream>) -> Bool {
        var count = 0
        var reader = downstreams[downstream].exchange.requestBody
        var rest = downstreams[downstream].input.bytes
        do throws(MessageError) {
            while !reader.isComplete, rest.count > reader.heldCount {
                let step = try reader.step(rest.span)
                rest = UnsafeBufferPointer(rebasing: rest[step.consumed...])
                count += step.content.count
            }
        } catch {
            // What is wrong with it is found when it is passed on.
        }
        return reader.isComplete && count <= downstreams[downstream].exchange.copy.room
    }

    /// How much of the content may be taken from the client now.
    func contentRoom(_ downstream: Handle<Downstream>) -> Int {
        guard downstreams[downstream].exchange.isHeld else { return .max }
        guard !downstreams[downstream].exchange.isTooLongToKeep else { return 0 }
        return max(0, min(downstreams[downstream].exchange.copy.room, Limits.replayBytesMax - allReplayBytes))
    }

    /// The upstream says that it wants the content. Some, nginx among them, say so of one that they refuse in the next moment.
    func releaseContentSoon(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.isHeld else { return }
        downstreams[downstream].exchange.heldUntil = min(downstreams[downstream].exchange.heldUntil, now + Limits.refusalGrace)
        refreshDeadline(downstream)
    }

    /// Nothing stands against the content any more, or the upstream has had its time to say so.
    func releaseContent(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.isHeld else { return }
        downstreams[downstream].exchange.isHeld = false
        resumeLater(downstream)
    }

    /// A 417 to an expectation that was not the client's: the request is sent once more, without it. True when it is; where some of its
    /// content has gone, the upstream may have taken that for the whole, and 417 is no answer for a client that expected nothing.
    func repeatUnannounced(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) throws(UpstreamFault) -> Bool {
        guard downstreams[downstream].exchange.isAnnounced, !downstreams[downstream].exchange.expectsContinue else { return false }
        let route = routes[downstreams[downstream].exchange.route]
        guard !downstreams[downstream].exchange.isContentBegun else {
            // Of unknown length: the next of this kind would fare alike.
            route.destination.nextAnnouncement = now + Limits.announcementPause
            throw .unexpected("it answered 417 to the announcement of a content (Expect: 100-continue), after some of that had gone")
        }
        log.event(.debug, "route \(route.configuration.name): upstream \(route.destination.text) refused the announcement of a content (417)")
        route.counters.add(at: Figure.Route.retries)
        downstreams[downstream].exchange.refusesAnnouncement = true
        downstreams[downstream].exchange.upstream = .none
        closeUpstream(upstream)
        downstreams[downstream].exchange.become(.waitingForToken)
        takeToken(downstream, isFirst: true)
        return true
    }
}
