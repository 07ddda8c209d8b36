import Wire

/// WebSocket frames, read one whole frame at a time (RFC 6455 section 5.2).
struct PlainFrames {
    private(set) var events: [WebSocketEvent] = []
    private(set) var isRefused = false

    private var message: [UInt8] = []
    private var messageOpcode: UInt8?

    init(_ bytes: [UInt8], isClient: Bool, messageBytesMax: Int) {
        var rest = bytes[...]
        while !rest.isEmpty, !isRefused {
            guard let frame = take(&rest, isClient: isClient, messageBytesMax: messageBytesMax) else { return }
            end(frame)
            if case .close? = events.last { return }
        }
    }

    private struct Frame {
        let opcode: UInt8
        let isFinal: Bool
        let payload: [UInt8]
    }

    /// Nil where there is none, or none that may be.
    private mutating func take(_ rest: inout ArraySlice<UInt8>, isClient: Bool, messageBytesMax: Int) -> Frame? {
        let bytes = Array(rest)
        let opcode = bytes[0] & 0x0F
        let isFinal = bytes[0] >= 0x80
        let isControl = opcode >= 8
        isRefused = bytes[0] & 0x70 != 0 || ![0, 1, 2, 8, 9, 10].contains(opcode) || isControl && !isFinal
        guard !isRefused, bytes.count >= 2 else { return nil }
        let short = Int(bytes[1] & 0x7F)
        isRefused = (bytes[1] >= 0x80) != isClient || isControl && short > 125
        let lengthCount = short == 126 ? 2 : short == 127 ? 8 : 0
        guard !isRefused, bytes.count >= 2 + lengthCount else { return nil }
        let long = bytes[2..<2 + lengthCount].reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        isRefused = lengthCount == 2 && long < 126 || lengthCount == 8 && (long < 65_536 || long > UInt64(Int64.max))
        let keyCount = isClient ? 4 : 0
        let start = 2 + lengthCount + keyCount
        guard !isRefused, bytes.count >= start else { return nil }
        let count = lengthCount == 0 ? short : Int(long)
        if !isControl {
            // A message goes on with continuations, and no other begins before it has ended.
            isRefused = (opcode == 0) != (messageOpcode != nil) || count > messageBytesMax - message.count
        }
        guard !isRefused, bytes.count - start >= count else { return nil }
        let key = Array(bytes[(start - keyCount)..<start])
        let payload = bytes[start..<start + count].enumerated().map { isClient ? $1 ^ key[$0 % 4] : $1 }
        rest = rest.dropFirst(start + count)
        return Frame(opcode: opcode, isFinal: isFinal, payload: payload)
    }

    private mutating func end(_ frame: Frame) {
        switch frame.opcode {
        case 8: close(frame.payload)
        case 9: events.append(.ping(frame.payload))
        case 10: events.append(.pong(frame.payload))
        default:
            if frame.opcode != 0 { messageOpcode = frame.opcode }
            message += frame.payload
            guard frame.isFinal else { return }
            let isText = messageOpcode == 1
            isRefused = isText && String(validating: message, as: UTF8.self) == nil
            if !isRefused { events.append(isText ? .text(message) : .binary(message)) }
            messageOpcode = nil
            message = []
        }
    }

    private mutating func close(_ payload: [UInt8]) {
        if payload.isEmpty { return events.append(.close(code: nil, reason: [])) }
        guard payload.count > 1 else { return isRefused = true }
        let code = UInt16(payload[0]) << 8 | UInt16(payload[1])
        let isCode = (1000...1014).contains(code) && !(1004...1006).contains(code) || (3000...4999).contains(code)
        let reason = Array(payload[2...])
        guard isCode, String(validating: reason, as: UTF8.self) != nil else { return isRefused = true }
        events.append(.close(code: code, reason: reason))
    }
}
