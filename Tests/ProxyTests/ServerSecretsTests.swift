import EventLoop
import Glibc
import Testing

@testable import Proxy

/// Secrets that change where they are read from, while the proxy runs: real files and programs.
@Suite struct ServerSecretsTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let refusal = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno"

    @Test func `a secret that was replaced in its file is used at the next authentication`() throws {
        let file = try SecretFile("key-1\n")
        let bench = try Bench(hasTokenCalls: true, secret: "{ \"file\": \"\(file.path)\" }")
        #expect(try give("one", bench).contains("\"key-1\""))
        try file.replace(by: "key-2\n")
        let (client, upstream) = try refuseRequest(bench, token: "one")
        let call = try give("two", bench)
        #expect(call.contains("\"key-2\"") && !call.contains("key-1"))
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") })
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a new secret that is refused is followed by the one that worked, and the log says so`() throws {
        let file = try SecretFile("key-1")
        let events = try SecretFile("")
        let log = open(events.path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(log) }
        let bench = try Bench(
            log: #"{ "access": "off", "level": "debug" }"#, hasTokenCalls: true, secret: "{ \"file\": \"\(file.path)\" }", events: log)
        _ = try give("one", bench)
        try file.replace(by: "key-2")
        let (client, upstream) = try refuseRequest(bench, token: "one")
        #expect(try answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", bench).contains("key-2"))
        #expect(try give("two", bench).contains("key-1"))
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") })
        upstream.send("HTTP/1.1 204 No Content\r\n\r\n")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        let text = events.text
        #expect(text.contains("credential key: its secrets have changed"))
        #expect(text.contains("(status 401)") && text.contains("so the ones before are used once more"))
        for hidden in ["key-1", "key-2", "one\"", "Bearer"] { #expect(!text.contains(hidden)) }
    }

    @Test func `a secret that is gone leaves the one that was read, and the log says so`() throws {
        let file = try SecretFile("key-1")
        let events = try SecretFile("")
        let log = open(events.path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(log) }
        let bench = try Bench(
            log: #"{ "access": "off", "level": "debug" }"#, hasTokenCalls: true, secret: "{ \"file\": \"\(file.path)\" }", events: log)
        _ = try give("one", bench)
        file.remove()
        let (_, upstream) = try refuseRequest(bench, token: "one")
        #expect(try give("two", bench).contains("key-1"))
        #expect(bench.turn { upstream.text.contains("Bearer two\r\n") })
        #expect(events.text.contains("its secrets stay as they were, since they cannot be read anew: proxy.json:"))
        #expect(events.text.contains("No such file or directory"))
    }

    @Test func `a corrected secret ends the pause after a refusal, without a request asking`() throws {
        let file = try SecretFile("wrong")
        let bench = try Bench(hasTokenCalls: true, secret: "{ \"file\": \"\(file.path)\" }")
        _ = try answer("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", bench)
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.text.contains("credential_unavailable") })
        bench.turn(for: .milliseconds(100))
        try file.replace(by: "right")
        bench.kernel.skew += .seconds(2)
        #expect(try give("one", bench).contains("\"right\""))
        client.forget()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer one\r\n") })
    }

    @Test func `the loop goes on while a command runs, and the call has what it printed`() throws {
        let file = try SecretFile("key-1")
        let script = "[ -e \(file.path).slow ] && sleep 1; cat \(file.path)"
        let bench = try Bench(hasTokenCalls: true, secret: #"{ "command": ["sh", "-c", "\#(script)"] }"#)
        #expect(try give("one", bench).contains("\"key-1\""))
        try file.replace(by: "key-2")
        let slow = open("\(file.path).slow", O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        close(slow)
        defer { unlink("\(file.path).slow") }
        _ = try refuseRequest(bench, token: "one")
        var tickCount = 0
        bench.ticked = { tickCount += 1 }
        #expect(try give("two", bench).contains("\"key-2\""))
        #expect(tickCount > 20, "a second has 200 of them")
    }

    @Test func `a token from a file that was replaced cures its refusal`() throws {
        let file = try SecretFile("first-token")
        let bench = try Bench(secret: "{ \"file\": \"\(file.path)\" }")
        try file.replace(by: "second-token")
        let (client, upstream) = try refuseRequest(bench, token: "first-token")
        #expect(bench.turn { upstream.text.contains("Bearer second-token\r\n") })
        upstream.send(Self.refusal)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") && client.text.hasSuffix("no") })
    }

    @Test func `a token from a command is asked for again after its refusal, for the next request`() throws {
        let file = try SecretFile("first-token")
        let bench = try Bench(secret: "{ \"command\": [\"cat\", \"\(file.path)\"] }")
        try file.replace(by: "second-token")
        let (client, upstream) = try refuseRequest(bench, token: "first-token")
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 401") })
        #expect(bench.turn {
            guard upstream.text.hasSuffix("\r\n\r\n") || upstream.text.isEmpty else { return false }
            if upstream.text.contains("Bearer second-token\r\n") { return true }
            if upstream.text.contains("Bearer first-token\r\n") {
                upstream.forget()
                upstream.send(Self.refusal)
            } else if client.text.hasSuffix("no") {
                client.forget()
                client.send(Self.get)
            }
            return false
        })
    }

    /// A request whose token is refused: its client, and the connection to the upstream.
    private func refuseRequest(_ bench: Bench, token: String) throws -> (client: Peer, upstream: Peer) {
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("Bearer \(token)\r\n") })
        upstream.forget()
        upstream.send(Self.refusal)
        return (client, upstream)
    }

    private func give(_ token: String, _ bench: Bench) throws -> String {
        let content = #"{"accessToken":"\#(token)","expiresIn":3600}"#
        return try answer("HTTP/1.1 200 OK\r\nContent-Length: \(content.utf8.count)\r\n\r\n\(content)", bench)
    }

    /// Answers the next token call, and gives it.
    private func answer(_ text: String, _ bench: Bench) throws -> String {
        let endpoint = try bench.tokenEndpoint()
        #expect(bench.turn { endpoint.text.hasSuffix("}") })
        endpoint.send(text)
        return endpoint.text
    }
}
