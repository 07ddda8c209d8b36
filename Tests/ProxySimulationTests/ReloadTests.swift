import EventLoop
import Glibc
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// Another configuration in the place of the running one.
@Suite struct ReloadTests {
    private func world(_ loops: Int, route: String = "", dialledHost: String = "127.0.0.1") throws -> World {
        var settings = WorldSettings()
        settings.loops = loops
        settings.route = route
        settings.dialledHost = dialledHost
        let world = try World(seed: UInt64(loops), settings)
        #expect(world.run { world.hasTokens })
        return world
    }

    private static let otherRoute = (#""name": "btc","#, #""name": "btc", "cookies": true,"#)
    private static let otherCredential = (#""env": "BLOQ_ID" }"#, #""env": "BLOQ_ID" }, "authTimeout": "9s""#)

    private func text(_ world: World, _ changes: [(String, String)]) -> String {
        changes.reduce(world.text) { $0.replacing($1.0, with: $1.1) }
    }

    @Test(arguments: 1...3)
    func `a file that says the same changes no part, and asks for no token`(loops: Int) throws {
        let world = try world(loops)
        let callCount = world.sandbox.bloqTokenCalls.count
        let routes = world.servers.map { $0.routes.map(ObjectIdentifier.init) }
        try world.reload(world.text.replacing("  ", with: "    // the same \n "))
        world.pass(.seconds(2))
        #expect(world.servers.map { $0.routes.map(ObjectIdentifier.init) } == routes)
        #expect(world.sandbox.bloqTokenCalls.count == callCount)
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `a changed route keeps its connections and its token, and what it was is let go of`(loops: Int) throws {
        let world = try world(loops)
        let conversations = try (0..<8).map { _ in try world.converse(.btc) }
        for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { conversations.allSatisfy { $0.answers.count == 1 } })
        let callCount = world.sandbox.bloqTokenCalls.count
        let openCounts = world.servers.map { $0.routes[0].destination.openCount }
        weak let former = world.server.routes[0]
        try world.reload(text(world, [Self.otherRoute]))
        for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
        #expect(world.run { conversations.allSatisfy { $0.answers.count == 2 } })
        #expect(conversations.allSatisfy { $0.answers[1].status == 200 })
        for (server, openCount) in zip(world.servers, openCounts) {
            let route = try #require(server.routes.first { $0.configuration.name == "btc" })
            #expect(route.index == 2 && route.configuration.cookies)
            #expect(route.destination.openCount >= openCount)
        }
        #expect(world.sandbox.bloqTokenCalls.count == callCount)
        world.pass(.seconds(3))
        #expect(former == nil)
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `a request that waits for the former token gets it, and a new one waits for the new`(loops: Int) throws {
        let world = try world(loops)
        world.sandbox.revokeAllTokens()
        let conversation = try world.converse(.btc)
        let order = World.order(.btc, 1)
        conversation.send(World.post(order.target, order.content))
        #expect(world.run { world.servers.contains { $0.credentials.contains { !$0.waiting.isEmpty } } })
        try world.reload(text(world, [Self.otherRoute, Self.otherCredential]))
        let later = try world.converse(.btc)
        let second = World.order(.btc, 2)
        later.send(World.post(second.target, second.content))
        #expect(world.run { conversation.answers.count == 1 && later.answers.count == 1 })
        #expect(conversation.answers[0].status == 200 && later.answers[0].status == 200)
        #expect(world.executions(.btc, 1) == 1 && world.executions(.btc, 2) == 1)
        conversation.client.close()
        later.client.close()
        world.pass(.seconds(5))
        for server in world.servers { #expect(server.retiredRoutes.isEmpty && server.retiredCredentials.isEmpty) }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `a request that has no connection yet gets one of its own configuration, whatever has to be looked up for it`(loops: Int) throws {
        let world = try world(loops, dialledHost: "localhost")
        world.sandbox.revokeAllTokens()
        let conversation = try world.converse(.btc)
        let order = World.order(.btc, 1)
        conversation.send(World.post(order.target, order.content))
        #expect(world.run { world.servers.contains { $0.credentials.contains { !$0.waiting.isEmpty } } })
        try world.reload(text(world, [(#""connectTo": "localhost:"#, #""connectTo": "127.0.0.1:"#)]))
        #expect(world.run { conversation.answers.count == 1 })
        #expect(conversation.answers[0].status == 200)
        #expect(world.executions(.btc, 1) == 1)
        conversation.client.close()
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `a file that is refused leaves nothing for the next`(loops: Int) throws {
        let world = try world(loops, route: #""limits": { "concurrency": 3, "requestsPerSecond": 9 }"#)
        let rate = try #require(world.server.routes[0].rate)
        let narrow = (#""concurrency": 3"#, #""concurrency": 1"#)
        let nobody = (#""name": "bloquo","#, #""name": "bloquo", "allow": { "users": ["nobody-of-this-name"] },"#)
        #expect(throws: StartError.self) { try world.reload(text(world, [narrow, nobody])) }
        try world.reload(text(world, [(#""concurrency": 3"#, #""concurrency": 2"#)]))
        world.pass(.seconds(1))
        for server in world.servers {
            let route = try #require(server.routes.first { $0.configuration.name == "btc" })
            #expect(route.destination.concurrency == 2)
            #expect(route.destination.shared.map { $0.leftCount + $0.takenCount } ?? 2 == 2)
            #expect(route.rate === rate, "a reload is no way around a limit")
        }
        try world.reload(text(world, [(#""requestsPerSecond": 9"#, #""requestsPerSecond": 8"#)]))
        world.pass(.seconds(1))
        let rates = world.servers.map { server in server.routes.first { $0.configuration.name == "btc" }?.rate }
        #expect(rates.allSatisfy { $0 === rates[0] && $0?.perSecond == 8 })
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `a listener that comes and goes takes one place`(loops: Int) throws {
        let world = try world(loops)
        let more = #""routes": [ { "name": "extra", "listen": "localhost:8085", "pathPrefix": "/extra", "upstream": "http://127.0.0.1:1", "credential": "bloq" },"#
        var counts: Set<Int> = []
        for _ in 0..<3 {
            try world.reload(text(world, [(#""routes": ["#, more)]))
            world.pass(.seconds(3))
            #expect(world.servers.allSatisfy { server in server.listeners.filter { !$0.isRetired }.allSatisfy { !$0.router.names.isEmpty } })
            #expect(world.server.listening.contains { $0.routes == ["extra"] })
            counts.formUnion(world.servers.map(\.listeners.count))
            try world.reload(world.text)
            world.pass(.seconds(3))
            #expect(!world.server.listening.contains { $0.routes == ["extra"] })
        }
        #expect(counts.count == 1)
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `both halves of a listener on localhost come back where they were, whoever listens besides`(loops: Int) throws {
        let world = try world(loops)
        let extra = #"{ "name": "extra", "listen": "localhost:8085", "pathPrefix": "/extra", "upstream": "http://127.0.0.1:1", "credential": "bloq" },"#
        let later = #"{ "name": "later", "listen": "127.0.0.1:8086", "pathPrefix": "/later", "upstream": "http://127.0.0.1:1", "credential": "bloq" },"#
        let begin = #""routes": ["#
        for routes in [extra, extra + later, later, later + extra] {
            try world.reload(text(world, [(begin, begin + routes)]))
            world.pass(.seconds(1))
        }
        let listening = world.server.listening.filter { $0.routes == ["extra"] }.map(\.address)
        #expect(Set(listening) == [.loopback(port: 8085), .ipv6(high: 0, low: 1, port: 8085, scope: 0)])
        #expect(world.server.listening.filter { $0.routes == ["later"] }.map(\.address) == [.loopback(port: 8086)])
        try world.reload(world.text)
        world.pass(.seconds(3))
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `what is counted goes on, by the route's name, and connections of both configurations count`(loops: Int) throws {
        let world = try world(loops)
        let conversations = try (0..<6).map { _ in try world.converse(.btc) }
        func ask(_ count: Int) {
            // The other loops hear of it in their next turn.
            world.pass(.milliseconds(1))
            for conversation in conversations { conversation.send(World.get(World.plainTarget(.btc))) }
            #expect(world.run { conversations.allSatisfy { $0.answers.count == count } })
        }
        func figure(_ name: String) -> Int? {
            String(decoding: world.server.renderMetrics(), as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name + " ") }
                .flatMap { Int($0.split(separator: " ").last ?? "") }
        }
        ask(1)
        // Another way of writing the same: so the connections are others.
        let moved = (#""connectTo": "127.0.0.1:"#, #""connectTo": "localhost:"#)
        try world.reload(text(world, [moved]))
        ask(2)
        let idle = world.servers.reduce(0) { $0 + ($1.routes.first { $0.configuration.name == "btc" }?.destination.idle.count ?? 0) }
        #expect(idle > 0)
        #expect(figure(#"bearerproxy_upstream_connections{route="btc",state="idle"}"#) == idle)
        #expect(figure(#"bearerproxy_upstream_connections{route="btc",state="busy"}"#) == 0)
        #expect(figure(#"bearerproxy_requests_total{route="btc",code="200"}"#) == 12)
        try world.reload(text(world, [moved, (#""name": "btc","#, #""name": "other","#)]))
        ask(3)
        #expect(figure(#"bearerproxy_requests_total{route="btc",code="200"}"#) == nil)
        #expect(figure(#"bearerproxy_requests_total{route="other",code="200"}"#) == 6)
        try world.reload(world.text)
        ask(4)
        #expect(figure(#"bearerproxy_requests_total{route="btc",code="200"}"#) == 18)
        for conversation in conversations { conversation.client.close() }
        #expect(world.leftovers() == [])
    }

    @Test(arguments: 1...3)
    func `what cannot be changed is refused with all that is wrong, and nothing has changed`(loops: Int) throws {
        let world = try world(loops)
        let routes = world.servers.map { $0.routes.map(ObjectIdentifier.init) }
        let refused = text(world, [Self.otherRoute]).replacing(#""level": "debug" }"#, with: #""level": "info" }, "threads": 9, "limits": { "connections": 9 }"#)
        do {
            try world.reload(refused)
            Issue.record("it was not refused")
        } catch StartError.configuration(let findings) {
            #expect(findings.map(\.place.keyPath) == ["threads", "log", "limits"])
        }
        #expect(throws: StartError.self) {
            try world.reload(text(world, [Self.otherRoute]).replacing(#""env": "BLOQ_ID""#, with: #""env": "UNKNOWN""#))
        }
        world.pass(.seconds(2))
        #expect(world.servers.map { $0.routes.map(ObjectIdentifier.init) } == routes)
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        #expect(world.leftovers() == [])
    }
}
