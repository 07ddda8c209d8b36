/// What binds the answer to a WebSocket handshake to its request (RFC 6455, section 4.2.2).
public enum WebSocketHandshake {
    /// Whether this is a value for Sec-WebSocket-Key: 16 bytes in base 64.
    public static func isKey(_ value: [UInt8]) -> Bool {
        Base64.decode(value)?.count == 16
    }

    /// The value of Sec-WebSocket-Accept that proves that the handshake with this key was read.
    ///
    /// - Parameter sha1: the SHA-1 of bytes, which this target does not compute.
    public static func accept(key: [UInt8], sha1: ([UInt8]) -> [UInt8]) -> [UInt8] {
        Array(Base64.encode(sha1(key + Array("258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))).utf8)
    }
}
