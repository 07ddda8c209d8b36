internal import EventLoop
internal import Wire

// A content that is looked into before anything of its request goes upstream: it is received whole, into what is otherwise kept
// for a second attempt, and every attempt then begins with all of it at hand.

extension Server {
    /// Begins to receive the content, of which some may have come with the head.
    func beginInspection(_ downstream: Handle<Downstream>) {
        downstreams[downstream].exchange.become(.receivingContent)
        downstreams[downstream].exchange.timing.waitBegan = now
        // For all of it: with a limit for each byte, a client could hold for hours what others want to keep contents in.
        setDeadline(downstream, after: routes[downstreams[downstream].exchange.route].timeouts.requestBody)
        let hasBegun = downstreams[downstream].exchange.requestBody.isComplete || !downstreams[downstream].input.isEmpty
        if downstreams[downstream].exchange.expectsContinue, !hasBegun {
            // The upstream is not asked: it gets nothing before all of it is here.
            lendOutput(downstream)
            downstreams[downstream].output.appendWhole("HTTP/1.1 100 Continue\r\n\r\n")
            downstreams[downstream].exchange.wasContinued = true
            _ = flush(downstream)
            guard downstreams[downstream].phase == .exchanging else { return }
        }
        receiveInspected(downstream)
    }

    /// Receives what has come. When that was the last of it, the request goes on, or is answered.
    func receiveInspected(_ downstream: Handle<Downstream>) {
        do throws(MessageError) {
            guard try fillCopy(downstream) else { return }
        } catch {
            answer(downstream, .malformed(error))
            return
        }
        let route = routes[downstreams[downstream].exchange.route]
        if let answer = route.policy?.calls?.refusal(of: downstreams[downstream].exchange.copy.wholeContent) {
            self.answer(downstream, answer)
            return
        }
        endWait(downstream)
        admit(downstream, route)
    }

    /// False when more has to come, or the request was answered, or is gone.
    private func fillCopy(_ downstream: Handle<Downstream>) throws(MessageError) -> Bool {
        while !downstreams[downstream].exchange.requestBody.isComplete {
            if downstreams[downstream].input.count == downstreams[downstream].exchange.requestBody.heldCount {
                switch receive(downstream) {
                case .some: break
                case .blocked, .full: return false
                case .ended:
                    abandon(downstream)
                    return false
                }
            }
            let bytes = downstreams[downstream].input.bytes
            let step = try downstreams[downstream].exchange.requestBody.step(bytes.span)
            let content = UnsafeBufferPointer(rebasing: bytes[step.content])
            downstreams[downstream].exchange.receivedCount += content.count
            if let answer = refusalOfContent(downstream) {
                self.answer(downstream, answer)
                return false
            }
            keep(content, downstream)
            if !step.trailers.isEmpty { keepTrailers(UnsafeBufferPointer(rebasing: bytes[step.trailers]), downstream) }
            downstreams[downstream].input.consume(step.consumed)
            guard downstreams[downstream].exchange.copy.isWhole else {
                answer(downstream, .noRoomForContent(routes[downstreams[downstream].exchange.route].configuration.name))
                return false
            }
        }
        return true
    }
}
