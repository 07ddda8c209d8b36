internal import Credentials
internal import EventLoop
internal import TLS
internal import Wire

// A request that became a tunnel: bytes both ways, which nobody reads, until both sides have ended.
//
// A side that ends lets the other go on. What is not the end that its side had meant, which a reset and a TLS stream without
// close_notify are not, ends the other side by a reset as well: no half of a message looks like a whole one.

extension Server {
    /// The upstream switches protocols (RFC 9110, section 15.2.2). False: nothing more of a response follows, or the client
    /// has to take something first.
    func takeSwitch(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int
    ) throws(UpstreamFault) -> Bool {
        let accepted = try acceptedProtocol(downstream, upstream, headCount)
        downstreams[downstream].exchange.timing.answered(at: now)
        lendOutput(downstream)
        // An interim response may still be waiting in it.
        guard headCount + headGrowth(downstream) + Limits.requestIDBytesMax + 256 <= downstreams[downstream].output.freeCapacity else {
            upstreams[upstream].searchedCount = 0
            if downstreams[downstream].output.isEmpty { throw .malformed(.headTooLong) }
            return flush(downstream)
        }
        writeSwitchHead(downstream, upstream, headCount, accepted)
        upstreams[upstream].input.consume(headCount)
        let route = routes[downstreams[downstream].exchange.route]
        downstreams[downstream].exchange.isReplayOpen = false
        route.credential.accepted(generation: downstreams[downstream].exchange.generation, route: route.index, status: 101)
        downstreams[downstream].exchange.status = 101
        downstreams[downstream].exchange.responsePhase = .complete
        downstreams[downstream].exchange.become(.tunnelling)
        upstreams[upstream].become(.tunnelling)
        downstreams[downstream].become(.tunnelling)
        refreshTunnelDeadline(downstream)
        return false
    }

    /// Where in the response head the protocol stands that the client offered and the upstream took.
    private func acceptedProtocol(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int
    ) throws(UpstreamFault) -> Range<Int> {
        guard downstreams[downstream].exchange.offersTunnel else {
            throw .unexpected("it switched protocols, which nobody had asked for")
        }
        guard upstreams[upstream].output.isEmpty else { throw .unexpected("it switched protocols before it had the whole request") }
        parseKeptHead(downstream)
        guard let offer = UpgradeOffer(requestHead, in: downstreams[downstream].exchange.copy.head.span) else {
            preconditionFailure("a kept head offers what it offered")
        }
        let head = UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[..<headCount])
        switch offer.verdict(on: responseHead, in: head.span, sha1: Digest.sha1) {
        case .accepted(let range): return range
        case .notOffered: throw .unexpected("it switched to a protocol that was not offered")
        case .notProven: throw .unexpected("it switched protocols without the Sec-WebSocket-Accept that this handshake demands")
        }
    }

    private func writeSwitchHead(
        _ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>, _ headCount: Int, _ accepted: Range<Int>
    ) {
        let head = UnsafeBufferPointer(rebasing: upstreams[upstream].input.bytes[..<headCount])
        writeResponseFields(downstream, head)
        downstreams[downstream].output.appendWhole("Connection: upgrade\r\nUpgrade: ")
        downstreams[downstream].output.appendWhole(UnsafeBufferPointer(rebasing: head[accepted]))
        downstreams[downstream].output.appendWhole("\r\n\r\n")
    }

    /// Offers upstream what of the client's Upgrade may be tunnelled. The kept head is in `requestHead`.
    func writeOffer(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) {
        guard let offer = UpgradeOffer(requestHead, in: downstreams[downstream].exchange.copy.head.span) else {
            preconditionFailure("a kept head offers what it offered")
        }
        upstreams[upstream].output.appendWhole("Connection: upgrade\r\nUpgrade: ")
        upstreams[upstream].output.appendWhole(offer.value)
        upstreams[upstream].output.appendWhole("\r\n")
    }
}

// MARK: bytes

extension Server {
    func tunnelReady(_ upstream: Handle<Upstream>, _ readiness: Readiness) {
        guard case .exchange(let downstream) = upstreams[upstream].client else {
            preconditionFailure("a tunnel has a client")
        }
        // It takes nothing more. What it sent before is still received.
        if readiness.contains(.failed) { upstreams[upstream].isSendBroken = true }
        advance(downstream)
    }

    /// Moves what both sides allow, and ends the tunnel when both have ended.
    func pumpTunnel(_ downstream: Handle<Downstream>) {
        let upstream = downstreams[downstream].exchange.upstream
        let hasMoreUp = relayUp(downstream, upstream)
        guard downstreams[downstream].phase == .tunnelling else { return }
        let hasMoreDown = relayDown(downstream, upstream)
        guard downstreams[downstream].phase == .tunnelling else { return }
        if hasMoreUp || hasMoreDown {
            resumeLater(downstream)
        } else if upstreams[upstream].isInputEnded, downstreams[downstream].isOutputEnded,
            upstreams[upstream].isOutputEnded || upstreams[upstream].isSendBroken
        {
            // Where the upstream takes no more, what the client still sends is dropped until it has seen the end.
            downstreams[downstream].isOwedInput = !downstreams[downstream].isInputEnded
            closeUpstream(upstream)
            endExchange(downstream, isPersistent: false)
        }
    }

    /// From the client to the upstream. True when it goes on after the others have had their turn.
    private func relayUp(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) -> Bool {
        var share = Limits.transferBytesPerTurn
        while share > 0 {
            let waitingCount = upstreams[upstream].output.count
            let isFlushed = flush(upstream)
            if upstreams[upstream].output.count != waitingCount { refreshTunnelDeadline(downstream) }
            guard isFlushed else { return false }
            if downstreams[downstream].input.isEmpty {
                switch receive(downstream) {
                case .some: break
                case .blocked, .full:
                    pool.giveBack(&downstreams[downstream].input)
                    return false
                case .ended:
                    pool.giveBack(&downstreams[downstream].input)
                    if downstreams[downstream].isReset { abandon(downstream) } else { endUp(upstream) }
                    return false
                }
            }
            let count = downstreams[downstream].input.count
            upstreams[upstream].output = takeInput(downstream)
            downstreams[downstream].exchange.receivedCount += count
            share -= count + Limits.transferStepBytes
            refreshTunnelDeadline(downstream)
        }
        return true
    }

    /// From the upstream to the client. True when it goes on after the others have had their turn.
    private func relayDown(_ downstream: Handle<Downstream>, _ upstream: Handle<Upstream>) -> Bool {
        var share = Limits.transferBytesPerTurn
        while share > 0 {
            guard flush(downstream), !downstreams[downstream].isOutputEnded else { return false }
            if upstreams[upstream].isInputEnded {
                endDown(downstream)
                return false
            }
            if upstreams[upstream].input.isEmpty {
                do throws(UpstreamFault) {
                    switch try receive(upstream) {
                    case .some: break
                    case .blocked, .full:
                        pool.giveBack(&upstreams[upstream].input)
                        return false
                    case .ended:
                        pool.giveBack(&upstreams[upstream].input)
                        upstreams[upstream].isInputEnded = true
                        endDown(downstream)
                        return false
                    }
                } catch {
                    breakTunnel(downstream, error)
                    return false
                }
            }
            let count = upstreams[upstream].input.count
            downstreams[downstream].output = takeInput(upstream)
            downstreams[downstream].exchange.sentCount += count
            share -= count + Limits.transferStepBytes
            refreshTunnelDeadline(downstream)
        }
        return true
    }

    /// The client has finished sending, and all of it has been sent on: so has the tunnel.
    private func endUp(_ upstream: Handle<Upstream>) {
        guard !upstreams[upstream].isOutputEnded, upstreams[upstream].canSend else { return }
        if upstreams[upstream].tls != nil {
            do throws(TLSError) {
                guard try upstreams[upstream].tls!.endWriting() == .done else {
                    upstreams[upstream].canSend = false
                    return
                }
            } catch {
                upstreams[upstream].isSendBroken = true
                return
            }
        }
        kernel.shutdownWriting(upstreams[upstream].number)
        upstreams[upstream].isOutputEnded = true
    }
}

extension Server {
    /// The upstream has finished sending, and all of it has been sent on: so has the tunnel.
    private func endDown(_ downstream: Handle<Downstream>) {
        guard endOutput(downstream) else { return }
        kernel.shutdownWriting(downstreams[downstream].descriptor.number)
        downstreams[downstream].isOutputEnded = true
    }
}

// MARK: ends that nobody meant

extension Server {
    func refreshTunnelDeadline(_ downstream: Handle<Downstream>) {
        setDeadline(downstream, after: routes[downstreams[downstream].exchange.route].timeouts.idle)
    }

    func tunnelTimedOut(_ downstream: Handle<Downstream>) {
        let route = routes[downstreams[downstream].exchange.route].configuration
        log.event(.info, "route \(route.name): a tunnel was ended after \(route.timeouts.idle.text) without a byte (timeouts.idle)")
        resetOnClose(downstream)
        abandon(downstream, code: .idleTimeout)
    }

    private func breakTunnel(_ downstream: Handle<Downstream>, _ fault: UpstreamFault) {
        let name = routes[downstreams[downstream].exchange.route].configuration.name
        log.event(.warning, "route \(name): a tunnel was broken off: \(fault.reason)")
        note(.route(name), code: "broken_off", "a tunnel was broken off: \(fault.reason)")
        cutOff(downstream, code: .brokenOff)
    }

    /// Ends the upstream's side of a tunnel that the client's side did not end in an orderly way.
    func resetUpstream(_ upstream: Handle<Upstream>) {
        if !upstreams[upstream].isOutputEnded {
            kernel.resetOnClose(upstreams[upstream].number)
            // Without it there is no close_notify, which would make it look as if the client had finished.
            upstreams[upstream].tls = nil
        }
        closeUpstream(upstream)
    }
}
