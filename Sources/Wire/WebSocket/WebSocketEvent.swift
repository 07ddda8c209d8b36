/// What a peer said over a WebSocket connection.
public enum WebSocketEvent: Equatable, Sendable {
    /// A whole message; its bytes are UTF-8.
    case text([UInt8])
    /// A whole message.
    case binary([UInt8])
    /// To be answered with a pong that has the same bytes.
    case ping([UInt8])
    case pong([UInt8])
    /// The peer sends nothing more. Without a status code `code` is nil. The reason is UTF-8.
    case close(code: UInt16?, reason: [UInt8])
}
