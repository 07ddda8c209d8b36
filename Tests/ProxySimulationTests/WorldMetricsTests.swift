import Credentials
import Sandbox
import Simulation
import Testing

@testable import Proxy

/// What is counted, against what clients and services saw.
@Suite struct WorldMetricsTests {
    /// The value of a sample; nil if there is none.
    private func value(_ sample: String, in world: World) -> Double? {
        let text = String(decoding: world.servers.last!.renderMetrics(), as: UTF8.self)
        return text.split(separator: "\n").first { $0.hasPrefix(sample + " ") }.flatMap { Double($0.dropFirst(sample.utf8.count + 1)) }
    }

    @Test(arguments: [1, 3])
    func `requests are counted by route, status and cause, whichever loop had them`(loops: Int) throws {
        var settings = WorldSettings()
        settings.loops = loops
        let world = try World(seed: 5, settings)
        #expect(world.run { world.hasTokens })
        for _ in 0..<12 { #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200) }
        for _ in 0..<3 { #expect(try world.get(.bloquo, World.plainTarget(.bloquo))?.status == 200) }
        #expect(try world.ask(.btc, "GET / HTTP/1.1\r\nHost: elsewhere\r\n\r\n")?.status == 403)
        #expect(try world.ask(.btc, "GET / HTTP/1.1\r\nHost : x\r\n\r\n")?.status == 400)
        #expect(value(#"bearerproxy_requests_total{route="btc",code="200"}"#, in: world) == 12)
        #expect(value(#"bearerproxy_requests_total{route="bloquo",code="200"}"#, in: world) == 3)
        #expect(value(#"bearerproxy_failures_total{route="",cause="bad_request"}"#, in: world) == 1)
        let forbidden = ["", "btc"].compactMap { value(#"bearerproxy_failures_total{route="\#($0)",cause="forbidden"}"#, in: world) }
        #expect(forbidden.reduce(0, +) == 1)
        #expect(value(#"bearerproxy_request_duration_seconds_count{route="btc"}"#, in: world)! >= 12)
        #expect(value(#"bearerproxy_upstream_duration_seconds_count{route="btc"}"#, in: world) == 12)
        #expect(value("bearerproxy_client_connections_accepted_total", in: world) == 17)
        #expect(value(#"bearerproxy_token_renewals_total{credential="bloq"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_token_usable{credential="bloq"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_token_state{credential="bloq",state="valid"}"#, in: world) == 1)
        let left = try #require(value(#"bearerproxy_token_expires_in_seconds{credential="bloq"}"#, in: world))
        #expect(left > 3_000 && left <= 3_600)
        #expect(world.leftovers() == [])
    }

    @Test func `a revocation is a replay, and a wait for a token that is neither the upstream's time nor the proxy's`() throws {
        let world = try World(seed: 6)
        #expect(world.run { world.hasTokens })
        world.sandbox.revokeAllTokens()
        let order = World.order(.btc, 1)
        #expect(try world.post(.btc, order.target, order.content)?.status == 200)
        #expect(value(#"bearerproxy_replays_total{route="btc"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_token_wait_seconds_count{route="btc"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_token_renewals_total{credential="bloq"}"#, in: world) == 2)
        #expect(value(#"bearerproxy_request_content_bytes_total{route="btc"}"#, in: world) == Double(order.content.utf8.count))
        let parts = ["token_wait", "upstream_duration", "overhead_duration", "queue_wait", "request_duration"].map {
            value("bearerproxy_\($0)_seconds_sum{route=\"btc\"}", in: world)!
        }
        // The clock of the simulation stands still while the proxy works.
        #expect(parts[0] > 0 && parts[1] > 0 && parts[2] == 0)
        #expect(abs(parts[0] + parts[1] + parts[3] - parts[4]) < 1e-9)
        #expect(world.leftovers() == [])
    }

    @Test func `an upstream that cannot be reached, and a token service that fails, are counted by their causes`() throws {
        var settings = WorldSettings()
        settings.tokenLifetime = .seconds(100)
        let world = try World(seed: 7, settings)
        #expect(world.run { world.hasTokens })
        world.kernel.network.faultsByService[world.sandbox.connect.address, default: .none].connectRefused = 1
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 502)
        #expect(value(#"bearerproxy_failures_total{route="btc",cause="upstream_unreachable"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_requests_total{route="btc",code="502"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_upstream_connection_failures_total{route="btc",cause="unreachable"}"#, in: world)! >= 1)
        world.sandbox.failTokenCalls(status: 503, count: 1_000_000)
        world.pass(.seconds(95))
        #expect(value(#"bearerproxy_token_failures_total{credential="bloq",cause="answer"}"#, in: world)! >= 1)
        #expect(value(#"bearerproxy_token_failures_total{credential="bloq",cause="refused"}"#, in: world) == 0)
        world.sandbox.failTokenCalls(status: 401, count: 1_000_000)
        world.pass(.seconds(120))
        #expect(value(#"bearerproxy_token_failures_total{credential="bloq",cause="refused"}"#, in: world)! >= 1)
        #expect(value(#"bearerproxy_token_usable{credential="bloq"}"#, in: world) == 0)
        world.sandbox.failTokenCalls(status: 503, count: 0)
        #expect(world.leftovers() == [])
    }

    @Test func `a client that goes before its answer is counted as one without`() throws {
        var settings = WorldSettings()
        settings.replaced = [.connect: { _ in }]
        let world = try World(seed: 8, settings)
        #expect(world.run { world.hasTokens })
        let conversation = try world.converse(.btc)
        conversation.send(World.get(World.plainTarget(.btc)))
        world.pass(.seconds(1))
        #expect(value(#"bearerproxy_requests_in_flight{route="btc"}"#, in: world) == 1)
        conversation.client.close()
        world.pass(.seconds(5))
        #expect(value(#"bearerproxy_requests_in_flight{route="btc"}"#, in: world) == 0)
        #expect(value(#"bearerproxy_requests_total{route="btc",code="none"}"#, in: world) == 1)
        #expect(value(#"bearerproxy_failures_total{route="btc",cause="client_closed"}"#, in: world) == 1)
    }

    @Test func `no token is in the metrics`() throws {
        let world = try World(seed: 9)
        #expect(world.run { world.hasTokens })
        #expect(try world.get(.btc, World.plainTarget(.btc))?.status == 200)
        let text = String(decoding: world.server.renderMetrics(), as: UTF8.self)
        let token = try #require(world.server.credentials[0].cache.withToken { String(decoding: $0.withUnsafeBufferPointer { Array($0) }, as: UTF8.self) })
        #expect(!token.isEmpty && !text.contains(token) && !text.contains(world.sandbox.credentials.bloqClientSecret))
    }
}
