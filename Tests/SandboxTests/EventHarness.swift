import Glibc
import Sandbox
import Testing
import Wire

/// The sandbox without TLS, and what is common to clients of its events.
struct EventHarness {
    let harness: Harness
    let token: String

    /// Nothing happens by itself unless the settings say so.
    init(_ settings: Sandbox.Settings = Sandbox.Settings(), isQuiet: Bool = true) throws {
        var settings = settings
        settings.isEncrypted = false
        if isQuiet { settings.eventInterval = .seconds(3600) }
        harness = try Harness(settings)
        token = try Self.token(of: harness)
    }

    static func token(of harness: Harness) throws -> String {
        let keys = harness.credentials
        let content =
            #"{"grantType":"clientCredentials","clientId":"\#(keys.bloqClientID)","clientSecret":"\#(keys.bloqClientSecret)"}"#
        let answer = try PlainClient(harness.accountsPort).ask("POST", "/auth/token", content)
        return try #require(try JSON.parse(Array(answer.content.utf8))["accessToken"]?.string)
    }

    func client() throws -> PlainClient { try PlainClient(harness.connectPort) }

    func target(_ transport: String = "polling", sid: String? = nil) -> String {
        "/socket.io/?token=\(token)&EIO=3&transport=\(transport)" + (sid.map { "&sid=\($0)" } ?? "")
    }

    /// A new session that polls.
    func open() throws -> String {
        let content = try client().ask("GET", target()).content
        let json = try JSON.parse(Array(content[content.firstIndex(of: "{")!...content.lastIndex(of: "}")!].utf8))
        return try #require(json["sid"]?.string)
    }

    /// Sends packets as text, and expects `ok`.
    func post(_ sid: String, _ packets: String...) throws {
        let payload = packets.map { "\($0.utf16.count):\($0)" }.joined()
        let answer = try client().ask("POST", target(sid: sid), payload)
        #expect(answer.status == 200 && answer.content == "ok")
    }

    func poll(_ sid: String) throws -> String {
        let answer = try client().ask("GET", target(sid: sid))
        #expect(answer.status == 200)
        return answer.content
    }

    /// Returns when what was sent before has arrived: it takes its turn before what is sent now.
    func settle() throws { _ = try client().ask("GET", "/") }

    func control(_ path: String) throws -> String {
        let answer = try PlainClient(harness.accountsPort).ask("POST", "/_sandbox/\(path)")
        #expect(answer.status == 200)
        return answer.content
    }

    /// The fields of a good handshake.
    static let upgrade = [
        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]

    /// A WebSocket: a new session, or one that is to take over an old one.
    func socket(sid: String? = nil) throws -> PlainClient {
        let client = try client()
        let answer = try client.ask("GET", target("websocket", sid: sid), fields: Self.upgrade)
        #expect(answer.status == 101 && answer.head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"))
        return client
    }

    /// How many sessions there are, once they are as many as expected, or after twenty seconds.
    func openSessions(expecting count: Int, tries: Int = 400) throws -> Int {
        var open = -1
        for _ in 0..<tries {
            let state = try PlainClient(harness.accountsPort).ask("GET", "/_sandbox/state").content
            open = try JSON.parse(Array(state.utf8)).value(at: "connect.sessions.open")?.int ?? -1
            if open == count { break }
            usleep(50_000)
        }
        return open
    }
}
