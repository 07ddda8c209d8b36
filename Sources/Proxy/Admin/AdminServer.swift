internal import EventLoop
internal import Glibc
internal import Wire

/// Answers whoever wants to know how the proxy is: on the loop of its first server, beside the requests, and bounded so that it
/// takes next to nothing from them. Only GET and HEAD, one request a connection, and only from programs and pages of this machine.
final class AdminServer: EventHandler {
    /// One of its sockets.
    final class Socket {
        let descriptor: Descriptor
        let address: SocketAddress

        init(_ descriptor: consuming Descriptor, _ address: SocketAddress) {
            self.descriptor = descriptor
            self.address = address
        }
    }

    unowned let server: Server
    let loop: Loop
    let kernel: any Kernel
    let guardian: AdminGuard
    /// When the process began to serve, since 1970-01-01 UTC.
    let startTime: Duration
    private(set) var sockets: [Socket] = []
    private var handlerID: HandlerID!
    private var slots: [Slot]
    private var pool = BufferPool(bufferBytes: Limits.adminHeadBytesMax)
    private var requestHead = RequestHead()
    private var acceptTimer = TimerID.none
    private var eventTimer = TimerID.none
    private var mayHaveMore = false
    /// Some connections have answers that were not tried to be sent yet.
    private var hasUnsent = false
    /// The other loops have been asked how they are, and have until this to say it.
    private var reportTimer = TimerID.none
    private var isCollecting = false
    /// No one is asked before, and who wants to know waits.
    private var nextCollection = Instant.zero
    private var collectTimer = TimerID.none
    /// By the loop's position: it was asked, and has not answered.
    private var isAsked: [Bool]

    private struct Slot {
        var connection: AdminConnection?
        var timer: TimerID
        /// It has been as it is since then: silent, or with an answer that is not taken.
        var since = Instant.zero
        /// Tells an event for an earlier connection from one for this.
        var generation: UInt64 = 0
    }

    init(_ server: Server, listen: ListenAddress) {
        self.server = server
        loop = server.loop
        kernel = server.kernel
        guardian = AdminGuard(listen: listen)
        startTime = server.kernel.wallNow()
        slots = []
        isAsked = Array(repeating: false, count: server.group?.members.count ?? 1)
        handlerID = loop.add(self)
        acceptTimer = loop.makeTimer(for: handlerID, token: Self.acceptToken)
        eventTimer = loop.makeTimer(for: handlerID, token: Self.eventToken)
        reportTimer = loop.makeTimer(for: handlerID, token: Self.reportToken)
        collectTimer = loop.makeTimer(for: handlerID, token: Self.collectToken)
        for index in 0..<Limits.adminConnectionsMax {
            slots.append(Slot(connection: nil, timer: loop.makeTimer(for: handlerID, token: UInt64(index))))
        }
    }

    /// Connections that are open.
    var connectionCount: Int { slots.count { $0.connection != nil } }

    /// One more socket of its address.
    func open(_ address: SocketAddress, _ options: ListenOptions) throws(SystemError) {
        let descriptor = Descriptor(try kernel.listen(on: address, options: options), of: kernel)
        let actual = try kernel.localAddress(of: descriptor.number)
        try loop.register(descriptor.number, for: handlerID, token: Self.acceptToken)
        sockets.append(Socket(descriptor, actual))
    }

    /// All 56 bits of a token: of a connection, the slot and above it the generation.
    private static let acceptToken: UInt64 = 1 << 55
    private static let eventToken: UInt64 = 1 << 55 | 1
    private static let reportToken: UInt64 = 1 << 55 | 2
    private static let collectToken: UInt64 = 1 << 55 | 3
    private static let slotBits: UInt64 = 8
    private static let generationMask: UInt64 = (1 << (55 - slotBits)) - 1
}

// MARK: events

extension AdminServer {
    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        if token == Self.acceptToken {
            mayHaveMore = true
            accept()
        } else if let index = index(of: token), let connection = slots[index].connection {
            connection.ready(readiness)
            goOn(index, connection)
        }
    }

    func timerFired(_ token: UInt64, now: Instant) {
        switch token {
        case Self.acceptToken:
            mayHaveMore = true
            accept()
        case Self.eventToken: tellSubscribers()
        case Self.reportToken: endCollecting()
        case Self.collectToken: collect()
        // Whatever it was doing, it has taken too long.
        default: end(Int(token))
        }
    }

    func turnEnded(now: Instant) {
        if hasUnsent {
            hasUnsent = false
            for index in slots.indices {
                guard let connection = slots[index].connection else { continue }
                if connection.phase == .sending || connection.phase == .following { goOn(index, connection) }
            }
        }
        if mayHaveMore { accept() }
    }

    private func index(of token: UInt64) -> Int? {
        let index = Int(token & ((1 << Self.slotBits) - 1))
        return slots[index].generation == token >> Self.slotBits ? index : nil
    }

    private func accept() {
        guard mayHaveMore else { return }
        mayHaveMore = false
        for socket in sockets { accept(from: socket) }
    }

    /// As many as there is room for, also in the place of such as only hold it; `end` has the others looked at.
    private func accept(from socket: Socket) {
        while let index = place() {
            let result = kernel.accept(from: socket.descriptor.number)
            if result >= 0 {
                end(index)
                begin(index, Descriptor(Int32(result), of: kernel))
            } else if result == Int(-EAGAIN) {
                return
            } else if result != Int(-ECONNABORTED), result != Int(-EINTR) {
                // There is no descriptor left, or no memory.
                loop.arm(acceptTimer, at: loop.now + Limits.acceptPause)
                return
            }
        }
    }

    /// One that is free, or whose connection has gone on longest and too long for that others wait; nil, and a look at it later, where
    /// there is none.
    private func place() -> Int? {
        if let free = slots.firstIndex(where: { $0.connection == nil }) { return free }
        guard let first = slots.indices.min(by: { patienceEnd($0) < patienceEnd($1) }), patienceEnd(first) < .never else { return nil }
        if patienceEnd(first) <= loop.now { return first }
        loop.arm(acceptTimer, at: patienceEnd(first))
        return nil
    }

    /// When a connection has to make room for another.
    private func patienceEnd(_ index: Int) -> Instant {
        switch slots[index].connection?.phase {
        case .receiving: slots[index].since + Limits.adminHeadPatience
        case .sending, .lingering: slots[index].since + Limits.adminAnswerPatience
        case .waiting, .following, nil: .never
        }
    }

    private func begin(_ index: Int, _ descriptor: consuming Descriptor) {
        let number = descriptor.number
        slots[index].generation = (slots[index].generation + 1) & Self.generationMask
        slots[index].since = loop.now
        slots[index].connection = AdminConnection(descriptor, kernel: kernel, input: pool.lend())
        loop.arm(slots[index].timer, at: loop.now + Limits.adminTimeout)
        do throws(SystemError) {
            try loop.register(number, for: handlerID, token: slots[index].generation << Self.slotBits | UInt64(index))
        } catch {
            end(index)
        }
    }

    private func end(_ index: Int) {
        guard let connection = slots[index].connection else { return }
        connection.giveBack(to: &pool)
        loop.disarm(slots[index].timer)
        slots[index].connection = nil
        // Others may wait in the backlog.
        mayHaveMore = true
    }
}

// MARK: connections

extension AdminServer {
    private func goOn(_ index: Int, _ connection: AdminConnection) {
        do throws(AdminConnection.Ended) {
            if connection.phase == .receiving { try receive(index, connection) }
            try connection.flush()
            switch connection.phase {
            case .receiving, .waiting: break
            case .sending:
                guard connection.isFlushed else { break }
                connection.finish()
                slots[index].since = loop.now
                loop.arm(slots[index].timer, at: loop.now + Limits.lingerTimeout)
                try connection.drop()
            case .following:
                // As long as it takes what it is sent.
                if connection.isFlushed { loop.arm(slots[index].timer, at: loop.now + Limits.adminTimeout) }
                try connection.drop()
            case .lingering: try connection.drop()
            }
        } catch {
            end(index)
        }
    }

    private func receive(_ index: Int, _ connection: AdminConnection) throws(AdminConnection.Ended) {
        while connection.phase == .receiving, try connection.receive() {
            do throws(MessageError) {
                if try requestHead.parse(connection.input.bytes.span) != nil {
                    answer(index, connection)
                } else if connection.input.freeCapacity == 0 {
                    throw .headTooLong
                }
            } catch {
                send(.refusal(error.status, "bad_request", "bad request: \(error.message)"), index)
            }
            requestHead.reset()
        }
    }

    private func answer(_ index: Int, _ connection: AdminConnection) {
        connection.isHead = requestHead.method == .head
        let bytes = connection.input.bytes.span
        if let refusal = guardian.refusal(requestHead, bytes) { return send(refusal, index) }
        guard let page = AdminPage(path: bytes.extracting(requestHead.target.path)) else {
            return send(.refusal(404, "no_page", "there is /, /healthz, /readyz, /metrics and /status.json"), index)
        }
        switch page {
        case .page: send(AdminAnswer(status: 200, type: .html, content: StatusPage.content, fields: StatusPage.fields), index)
        case .events: follow(index, connection)
        case .healthz: send(AdminAnswer(status: 200, type: .text, content: Array("ok\n".utf8)), index)
        case .readyz: send(readiness(), index)
        case .metrics, .status:
            connection.wanted = page
            connection.phase = .waiting
            collect()
        }
    }

    /// The whole answer, after which the connection ends.
    private func send(_ answer: AdminAnswer, _ index: Int) {
        guard let connection = slots[index].connection else { return }
        connection.send(answer)
        slots[index].since = loop.now
        loop.arm(slots[index].timer, at: loop.now + Limits.adminTimeout)
    }

    private func readiness() -> AdminAnswer {
        let document = StatusDocument(server, startTime: startTime)
        return AdminAnswer(status: document.isReady ? 200 : 503, type: .json, content: document.readiness())
    }
}

// MARK: what the loops tell

extension AdminServer {
    /// Asks the other loops, if there are any; `endCollecting` follows. However many want to know, and however often: not more
    /// than once in each `Limits.adminInterval`, so that it takes next to nothing from the requests.
    private func collect() {
        guard !isCollecting else { return }
        guard loop.now >= nextCollection else { return loop.arm(collectTimer, at: nextCollection) }
        isCollecting = true
        guard let group = server.group else { return endCollecting() }
        loop.arm(reportTimer, at: loop.now + Limits.reportPatience)
        for other in group.members.indices where other != server.position && !isAsked[other] {
            isAsked[other] = true
            group.post(.reportWanted, to: other)
        }
    }

    func reportArrived(from position: Int) {
        isAsked[position] = false
        if isCollecting, !isAsked.contains(true) { endCollecting() }
    }

    /// All loops have told, or have had their time: whoever waits for it is answered.
    private func endCollecting() {
        isCollecting = false
        loop.disarm(reportTimer)
        var reports: [LoopReport?] = [server.makeReport()]
        if let group = server.group {
            for other in group.members.indices.dropFirst() {
                reports.append(isAsked[other] ? nil : group.members[other].report.withLock { $0 })
            }
        }
        nextCollection = loop.now + Limits.adminInterval
        tell(reports)
        // At the end of the turn: whoever called this is amid something of a connection's.
        hasUnsent = true
    }

    /// Each is rendered once for all who want it, and only where somebody does.
    private func tell(_ reports: [LoopReport?]) {
        var status: [UInt8]?
        var metrics: [UInt8]?
        var event: [UInt8]?
        for index in slots.indices {
            guard let connection = slots[index].connection, connection.phase == .waiting || connection.phase == .following else { continue }
            if connection.phase == .waiting, connection.wanted == .metrics {
                let content = metrics ?? server.renderMetrics()
                metrics = content
                send(AdminAnswer(status: 200, type: .prometheus, content: content), index)
                continue
            }
            let content = status ?? StatusDocument(server, startTime: startTime).status(reports)
            status = content
            if connection.phase == .following {
                let shared = event ?? AdminAnswer.event(content)
                event = shared
                connection.sendEvent(shared)
            } else {
                send(AdminAnswer(status: 200, type: .json, content: content), index)
            }
        }
    }

    private var subscriberCount: Int { slots.count { $0.connection?.phase == .following } }

    private func follow(_ index: Int, _ connection: AdminConnection) {
        guard subscriberCount < Limits.adminSubscribersMax else {
            return send(
                .refusal(
                    503, "overloaded", "\(Limits.adminSubscribersMax) pages follow the events already; close one",
                    fields: "Retry-After: 5\r\n"), index)
        }
        guard !connection.isHead else {
            return connection.send(whole: [AdminAnswer.beginningOfEvents])
        }
        connection.beginEvents()
        collect()
        loop.arm(eventTimer, at: loop.now + Limits.adminEventInterval)
    }

    private func tellSubscribers() {
        guard subscriberCount > 0 else { return }
        collect()
        loop.arm(eventTimer, at: loop.now + Limits.adminEventInterval)
    }
}
