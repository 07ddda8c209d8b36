/// What stands before the payload of a WebSocket frame (RFC 6455 section 5.2).
///
///     FIN RSV1-3 opcode | MASK length | [ 2 or 8 bytes of length ] | [ 4 bytes of masking key ]
public struct WebSocketFrameHead: Equatable, Sendable {
    /// Whether the message ends with this frame.
    public let isFinal: Bool
    public let opcode: WebSocketOpcode
    /// The key with which the payload is masked, its first byte in the highest place; nil where it is not.
    public let maskingKey: UInt32?
    /// Bytes of payload.
    public let payloadCount: Int

    /// Bytes that the longest head has.
    public static let bytesMax = 14

    /// Reads the head that `bytes` begin with, and tells how many bytes it has; nil when they end within it.
    ///
    /// - Parameter sender: who sent it, which decides whether it has to be masked.
    /// - Throws: what makes the frame unacceptable by itself, as soon as a byte shows it.
    static func parse(
        _ bytes: Span<UInt8>, from sender: WebSocketRole
    ) throws(WebSocketError) -> (head: WebSocketFrameHead, count: Int)? {
        guard bytes.count >= 1 else { return nil }
        guard bytes[0] & 0x70 == 0 else { throw .reservedBits }
        guard let opcode = WebSocketOpcode(rawValue: bytes[0] & 0x0F) else { throw .reservedOpcode(bytes[0] & 0x0F) }
        let isFinal = bytes[0] & 0x80 != 0
        guard isFinal || !opcode.isControl else { throw .controlFragmented }
        guard bytes.count >= 2 else { return nil }
        try checkMask(isMasked: bytes[1] & 0x80 != 0, sender)
        let shortLength = bytes[1] & 0x7F
        guard !opcode.isControl || Int(shortLength) <= Limits.webSocketControlBytesMax else { throw .controlTooLong }
        let lengthCount = shortLength < 126 ? 0 : shortLength == 126 ? 2 : 8
        let count = 2 + lengthCount + (sender == .client ? 4 : 0)
        // A length that is wrong is told before the masking key behind it is there.
        guard bytes.count >= 2 + lengthCount else { return nil }
        let payloadCount = lengthCount == 0 ? Int(shortLength) : try longLength(bytes, lengthCount)
        guard bytes.count >= count else { return nil }
        let maskingKey = sender == .client ? UInt32(truncatingIfNeeded: bigEndian(bytes, from: count - 4, count: 4)) : nil
        let head = WebSocketFrameHead(isFinal: isFinal, opcode: opcode, maskingKey: maskingKey, payloadCount: payloadCount)
        return (head, count)
    }

    private static func checkMask(isMasked: Bool, _ sender: WebSocketRole) throws(WebSocketError) {
        switch sender {
        case .client: guard isMasked else { throw .notMasked }
        case .server: guard !isMasked else { throw .masked }
        }
    }

    /// The length has to be in its shortest form, and the highest bit of its longest form is 0.
    private static func longLength(_ bytes: Span<UInt8>, _ count: Int) throws(WebSocketError) -> Int {
        let length = bigEndian(bytes, from: 2, count: count)
        guard let length = Int(exactly: length) else { throw .lengthTooLarge }
        guard length >= (count == 2 ? 126 : 65_536) else { throw .lengthNotMinimal }
        return length
    }

    private static func bigEndian(_ bytes: Span<UInt8>, from start: Int, count: Int) -> UInt64 {
        var value: UInt64 = 0
        for offset in start..<start + count { value = value << 8 | UInt64(bytes[offset]) }
        return value
    }
}

extension WebSocketFrameHead {
    /// The head of a frame with so many bytes of payload.
    public init(_ opcode: WebSocketOpcode, payloadCount: Int, isFinal: Bool = true, maskingKey: UInt32? = nil) {
        precondition(!opcode.isControl || isFinal && payloadCount <= Limits.webSocketControlBytesMax, "no such control frame")
        self.isFinal = isFinal
        self.opcode = opcode
        self.maskingKey = maskingKey
        self.payloadCount = payloadCount
    }

    /// Appends the head. The payload follows it, masked if the head has a key.
    public func write(to bytes: inout [UInt8]) {
        bytes.append((isFinal ? 0x80 : 0) | opcode.rawValue)
        let mask: UInt8 = maskingKey == nil ? 0 : 0x80
        switch payloadCount {
        case ..<126: bytes.append(mask | UInt8(payloadCount))
        case ..<65_536:
            bytes.append(mask | 126)
            Self.append(UInt64(payloadCount), count: 2, to: &bytes)
        default:
            bytes.append(mask | 127)
            Self.append(UInt64(payloadCount), count: 8, to: &bytes)
        }
        if let maskingKey { Self.append(UInt64(maskingKey), count: 4, to: &bytes) }
    }

    /// The byte with which the payload's byte at `offset` is masked (RFC 6455 section 5.3).
    static func mask(_ key: UInt32, at offset: Int) -> UInt8 {
        UInt8(truncatingIfNeeded: key >> UInt32(24 - 8 * (offset & 3)))
    }

    private static func append(_ value: UInt64, count: Int, to bytes: inout [UInt8]) {
        for index in (0..<count).reversed() { bytes.append(UInt8(truncatingIfNeeded: value >> UInt64(8 * index))) }
    }
}
