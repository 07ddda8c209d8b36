internal import EventLoop

// A client connection: how it ends.

extension Server {
    /// Whether a client that has finished sending is gone, and its answer is for nobody. One that only sends nothing more is not.
    func hasLeft(_ downstream: Handle<Downstream>) -> Bool {
        guard downstreams[downstream].isPeerClosed else { return false }
        let isServed: Bool
        switch downstreams[downstream].phase {
        case .exchanging: isServed = true
        // All that the client sent has to arrive first.
        case .tunnelling: isServed = upstreams[downstreams[downstream].exchange.upstream].isOutputEnded
        case .handshaking, .idle, .receivingHead, .breaking, .finishing, .lingering, .closed: isServed = false
        }
        return isServed && kernel.isPeerGone(downstreams[downstream].descriptor.number)
    }

    /// The last answer is sent. Where the client may still be sending, its bytes are read for a while: to close at once
    /// would make its kernel throw the answer away.
    func beginLingering(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].isOwedInput || hasUnread(downstream) else {
            close(downstream)
            return
        }
        guard downstreams[downstream].isWatched || watch(downstream) else { return }
        kernel.shutdownWriting(downstreams[downstream].descriptor.number)
        downstreams[downstream].become(.lingering)
        let isShort = isDraining || downstreams[downstream].isRefused
        downstreams[downstream].lingerEnd = now + (isShort ? Limits.lingerTimeout : Limits.lingerTimeMax)
    }

    /// Whether the client has sent what was not read. Of one that is not watched no event tells that: its socket is looked at.
    private func hasUnread(_ downstream: Handle<Downstream>) -> Bool {
        if downstreams[downstream].canReceive || !downstreams[downstream].input.isEmpty { return true }
        if downstreams[downstream].isWatched { return false }
        downstreams[downstream].canReceive = true
        guard case .some = receive(downstream) else { return false }
        return true
    }

    func linger(_ downstream: Handle<Downstream>) {
        var share = Limits.transferBytesPerTurn
        while share > 0 {
            share -= downstreams[downstream].input.count + Limits.transferStepBytes
            downstreams[downstream].input.removeAll()
            switch receive(downstream) {
            case .some: continue
            case .blocked:
                let silence = min(Limits.lingerTimeout, downstreams[downstream].lingerEnd - now)
                setDeadline(downstream, after: max(silence, .zero))
                pool.giveBack(&downstreams[downstream].input)
            case .full, .ended: close(downstream)
            }
            return
        }
        if now < downstreams[downstream].lingerEnd { resumeLater(downstream) } else { close(downstream) }
    }

    /// The client is gone: so is what was being done for it.
    func abandon(_ downstream: Handle<Downstream>, code: Cause = .clientClosed) {
        guard downstreams[downstream].phase != .closed else { return }
        switch downstreams[downstream].phase {
        case .exchanging, .tunnelling: cancelExchange(downstream, code: code)
        case .handshaking: leaveHandshakes(downstream)
        case .idle, .receivingHead, .breaking, .finishing, .lingering, .closed: break
        }
        // What it was sent may be a part only: no close_notify makes it look whole.
        downstreams[downstream].tls = nil
        close(downstream)
    }

    /// What the client was sent may be a part only, of an answer or of what goes through a tunnel: it is reset, so that nobody takes that for
    /// the whole. What came before that may be answers that are whole, and a reset would take back what has not reached it yet.
    func cutOff(_ downstream: Handle<Downstream>, code: Cause = .clientClosed) {
        switch downstreams[downstream].phase {
        case .exchanging where downstreams[downstream].exchange.responsePhase == .none:
            abandon(downstream, code: code)
            return
        case .exchanging, .tunnelling: cancelExchange(downstream, code: code)
        case .idle, .finishing: break
        case .handshaking, .receivingHead, .breaking, .lingering, .closed:
            abandon(downstream, code: code)
            return
        }
        pool.giveBack(&downstreams[downstream].output)
        downstreams[downstream].become(.breaking)
        downstreams[downstream].unconfirmedCount = .max
        resetWhenConfirmed(downstream)
    }

    /// Resets a client that was cut off, as soon as everything that it was sent has reached it, or nothing more does.
    func resetWhenConfirmed(_ downstream: Handle<Downstream>) {
        let count = kernel.unconfirmedCount(of: downstreams[downstream].descriptor.number)
        if count < downstreams[downstream].unconfirmedCount {
            downstreams[downstream].unconfirmedCount = count
            downstreams[downstream].confirmDeadline = now + Limits.lingerTimeout
        }
        guard count > 0, now < downstreams[downstream].confirmDeadline else {
            resetOnClose(downstream)
            close(downstream)
            return
        }
        setDeadline(downstream, after: Limits.confirmInterval)
    }

    /// Ends the connection. Its slot is free at the end of the turn.
    func close(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].phase != .closed else { return }
        if downstreams[downstream].tls != nil { closeTLS(downstream) }
        downstreams[downstream].become(.closed)
        loop.disarm(downstreams[downstream].timer)
        pool.giveBack(&downstreams[downstream].input)
        pool.giveBack(&downstreams[downstream].output)
        endedDownstreams.append(downstream)
    }
}
