internal import EventLoop
internal import Glibc
internal import TLS

// What goes over an upstream connection, with TLS or without.

extension Server {
    /// Receives and decrypts into `input`.
    func receive(_ upstream: Handle<Upstream>) throws(UpstreamFault) -> Intake {
        guard upstreams[upstream].canReceive else { return .blocked }
        let room = room(of: upstream)
        if room.isEmpty { return .full }
        let intake = upstreams[upstream].destination.tls == nil ? try receivePlain(upstream, room) : try receiveTLS(upstream, room)
        if case .some = intake { upstreams[upstream].isUnanswered = false }
        return intake
    }

    /// Receives into `input`, whatever protocol is to be spoken later.
    func receiveUnencrypted(_ upstream: Handle<Upstream>) throws(UpstreamFault) -> Intake {
        guard upstreams[upstream].canReceive else { return .blocked }
        let room = room(of: upstream)
        return room.isEmpty ? .full : try receivePlain(upstream, room)
    }

    private func room(of upstream: Handle<Upstream>) -> UnsafeMutableRawBufferPointer {
        if !upstreams[upstream].input.isLent {
            pool.lend(to: &upstreams[upstream].input)
            upstreams[upstream].input.leaveRoomInFront(Limits.headGrowthBytes)
        }
        if upstreams[upstream].input.freeCapacity == 0 { upstreams[upstream].input.compact() }
        return UnsafeMutableRawBufferPointer(upstreams[upstream].input.room)
    }

    private func receivePlain(
        _ upstream: Handle<Upstream>, _ room: UnsafeMutableRawBufferPointer
    ) throws(UpstreamFault) -> Intake {
        let count = kernel.receive(upstreams[upstream].number, into: room)
        if count > 0 {
            upstreams[upstream].input.grew(by: count)
            figures.add(count, at: Figure.Loop.receivedFromUpstreams)
            if count < room.count, !upstreams[upstream].isPeerClosed { upstreams[upstream].canReceive = false }
            return .some
        }
        if count == Int(-EAGAIN) {
            upstreams[upstream].canReceive = false
            return .blocked
        }
        if count == 0, !upstreams[upstream].isReset { return .ended }
        throw upstreams[upstream].isUnanswered ? .closedBeforeAnswer : .truncated
    }

    private func receiveTLS(
        _ upstream: Handle<Upstream>, _ room: UnsafeMutableRawBufferPointer
    ) throws(UpstreamFault) -> Intake {
        do throws(TLSError) {
            switch try upstreams[upstream].tls!.read(into: room) {
            case .bytes(let count):
                upstreams[upstream].input.grew(by: count)
                figures.add(count, at: Figure.Loop.receivedFromUpstreams)
                if upstreams[upstream].isExhausted { upstreams[upstream].canReceive = false }
                return .some
            case .wantsRead:
                upstreams[upstream].canReceive = false
                return .blocked
            case .wantsWrite:
                return .blocked
            case .closed:
                return .ended
            }
        } catch {
            switch error {
            case .truncated, .transport: throw upstreams[upstream].isUnanswered ? .closedBeforeAnswer : .truncated
            case .configuration, .certificate, .alert, .protocolFault, .library: throw .tls(error)
            }
        }
    }

    /// Encrypts and sends what is in `output`. True when all of it is sent.
    func flush(_ upstream: Handle<Upstream>) -> Bool {
        while !upstreams[upstream].output.isEmpty {
            guard upstreams[upstream].canSend, !upstreams[upstream].isSendBroken else { return false }
            let bytes = UnsafeRawBufferPointer(upstreams[upstream].output.bytes)
            let count = upstreams[upstream].destination.tls == nil ? sendPlain(upstream, bytes) : sendTLS(upstream, bytes)
            guard count > 0 else { return false }
            upstreams[upstream].output.consume(count)
            figures.add(count, at: Figure.Loop.sentToUpstreams)
        }
        pool.giveBack(&upstreams[upstream].output)
        return true
    }

    func sendPlain(_ upstream: Handle<Upstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        let count = kernel.send(upstreams[upstream].number, from: bytes)
        if count > 0 {
            upstreams[upstream].isUntouched = false
        } else if count == Int(-EAGAIN) {
            upstreams[upstream].canSend = false
        } else {
            // After the upstream's own end, EPIPE is what it gives; any other error would have been the receive's.
            if count != Int(-EPIPE) { upstreams[upstream].isReset = true }
            sendingFailed(upstream)
        }
        return count
    }

    /// What was given to OpenSSL counts as sent, even where the socket has not taken it yet: it cannot be taken back.
    private func sendTLS(_ upstream: Handle<Upstream>, _ bytes: UnsafeRawBufferPointer) -> Int {
        let sentCount = transport.sentCount
        // A write that fails may have handed some of its records to the kernel before.
        defer { if transport.sentCount != sentCount { upstreams[upstream].isUntouched = false } }
        do throws(TLSError) {
            switch try upstreams[upstream].tls!.write(bytes) {
            case .bytes(let count):
                upstreams[upstream].isUntouched = false
                if count < bytes.count { upstreams[upstream].canSend = false }
                return count
            case .wantsWrite, .wantsRead:
                upstreams[upstream].isUntouched = false
                upstreams[upstream].canSend = false
            case .closed:
                sendingFailed(upstream)
            }
        } catch {
            sendingFailed(upstream)
        }
        return 0
    }

    /// The upstream takes no more. It may have answered before that, so what it sent is still read.
    private func sendingFailed(_ upstream: Handle<Upstream>) {
        upstreams[upstream].isSendBroken = true
        upstreams[upstream].canReceive = true
        upstreams[upstream].isPeerClosed = true
        upstreams[upstream].tls?.socketReadable(peerClosed: true)
    }

    func takeInput(_ upstream: Handle<Upstream>) -> Buffer {
        var buffer = Buffer()
        swap(&buffer, &upstreams[upstream].input)
        return buffer
    }
}
