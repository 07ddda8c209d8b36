internal import EventLoop
internal import Glibc

// How connections come to be.
extension Network {
    /// A stream on its way to `service`; over a Unix socket it is there at once.
    func connect(to service: SocketAddress) throws(SystemError) -> Stream {
        let faults = faults(at: service)
        if seed.chance(faults.connectExhausted) {
            throw SystemError(call: "socket", errno: EMFILE, subject: service.description)
        }
        let client = makeStream(.connecting, address: .loopback(port: freshPort()), service: service)
        if case .unix = service {
            guard let listener = listeners[service]?.first else {
                throw SystemError(call: "connect", errno: ENOENT, subject: service.description)
            }
            guard listener.queue.count <= Int(listener.options.backlog) else {
                throw SystemError(call: "connect", errno: EAGAIN, subject: service.description)
            }
            join(client, to: listener)
            client.state = .established
            return client
        }
        if blackHoles.contains(service) || seed.chance(faults.connectBlackHoled) {
            plan(.connectFails(client, ETIMEDOUT), after: .seconds((1 << NetworkLimits.connectAttemptsMax) - 1))
        } else if seed.chance(faults.connectRefused) {
            plan(.connectFails(client, ECONNREFUSED), after: drawLatency(service))
        } else {
            let extra = seed.chance(faults.connectSlow) ? seed.duration(in: .zero...faults.slowConnectMax) : .zero
            plan(.connectArrives(client, attempt: 1), after: drawLatency(service) + extra)
        }
        return client
    }

    func connectArrives(_ client: Stream, attempt: Int) {
        guard client.isHeld, client.state == .connecting else { return }
        guard let listener = listener(for: client.service) else {
            plan(.connectFails(client, ECONNREFUSED), after: drawLatency(client.service))
            return
        }
        if listener.queue.count > Int(listener.options.backlog) {
            let pause = Duration.seconds(1 << (attempt - 1))
            let isLast = attempt == NetworkLimits.connectAttemptsMax
            plan(isLast ? .connectFails(client, ETIMEDOUT) : .connectArrives(client, attempt: attempt + 1), after: pause)
            return
        }
        join(client, to: listener)
        plan(.established(client), after: drawLatency(client.service))
    }

    func establish(_ client: Stream) {
        guard client.isHeld, client.state == .connecting else { return }
        client.state = .established
        note("fd \(client.descriptor) connected to \(client.service)")
        wake(client)
    }

    func fail(_ client: Stream, _ code: Int32) {
        guard client.isHeld, client.state == .connecting else { return }
        client.state = .closed
        client.error = code
        note("fd \(client.descriptor) connecting to \(client.service) failed: \(SystemError.text(for: code))")
        wake(client)
    }

    /// The listener at an address, or at all addresses of its port.
    private func listener(for service: SocketAddress) -> Listener? {
        if let all = listeners[service] { return oneOf(all) }
        switch service {
        case .ipv4(_, let port): return listeners[.ipv4(0, port: port)].map(oneOf)
        case .ipv6(_, _, let port, _): return listeners[.ipv6(high: 0, low: 0, port: port, scope: 0)].map(oneOf)
        case .unix: return nil
        }
    }

    /// Any, by chance, of those that share an address.
    private func oneOf(_ listeners: [Listener]) -> Listener {
        listeners.count == 1 ? listeners[0] : listeners[seed.integer(in: 0...listeners.count - 1)]
    }

    private func join(_ client: Stream, to listener: Listener) {
        let server = makeStream(.established, address: listener.address, service: client.service)
        server.peer = client
        client.peer = server
        if case .unix = client.service {} else if listener.options.awaitsBytes {
            server.awaiting = listener
            listener.silent.append(server)
            plan(.silenceEnds(server), after: .seconds(Int64(Limits.silenceSeconds)))
            return
        }
        listener.queue.append(server)
        wake(listener)
    }

    /// Something has come on a connection that was not shown to its listener yet, or it has been silent for long enough.
    func stopAwaiting(_ stream: Stream) {
        guard let listener = forget(stream) else { return }
        listener.queue.append(stream)
        wake(listener)
    }

    /// The listener is not going to be shown the connection, if it was not yet.
    @discardableResult
    func forget(_ stream: Stream) -> Listener? {
        guard let listener = stream.awaiting else { return nil }
        stream.awaiting = nil
        listener.silent.removeAll { $0 === stream }
        return listener
    }

    private func makeStream(_ state: Stream.State, address: SocketAddress, service: SocketAddress) -> Stream {
        Stream(
            state, address: address, service: service, sendBytesMax: seed.integer(in: sendBufferBytes),
            receiveBytesMax: seed.integer(in: receiveBufferBytes))
    }
}
