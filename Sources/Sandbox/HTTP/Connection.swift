internal import EventLoop
internal import Wire

/// One client's connection: reads a request, has it answered, sends the answer, reads the next.
///
///     head ──▶ content ──▶ (held ──▶) head
///       │         ├──▶ switched ──┐
///       └─────────┴──▶ closing ◀──┘
///                 │       └──▶ lingering ──▶ over
///                 └──▶ breaking ──▶ over
final class Connection {
    private enum Phase {
        case head
        case content
        /// The service will answer later.
        case held(HeldAnswer, to: Request)
        /// A 101 has been sent, and the connection speaks something else.
        case switched(any SwitchedProtocol)
        /// The last answer is being sent.
        case closing
        /// What there is is sent, and the connection closed then, without an end of the answer.
        case breaking
        /// Everything was sent that ever will be; what still comes is dropped until the peer has finished too.
        case lingering
    }

    private let service: any Service
    private let kernel: any Kernel
    /// Has the server call `ready`, soon, though the socket has not changed.
    private let wake: () -> Void
    private var channel: Channel
    private var phase = Phase.head
    private var head = RequestHead()
    private var incoming = Incoming()
    private var outgoing = Outgoing()
    private var closesAfterAnswer = false
    private var reader = ContentReader(framing: .none)
    /// The request whose content is being read, and the refusal that it will be answered with, if it was refused.
    private var request: Request?
    private var refusal: Response?

    init(
        _ channel: consuming Channel, service: any Service, kernel: any Kernel, wake: @escaping () -> Void
    ) {
        self.channel = channel
        self.service = service
        self.kernel = kernel
        self.wake = wake
    }

    var isLingering: Bool { if case .lingering = phase { true } else { false } }

    /// The connection is over: whoever still had to do with it is told.
    func end() {
        switch phase {
        case .held(let answer, _): answer.abandon()
        case .switched(let successor): successor.connectionEnded()
        case .head, .content, .closing, .breaking, .lingering: break
        }
        phase = .lingering
    }

    /// The socket is ready for something, or `wake` was called. False: the connection is over.
    func ready(_ readiness: Readiness, scratch: UnsafeMutableRawBufferPointer) -> Bool {
        if readiness.contains(.readable) {
            channel.socketReadable(peerClosed: !readiness.isDisjoint(with: [.peerClosed, .failed]))
        }
        guard let isOpen = channel.open() else { return false }
        return isOpen ? goOn(scratch) : true
    }

    /// Works until the socket has no more, or takes no more.
    private func goOn(_ scratch: UnsafeMutableRawBufferPointer) -> Bool {
        while true {
            guard outgoing.send({ channel.send($0) }) else { return false }
            if !outgoing.isEmpty { return true }
            if case .breaking = phase { return false }
            if case .closing = phase { linger() }
            if takeStep() { continue }
            // Requests behind one that is held wait for it, in the socket if they are many.
            if case .held = phase, incoming.count >= Limits.receiveBytes { return true }
            switch channel.receive(into: scratch) {
            case .waiting: return true
            case .ended: return false
            case .bytes(let count):
                if !isLingering { incoming.append(UnsafeRawBufferPointer(rebasing: scratch[..<count])) }
            }
        }
    }

    private func linger() {
        phase = .lingering
        channel.finishSending()
    }

    /// Goes one step on with what has been received. False: more has to be received first.
    private func takeStep() -> Bool {
        do throws(MessageError) {
            switch phase {
            case .head: return try readHead()
            case .content: return try readContent()
            case .held(let answer, let request): return send(held: answer, to: request)
            case .switched(let successor): return exchange(with: successor)
            case .closing, .breaking, .lingering: return false
            }
        } catch {
            closesAfterAnswer = true
            send(.text(error.message + "\n", status: error.status), to: nil)
            return true
        }
    }
}

// MARK: requests

extension Connection {
    private func readHead() throws(MessageError) -> Bool {
        guard let request = try incoming.takeRequest(&head) else { return false }
        closesAfterAnswer = !head.isPersistent
        self.request = request
        refusal = service.admit(request)
        beginContent()
        return true
    }

    private func beginContent() {
        phase = .content
        reader = ContentReader(framing: head.framing)
        if case .length(let count) = head.framing, count > Limits.contentBytesMax { return refuseLength() }
        guard head.expectsContinue && !reader.isComplete else { return }
        if refusal == nil {
            outgoing.append("HTTP/1.1 100 Continue\r\n\r\n")
        } else {
            // Whether its content will come is the client's choice: the next request cannot be told from it.
            closesAfterAnswer = true
            reader.isComplete = true
        }
    }

    private func readContent() throws(MessageError) -> Bool {
        if !reader.isComplete {
            guard try incoming.takeContent(&reader, isKept: refusal == nil) else { return false }
            if reader.count > Limits.contentBytesMax { refuseLength() }
        }
        if reader.isComplete { answer() }
        return true
    }

    private func refuseLength() {
        closesAfterAnswer = true
        refusal = .text("The content is longer than \(Limits.contentBytesMax) bytes\n", status: 413)
        reader.isComplete = true
    }

    private func answer() {
        guard var request else { preconditionFailure("content without a request") }
        request.content = reader.content
        reader = ContentReader(framing: .none)
        self.request = nil
        if let refusal {
            self.refusal = nil
            return send(refusal, to: request)
        }
        switch service.answer(request) {
        case .now(let response): send(response, to: request)
        case .reset: breakOff()
        case .cutOff(let response): cutOff(response, to: request)
        case .later(let answer):
            phase = .held(answer, to: request)
            answer.attach(wake: wake)
        case .switched(let fields, let successor): change(to: successor, fields)
        }
    }

    /// The head, then the content unless the method is HEAD. An HTTP/1.0 client gets no chunked coding, but the length.
    private func send(_ response: Response, to request: Request?) {
        phase = closesAfterAnswer ? .closing : .head
        let isChunked = response.isChunked && head.minorVersion == 1
        var text = beginHead(status: response.status, response.fields)
        text += isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(response.content.count)\r\n"
        if closesAfterAnswer {
            text += "Connection: close\r\n"
        } else if head.minorVersion == 0 {
            text += "Connection: keep-alive\r\n"
        }
        outgoing.append(text + "\r\n")
        if request?.method != .head { outgoing.append(content: response.content, isChunked: isChunked) }
    }

    private func breakOff() {
        phase = .breaking
        channel.resetOnClose()
    }

    /// The head says how much there is, and half of that follows. Of what has no content nothing does.
    private func cutOff(_ response: Response, to request: Request) {
        let count = response.content.count
        guard count > 1, request.method != .head else { return breakOff() }
        phase = .breaking
        let isChunked = response.isChunked && head.minorVersion == 1
        let framing = isChunked ? "Transfer-Encoding: chunked\r\n\r\n\(String(count, radix: 16))\r\n" : "Content-Length: \(count)\r\n\r\n"
        outgoing.append(beginHead(status: response.status, response.fields) + framing)
        switch response.content {
        case .bytes(let bytes): outgoing.append(content: .bytes(Array(bytes[..<(count / 2)])), isChunked: false)
        case .pattern: outgoing.append(content: .pattern(count / 2), isChunked: false)
        }
    }

    private func beginHead(status: Int, _ fields: [(name: String, value: String)]) -> String {
        let seconds = Int(kernel.wallNow().components.seconds)
        let date = CivilTime(secondsSinceEpoch: seconds).fieldValue
        let head = "HTTP/1.1 \(status) \(Response.reason(status))\r\nDate: \(date)\r\nServer: bearerproxy-sandbox\r\n"
        return fields.reduce(head) { "\($0)\($1.name): \($1.value)\r\n" }
    }
}

// MARK: what is not answered at once

extension Connection {
    private func send(held answer: HeldAnswer, to request: Request) -> Bool {
        guard let response = answer.take() else { return false }
        send(response, to: request)
        return true
    }

    private func change(to successor: any SwitchedProtocol, _ fields: [(name: String, value: String)]) {
        outgoing.append(beginHead(status: 101, fields) + "\r\n")
        phase = .switched(successor)
        successor.begin(wake: wake)
    }

    /// Hands on what has come, and takes what is to be sent. False: neither was there.
    private func exchange(with successor: any SwitchedProtocol) -> Bool {
        let taken = incoming.isEmpty ? 0 : incoming.takeAll { successor.receive($0) }
        outgoing.append { successor.takeOutput(into: &$0) }
        if successor.isFinished {
            phase = .closing
            successor.connectionEnded()
            return true
        }
        return taken > 0 || !outgoing.isEmpty
    }
}
