internal import EventLoop
internal import Glibc
internal import TLS

// A client's connection where its listener encrypts: the handshake, and what goes over it.
//
// A connection that is encrypted has `tls` from its first moment. Without it a connection's bytes are those of its socket, and
// it never comes here.

extension Server {
    /// A client that has just connected will speak TLS. False where OpenSSL cannot take it.
    func beginHandshake(_ downstream: Handle<Downstream>, _ context: TLSContext) -> Bool {
        do throws(TLSError) {
            downstreams[downstream].tls = try TLSConnection(
                server: context, transport: transport, descriptor: downstreams[downstream].descriptor.number)
        } catch {
            log.event(.error, error.message)
            return false
        }
        makeHandshakeRoom()
        downstreams[downstream].become(.handshaking)
        handshakes.append((downstream, now))
        group?.members[position].handshakeCount.set(handshakes.count)
        return true
    }

    /// So many handshakes are under way that another has to wait: the oldest has not had time enough to give its place away.
    func isHandshakeRoomMissing() -> Bool {
        guard handshakes.count >= handshakesMax, let oldest = handshakes.first else { return false }
        return oldest.begin + Limits.handshakePatience > now
    }

    /// This loop's share of those of all.
    var handshakesMax: Int { Limits.handshakesMax / (group?.members.count ?? 1) }

    /// One that was let in takes the place of the oldest, if no other is free. One that came from another loop, at the same moment as
    /// others, may be one too many: nobody who is young goes for it.
    private func makeHandshakeRoom() {
        guard handshakes.count >= handshakesMax, !isHandshakeRoomMissing(), let oldest = handshakes.first?.downstream else { return }
        tellTLSFault(oldest, "a handshake was given up: others wait, and it had taken longer than \(Limits.handshakePatience.duration.text)")
        close(oldest)
    }

    /// Goes on with the handshake. True when it is done.
    func shakeHands(_ downstream: Handle<Downstream>) -> Bool {
        do throws(TLSError) {
            switch try downstreams[downstream].tls!.handshake() {
            case .wantsRead:
                downstreams[downstream].canReceive = false
                return false
            case .wantsWrite:
                downstreams[downstream].canSend = false
                return false
            case .done: break
            }
        } catch {
            failHandshake(downstream, error.message)
            return false
        }
        leaveHandshakes(downstream)
        downstreams[downstream].clientName = downstreams[downstream].certifiedName
        downstreams[downstream].become(.idle)
        // Bytes may have come with the end of the handshake, which no event will tell of.
        downstreams[downstream].canReceive = true
        guard !downstreams[downstream].isRefused else {
            refuseHead(downstream, refusalOfConnection(downstream))
            return true
        }
        setDeadline(downstream, after: headTimeout(of: downstreams[downstream].listener))
        return true
    }

    /// The client speaks no TLS that is taken here: it is told by the alert that OpenSSL has sent, if by anything. That has to
    /// reach it, so what it still sends is read for a while.
    private func failHandshake(_ downstream: Handle<Downstream>, _ reason: String) {
        tellTLSFault(downstream, "a handshake failed: \(reason)")
        leaveHandshakes(downstream)
        downstreams[downstream].tls = nil
        kernel.shutdownWriting(downstreams[downstream].descriptor.number)
        downstreams[downstream].become(.lingering)
        downstreams[downstream].lingerEnd = now + Limits.lingerTimeout
        setDeadline(downstream, after: Limits.lingerTimeout)
    }

    func handshakeTimedOut(_ downstream: Handle<Downstream>) {
        let limit = headTimeout(of: downstreams[downstream].listener)
        tellTLSFault(downstream, "a handshake took longer than \(limit.duration.text) (timeouts.requestHead)")
        close(downstream)
    }

    func leaveHandshakes(_ downstream: Handle<Downstream>) {
        // Who was left in the backlog for want of room has it at the end of this turn.
        if handshakes.count >= handshakesMax { hasUnaccepted = true }
        handshakes.removeAll { $0.downstream == downstream }
        group?.members[position].handshakeCount.set(handshakes.count)
    }

    /// At most one line in a while: anybody who reaches the port can cause one.
    private func tellTLSFault(_ downstream: Handle<Downstream>, _ what: String) {
        figures.add(at: Figure.Loop.clientTLSFailures)
        guard now >= nextTLSFaultLine else {
            untoldTLSFaults += 1
            return
        }
        let more = untoldTLSFaults > 0 ? "; \(untoldTLSFaults) clients before it are not told of" : ""
        log.event(.debug, "\(listeners[downstreams[downstream].listener].address): TLS of a client: \(what)\(more)")
        untoldTLSFaults = 0
        nextTLSFaultLine = now + Limits.tlsFaultInterval
    }
}

// MARK: bytes

extension Server {
    /// Receives and decrypts once into the input, which has `room`.
    func receiveTLS(_ downstream: Handle<Downstream>, _ room: UnsafeMutableRawBufferPointer) -> Intake {
        do throws(TLSError) {
            switch try downstreams[downstream].tls!.read(into: room) {
            case .bytes(let count):
                downstreams[downstream].input.grew(by: count)
                figures.add(count, at: Figure.Loop.receivedFromClients)
                if downstreams[downstream].isExhausted { downstreams[downstream].canReceive = false }
                return .some
            case .wantsRead:
                downstreams[downstream].canReceive = false
                return .blocked
            case .wantsWrite:
                // When the socket is writable, an event tells, and the next attempt goes on.
                return .blocked
            case .closed: break
            }
        } catch {
            // Whatever ends without close_notify may have been cut off by somebody else (RFC 8446, section 6.1).
            downstreams[downstream].isReset = true
            switch error {
            case .truncated, .transport: break
            case .configuration, .certificate, .alert, .protocolFault, .library: tellTLSFault(downstream, error.message)
            }
        }
        downstreams[downstream].canReceive = false
        downstreams[downstream].isInputEnded = true
        return .ended
    }

    /// Encrypts and sends: the bytes taken, `-EAGAIN` when the socket is full, or another error.
    func sendTLS(_ downstream: Handle<Downstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        do throws(TLSError) {
            switch try downstreams[downstream].tls!.write(bytes) {
            case .bytes(let count): return count
            case .wantsWrite, .wantsRead:
                // A record of them has been made already: they cannot be taken back.
                if downstreams[downstream].exchange.isResponseHeld { downstreams[downstream].exchange.isResponseHeld = false }
                return Int(-EAGAIN)
            case .closed: return Int(-EPIPE)
            }
        } catch {
            return Int(-EPIPE)
        }
    }

    /// Says that nothing more will be sent, where that is said inside of TLS. All that there was has been sent. False when the
    /// socket has to take something first.
    func endOutput(_ downstream: Handle<Downstream>) -> Bool {
        guard downstreams[downstream].tls != nil else { return true }
        guard downstreams[downstream].canSend else { return false }
        do throws(TLSError) {
            if try downstreams[downstream].tls!.endWriting() == .done { return true }
            downstreams[downstream].canSend = false
            return false
        } catch {
            // The connection is broken, and its end will show as such.
            return true
        }
    }

    /// The connection ends: in an orderly way, unless that is hindered by what did not go before.
    func closeTLS(_ downstream: Handle<Downstream>) {
        if downstreams[downstream].phase == .handshaking { leaveHandshakes(downstream) }
        downstreams[downstream].tls!.sendCloseNotify()
        downstreams[downstream].tls = nil
    }

    /// Makes the coming end of the connection one that nobody takes for orderly: a reset, and no close_notify before it.
    func resetOnClose(_ downstream: Handle<Downstream>) {
        kernel.resetOnClose(downstreams[downstream].descriptor.number)
        downstreams[downstream].tls = nil
    }
}
