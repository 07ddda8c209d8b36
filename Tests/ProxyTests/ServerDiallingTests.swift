import EventLoop
import Testing

@testable import Proxy

/// Several addresses of an upstream, on real sockets.
@Suite struct ServerDiallingTests {
    private static let get = "GET /a HTTP/1.1\r\nHost: localhost\r\n\r\n"
    private static let empty = "HTTP/1.1 204 No Content\r\n\r\n"

    @Test func `an address that does not answer is not waited for, and is tried last from then on`() throws {
        let hole = try BlackHole()
        let bench = try Bench(upstreamHost: "localhost")
        let there = SocketAddress.loopback(port: bench.upstreamPort)
        bench.kernel.addresses = [hole.address, there]
        let begun = bench.kernel.monotonicNow()
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        let time = bench.kernel.monotonicNow() - begun
        // The timeout for connecting is five seconds.
        #expect(time >= Limits.attemptDelay && time < .seconds(4))
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
        #expect(bench.kernel.connectCount == 2 && bench.server.rivalCount == 0)
        #expect(bench.server.routes[0].destination.addressBook.candidates(at: bench.loop.now) == [there, hole.address])
        // It was given up, and what was won is used again.
        upstream.forget()
        client.send(Self.get)
        #expect(bench.turn { upstream.text.hasPrefix("GET /a ") })
        #expect(bench.kernel.connectCount == 2)
    }

    @Test func `where there is no descriptor for two at one time, the next address takes the place of the one before`() throws {
        let holes = try (0..<3).map { _ in try BlackHole() }
        // Room for one client and one connection.
        let bench = try Bench(upstreamHost: "localhost", descriptorsMax: 4)
        bench.kernel.addresses = holes.map(\.address) + [.loopback(port: bench.upstreamPort)]
        let client = try bench.client()
        client.send(Self.get)
        let upstream = try bench.upstream()
        #expect(bench.turn { upstream.text.hasSuffix("\r\n\r\n") })
        #expect(bench.kernel.connectCount == 4 && bench.kernel.openCountMost == bench.server.budget.socketsMax)
        upstream.send(Self.empty)
        #expect(bench.turn { client.text.hasPrefix("HTTP/1.1 204") })
    }
}
