import Testing
import Wire

struct WebSocketFrameTests {
    @Test(arguments: webSocketVectors)
    func `frames mean what they should, whole and in pieces`(_ vector: WebSocketVector) {
        for size in [max(vector.bytes.count, 1), 1, 2, 3, 7] {
            let result = decode(vector.bytes, from: vector.sender, inPiecesOf: size)
            #expect(result.events == vector.events, "in pieces of \(size)")
            #expect(result.error == vector.error, "in pieces of \(size)")
        }
    }

    @Test(arguments: 0..<40)
    func `damaged frames mean the same whole and byte by byte`(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for vector in webSocketVectors where vector.bytes.count < 300 {
            let damaged = damage(vector.bytes, using: &random)
            let whole = decode(damaged, from: vector.sender, inPiecesOf: max(damaged.count, 1))
            let pieces = decode(damaged, from: vector.sender, inPiecesOf: 1)
            #expect(whole.events == pieces.events && whole.error == pieces.error, "\(damaged)")
        }
    }

    @Test(arguments: [0, 1, 125, 126, 127, 65_535, 65_536, 70_000], [nil, 0x37FA_213D as UInt32?])
    func `what is written is read again`(count: Int, key: UInt32?) {
        let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0 * 31) }
        var bytes: [UInt8] = []
        WebSocketFrame.write(.binary, payload, maskingKey: key, to: &bytes)
        let result = decode(bytes, from: key == nil ? .server : .client, inPiecesOf: bytes.count)
        #expect(result.events == [.binary(payload)] && result.error == nil)
    }

    @Test func `the frame that a client sends is the RFC's`() {
        var bytes: [UInt8] = []
        WebSocketFrame.write(.text, Array("Hello".utf8), maskingKey: 0x37FA_213D, to: &bytes)
        #expect(bytes == [0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
    }

    @Test func `a close carries its code and as much of its reason as fits`() {
        var bytes: [UInt8] = []
        WebSocketFrame.writeClose(code: 1002, reason: String(repeating: "ü", count: 100), to: &bytes)
        #expect(bytes.count == 2 + 2 + 122)
        let reason = Array(String(repeating: "ü", count: 61).utf8)
        #expect(decode(bytes, from: .server, inPiecesOf: bytes.count).events == [.close(code: 1002, reason: reason)])
    }

    @Test func `an error has the code that the RFC gives it`() {
        #expect(WebSocketError.notMasked.closeCode == 1002)
        #expect(WebSocketError.textNotUTF8.closeCode == 1007)
        #expect(WebSocketError.messageTooLong(bytesMax: 1).closeCode == 1009)
    }

    @Test func `after a close nothing is consumed`() throws {
        var decoder = WebSocketDecoder(sender: .server, messageBytesMax: 10)
        let closing: [UInt8] = [0x88, 0, 0x81, 0]
        #expect(try decoder.step(closing.span).consumed == 2)
        #expect(decoder.isClosed)
        let behind: [UInt8] = [0x81, 0]
        let step = try decoder.step(behind.span)
        #expect(step.consumed == 0 && step.event == nil)
    }

    /// Reads bytes that come in pieces of `size`.
    private func decode(
        _ bytes: [UInt8], from sender: WebSocketRole, inPiecesOf size: Int
    ) -> (events: [WebSocketEvent], error: WebSocketError?) {
        var decoder = WebSocketDecoder(sender: sender, messageBytesMax: WebSocketVector.messageBytesMax)
        var events: [WebSocketEvent] = []
        var consumed = 0
        var available = min(size, bytes.count)
        do throws(WebSocketError) {
            while true {
                let step = try decoder.step(bytes.span.extracting(consumed..<available))
                consumed += step.consumed
                if let event = step.event { events.append(event) }
                if step.consumed > 0 { continue }
                guard available < bytes.count, !decoder.isClosed else { return (events, nil) }
                available = min(available + size, bytes.count)
            }
        } catch {
            return (events, error)
        }
    }
}
