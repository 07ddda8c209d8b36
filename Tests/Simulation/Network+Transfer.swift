internal import EventLoop
internal import Glibc

// How bytes, ends and resets travel.
extension Network {
    func send(_ stream: Stream, _ bytes: UnsafeRawBufferPointer) -> Int {
        if stream.state == .connecting { return Int(-EAGAIN) }
        if stream.error != 0 { return takeError(of: stream) }
        if stream.isSendingShut || stream.state == .closed { return Int(-EPIPE) }
        var count = min(bytes.count, stream.sendBytesMax - stream.outgoing.count)
        let isCut = count > 1 && seed.chance(faults(at: stream.service).shortSend)
        if isCut { count = seed.integer(in: 1...count - 1) }
        if count < bytes.count { stream.lacksRoom = true }
        if count == 0 { return bytes.isEmpty ? 0 : Int(-EAGAIN) }
        stream.outgoing.append(UnsafeRawBufferPointer(rebasing: bytes[..<count]))
        stream.noteSend(count, at: now)
        planDelivery(stream)
        // Where there is room all the same, no delivery will make any: the edge has to come by itself.
        if isCut { plan(.wake(stream), after: drawLatency(stream.service)) }
        return count
    }

    func receive(_ stream: Stream, _ bytes: UnsafeMutableRawBufferPointer) -> Int {
        if stream.state == .connecting { return Int(-EAGAIN) }
        if stream.incoming.isEmpty {
            if stream.isEndReceived { return 0 }
            if stream.error != 0 { return takeError(of: stream) }
            return stream.state == .closed ? 0 : Int(-EAGAIN)
        }
        var room = bytes
        let count = min(bytes.count, stream.incoming.count)
        if count > 1, seed.chance(faults(at: stream.service).shortReceive) {
            room = UnsafeMutableRawBufferPointer(rebasing: bytes[..<seed.integer(in: 1...count - 1)])
            wake(stream)
        }
        let taken = stream.incoming.take(into: room)
        guard let peer = stream.peer else { return taken }
        if !peer.outgoing.isEmpty, isWindowOpen(stream) { planDelivery(peer) }
        // Not behind one that finds nothing: whoever has looked may go by that until the turn ends.
        if stream.incoming.isEmpty, seed.chance(faults(at: stream.service).arrivesMeanwhile) { deliver(peer) }
        return taken
    }

    func takeError(of stream: Stream) -> Int {
        defer { stream.error = 0 }
        return Int(-stream.error)
    }

    func shutdownSending(_ stream: Stream) {
        guard stream.state == .established, !stream.isSendingShut else { return }
        stream.isSendingShut = true
        planDelivery(stream)
        wake(stream)
    }

    /// What was sent still arrives, unless something that had arrived was not received: then the peer gets a reset.
    func close(_ stream: Stream) {
        stream.isHeld = false
        guard stream.state == .established else {
            if stream.state == .connecting, let peer = stream.peer {
                plan(.reset(peer), after: drawLatency(stream.service))
            }
            stream.state = .closed
            partIfGone(stream)
            return
        }
        if stream.incoming.isEmpty, !stream.resetsOnClose {
            stream.isSendingShut = true
            planDelivery(stream)
        } else {
            stream.state = .closed
            stream.outgoing.removeAll()
            stream.incoming.removeAll()
            if let peer = stream.peer { plan(.reset(peer), after: drawLatency(stream.service)) }
        }
    }

    func close(_ listener: Listener) {
        let others = listeners[listener.address]?.filter { $0 !== listener } ?? []
        listeners[listener.address] = others.isEmpty ? nil : others
        for stream in listener.queue + listener.silent {
            stream.awaiting = nil
            stream.isHeld = false
            stream.state = .closed
            if let peer = stream.peer { plan(.reset(peer), after: drawLatency(stream.service)) }
        }
        listener.queue = []
        listener.silent = []
    }

    func deliver(_ sender: Stream) {
        sender.isDeliveryPlanned = false
        guard sender.state == .established, let receiver = sender.peer else { return }
        // It may have arrived before its time.
        guard !sender.outgoing.isEmpty || sender.isSendingShut && !sender.isEndDelivered else { return }
        let faults = faults(at: sender.service)
        if receiver.state == .closed || (!receiver.isHeld && !sender.outgoing.isEmpty) || seed.chance(faults.reset) {
            breakOff(sender, receiver)
            return
        }
        establish(receiver)
        var count = min(sender.outgoing.count, NetworkLimits.deliveryBytesMax)
        count = min(count, receiver.receiveBytesMax - receiver.incoming.count)
        if count > 1, seed.chance(faults.separateSends) { count = min(count, sender.takeFirstSendCount()) }
        if count > 1, seed.chance(faults.smallSegment) {
            count = seed.integer(in: 1...min(count, NetworkLimits.smallSegmentBytesMax))
        }
        if count > 0 {
            sender.outgoing.move(count, to: &receiver.incoming)
            receiver.noteArrival(count, at: now)
            note("fd \(receiver.descriptor) gets \(count)")
            stopAwaiting(receiver)
            wake(receiver)
        }
        if sender.lacksRoom, sender.hasRoom {
            sender.lacksRoom = false
            wake(sender)
        }
        if !sender.outgoing.isEmpty {
            if isWindowOpen(receiver) { planDelivery(sender) }
        } else if sender.isSendingShut {
            deliverEnd(sender, receiver, isSeparate: count > 0 && seed.chance(0.5))
        }
    }

    func resetArrives(_ end: Stream) {
        guard end.isHeld, end.state != .closed else { return partIfGone(end) }
        if forget(end) != nil { end.isHeld = false }
        end.state = .closed
        end.error = end.isEndReceived ? EPIPE : ECONNRESET
        end.outgoing.removeAll()
        note("fd \(end.descriptor) is reset")
        wake(end)
    }

    /// Resets both ends: this is what a fault does, and what data for an end that is gone leads to.
    func breakOff(_ one: Stream, _ other: Stream) {
        resetArrives(one)
        resetArrives(other)
        one.state = .closed
        other.state = .closed
        partIfGone(one)
    }

    /// Ends that nobody has any more let go of each other.
    private func partIfGone(_ end: Stream) {
        guard !end.isHeld, let peer = end.peer, !peer.isHeld else { return }
        peer.peer = nil
        end.peer = nil
    }

    private func deliverEnd(_ sender: Stream, _ receiver: Stream, isSeparate: Bool) {
        if sender.isEndDelivered { return }
        if isSeparate {
            planDelivery(sender)
            return
        }
        sender.isEndDelivered = true
        receiver.isEndReceived = true
        receiver.noteArrival(1, at: now)
        note("fd \(receiver.descriptor) gets the end")
        stopAwaiting(receiver)
        wake(receiver)
        // The sender's state changes when its end is acknowledged, and Linux says so.
        plan(.wake(sender), after: drawLatency(sender.service))
        if receiver.isEndDelivered { partIfGone(sender) }
    }

    private func planDelivery(_ sender: Stream) {
        if sender.isDeliveryPlanned { return }
        sender.isDeliveryPlanned = true
        plan(.delivery(sender), after: drawLatency(sender.service))
    }

    private func isWindowOpen(_ receiver: Stream) -> Bool {
        let room = receiver.receiveBytesMax - receiver.incoming.count
        return room >= min(NetworkLimits.windowBytesMin, receiver.receiveBytesMax / 2)
    }
}
