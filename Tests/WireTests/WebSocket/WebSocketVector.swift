import Wire

/// Bytes of one direction of a WebSocket connection, and what they have to mean: events, then maybe a refusal.
struct WebSocketVector: Sendable, CustomStringConvertible {
    static let messageBytesMax = 70_000

    let name: String
    let sender: WebSocketRole
    let bytes: [UInt8]
    let events: [WebSocketEvent]
    let error: WebSocketError?

    var description: String { name }

    /// Of a client. Where the key is not what matters it is four zeros, so that the payload can be read.
    static func client(_ name: String, _ parts: [Part], _ events: WebSocketEvent..., error: WebSocketError? = nil) -> WebSocketVector {
        WebSocketVector(name: name, sender: .client, bytes: parts.flatMap(\.bytes), events: events, error: error)
    }

    static func server(_ name: String, _ parts: [Part], _ events: WebSocketEvent..., error: WebSocketError? = nil) -> WebSocketVector {
        WebSocketVector(name: name, sender: .server, bytes: parts.flatMap(\.bytes), events: events, error: error)
    }

    enum Part: ExpressibleByArrayLiteral, ExpressibleByStringLiteral {
        case bytes([UInt8])

        init(arrayLiteral elements: UInt8...) { self = .bytes(elements) }
        init(stringLiteral value: String) { self = .bytes(Array(value.utf8)) }

        /// So many bytes `x`.
        static func filler(_ count: Int) -> Part { .bytes([UInt8](repeating: UInt8(ascii: "x"), count: count)) }

        var bytes: [UInt8] { switch self { case .bytes(let bytes): bytes } }
    }
}

let webSocketVectors: [WebSocketVector] = messages + fragments + controls + closes + refusedHeads + refusedOrders

private func text(_ text: String) -> WebSocketEvent { .text(Array(text.utf8)) }
private func filled(_ count: Int) -> [UInt8] { [UInt8](repeating: UInt8(ascii: "x"), count: count) }

private let messages: [WebSocketVector] = [
    .client("the example of RFC 6455 5.7, masked", [[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]], text("Hello")),
    .server("the example of RFC 6455 5.7, not masked", [[0x81, 0x05], "Hello"], text("Hello")),
    .client("an empty text", [[0x81, 0x80, 1, 2, 3, 4]], text("")),
    .client("an empty binary message", [[0x82, 0x80, 0, 0, 0, 0]], .binary([])),
    .client("bytes that are no text", [[0x82, 0x82, 0, 0, 0, 0, 0xFF, 0x00]], .binary([0xFF, 0x00])),
    .client("two texts", [[0x81, 0x81, 0, 0, 0, 0], "a", [0x81, 0x81, 0, 0, 0, 0], "b"], text("a"), text("b")),
    .server("125 bytes, the last length of seven bits", [[0x81, 125], .filler(125)], .text(filled(125))),
    .server("126 bytes, the first length of sixteen bits", [[0x81, 126, 0, 126], .filler(126)], .text(filled(126))),
    .server("65,535 bytes, the last length of sixteen bits", [[0x82, 126, 0xFF, 0xFF], .filler(65_535)], .binary(filled(65_535))),
    .server("65,536 bytes, the first length of 64 bits", [[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0], .filler(65_536)], .binary(filled(65_536))),
    .client("a length of sixteen bits, masked", [[0x81, 0xFE, 0, 126, 0, 0, 0, 0], .filler(126)], .text(filled(126))),
    .server("as much as a message may have", [[0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70], .filler(70_000)], .binary(filled(70_000))),
    .client("characters of four bytes", [[0x81, 0x84, 0, 0, 0, 0], "😀"], text("😀")),
    .client("half a head", [[0x81, 0x85, 0x37, 0xFA]]),
    .client("half a payload", [[0x81, 0x85, 0, 0, 0, 0], "Hel"]),
]

private let fragments: [WebSocketVector] = [
    .server("the fragments of RFC 6455 5.7", [[0x01, 0x03], "Hel", [0x80, 0x02], "lo"], text("Hello")),
    .server("an empty fragment on each side", [[0x01, 0], [0x00, 1], "a", [0x80, 0]], text("a")),
    .server("binary fragments", [[0x02, 1, 0xFF], [0x80, 1, 0xFE]], .binary([0xFF, 0xFE])),
    .client(
        "fragments with keys of their own", [[0x01, 0x81, 1, 0, 0, 0, 0x60], [0x80, 0x81, 2, 0, 0, 0, 0x60]], text("ab")),
    .server("a character on both sides of a border", [[0x01, 1, 0xC3], [0x80, 1, 0xBC]], text("ü")),
    .server("a ping amid a message", [[0x01, 1], "a", [0x89, 1], "p", [0x80, 1], "b"], .ping([0x70]), text("ab")),
    .server("a close amid a message", [[0x01, 1], "a", [0x88, 0]], .close(code: nil, reason: [])),
]

private let controls: [WebSocketVector] = [
    .server("a ping of RFC 6455 5.7", [[0x89, 0x05], "Hello"], .ping(Array("Hello".utf8))),
    .client("a pong of RFC 6455 5.7", [[0x8A, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]], .pong(Array("Hello".utf8))),
    .server("an empty ping", [[0x89, 0x00]], .ping([])),
    .server("a ping of 125 bytes", [[0x89, 125], .filler(125)], .ping(filled(125))),
    .server("a ping that is no text", [[0x89, 1, 0xFF]], .ping([0xFF])),
    .server("a ping of 126 bytes", [[0x89, 126, 0, 126], .filler(126)], error: .controlTooLong),
    .server("a pong with a length of 64 bits", [[0x8A, 127]], error: .controlTooLong),
    .server("a fragmented ping", [[0x09, 0x01], "a"], error: .controlFragmented),
    .server("a fragmented close", [[0x08, 0x00]], error: .controlFragmented),
]

private let closes: [WebSocketVector] = [
    .server("a close without a code", [[0x88, 0]], .close(code: nil, reason: [])),
    .server("a close with a code", [[0x88, 2, 0x03, 0xE8]], .close(code: 1000, reason: [])),
    .client("a close with a reason", [[0x88, 0x85, 0, 0, 0, 0, 0x03, 0xE9], "bye"], .close(code: 1001, reason: Array("bye".utf8))),
    .server("a close with an application's code", [[0x88, 2, 0x0F, 0xA0]], .close(code: 4000, reason: [])),
    .server("nothing is read behind a close", [[0x88, 0], [0xFF, 0xFF]], .close(code: nil, reason: [])),
    .server("half a code", [[0x88, 1, 0x03]], error: .closePayloadInvalid),
    .server("code 999", [[0x88, 2, 0x03, 0xE7]], error: .closeCodeInvalid(999)),
    .server("code 1004, reserved", [[0x88, 2, 0x03, 0xEC]], error: .closeCodeInvalid(1004)),
    .server("code 1005, for what no frame said", [[0x88, 2, 0x03, 0xED]], error: .closeCodeInvalid(1005)),
    .server("code 1006, likewise", [[0x88, 2, 0x03, 0xEE]], error: .closeCodeInvalid(1006)),
    .server("code 1015, likewise", [[0x88, 2, 0x03, 0xF7]], error: .closeCodeInvalid(1015)),
    .server("code 2999", [[0x88, 2, 0x0B, 0xB7]], error: .closeCodeInvalid(2999)),
    .server("code 5000", [[0x88, 2, 0x13, 0x88]], error: .closeCodeInvalid(5000)),
    .server("a reason that is no text", [[0x88, 3, 0x03, 0xE8, 0xFF]], error: .textNotUTF8),
]

private let refusedHeads: [WebSocketVector] = [
    .client("a client that does not mask", [[0x81, 0x05], "Hello"], error: .notMasked),
    .server("a server that masks", [[0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58]], error: .masked),
    .server("RSV1, of an extension that nobody agreed on", [[0xC1, 0]], error: .reservedBits),
    .server("RSV2", [[0xA1, 0]], error: .reservedBits),
    .server("RSV3", [[0x91, 0]], error: .reservedBits),
    .server("opcode 3", [[0x83, 0]], error: .reservedOpcode(3)),
    .server("opcode 7", [[0x87, 0]], error: .reservedOpcode(7)),
    .server("opcode 11", [[0x8B, 0]], error: .reservedOpcode(11)),
    .server("opcode 15", [[0x8F, 0]], error: .reservedOpcode(15)),
    .server("125 in sixteen bits", [[0x81, 126, 0, 125], .filler(125)], error: .lengthNotMinimal),
    .server("0 in sixteen bits", [[0x81, 126, 0, 0]], error: .lengthNotMinimal),
    .server("65,535 in 64 bits", [[0x81, 127, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF]], error: .lengthNotMinimal),
    .client("5 in 64 bits, masked", [[0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 0], "Hello"], error: .lengthNotMinimal),
    .server("a length of more than 63 bits", [[0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0]], error: .lengthTooLarge),
    .client("an HTTP request", ["GET / HTTP/1.1\r\n\r\n"], error: .reservedBits),
]

private let refusedOrders: [WebSocketVector] = [
    .server("a continuation of nothing", [[0x80, 1], "a"], error: .continuationWithoutMessage),
    .server("a continuation behind a whole message", [[0x81, 1], "a", [0x80, 1], "b"], text("a"), error: .continuationWithoutMessage),
    .server("a text amid a message", [[0x01, 1], "a", [0x81, 1], "b"], error: .messageInsideMessage),
    .server("a binary message amid a text", [[0x01, 1], "a", [0x82, 1], "b"], error: .messageInsideMessage),
    .server("a message that is too long", [[0x82, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x71]], error: .messageTooLong(bytesMax: 70_000)),
    .server(
        "fragments that are too long together", [[0x02, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x6F], .filler(69_999), [0x80, 2]],
        error: .messageTooLong(bytesMax: 70_000)),
    .server("the longest length there is", [[0x82, 127, 0x7F, 255, 255, 255, 255, 255, 255, 255]], error: .messageTooLong(bytesMax: 70_000)),
    .server("a text that is no UTF-8", [[0x81, 1, 0xFF]], error: .textNotUTF8),
    .server("a surrogate in a text", [[0x81, 3, 0xED, 0xA0, 0x80]], error: .textNotUTF8),
    .server("a text that ends amid a character", [[0x81, 1, 0xC3]], error: .textNotUTF8),
    .server("an overlong character", [[0x81, 2, 0xC0, 0x80]], error: .textNotUTF8),
]
