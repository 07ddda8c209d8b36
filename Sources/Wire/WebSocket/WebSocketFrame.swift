/// Writes whole WebSocket frames (RFC 6455 section 5).
public enum WebSocketFrame {
    /// Appends a frame.
    ///
    /// - Parameter maskingKey: what a client has to give, a new and unpredictable one each time; nil for a server.
    public static func write(
        _ opcode: WebSocketOpcode, _ payload: [UInt8], isFinal: Bool = true, maskingKey: UInt32? = nil, to bytes: inout [UInt8]
    ) {
        let head = WebSocketFrameHead(opcode, payloadCount: payload.count, isFinal: isFinal, maskingKey: maskingKey)
        bytes.reserveCapacity(bytes.count + WebSocketFrameHead.bytesMax + payload.count)
        head.write(to: &bytes)
        guard let maskingKey else {
            bytes += payload
            return
        }
        for (offset, byte) in payload.enumerated() { bytes.append(byte ^ WebSocketFrameHead.mask(maskingKey, at: offset)) }
    }

    /// Appends a close frame (section 5.5.1). A reason that is too long for it is cut off at a character's end.
    public static func writeClose(code: UInt16, reason: String = "", maskingKey: UInt32? = nil, to bytes: inout [UInt8]) {
        var shown = ""
        for character in reason {
            guard 2 + shown.utf8.count + character.utf8.count <= Limits.webSocketControlBytesMax else { break }
            shown.append(character)
        }
        let payload = [UInt8(code >> 8), UInt8(code & 0xFF)] + Array(shown.utf8)
        write(.close, payload, maskingKey: maskingKey, to: &bytes)
    }
}
