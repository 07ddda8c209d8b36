internal import EventLoop
internal import TLS

/// Listens on one address, and has the requests that come answered by one service.
///
/// HTTP/1.1 with keep-alive, pipelining (one request after another), contents of either framing,
/// `Expect: 100-continue`, answers that come later, and other protocols after a 101. Fine for trying and testing, and no faster than that needs.
final class HTTPServer: EventHandler {
    let address: SocketAddress
    private let loop: Loop
    private let service: any Service
    private let encryption: TLSContext?
    private let transport: KernelTransport
    private let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: Limits.receiveBytes, alignment: 16)
    private var listener: Descriptor?
    private var handler: HandlerID!
    private var acceptTimer = TimerID.none
    private var isAcceptPending = false
    private var slots: [Slot] = []
    private var freeSlots: [Int] = []
    /// Tokens of connections that have something to send though their sockets have not changed.
    private var awake: [UInt64] = []

    private struct Slot {
        var connection: Connection?
        var timer: TimerID
        /// Counts the connections that the slot has had, so that an event for an earlier one is told from this one's.
        var generation: UInt64 = 0
    }

    /// - Throws: `SystemError` when the address cannot be listened on.
    init(
        loop: Loop, address: SocketAddress, encryption: TLSContext?, service: any Service
    ) throws(SystemError) {
        self.loop = loop
        self.service = service
        self.encryption = encryption
        transport = KernelTransport(loop.kernel)
        let listener = Descriptor(try loop.kernel.listen(on: address, options: ListenOptions()), of: loop.kernel)
        self.address = try loop.kernel.localAddress(of: listener.number)
        let number = listener.number
        self.listener = consume listener
        handler = loop.add(self)
        acceptTimer = loop.makeTimer(for: handler, token: Self.listenerToken)
        try loop.register(number, for: handler, token: Self.listenerToken)
    }

    deinit { scratch.deallocate() }

    /// Ends all connections and the listener. The server stays known to the loop, and does nothing any more.
    func close() {
        for index in slots.indices where slots[index].connection != nil { end(index) }
        slots.removeAll()
        freeSlots.removeAll()
        if listener != nil { loop.removeTimer(acceptTimer) }
        listener = nil
    }

    private static let listenerToken: UInt64 = (1 << 56) - 1
    private static let slotBits: UInt64 = 16
}

// MARK: events

extension HTTPServer {
    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        if token == Self.listenerToken {
            acceptAll()
        } else if let index = index(of: token) {
            goOn(index, readiness, now: now)
        }
    }

    func timerFired(_ token: UInt64, now: Instant) {
        if token == Self.listenerToken {
            acceptAll()
        } else if let index = index(of: token) {
            end(index)
        }
    }

    func turnEnded(now: Instant) {
        let tokens = awake
        awake.removeAll(keepingCapacity: true)
        for token in tokens {
            if let index = index(of: token) { goOn(index, [], now: now) }
        }
        if isAcceptPending && freeSlots.count + Limits.connectionsMax - slots.count > 0 { acceptAll() }
    }

    /// At the end of the turn: whoever calls this is amid something of its own.
    private func wake(_ token: UInt64) {
        awake.append(token)
        loop.turnAgain()
    }

    private func index(of token: UInt64) -> Int? {
        let index = Int(token & ((1 << Self.slotBits) - 1))
        guard index < slots.count, slots[index].connection != nil else { return nil }
        return slots[index].generation & Self.generationMask == token >> Self.slotBits ? index : nil
    }

    private func goOn(_ index: Int, _ readiness: Readiness, now: Instant) {
        guard let connection = slots[index].connection else { return }
        let wasLingering = connection.isLingering
        guard connection.ready(readiness, scratch: scratch) else { return end(index) }
        guard !wasLingering else { return }
        let timeout = connection.isLingering ? Limits.lingerTimeout : Limits.idleTimeout
        loop.arm(slots[index].timer, at: now + timeout)
    }

    private func end(_ index: Int) {
        let connection = slots[index].connection
        slots[index].connection = nil
        connection?.end()
        loop.removeTimer(slots[index].timer)
        slots[index].timer = .none
        freeSlots.append(index)
    }

    /// Leaves room for the bits of a token that name the slot.
    private static let generationMask: UInt64 = (1 << (56 - slotBits - 1)) - 1
}

// MARK: new connections

extension HTTPServer {
    private func acceptAll() {
        guard let listener = listener?.number else { return }
        isAcceptPending = false
        while true {
            guard !freeSlots.isEmpty || slots.count < Limits.connectionsMax else {
                isAcceptPending = true
                return
            }
            let result = loop.kernel.accept(from: listener)
            if result == ErrorNumber.wouldBlock { return }
            if result == ErrorNumber.connectionAborted { continue }
            guard result >= 0 else {
                loop.arm(acceptTimer, at: loop.now + Limits.acceptRetryDelay)
                return
            }
            begin(Descriptor(Int32(result), of: loop.kernel))
        }
    }

    /// A connection that cannot be set up is closed again.
    private func begin(_ descriptor: consuming Descriptor) {
        let number = descriptor.number
        do {
            let encryption = try makeEncryption(number)
            let channel = Channel(descriptor, kernel: loop.kernel, encryption: encryption)
            let index = freeSlots.popLast() ?? slots.count
            if index == slots.count { slots.append(Slot(timer: .none)) }
            slots[index].generation += 1
            let token = (slots[index].generation & Self.generationMask) << Self.slotBits | UInt64(index)
            let connection = Connection(channel, service: service, kernel: loop.kernel) { [unowned self] in wake(token) }
            slots[index].timer = loop.makeTimer(for: handler, token: token)
            slots[index].connection = connection
            loop.arm(slots[index].timer, at: loop.now + Limits.idleTimeout)
            do { try loop.register(number, for: handler, token: token) } catch { end(index) }
        } catch {
            return
        }
    }

    private func makeEncryption(_ descriptor: Int32) throws(TLSError) -> TLSConnection? {
        guard let encryption else { return nil }
        return try TLSConnection(server: encryption, transport: transport, descriptor: descriptor)
    }
}
