internal import EventLoop
internal import Wire

/// One client's connection: reads a request, has it answered, sends the answer, reads the next.
///
///     head ──▶ content ──▶ head
///       └─────────┴──▶ closing ──▶ lingering ──▶ over
final class Connection {
    private enum Phase {
        case head
        case content
        /// The last answer is being sent.
        case closing
        /// Everything was sent that ever will be; what still comes is dropped until the peer has finished too.
        case lingering
    }

    private let service: any Service
    private let kernel: any Kernel
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

    init(_ channel: consuming Channel, service: any Service, kernel: any Kernel) {
        self.channel = channel
        self.service = service
        self.kernel = kernel
    }

    var isLingering: Bool { phase == .lingering }

    /// The socket is ready for something. False: the connection is over.
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
            if phase == .closing { linger() }
            if takeStep() { continue }
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
            case .closing, .lingering: return false
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
        send(refusal ?? service.answer(request), to: request)
        refusal = nil
    }

    /// The head, then the content unless the method is HEAD. An HTTP/1.0 client gets no chunked coding, but the length.
    private func send(_ response: Response, to request: Request?) {
        phase = closesAfterAnswer ? .closing : .head
        let isChunked = response.isChunked && head.minorVersion == 1
        var text = "HTTP/1.1 \(response.status) \(Response.reason(response.status))\r\n"
        let seconds = Int(kernel.wallNow().components.seconds)
        text += "Date: \(CivilTime(secondsSinceEpoch: seconds).fieldValue)\r\nServer: bearerproxy-sandbox\r\n"
        for field in response.fields { text += "\(field.name): \(field.value)\r\n" }
        text += isChunked ? "Transfer-Encoding: chunked\r\n" : "Content-Length: \(response.content.count)\r\n"
        if closesAfterAnswer {
            text += "Connection: close\r\n"
        } else if head.minorVersion == 0 {
            text += "Connection: keep-alive\r\n"
        }
        outgoing.append(text + "\r\n")
        if request?.method != .head { outgoing.append(content: response.content, isChunked: isChunked) }
    }
}
