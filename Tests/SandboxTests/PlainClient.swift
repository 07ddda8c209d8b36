import Glibc
import Testing
import Wire

/// A bare connection to a port of this machine. What it waits for comes within twenty seconds, or never.
final class PlainClient {
    private let descriptor: Int32
    private var received: [UInt8] = []
    private(set) var isAtEnd = false
    private var decoder = WebSocketDecoder(sender: .server, messageBytesMax: 1 << 20)

    init(_ port: UInt16) throws {
        descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var patience = timeval(tv_sec: 20, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
    }

    deinit { close(descriptor) }

    func send(_ bytes: [UInt8]) throws {
        try #require(Glibc.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count)
    }

    func send(_ method: String, _ target: String, fields: [String] = [], _ content: String? = nil) throws {
        var head = "\(method) \(target) HTTP/1.1\r\nHost: btc.connect.bloq.cloud\r\n"
        for field in fields { head += field + "\r\n" }
        if let content { head += "Content-Length: \(content.utf8.count)\r\n" }
        try send(Array((head + "\r\n" + (content ?? "")).utf8))
    }

    /// The next answer. Its content has a length.
    func answer() throws -> (status: Int, head: String, content: String) {
        let end = Array("\r\n\r\n".utf8)
        while firstIndex(of: end) == nil { try more() }
        let count = try #require(firstIndex(of: end))
        let head = String(decoding: take(count + end.count), as: UTF8.self)
        let line = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
        let length = line.flatMap { Int($0.split(separator: " ")[1]) } ?? 0
        while received.count < length { try more() }
        return (Int(head.split(separator: " ")[1]) ?? 0, head, String(decoding: take(length), as: UTF8.self))
    }

    /// One request and its answer.
    func ask(_ method: String, _ target: String, fields: [String] = [], _ content: String? = nil) throws -> (
        status: Int, head: String, content: String
    ) {
        try send(method, target, fields: fields, content)
        return try answer()
    }

    /// Whether the server closes without another byte.
    func isClosed() throws -> Bool {
        while received.isEmpty && !isAtEnd { try more(allowsEnd: true) }
        return received.isEmpty
    }

    // MARK: WebSocket

    func send(frame opcode: WebSocketOpcode, _ text: String) throws {
        var bytes: [UInt8] = []
        WebSocketFrame.write(opcode, Array(text.utf8), maskingKey: 0x1234_5678, to: &bytes)
        try send(bytes)
    }

    /// The next message or control frame.
    func event() throws -> WebSocketEvent {
        while true {
            let bytes = received
            let step = try decoder.step(bytes.span)
            received.removeFirst(step.consumed)
            if let event = step.event { return event }
            if step.consumed == 0 { try more() }
        }
    }

    /// The next message, which has to be a text.
    func text() throws -> String {
        let event = try event()
        guard case .text(let text) = event else {
            Issue.record("\(event) instead of a text")
            return ""
        }
        return String(decoding: text, as: UTF8.self)
    }

    private func firstIndex(of wanted: [UInt8]) -> Int? {
        received.indices.first { received[$0...].starts(with: wanted) }
    }

    private func take(_ count: Int) -> [UInt8] {
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    private func more(allowsEnd: Bool = false) throws {
        var piece = [UInt8](repeating: 0, count: 65_536)
        let count = recv(descriptor, &piece, piece.count, 0)
        if count == 0 { isAtEnd = true }
        try #require(count > 0 || count == 0 && allowsEnd, "the connection ended, or nothing came")
        received += piece[..<max(count, 0)]
    }
}
