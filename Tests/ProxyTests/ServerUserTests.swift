import EventLoop
import Glibc
import Testing

@testable import Proxy

/// Whose connection it is, and whether that user may ask. Other users are made up by the kernel of the test.
@Suite struct ServerUserTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"
    private static let alice: UInt32 = 54_321

    private func bench(users: String) throws -> Bench {
        try Bench(route: #", "allow": { "users": [\#(users)] }"#)
    }

    @Test func `a connection's user is looked up once, whatever follows on it`() throws {
        let bench = try bench(users: "54321")
        bench.kernel.clientUser = { Self.alice }
        let client = try bench.client()
        #expect(bench.turn { bench.server.downstreams.count == 1 })
        #expect(bench.kernel.userQuestionCount == 0)
        var upstream: Peer?
        for _ in 0..<3 {
            client.forget()
            client.send(Self.get)
            if upstream == nil { upstream = try bench.upstream() }
            let served = try #require(upstream)
            #expect(bench.turn { served.text.hasPrefix("GET ") })
            served.forget()
            served.send(Self.empty)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        }
        #expect(bench.kernel.userQuestionCount == 1)
        // A socket of another user behind the same descriptor cannot be; nobody asks for it.
        bench.kernel.clientUser = { 0 }
        client.send(Self.get)
        let served = try #require(upstream)
        #expect(bench.turn { served.text.hasPrefix("GET ") })
    }

    @Test func `a route for everybody asks for nobody's user`() throws {
        let bench = try Bench()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        #expect(bench.kernel.userQuestionCount == 0)
    }

    @Test(arguments: [
        (UInt32?.some(0), "user root (0) may not use route main; list the user in allow.users"),
        (.some(4_000_000_123), "user 4000000123 may not use route main; list the user in allow.users"),
        (nil, "route main is for some users only (allow.users), and the kernel does not tell whose this connection is"),
    ])
    func `nobody but who is listed may ask`(user: UInt32?, message: String) throws {
        let bench = try bench(users: "54321")
        bench.kernel.clientUser = { user }
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nok")
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(client.text.contains(#""code":"forbidden","message":"\#(message)"#))
        #expect(!bench.hasAnotherUpstream())
    }

    @Test func `a connection whose user nobody knows can carry no other request`() throws {
        let bench = try bench(users: "54321")
        bench.kernel.clientUser = { nil }
        let client = try bench.client()
        client.send(Self.get)
        #expect(bench.turn { client.isOver })
        #expect(client.text.contains("\r\nConnection: close\r\n"))
    }

    @Test func `members of a group may ask`() throws {
        // Every system's first user is in its first group.
        let bench = try bench(users: #""@root""#)
        bench.kernel.clientUser = { 0 }
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        bench.kernel.clientUser = { 1 }
        let other = try bench.client()
        other.send(Self.get)
        #expect(bench.turn { other.text.hasPrefix("HTTP/1.1 403 ") })
        #expect(other.text.contains("user daemon (1) may not use route main"))
    }

    @Test func `what is known of users is bounded, and forgotten after a while`() {
        let users = AllowedUsers(users: [7], groups: [0])
        for user in 0..<UInt32(Limits.rememberedUsersMax) * 2 { _ = users.verdict(on: 1_000_000 + user, at: .zero) }
        #expect(users.verdict(on: 0, at: .zero) == .allowed)
        #expect(users.verdict(on: 7, at: .zero) == .allowed)
        #expect(users.verdict(on: 1, at: .zero) == .refused(name: "daemon"))
        #expect(users.verdict(on: 1, at: Limits.userLifetime + .seconds(1)) == .refused(name: "daemon"))
    }

    // MARK: places

    @Test func `one user cannot take all places, and others have theirs`() throws {
        let bench = try Bench(top: #", "limits": { "connectionsPerUser": 2 }"#)
        bench.kernel.clientUser = { Self.alice }
        let held = try (0..<2).map { _ in try bench.client() }
        #expect(bench.turn { bench.server.downstreams.count == 2 })
        let third = try bench.client()
        third.send(Self.get)
        #expect(bench.turn { third.isEnded })
        #expect(third.text.hasPrefix("HTTP/1.1 503 ") && third.text.contains("Retry-After: 1\r\n"))
        #expect(third.text.contains(#""code":"overloaded","message":"user 54321 has 2 connections already (limits.connectionsPerUser)""#))
        bench.kernel.clientUser = { 1 }
        let other = try bench.client()
        other.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        #expect(held.allSatisfy { !$0.isOver })
    }

    @Test func `a place that is given back is the next one's`() throws {
        let bench = try Bench(top: #", "limits": { "connectionsPerUser": 1 }"#)
        bench.kernel.clientUser = { Self.alice }
        for _ in 0..<3 {
            let client = try bench.client()
            #expect(bench.turn { bench.server.downstreams.count == 1 })
            #expect(bench.server.placesTaken == [.user(Self.alice): 1])
            client.close()
            #expect(bench.turn { bench.server.downstreams.count == 0 })
            #expect(bench.server.placesTaken.isEmpty)
        }
    }

    @Test func `clients whom nobody knows have the places of one user`() throws {
        let bench = try Bench(top: #", "limits": { "connectionsPerUser": 1 }"#)
        bench.kernel.clientUser = { nil }
        let first = try bench.client()
        #expect(bench.turn { bench.server.downstreams.count == 1 })
        let second = try bench.client()
        #expect(bench.turn { second.isEnded })
        #expect(second.text.contains("clients whose user is not known have 1 connections already"))
        #expect(!first.isOver)
    }

    @Test func `a flood of one user's connections leaves room for those of others`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 4, "connectionsPerUser": 2 }"#)
        bench.kernel.clientUser = { Self.alice }
        let flood = try (0..<120).map { _ in try bench.client() }
        #expect(bench.turn { flood.filter { !$0.isOver }.count == 2 })
        #expect(flood.filter { $0.text.hasPrefix("HTTP/1.1 503 ") }.count >= Limits.refusalsOfUsersMax)
        bench.kernel.clientUser = { 1 }
        let other = try bench.client()
        other.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        upstream.send(Self.empty)
        #expect(bench.turn { other.text.hasPrefix("HTTP/1.1 204") })
    }
}
