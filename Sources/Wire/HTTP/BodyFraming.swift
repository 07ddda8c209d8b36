/// How the end of a message's content is found (RFC 9112 section 6).
public enum BodyFraming: Equatable, Sendable {
    /// There is no content: the message ends with its head.
    case none
    /// Exactly so many bytes follow, zero included.
    case length(Int)
    /// The chunked transfer coding follows; `ChunkedDecoder` reads it.
    case chunked
    /// Everything until the connection closes; in responses only.
    case untilClose
}
