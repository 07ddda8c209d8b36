import EventLoop
import Simulation
import Testing

@testable import Proxy

/// A world whose upstream has a name, and is served at one address of it, or at more.
final class NamedSite {
    let world: World
    let port: UInt16
    /// Where connections were accepted, in their order.
    private(set) var accepted: [SocketAddress] = []
    /// Connections that have ended.
    private(set) var endedCount = 0
    /// While this is true, requests wait for `answerAll`.
    var isHolding = false
    private(set) var held: [SimulatedClient] = []

    init(seed: UInt64, route: String = "") throws {
        var serve: (SimulatedClient) -> Void = { _ in }
        var settings = WorldSettings()
        settings.dialledHost = "localhost"
        settings.route = route
        settings.replaced = [.connect: { serve($0) }]
        world = try World(seed: seed, settings)
        port = world.server.routes[0].destination.dialled.port
        serve = { [unowned self] in self.serve($0, at: four) }
        try #require(world.run { world.hasTokens })
    }

    var network: Network { world.kernel.network }
    var destination: Destination { world.server.routes[0].destination }
    var six: SocketAddress { .ipv6(high: 0x2001_0DB8_0000_0000, low: 1, port: port, scope: 0) }
    var otherSix: SocketAddress { .ipv6(high: 0x2001_0DB8_0000_0000, low: 2, port: port, scope: 0) }
    /// Where it is served in any case.
    var four: SocketAddress { .loopback(port: port) }
    var otherFour: SocketAddress { .ipv4(0x7F00_0002, port: port) }

    func listen(on address: SocketAddress) throws {
        _ = try world.clients.listen(on: address) { [unowned self] in serve($0, at: address) }
        world.listenerCount += 1
    }

    private func serve(_ client: SimulatedClient, at address: SocketAddress) {
        accepted.append(address)
        client.whenReceived = { [unowned self, unowned client] _ in
            held.append(client)
            if !isHolding { answerAll() }
        }
        client.whenEnded = { [unowned self] _ in endedCount += 1 }
    }

    func answerAll() {
        let waiting = held
        held = []
        for client in waiting { client.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok") }
    }

    /// The others were answered otherwise.
    func forget(allBut client: SimulatedClient) { held = [client] }

    /// How long one request takes.
    func ask() throws -> (answer: HTTPAnswer?, time: Duration) {
        let begun = world.kernel.now
        let answer = try world.get(.btc, "/")
        return (answer, world.kernel.now - begun)
    }

    /// Lets pooled connections end, and addresses grow old.
    func rest() { world.pass(Limits.pooledIdleTimeout.duration + .seconds(1)) }
}
