/// Reads the frames of one direction of a WebSocket connection (RFC 6455 section 5), in pieces of any size, and puts the
/// fragments of each message together.
///
/// It is strict: whatever the RFC does not allow is refused, and no extension is known.
public struct WebSocketDecoder: Sendable {
    /// What one step did.
    public struct Step: Equatable, Sendable {
        /// How many bytes of the input are done with.
        public var consumed: Int
        /// What was said with them, if a message or a control frame ended.
        public var event: WebSocketEvent?
    }

    private let sender: WebSocketRole
    private let messageBytesMax: Int
    /// The frame whose payload is being read, and how much of it has been.
    private var head: WebSocketFrameHead?
    private var payloadRead = 0
    /// The message so far, and what it is; nil between messages.
    private var message: [UInt8] = []
    private var messageOpcode: WebSocketOpcode?
    private var control: [UInt8] = []
    /// The peer's close frame has been read: nothing that follows it means anything.
    public private(set) var isClosed = false

    /// A decoder that stands before the first frame.
    ///
    /// - Parameter sender: whose frames are read.
    /// - Parameter messageBytesMax: bytes that a message may have, all its fragments together. So much is kept at most.
    public init(sender: WebSocketRole, messageBytesMax: Int) {
        self.sender = sender
        self.messageBytesMax = messageBytesMax
    }

    /// Reads on: up to the end of one frame, or the end of the input.
    ///
    /// Call it again with what was not consumed. When nothing was consumed, more input is needed: a head is read when all
    /// of it is there. After a close frame nothing is consumed any more.
    ///
    /// - Throws: what is wrong. The decoder must not be used after that.
    public mutating func step(_ input: Span<UInt8>) throws(WebSocketError) -> Step {
        guard !isClosed else { return Step(consumed: 0, event: nil) }
        var consumed = 0
        if head == nil {
            guard let (head, count) = try WebSocketFrameHead.parse(input, from: sender) else {
                return Step(consumed: 0, event: nil)
            }
            try begin(head)
            consumed = count
        }
        guard let head else { preconditionFailure("a frame has begun") }
        let taken = min(head.payloadCount - payloadRead, input.count - consumed)
        take(input.extracting(consumed..<consumed + taken), of: head)
        guard payloadRead == head.payloadCount else { return Step(consumed: consumed + taken, event: nil) }
        self.head = nil
        return Step(consumed: consumed + taken, event: try end(of: head))
    }

    /// Checks what a frame's place among the others shows.
    private mutating func begin(_ head: WebSocketFrameHead) throws(WebSocketError) {
        switch head.opcode {
        case .text, .binary:
            guard messageOpcode == nil else { throw .messageInsideMessage }
            messageOpcode = head.opcode
        case .continuation:
            guard messageOpcode != nil else { throw .continuationWithoutMessage }
        case .close, .ping, .pong: control.removeAll(keepingCapacity: true)
        }
        if !head.opcode.isControl {
            guard head.payloadCount <= messageBytesMax - message.count else { throw .messageTooLong(bytesMax: messageBytesMax) }
        }
        self.head = head
        payloadRead = 0
    }

    private mutating func take(_ piece: Span<UInt8>, of head: WebSocketFrameHead) {
        for offset in 0..<piece.count {
            let mask = head.maskingKey.map { WebSocketFrameHead.mask($0, at: payloadRead + offset) } ?? 0
            if head.opcode.isControl { control.append(piece[offset] ^ mask) } else { message.append(piece[offset] ^ mask) }
        }
        payloadRead += piece.count
    }

    private mutating func end(of head: WebSocketFrameHead) throws(WebSocketError) -> WebSocketEvent? {
        switch head.opcode {
        case .ping: return .ping(control)
        case .pong: return .pong(control)
        case .close: return try endClose()
        case .continuation, .text, .binary: return head.isFinal ? try endMessage() : nil
        }
    }

    private mutating func endMessage() throws(WebSocketError) -> WebSocketEvent {
        let isText = messageOpcode == .text
        let whole = message
        message = []
        messageOpcode = nil
        guard isText else { return .binary(whole) }
        guard Self.isUTF8(whole) else { throw .textNotUTF8 }
        return .text(whole)
    }

    private mutating func endClose() throws(WebSocketError) -> WebSocketEvent {
        guard control.count != 1 else { throw .closePayloadInvalid }
        isClosed = true
        guard control.count >= 2 else { return .close(code: nil, reason: []) }
        let code = UInt16(control[0]) << 8 | UInt16(control[1])
        guard Self.mayBeSent(code) else { throw .closeCodeInvalid(code) }
        let reason = Array(control[2...])
        guard Self.isUTF8(reason) else { throw .textNotUTF8 }
        return .close(code: code, reason: reason)
    }

    /// Section 7.4: 1004 to 1006 and 1015 never stand in a frame, and what is below 1000 or from 5000 on has no meaning.
    /// Those up to 1014 are registered with IANA; 3000 to 4999 are for libraries and applications.
    private static func mayBeSent(_ code: UInt16) -> Bool {
        switch code {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }

    private static func isUTF8(_ bytes: [UInt8]) -> Bool { String(validating: bytes, as: UTF8.self) != nil }
}
