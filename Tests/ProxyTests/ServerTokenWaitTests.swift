import EventLoop
import Glibc
import Testing

@testable import Proxy

/// Requests that have no token while the proxy pauses between its token calls.
@Suite struct ServerTokenWaitTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let fault = "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n"

    private func answerCall(_ bench: Bench, _ answer: String) throws {
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.contains("\r\n\r\n{") })
        endpoint.send(answer)
        #expect(bench.turn { endpoint.isOver })
    }

    @Test func `a request that comes within a pause waits for the next call, and the one after that`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try answerCall(bench, Self.fault)
        let client = try bench.client()
        client.send(Self.get)
        bench.turn(for: .milliseconds(20))
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(1)
        try answerCall(bench, Self.fault)
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(3)
        try bench.giveToken("one")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") && upstream.text.hasSuffix("\r\n\r\n") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `who waits is told why when the next call comes too late for him`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try answerCall(bench, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
        let client = try bench.client()
        client.send(Self.get)
        bench.turn(for: .milliseconds(20))
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(1)
        try answerCall(bench, "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") })
        #expect(client.text.hasPrefix("HTTP/1.1 503"))
        let retryAfter = client.text.contains("\r\nRetry-After: 60\r\n") || client.text.contains("\r\nRetry-After: 61\r\n")
        #expect(retryAfter, "\(client.text)")
        // Nor does the next wait for that.
        client.forget()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") })
    }

    @Test func `nobody waits once the credentials are refused`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try answerCall(bench, Self.fault)
        let client = try bench.client()
        client.send(Self.get)
        bench.turn(for: .milliseconds(20))
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(1)
        try answerCall(bench, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") })
        client.forget()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") })
    }

    @Test func `a request that was refused for its token waits through a pause as well, and is sent again`() throws {
        let bench = try Bench(hasTokenCalls: true)
        try bench.giveToken("one")
        let client = try bench.client()
        client.send(Self.get)
        let first = try bench.upstream()
        #expect(bench.turn { first.text.contains("Bearer one\r\n") && first.text.hasSuffix("\r\n\r\n") })
        first.send("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        try answerCall(bench, Self.fault)
        bench.turn(for: .milliseconds(20))
        #expect(client.text.isEmpty)
        bench.kernel.skew = .seconds(1)
        try bench.giveToken("two")
        let second = try bench.upstream()
        #expect(bench.turn { second.text.contains("Bearer two\r\n") && second.text.hasSuffix("\r\n\r\n") })
        second.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `requests without a token do not fill the log`() throws {
        let events = try SecretFile("")
        let log = open(events.path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(log) }
        let bench = try Bench(log: #"{ "access": "off", "level": "warning" }"#, hasTokenCalls: true, events: log)
        try answerCall(bench, "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        for number in 1...20 {
            let client = try bench.client()
            client.send(Self.get)
            #expect(bench.turn { client.text.contains("\"code\":\"credential_unavailable\"") }, "request \(number)")
        }
        #expect(events.text.split(separator: "no token for credential").count == 2, "\(events.text)")
    }
}
