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
        (UInt32?.some(0), "user 0 may not use route main; list the user in allow.users"),
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
        #expect(other.text.contains("user 1 may not use route main"))
    }

    /// Such a look-up may have to wait for another machine, and all clients with it.
    @Test func `no group is looked up for a user who is listed, nor where none is listed`() {
        let users = AllowedUsers(users: [7], groups: []) { user in
            Issue.record("the groups of \(user) were looked up")
            return []
        }
        #expect(users.contains(7, at: .zero))
        #expect(!users.contains(8, at: .zero))
        let members = AllowedUsers(users: [7], groups: [70]) { user in
            #expect(user == 8)
            return [70]
        }
        #expect(members.contains(7, at: .zero) && members.contains(8, at: .zero))
    }

    @Test func `what is known of users is bounded, forgotten after a while, and the oldest first`() {
        var asked: [UInt32] = []
        let users = AllowedUsers(users: [], groups: [70]) { user in
            asked.append(user)
            return user % 2 == 0 ? [1, 70] : [1]
        }
        func ask(_ user: UInt32, at milliseconds: Int) -> Bool {
            #expect(users.contains(user, at: .milliseconds(milliseconds)) == (user % 2 == 0))
            defer { asked = [] }
            return asked == [user]
        }
        let count = Limits.rememberedUsersMax
        for user in 0..<count { #expect(ask(UInt32(user), at: user)) }
        for user in 0..<count { #expect(!ask(UInt32(user), at: count)) }
        // One more takes the place of the oldest alone, whose question then takes that of the next.
        #expect(ask(UInt32(count), at: count))
        #expect(!ask(1, at: count))
        #expect(ask(0, at: count))
        #expect(!ask(2, at: count))
        #expect(ask(1, at: count))
        let later = count + Int(Limits.userLifetime.duration.components.seconds) * 1000 + 1
        #expect(ask(0, at: later))
        #expect(!ask(0, at: later))
    }

    @Test(arguments: [#""methods": ["GET"]"#, #""requireHeader": "X-Key: hunter2""#, #""paths": ["/b"]"#])
    func `who may not use a route is told nothing of what else it wants`(rule: String) throws {
        let bench = try Bench(route: #", "allow": { "users": [54321], \#(rule) }"#)
        bench.kernel.clientUser = { 1 }
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { client.text.hasSuffix("}\n") })
        #expect(client.text.hasPrefix("HTTP/1.1 403 Forbidden\r\n"))
        #expect(client.text.contains("user 1 may not use route main"))
        bench.kernel.clientUser = { Self.alice }
        let listed = try bench.client()
        listed.send("POST /a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n")
        #expect(bench.turn { listed.text.hasSuffix("}\n") })
        #expect(listed.text.hasPrefix("HTTP/1.1 4") && !listed.text.contains("may not use"))
        #expect(bench.kernel.userQuestionCount == 2)
        #expect(!bench.hasAnotherUpstream())
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

    /// What a client of another machine says of itself is not known, but its address is: the others have places of their own.
    @Test(arguments: [
        ("192.0.2.7", "192.0.2.7", "192.0.2.8", "clients of 192.0.2.7 have 1 connections already"),
        ("2001:db8:1:2::5", "2001:db8:1:2:ffff::1", "2001:db8:1:3::5", "clients of 2001:db8:1:2::/64 have 1 connections already"),
    ])
    func `another machine is one user, whatever its port and the rest of its address`(
        first: String, second: String, other: String, message: String
    ) throws {
        let bench = try Bench(top: #", "limits": { "connectionsPerUser": 1 }"#)
        bench.kernel.clientUser = { nil }
        bench.kernel.clientAddress = SocketAddress(numeric: first, port: 1)
        let held = try bench.client()
        #expect(bench.turn { bench.server.downstreams.count == 1 })
        bench.kernel.clientAddress = SocketAddress(numeric: second, port: 2)
        let refused = try bench.client()
        #expect(bench.turn { refused.isEnded })
        #expect(refused.text.hasPrefix("HTTP/1.1 503 ") && refused.text.contains(message))
        bench.kernel.clientAddress = SocketAddress(numeric: other, port: 1)
        let served = try bench.client()
        served.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        #expect(!held.isOver)
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
