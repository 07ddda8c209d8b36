/// What is wrong with the frames that a peer sent. After one, the connection has to be closed with `closeCode`.
public enum WebSocketError: Error, Equatable, Sendable {
    case reservedBits
    case reservedOpcode(UInt8)
    case notMasked
    case masked
    case lengthNotMinimal
    case lengthTooLarge
    case controlFragmented
    case controlTooLong
    case continuationWithoutMessage
    case messageInsideMessage
    case messageTooLong(bytesMax: Int)
    case textNotUTF8
    case closePayloadInvalid
    case closeCodeInvalid(UInt16)

    /// The status code of the close frame that answers it (RFC 6455 section 7.4.1).
    public var closeCode: UInt16 {
        switch self {
        case .textNotUTF8: 1007
        case .messageTooLong: 1009
        default: 1002
        }
    }

    /// One sentence that says what is wrong, and which rule or limit holds.
    public var message: String {
        switch self {
        case .reservedBits: "a frame has a reserved bit set; no extension was agreed on"
        case .reservedOpcode(let value): "a frame has the reserved opcode \(value)"
        case .notMasked: "a frame of the client is not masked"
        case .masked: "a frame of the server is masked"
        case .lengthNotMinimal: "a payload length is not in its shortest form"
        case .lengthTooLarge: "a payload length has its highest bit set"
        case .controlFragmented: "a control frame is fragmented"
        case .controlTooLong: "a control frame has more than \(Limits.webSocketControlBytesMax) bytes of payload"
        case .continuationWithoutMessage: "a continuation frame comes without a message that it continues"
        case .messageInsideMessage: "a message begins before the one before it has ended"
        case .messageTooLong(let bytesMax): "a message is longer than \(bytesMax) bytes"
        case .textNotUTF8: "a text is not UTF-8"
        case .closePayloadInvalid: "a close frame has one byte of payload; a status code has two"
        case .closeCodeInvalid(let code): "a close frame has the status code \(code), which no frame may carry"
        }
    }
}
