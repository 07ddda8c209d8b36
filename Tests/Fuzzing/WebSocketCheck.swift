import Wire

/// `WebSocketDecoder`: the same in pieces, and as `PlainFrames` has it; and `WebSocketFrame` makes what it reads.
///
/// The first byte of the input tells whose frames follow: the client's where it is odd.
enum WebSocketCheck {
    private static let messageBytesMax = 4_096

    struct Reading: Equatable {
        var events: [WebSocketEvent] = []
        var consumed = 0
        var error: WebSocketError?
    }

    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let sender: WebSocketRole = (bytes.first ?? 0) & 1 == 1 ? .client : .server
        let frames = Array(bytes.dropFirst())
        let whole = read(frames, from: sender, cuts: nil)
        try Disagreement.unless(read(frames, from: sender, cuts: Cuts(bytes)), is: whole, "frames read in pieces, and at once")
        let plain = PlainFrames(frames, isClient: sender == .client, messageBytesMax: messageBytesMax)
        try Disagreement.unless(whole.events, is: plain.events, "frames, and as they are read plainly (\(String(describing: whole.error)))")
        try Disagreement.unless(whole.error != nil, is: plain.isRefused, "whether frames are refused (\(String(describing: whole.error)))")
        let written = write(whole.events, from: sender)
        try Disagreement.unless(read(written, from: sender, cuts: nil).events, is: whole.events, "events that were written and read again")
        let isKey = String(validating: frames, as: UTF8.self).flatMap(Base64.decode)?.count == 16
        try Disagreement.unless(WebSocketHandshake.isKey(frames), is: isKey, "whether \(frames) is a key")
    }

    private static func read(_ bytes: [UInt8], from sender: WebSocketRole, cuts: Cuts?) -> Reading {
        var cuts = cuts
        var decoder = WebSocketDecoder(sender: sender, messageBytesMax: messageBytesMax)
        var reading = Reading()
        var available = cuts == nil ? bytes.count : 0
        do throws(WebSocketError) {
            while true {
                let step = try decoder.step(bytes.span.extracting(reading.consumed..<available))
                if let event = step.event { reading.events.append(event) }
                reading.consumed += step.consumed
                if decoder.isClosed { return reading }
                if step.consumed > 0 { continue }
                if available == bytes.count { return reading }
                available = min(bytes.count, available + cuts!.piece())
            }
        } catch {
            reading.error = error
            // How far it was read before the fault was seen depends on the pieces.
            reading.consumed = 0
            return reading
        }
    }

    private static func write(_ events: [WebSocketEvent], from sender: WebSocketRole) -> [UInt8] {
        let key: UInt32? = sender == .client ? 0x0102_0304 : nil
        var bytes: [UInt8] = []
        for event in events {
            switch event {
            case .text(let text): WebSocketFrame.write(.text, text, maskingKey: key, to: &bytes)
            case .binary(let content): WebSocketFrame.write(.binary, content, maskingKey: key, to: &bytes)
            case .ping(let content): WebSocketFrame.write(.ping, content, maskingKey: key, to: &bytes)
            case .pong(let content): WebSocketFrame.write(.pong, content, maskingKey: key, to: &bytes)
            case .close(let code, let reason):
                let payload = code.map { [UInt8($0 >> 8), UInt8($0 & 0xFF)] + reason } ?? []
                WebSocketFrame.write(.close, payload, maskingKey: key, to: &bytes)
            }
        }
        return bytes
    }
}
