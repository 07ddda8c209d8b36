import EventLoop
import Glibc
import Testing

@testable import Proxy

/// More clients than the process has descriptors for.
@Suite struct ServerRoomTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `what forbids to accept anybody is told of, and tried again now and then`() throws {
        let bench = try Bench(encrypted: false)
        bench.kernel.acceptErrno = EPERM
        let client = try bench.client()
        client.send(Self.get)
        bench.turn(for: .milliseconds(500))
        #expect(bench.kernel.acceptCount <= 10 * Limits.acceptsPerTurn)
        bench.kernel.acceptErrno = nil
        let upstream = try bench.upstream()
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `a client that waits for a place gets that of one that asks nothing`() throws {
        // Room for two clients.
        let bench = try Bench(descriptorsMax: 8)
        var upstream: Peer?
        for number in 0..<5 {
            let client = try bench.client()
            client.send(Self.get)
            if upstream == nil { upstream = try bench.upstream() }
            let served = try #require(upstream)
            #expect(bench.turn { served.text.hasPrefix("GET ") }, "client \(number) was not served")
            served.forget()
            served.send(Self.empty)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
            #expect(bench.server.downstreams.count <= 2)
        }
    }

    @Test func `newcomers end no more idle clients than they need, and wait for none of them`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 12 }"#)
        let refused = "GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n"
        func ask() throws -> Peer {
            let client = try bench.client()
            client.send(refused)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 403") })
            return client
        }
        var clients = try (0..<12).map { _ in try ask() }
        for _ in 0..<4 { clients.append(try ask()) }
        bench.turn(for: .milliseconds(50))
        // One more may have ended before it was known that nobody waited for its place.
        #expect(clients.filter { !$0.isOver }.count >= 11)
    }

    @Test func `newcomers end those that have been idle longest`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 12 }"#)
        func ask(_ client: Peer) {
            client.forget()
            client.send("GET /a HTTP/1.1\r\nHost: evil.example\r\n\r\n")
            #expect(bench.turn { client.text.contains("HTTP/1.1 403") })
            bench.kernel.skew += .seconds(1)
            bench.turn(for: .milliseconds(5))
        }
        var clients: [Peer] = []
        func come() throws {
            clients.append(try bench.client())
            ask(clients[clients.count - 1])
        }
        for _ in 0..<11 { try come() }
        // These ask again, and are the youngest from then on.
        for client in [0, 1, 2, 6, 3, 9] { ask(clients[client]) }
        for _ in 0..<5 { try come() }
        bench.turn(for: .milliseconds(50))
        let ended = clients.indices.filter { clients[$0].isOver }
        // One more may have ended before it was known that nobody waited for its place.
        #expect(ended == [4, 5, 7, 8] || ended == [4, 5, 7, 8, 10])
    }

    @Test func `where a drain finds no descriptor for who waits, that is told a few times and not for each round`() throws {
        let events = try SecretFile("")
        let log = open(events.path, O_WRONLY | O_APPEND | O_CLOEXEC)
        defer { close(log) }
        let bench = try Bench(events: log, encrypted: false)
        bench.kernel.acceptErrno = EMFILE
        let client = try bench.client(isAwaited: false)
        client.send("G")
        bench.server.drain()
        bench.turn(for: .milliseconds(20))
        let text = events.text
        #expect((1...8).contains(text.split(separator: "\n").count { $0.contains("cannot accept") }), "\(text)")
    }

    @Test func `a burst of clients is accepted without a pause`() throws {
        let bench = try Bench()
        let clients = try (0..<180).map { _ in try bench.client() }
        for client in clients { client.send("G") }
        for _ in 0..<2 { bench.loop.turn() }
        #expect(bench.server.downstreams.count == clients.count)
    }

    @Test func `clients that all turn to another upstream in one turn take no more descriptors than there are`() throws {
        let bench = try Bench(
            route: #", "pathPrefix": "/a" }, { "name": "other", "listen": "LISTEN", "upstream": "http://UPSTREAM", "credential": "key", "pathPrefix": "/b""#,
            descriptorsMax: 64, encrypted: false)
        let clients = try (0..<12).map { _ in try bench.client() }
        for path in ["/a", "/b"] {
            // All that they send is there before the loop turns.
            for client in clients {
                client.forget()
                client.send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\r\n")
            }
            let upstreams = try clients.map { _ in try bench.upstream() }
            #expect(bench.turn { upstreams.allSatisfy { $0.text.hasPrefix("GET \(path) ") } })
            for upstream in upstreams { upstream.send(Self.empty) }
            #expect(bench.turn { clients.allSatisfy { $0.text.hasPrefix("HTTP/1.1 204") } })
        }
        #expect(bench.kernel.openCountMost == bench.server.budget.socketsMax)
    }

    @Test func `a client with a request keeps its place, and one too many is told so`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 1 }"#)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        let second = try bench.client()
        second.send(Self.get)
        #expect(bench.turn { second.isEnded })
        #expect(second.text.hasPrefix("HTTP/1.1 503 ") && second.text.contains("Retry-After: 1\r\n"))
        #expect(second.text.contains(#""code":"overloaded","message":"1 clients are connected already (limits.connections"#))
        #expect(second.text.contains("Proxy-Status: bearerproxy; error=connection_limit_reached\r\n"))
        #expect(!first.isOver)
        upstream.forget()
        upstream.send(Self.empty)
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") })
        second.close()
        // It has asked nothing more: a third has its place.
        let third = try bench.client()
        third.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        upstream.send(Self.empty)
        #expect(bench.turn { third.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `more clients than can be told wait, and all have their answer in the end`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 1 }"#)
        let first = try bench.client()
        first.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasPrefix("GET ") })
        let others = try (0..<Limits.refusalsMax * 2).map { _ in try bench.client() }
        for other in others { other.send(Self.get) }
        #expect(
            bench.turn {
                for other in others where other.isEnded { other.close() }
                return others.allSatisfy { $0.text.hasPrefix("HTTP/1.1 503 ") }
            })
        #expect(bench.server.downstreams.count <= 1 + Limits.refusalsMax)
        upstream.send(Self.empty)
        #expect(bench.turn { first.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test(arguments: [
        "Content-Length: 11\r\n\r\n", "Content-Length: 11\r\nExpect: 100-continue\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n",
    ])
    func `a content longer than the route takes is refused`(rest: String) throws {
        let bench = try Bench(route: #", "limits": { "requestBody": 10 }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\n\(rest)")
        #expect(bench.turn { client.isEnded })
        #expect(client.text.hasPrefix("HTTP/1.1 413 Content Too Large\r\n") && client.text.contains("Connection: close\r\n"))
        #expect(client.text.contains(#""code":"content_too_large","message":"the request's content is longer than 10 bytes"#))
        if rest.hasPrefix("Transfer") {
            // What had gone on before it became too long is never a whole request.
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.isOver })
            #expect(!upstream.text.hasSuffix("0\r\n\r\n"))
        } else {
            #expect(!bench.hasAnotherUpstream())
        }
    }

    @Test(arguments: ["Content-Length: 10\r\n\r\nhelloworld", "Transfer-Encoding: chunked\r\n\r\na\r\nhelloworld\r\n0\r\n\r\n"])
    func `a content as long as the route takes goes on`(rest: String) throws {
        let bench = try Bench(route: #", "limits": { "requestBody": 10 }"#)
        let client = try bench.client()
        client.send("POST /a HTTP/1.1\r\nHost: localhost\r\n\(rest)")
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.contains("helloworld") })
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }

    @Test func `clients that were refused and stay keep nobody out`() throws {
        let bench = try Bench(top: #", "limits": { "connections": 2 }"#)
        var served: [(client: Peer, upstream: Peer)] = []
        for _ in 0..<2 {
            let client = try bench.client()
            client.send(Self.get)
            let upstream = try bench.upstream()
            #expect(bench.turn { upstream.text.hasPrefix("GET ") })
            served.append((client, upstream))
        }
        let refused = try (0..<8).map { _ in try bench.client() }
        #expect(bench.turn { refused.allSatisfy { $0.text.hasPrefix("HTTP/1.1 503 ") } })
        for (client, upstream) in served {
            upstream.send(Self.empty)
            #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
            client.close()
        }
        #expect(bench.turn { bench.server.downstreams.count == refused.count })
        let next = try bench.client()
        next.send(Self.get)
        served[0].upstream.forget()
        served[1].upstream.forget()
        #expect(bench.turn { served.contains { $0.upstream.text.hasPrefix("GET ") } })
        #expect(next.received.isEmpty)
    }
}
