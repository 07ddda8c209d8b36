import Glibc
import Sandbox
import Testing

/// What curl would not send, over a bare connection.
@Suite(.serialized)
struct PlainServerTests {
    private let harness: Harness

    init() throws {
        var settings = Sandbox.Settings()
        settings.isEncrypted = false
        harness = try Harness(settings)
    }

    @Test func `requests that come at once are answered in their order, and a client that half-closes gets its answer`() throws {
        let answer = try exchange(
            "GET /auth/a HTTP/1.1\r\nHost: a\r\n\r\nHEAD /auth/b HTTP/1.1\r\nHost: a\r\n\r\n"
                + "POST /auth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        #expect(statuses(answer) == ["404", "404", "401"])
    }

    @Test func `a malformed request is refused and nothing after it is read`() throws {
        for request in [
            "GET / HTTP/1.1\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST /auth HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "\u{1}\r\n\r\n",
        ] {
            let answer = try exchange(request + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
            #expect(answer.contains("Connection: close\r\n"))
            #expect(statuses(answer) == ["400"])
        }
    }

    @Test func `an HTTP 1.0 client gets an answer that it understands`() throws {
        let answer = try exchange("GET /_sandbox/state HTTP/1.0\r\n\r\n", finishes: false)
        #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n") && answer.contains("Connection: close\r\n"))
    }

    /// The status codes of all answers, in order.
    private func statuses(_ answers: String) -> [String] {
        let marker = Array("HTTP/1.1 ".utf8)
        let bytes = Array(answers.utf8)
        let starts = bytes.indices.filter { bytes[$0...].starts(with: marker) }
        let codes = starts.map { String(decoding: bytes[($0 + marker.count)...].prefix(3), as: UTF8.self) }
        return codes.filter { Int($0) != nil }
    }

    /// Sends all of it, and returns what comes until the server closes.
    private func exchange(_ text: String, finishes: Bool = true) throws -> String {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = harness.accountsPort.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let code = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        try #require(code == 0)
        let bytes = Array(text.utf8)
        try #require(send(descriptor, bytes, bytes.count, 0) == bytes.count)
        if finishes { shutdown(descriptor, Int32(SHUT_WR)) }
        return String(decoding: readAll(descriptor), as: UTF8.self)
    }
}
