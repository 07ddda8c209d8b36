/// An end of a WebSocket connection. Frames of a client are masked, frames of a server are not (RFC 6455 section 5.1).
public enum WebSocketRole: Sendable {
    case client
    case server
}
