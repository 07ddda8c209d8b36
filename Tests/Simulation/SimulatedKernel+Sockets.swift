public import EventLoop
internal import Glibc

extension SimulatedKernel {
    public func listen(on address: SocketAddress, options: ListenOptions) throws(SystemError) -> Int32 {
        if fails() || isExhausted {
            throw SystemError(call: "socket", errno: EMFILE, subject: address.description)
        }
        let bound = address.port == 0 ? address.with(port: network.freshPort()) : address
        let others = network.listeners[bound] ?? []
        var isShared = others.isEmpty
        if case .more = options.sharing { isShared = others.allSatisfy(\.isShared) }
        guard isShared else {
            throw SystemError(call: "bind", errno: EADDRINUSE, subject: address.description)
        }
        let listener = Listener(address: bound, options: options)
        network.listeners[bound] = others + [listener]
        let descriptor = open(listener)
        network.note("fd \(descriptor) listens on \(bound)")
        return descriptor
    }

    public func localAddress(of descriptor: Int32) throws(SystemError) -> SocketAddress {
        guard let socket = socket(descriptor, for: "getsockname") else {
            throw SystemError(call: "getsockname", errno: EBADF, subject: "descriptor \(descriptor)")
        }
        return socket.address
    }

    public func accept(from listener: Int32) -> Int {
        guard let socket = socket(listener, for: "accept") as? Listener else { return Int(-EBADF) }
        guard !socket.queue.isEmpty else { return Int(-EAGAIN) }
        let faults = network.faults(at: socket.address)
        if fails() || isExhausted || network.seed.chance(faults.acceptExhausted) {
            network.note("fd \(listener) accept: \(SystemError.text(for: EMFILE))")
            return Int(-EMFILE)
        }
        let stream = socket.queue.removeFirst()
        if network.seed.chance(faults.acceptAborted) {
            stream.isHeld = false
            if let peer = stream.peer { network.breakOff(stream, peer) }
            network.note("fd \(listener) accept: \(SystemError.text(for: ECONNABORTED))")
            return Int(-ECONNABORTED)
        }
        let descriptor = open(stream)
        network.note("fd \(listener) accept fd \(descriptor)")
        return Int(descriptor)
    }

    public func connect(to address: SocketAddress) throws(SystemError) -> Int32 {
        if fails() || isExhausted {
            throw SystemError(call: "socket", errno: EMFILE, subject: address.description)
        }
        let descriptor = open(try network.connect(to: address))
        network.note("fd \(descriptor) connect \(address)")
        return descriptor
    }

    public func connectError(of descriptor: Int32) -> Int32 {
        guard let stream = socket(descriptor, for: "getsockopt") as? Stream else { return EBADF }
        if fails(), let peer = stream.peer { network.breakOff(stream, peer) }
        return Int32(-network.takeError(of: stream))
    }

    public func receive(_ descriptor: Int32, into bytes: UnsafeMutableRawBufferPointer) -> Int {
        guard let stream = socket(descriptor, for: "recv") as? Stream else { return Int(-EBADF) }
        if bytes.isEmpty { violations.append("recv on fd \(descriptor) into no room: 0 would look like the end") }
        if fails(), let peer = stream.peer { network.breakOff(stream, peer) }
        let count = network.receive(stream, bytes)
        network.note("fd \(descriptor) recv \(SimulatedKernel.text(result: count))")
        return count
    }

    public func send(_ descriptor: Int32, from bytes: UnsafeRawBufferPointer) -> Int {
        guard let stream = socket(descriptor, for: "send") as? Stream else { return Int(-EBADF) }
        if fails(), let peer = stream.peer { network.breakOff(stream, peer) }
        let count = network.send(stream, bytes)
        network.note("fd \(descriptor) send \(bytes.count): \(SimulatedKernel.text(result: count))")
        return count
    }

    public func shutdownWriting(_ descriptor: Int32) {
        guard let stream = socket(descriptor, for: "shutdown") as? Stream else { return }
        network.note("fd \(descriptor) shutdown")
        network.shutdownSending(stream)
    }

    public func resetOnClose(_ descriptor: Int32) {
        guard let stream = socket(descriptor, for: "setsockopt") as? Stream else { return }
        stream.resetsOnClose = true
    }

    public func unconfirmedCount(of descriptor: Int32) -> Int {
        (socket(descriptor, for: "ioctl") as? Stream)?.outgoing.count ?? 0
    }

    public func isPeerGone(_ descriptor: Int32) -> Bool {
        guard let stream = socket(descriptor, for: "sock_diag") as? Stream else { return false }
        return stream.peer.map { !$0.isHeld } ?? true
    }

    func arrived(atPeerOf descriptor: Int32, whenItSent place: Int) -> Arrived {
        (sockets[descriptor] as? Stream)?.peer?.arrived(whenSent: place) ?? Arrived()
    }

    public func peerUser(of descriptor: Int32) -> UInt32? {
        guard let stream = socket(descriptor, for: "sock_diag") as? Stream, let peer = stream.peer else { return nil }
        return peer.isHeld && peer.state != .closed ? user : nil
    }

    public func peerAddress(of descriptor: Int32) -> SocketAddress? {
        (socket(descriptor, for: "getpeername") as? Stream).map { _ in .loopback(port: 1) }
    }

    public func close(_ descriptor: Int32) {
        guard let socket = socket(descriptor, for: "close") else { return }
        network.note("fd \(descriptor) close")
        sockets[descriptor] = nil
        socket.token = nil
        if let stream = socket as? Stream { network.close(stream) }
        if let listener = socket as? Listener { network.close(listener) }
    }

    private var isExhausted: Bool { sockets.count >= descriptorsMax }

    private static func text(result: Int) -> String { result >= 0 ? "\(result)" : SystemError.text(for: Int32(-result)) }
}

extension SocketAddress {
    func with(port: UInt16) -> SocketAddress {
        switch self {
        case .ipv4(let address, _): .ipv4(address, port: port)
        case .ipv6(let high, let low, _, let scope): .ipv6(high: high, low: low, port: port, scope: scope)
        case .unix: self
        }
    }
}
