/// What a WebSocket frame is (RFC 6455 section 5.2). The other ten values are reserved, and refused.
public enum WebSocketOpcode: UInt8, Sendable {
    /// More of the message that a text or binary frame began.
    case continuation = 0x0
    case text = 0x1
    case binary = 0x2
    case close = 0x8
    case ping = 0x9
    case pong = 0xA

    /// Whether the frame stands for itself: it may come amid a message, is not fragmented, and has at most
    /// `Limits.webSocketControlBytesMax` bytes of payload (section 5.5).
    public var isControl: Bool { rawValue & 0x8 != 0 }
}
