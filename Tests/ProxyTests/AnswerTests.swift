import EventLoop
import TLS
import Testing
import Wire

@testable import Proxy

/// The answers that the proxy makes itself.
@Suite struct AnswerTests {
    private static let fault = UpstreamFault.unreachable(address: "a:1", reason: "\"refused\"\r\n")

    @Test func `the content is an error object, whatever its texts hold`() throws {
        let answer = Answer(
            status: 502, code: .upstreamUnreachable, message: "\"refused\"\r\n\u{1}", proxyStatusError: "connection_refused",
            retryAfter: 1)
        let (head, content) = try write(answer)
        #expect(head.hasPrefix("HTTP/1.1 502 Bad Gateway\r\n"))
        #expect(head.contains("\r\nContent-Type: application/json\r\n"))
        #expect(head.contains("\r\nContent-Length: \(content.utf8.count)\r\n"))
        #expect(head.contains("\r\nProxy-Status: bearerproxy; error=connection_refused\r\n"))
        #expect(head.contains("\r\nX-Request-Id: id-1\r\n") && head.contains("\r\nRetry-After: 1\r\n"))
        #expect(!head.contains("Connection:"))
        let error = try #require(try JSON.parse(Array(content.utf8))["error"])
        #expect(error["code"]?.string == "upstream_unreachable" && error["message"]?.string == "\"refused\"\r\n\u{1}")
        #expect(error["route"]?.string == "main" && error["requestId"]?.string == "id-1")
    }

    @Test(arguments: ["x", "\u{1}", "é", "👩‍👩‍👧‍👦", "e" + String(repeating: "\u{301}", count: 3000)])
    func `whatever is said, it fits`(character: String) throws {
        let long = String(repeating: character, count: 1 << 20 / character.utf8.count)
        var answer = Answer.malformed(.headTooLong)
        answer.message = "it had \(long); the end"
        answer.allow = [String](repeating: "METHOD", count: 10_000).joined(separator: ", ")
        let (head, content) = try write(answer)
        #expect(head.utf8.count + content.utf8.count <= Limits.answerBytesMax)
        let message = try #require(try JSON.parse(Array(content.utf8))["error"]?["message"]?.string)
        #expect(message.hasPrefix("it had ") && message.hasSuffix("the end") && message.contains(" … "))
        #expect(head.contains("\r\nAllow: METHOD, METHOD") && head.contains(", METHOD\r\n"))
    }

    @Test(arguments: [
        (RequestFate.notSent, "the request had not been sent", ""), (.notAccepted, "the request had not been accepted upstream", ""),
        (.sent, "the request had been sent", "; whether it took effect is not known"),
    ])
    func `programs are told whether the request had been sent`(fate: RequestFate, text: String, more: String) throws {
        let (head, content) = try write(.credentialUnavailable("bloq", cause: "it is closed", retryAfter: .seconds(1), fate))
        #expect(head.contains("\r\nProxy-Status: bearerproxy; error=destination_unavailable; details=\"\(text)\"\r\n"))
        #expect(content.contains("no token for credential bloq: it is closed; \(text)\(more)\""))
    }

    @Test func `a certificate that is refused is no reason to come back`() throws {
        let origin = Origin(scheme: .https, host: "api.example", port: 443, basePath: "", authority: "api.example", isLoopback: false)
        let destination = Destination(
            index: 0, origin: origin, connectTo: nil, tls: nil, serverName: nil, connectTimeout: .seconds(1), concurrency: 1, queueMax: 1)
        let refused = UpstreamFault.tls(.certificate(peer: "api.example", reason: "certificate has expired"))
        #expect(try !write(.upstream(refused, destination, .notSent)).head.contains("Retry-After"))
        let ended = UpstreamFault.tls(.truncated(peer: "api.example"))
        #expect(try write(.upstream(ended, destination, .notSent)).head.contains("\r\nRetry-After: 1\r\n"))
    }

    @Test func `an answer to HEAD tells the length and has no content`() throws {
        let (whole, content) = try write(.forbidden("no"))
        let (head, nothing) = try write(.forbidden("no"), withContent: false)
        #expect(head == whole && nothing == "" && content != "")
    }

    @Test func `the connection's end is told, and to HTTP 1 dot 0 its life`() throws {
        #expect(try write(.forbidden("no"), isPersistent: false).head.contains("\r\nConnection: close\r\n"))
        #expect(try write(.forbidden("no"), minorVersion: 0).head.contains("\r\nConnection: keep-alive\r\n"))
        #expect(try write(.methodRefused("X", allow: "GET, PUT")).head.contains("\r\nAllow: GET, PUT\r\n"))
    }

    @Test(arguments: [
        (MessageError.headTooLong, 431, "head_too_large"), (.targetTooLong, 414, "uri_too_long"), (.hostMissing, 400, "bad_request"),
        (.transferEncodingNotImplemented, 501, "not_implemented"),
    ])
    func `what is no request ends the connection`(error: MessageError, status: Int, code: String) {
        let answer = Answer.malformed(error)
        #expect(answer.status == status && answer.code.rawValue == code && answer.closes)
    }

    private func write(
        _ answer: Answer, minorVersion: UInt8 = 1, isPersistent: Bool = true, withContent: Bool = true
    ) throws -> (head: String, content: String) {
        var pool = BufferPool()
        var output = pool.lend()
        _ = answer.write(
            into: &output, route: "main", requestID: "id-1", minorVersion: minorVersion, isPersistent: isPersistent,
            withContent: withContent)
        let text = String(decoding: output.bytes, as: UTF8.self)
        pool.giveBack(output)
        let end = try #require(text.firstRange(of: "\r\n\r\n"))
        return (String(text[..<end.upperBound]), String(text[end.upperBound...]))
    }
}
