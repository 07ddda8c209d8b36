import EventLoop
import Sandbox
import Simulation
import TestShare
import Testing

@testable import Proxy

/// Tunnels in all kinds of weather, whose ends speak, pause, finish and break off as a seed says.
@Suite struct TunnelWeatherTests {
    private static let batchCount = 5
    private static let batchSize = 20

    @Test(arguments: 0..<batchCount)
    func `no end of a tunnel takes a part for the whole, and nothing is left behind`(batch: Int) throws {
        for seed in Share.of(batch * Self.batchSize..<(batch + 1) * Self.batchSize) {
            let found = try TunnelWeather(seed: UInt64(seed)).run()
            guard !found.isEmpty else { continue }
            Issue.record("seed \(seed): \(found.joined(separator: "; "))")
        }
    }
}

private final class TunnelWeather {
    private static let accepted = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: talk\r\n\r\n"

    private var dice: Seed
    /// Whether nothing fails and nobody breaks off: then every word arrives.
    private let isPeaceful: Bool
    private let talks: [(client: TunnelEnd, server: TunnelEnd)]
    private var world: World!
    private var connections: [SimulatedClient] = []

    init(seed: UInt64) throws {
        dice = Seed(seed)
        isPeaceful = dice.chance(0.4)
        var talks: [(client: TunnelEnd, server: TunnelEnd)] = []
        for number in 0..<dice.integer(in: 1...6) {
            talks.append((TunnelEnd(mark: UInt8(number), &dice), TunnelEnd(mark: UInt8(0x80 + number), &dice)))
        }
        self.talks = talks
        var settings = WorldSettings()
        settings.bufferBytes = dice.chance(0.5) ? nil : dice.integer(in: 4...16) * 1024
        settings.replaced = [.connect: { [unowned self] in accepted($0) }]
        world = try World(seed: dice.next(), settings)
        _ = world.run { self.world.hasTokens }
        world.kernel.network.faults = isPeaceful ? .rough : .random(from: &dice)
        if dice.chance(0.3) {
            world.kernel.network.sendBufferBytes = 1000...20_000
            world.kernel.network.receiveBufferBytes = 1000...20_000
        }
    }

    func run() throws -> [String] {
        for (number, talk) in talks.enumerated() {
            guard let connection = try? world.connect(.btc) else { continue }
            connections.append(connection)
            connection.send("GET /\(number) HTTP/1.1\r\nHost: localhost\r\nConnection: upgrade\r\nUpgrade: talk\r\n\r\n")
            let isEarly = dice.chance(0.3)
            if isEarly { talk.client.begin(connection, afterHead: .max) }
            if isEarly { talk.client.speak() }
            connection.whenReceived = { connection in
                guard connection.text.hasPrefix("HTTP/1.1 101 "), let end = Self.endOfHead(connection.received) else { return }
                talk.client.begin(connection, afterHead: end)
                connection.whenReceived = nil
                if !isEarly { talk.client.speak() }
            }
            world.pass(dice.duration(in: .zero ... .milliseconds(200)))
            disturb()
        }
        for _ in 0..<dice.integer(in: 0...30) {
            world.pass(dice.duration(in: .zero ... .milliseconds(300)))
            disturb()
        }
        for talk in talks {
            talk.client.setPaused(false)
            talk.server.setPaused(false)
        }
        let isOver = world.run(.seconds(900)) { talks.allSatisfy { $0.client.isOver && $0.server.isOver } }
        var found: [String] = []
        for (number, talk) in talks.enumerated() {
            if !isOver, !talk.client.isOver { found.append("client \(number) waits for ever") }
            if !isOver, !talk.server.isOver { found.append("server \(number) waits for ever") }
            found += faults(of: talk.client, hearing: talk.server, "client \(number)")
            found += faults(of: talk.server, hearing: talk.client, "server \(number)")
        }
        for connection in connections { connection.close() }
        world.sandbox.failTokenCalls(status: 503, count: 1000, retryAfter: 300)
        return found + world.leftovers(after: .seconds(250))
    }

    /// Somebody stops reading, goes on, or breaks off.
    private func disturb() {
        guard let talk = talks.randomElement(using: &dice) else { return }
        let end = dice.chance(0.5) ? talk.client : talk.server
        switch dice.integer(in: 0...9) {
        case 0...3: end.setPaused(true)
        case 4...6: end.setPaused(false)
        case 7 where !isPeaceful: end.abort()
        default: break
        }
    }

    /// The upstream: takes the offer of the talk that the path names.
    private func accepted(_ connection: SimulatedClient) {
        connections.append(connection)
        connection.whenReceived = { [unowned self] connection in
            guard let end = Self.endOfHead(connection.received) else { return }
            connection.whenReceived = nil
            guard let number = Int(connection.text.dropFirst(5).prefix { $0 != " " }), number < talks.count else { return connection.close() }
            let server = talks[number].server
            server.begin(connection, afterHead: end)
            if connection.received.count > end { Issue.record("the client's words came before the 101") }
            connection.send(Self.accepted)
            server.speak()
        }
    }

    private func faults(of end: TunnelEnd, hearing other: TunnelEnd, _ name: String) -> [String] {
        guard let heard = end.heard else { return isPeaceful ? ["\(name) has no tunnel"] : [] }
        var found: [String] = []
        if !other.speech.starts(with: heard) { found.append("\(name) heard what was not said") }
        if end.hasHeardAll, heard.count < other.speech.count {
            found.append("\(name) took \(heard.count) of \(other.speech.count) bytes for the whole")
        }
        if isPeaceful, !end.hasHeardAll { found.append("\(name) was cut off") }
        return found
    }

    private static func endOfHead(_ bytes: [UInt8]) -> Int? {
        bytes.firstRange(of: Array("\r\n\r\n".utf8))?.upperBound
    }
}
