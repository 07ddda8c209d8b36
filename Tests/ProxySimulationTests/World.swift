import Credentials
import EventLoop
import Glibc
import Sandbox
import Simulation

@testable import Proxy

/// The production proxy and the production sandbox on one loop of one simulated kernel, with clients in front of them.
///
/// Two routes, `btc` and `bloquo`, each with its credential, lead to the emulated services.
final class World {
    let kernel: SimulatedKernel
    let loop: Loop
    let sandbox: Sandbox
    /// The proxy's first loop.
    let server: Server
    /// All of them.
    let servers: [Server]
    let clients: SimulatedClients
    /// The upstream of the route `broad`, where there is one, and those of the listener that has several routes.
    let sites: [BroadServer]
    let broadContentMax: Int
    /// The configuration at the start.
    let text: String
    /// Where the sites are served.
    let siteAddresses: [SocketAddress]
    /// But those of listeners, of which a reload may have brought more.
    private var timersAtStart = 0
    private let eventLog: Int32
    /// Listeners of tests.
    var listenerCount: Int

    convenience init(seed: UInt64, _ settings: WorldSettings = WorldSettings()) throws {
        try self.init(on: SimulatedKernel(seed: seed), settings)
    }

    init(on kernel: SimulatedKernel, _ settings: WorldSettings) throws {
        self.kernel = kernel
        kernel.network.isTracing = settings.isTraced
        loop = Loop(kernel: kernel)
        var sandboxSettings = Sandbox.Settings(tokenLifetime: settings.tokenLifetime)
        sandboxSettings.isEncrypted = settings.isEncrypted
        sandbox = try Sandbox(loop: loop, settings: sandboxSettings)
        clients = SimulatedClients(on: loop)
        var siteDice = settings.broadSeed
        sites = ([.alone] + Site.several).map { BroadServer($0, siteDice.split()) }
        broadContentMax = settings.broadContentMax
        let termination = try TerminationSignal(on: loop)
        if let number = settings.failingCall { kernel.failingCall = kernel.failableCallCount + number }
        var addresses = [
            Service.accounts: sandbox.accounts.address, .connect: sandbox.connect.address, .bloquo: sandbox.bloquo.address,
        ]
        for (service, accepted) in settings.replaced.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            addresses[service] = try clients.listen(on: .loopback(port: 0), accepted: accepted)
        }
        let siteCount = settings.broad == nil ? 0 : settings.several == nil ? 1 : sites.count
        siteAddresses = try sites.prefix(siteCount).map { [clients] site in try clients.listen(on: .loopback(port: 0)) { site.accepted($0) } }
        let authorityFile = try settings.isEncrypted ? TemporaryFile(sandbox.certificateAuthorityPEM) : nil
        text = Self.configuration(settings, addresses, siteAddresses, authorityFile: authorityFile?.path)
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        eventLog = open(settings.log, O_WRONLY | O_APPEND | O_CLOEXEC)
        let demo = sandbox.credentials
        let secrets = FixedSecrets([
            "BLOQ_ID": demo.bloqClientID, "BLOQ_SECRET": demo.bloqClientSecret, "BLOQUO_CUSTOMER": demo.bloquoCustomerID,
            "BLOQUO_ID": demo.bloquoClientID, "BLOQUO_SECRET": demo.bloquoClientSecret, "vault": demo.bloqClientSecret,
            "FIXED": Site.fixedToken,
        ])
        let log = try Log(configuration.log, kernel: kernel, eventDescriptor: eventLog, isShared: settings.loops > 1)
        let first = try Server(
            configuration: configuration, secrets: secrets, loop: loop, log: log, descriptorsMax: settings.descriptorsMax,
            group: settings.loops > 1 ? LoopGroup(count: settings.loops) : nil)
        server = first
        servers = [first] + (try (1..<settings.loops).map { [loop, kernel] position in
            try Server(besides: first, position: position, loop: loop, log: Log(besides: log, kernel: kernel))
        })
        for server in servers {
            if let bufferBytes = settings.bufferBytes { server.pool = BufferPool(bufferBytes: bufferBytes) }
        }
        listenerCount = settings.replaced.count + siteCount
        try server.listen()
        for other in servers.dropFirst() { try other.listen(besides: server) }
        timersAtStart = loop.madeTimerCount(spareCount: 100) - server.listeners.count
        server.obtainTokens()
        termination.arrived = { [unowned server] in server.drain() }
        withExtendedLifetime(authorityFile) {}
    }

    deinit { close(eventLog) }

    /// The services that the proxy uses.
    enum Service: String {
        case accounts, connect, bloquo
    }

    private static func configuration(
        _ settings: WorldSettings, _ addresses: [Service: SocketAddress], _ sites: [SocketAddress], authorityFile: String?
    ) -> String {
        let scheme = settings.isEncrypted ? "https" : "http"
        let trust = authorityFile.map { ", \"tls\": { \"ca\": \"\($0)\" }" } ?? ""
        func more(_ members: String) -> String { members.isEmpty ? "" : ", \(members)" }
        func dial(_ service: Service, _ members: String) -> String {
            "\"connectTo\": \"\(settings.dialledHost):\(addresses[service]?.port ?? 0)\"\(trust)\(more(members))"
        }
        let broad = zip([.alone] + Site.several, sites).map { site, address in
            let (port, members) = site.name == Site.alone.name ? (Provider.broad.port, settings.broad) : (Provider.several.port, settings.several)
            return ",\n    " + site.route(port: Int(port), dialled: "\(settings.dialledHost):\(address.port ?? 0)", members ?? "")
        }.joined()
        let bloq = "{ \"type\": \"bloq\", \"clientId\": { \"env\": \"BLOQ_ID\" }, \"clientSecret\": \(settings.secret),"
            + " \"accounts\": \"\(scheme)://\(Sandbox.accountsHost)\", \(dial(.accounts, settings.credential)) }"
        return """
            {
              "routes": [
                { "name": "btc", "listen": "127.0.0.1:8080", "upstream": "\(scheme)://\(Sandbox.connectHost)",
                  "credential": "bloq", \(dial(.connect, settings.route)) },
                { "name": "bloquo", "listen": "127.0.0.1:8081", "upstream": "\(scheme)://\(Sandbox.bloquoHost)",
                  "credential": "bloquo", \(dial(.bloquo, settings.route)) }\(broad)
              ],
              "credentials": {
                "bloq": \(settings.bloq ?? bloq),\(settings.several == nil ? "" : "\n    \"fixed\": { \"type\": \"static\", \"token\": { \"env\": \"FIXED\" } },")
                "bloquo": { "type": "bloquo", "customerId": { "env": "BLOQUO_CUSTOMER" }, "clientId": { "env": "BLOQUO_ID" },
                  "clientSecret": { "env": "BLOQUO_SECRET" },
                  "api": "\(scheme)://\(Sandbox.bloquoHost)", \(dial(.bloquo, settings.credential)) }
              },
              "log": { "access": "\(settings.log)", "format": "json", "level": "debug" }\(more(settings.top))
            }
            """
    }
}

// MARK: reloads

extension World {
    /// Another configuration takes the place of the running one, as SIGHUP has it.
    func reload(_ text: String) throws {
        let configuration = try Configuration.load(Array(text.utf8), file: "proxy.json")
        try server.reload(server.running.renewal(to: configuration))
    }
}

// MARK: time

extension World {
    /// Runs until `isDone`, for at most `limit` of virtual time. Whether it is done.
    func run(_ limit: Duration = .seconds(60), until isDone: () -> Bool) -> Bool {
        kernel.run(loop, until: isDone, limit: limit)
    }

    /// Lets time pass.
    func pass(_ time: Duration) { _ = kernel.run(loop, until: { false }, limit: time) }

    /// Whether both credentials have a token.
    var hasTokens: Bool { server.credentials.allSatisfy { $0.cache.status(at: loop.now.sinceBeginning).isUsable } }
}

// MARK: sites

extension World {
    func server(of site: Site) -> BroadServer {
        guard let server = sites.first(where: { $0.site.name == site.name }) else { preconditionFailure("every site is served") }
        return server
    }

    /// Each upstream's end that was opened for the tunnel of this number, wherever that was.
    func tunnels(_ number: Int) -> [TunnelSide] { sites.flatMap { $0.tunnels[number] ?? [] } }
}

// MARK: requests

extension World {
    enum Provider: String {
        case btc, bloquo, broad, several

        var port: UInt16 {
            switch self {
            case .btc: 8080
            case .bloquo: 8081
            case .broad: 8082
            case .several: 8083
            }
        }
    }

    func connect(_ provider: Provider) throws -> SimulatedClient { try clients.connect(to: .loopback(port: provider.port)) }

    func converse(_ provider: Provider) throws -> Conversation { Conversation(try connect(provider)) }

    /// One request on a connection of its own, which is closed afterwards. Nil when there was no whole answer.
    func ask(_ provider: Provider, _ request: String, within limit: Duration = .seconds(120)) throws -> HTTPAnswer? {
        let conversation = try converse(provider)
        conversation.send(request)
        _ = run(limit) { conversation.ending != nil || !conversation.answers.isEmpty }
        conversation.client.close()
        return conversation.answers.first
    }

    func get(_ provider: Provider, _ target: String, within limit: Duration = .seconds(120)) throws -> HTTPAnswer? {
        try ask(provider, Self.get(target), within: limit)
    }

    func post(_ provider: Provider, _ target: String, _ content: String, within limit: Duration = .seconds(120)) throws -> HTTPAnswer? {
        try ask(provider, Self.post(target, content), within: limit)
    }

    static func get(_ target: String) -> String { "GET \(target) HTTP/1.1\r\nHost: localhost\r\n\r\n" }

    static func post(_ target: String, _ content: String) -> String {
        "POST \(target) HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(content.utf8.count)\r\n\r\n\(content)"
    }

    /// A GET of the provider's that every token opens.
    static func plainTarget(_ provider: Provider) -> String {
        switch provider {
        case .btc: "/api/v1/status"
        case .bloquo: "/api/v1/customers/me"
        case .broad, .several: "/content?count=5"
        }
    }

    /// An order that money or a transaction moves with, told from all others by its number.
    static func order(_ provider: Provider, _ number: Int) -> (target: String, content: String) {
        switch provider {
        case .btc: ("/api/v1/tx/send", "{\"rawtx\":\"\(hexadecimal(number))\"}")
        case .bloquo:
            (
                "/api/v1/orders/deposit/account/ac000000-0000-4000-8000-000000000001",
                "{\"amount\":\"0.00000001\",\"clientReference\":\"\(hexadecimal(number))\"}"
            )
        case .broad, .several: ("/order?number=\(number)", "an order")
        }
    }

    /// Eight digits.
    static func hexadecimal(_ number: Int) -> String {
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 8 - digits.utf8.count) + digits
    }

    /// How often the order of this number was carried out.
    func executions(_ provider: Provider, _ number: Int) -> Int {
        let wanted = Self.hexadecimal(number)
        switch provider {
        case .btc: return sandbox.publishedTransactions.count { $0.rawtx == wanted }
        case .bloquo: return sandbox.bloquoOrders.count { $0.clientReference == wanted }
        case .broad, .several: return sites.reduce(0) { $0 + ($1.orders[number] ?? 0) }
        }
    }
}

// MARK: what has to be left

extension World {
    /// Runs on in good weather until everything has come to rest, and tells what has not. To be called when the
    /// clients are gone.
    func leftovers(after limit: Duration = .seconds(400)) -> [String] {
        kernel.network.faults = .none
        kernel.network.faultsByService = [:]
        kernel.network.blackHoles = []
        // Three emulated services, the descriptor for signals, and what a test added.
        func restCount() -> Int { 4 + listenerCount + (server.isDraining ? 0 : server.listening.count * servers.count) }
        // A renewal may be under way at any one moment: so until there is none.
        _ = run(limit) { false }
        _ = run(.seconds(60)) {
            servers.allSatisfy { $0.upstreams.count == 0 && $0.downstreams.count == 0 } && kernel.openDescriptorCount == restCount()
        }
        // Each loop has a timer for each.
        let renewals = servers.reduce(0) { $0 + $1.credentials.count { $0.cache.nextDeadline != nil } }
        var found = kernel.faultsFound(descriptors: restCount(), loop: loop, timers: renewals)
        for server in servers { found += leftovers(of: server) }
        if let group = server.group { found += leftovers(of: group) }
        return found + leftovers(inMetricsOf: server)
    }

    /// Timers that were not given back, though they may not be armed. Where there are several loops, listeners come on each.
    func timersLeft() -> [String] {
        let count = loop.madeTimerCount(spareCount: 2000) - server.listeners.count
        return servers.count > 1 || count == timersAtStart ? [] : ["there are \(count) timers, and there were \(timersAtStart)"]
    }

    private func leftovers(of server: Server) -> [String] {
        var found: [String] = []
        func expectNone(_ count: Int, _ what: String) { if count != 0 { found.append("\(count) \(what)") } }
        expectNone(server.downstreams.count, "client connections")
        expectNone(server.upstreams.count, "upstream connections")
        expectNone(server.pool.lentCount, "buffers not given back")
        expectNone(server.replayBytes, "bytes charged for replays")
        expectNone(server.inspectedBytes, "bytes charged for inspections")
        for destination in server.destinations {
            expectNone(destination.openCount, "open connections counted for \(destination.text)")
            expectNone(destination.promisedCount, "promised connections of \(destination.text)")
            expectNone(destination.idle.count, "free connections of \(destination.text)")
            expectNone(destination.queueCount, "requests queued for \(destination.text)")
            expectNone(destination.resolving.count, "connections that wait for \(destination.text) to be looked up")
        }
        for credential in server.credentials {
            expectNone(credential.waiting.count, "requests that wait for credential \(credential.configuration.name)")
        }
        return found
    }

    /// What is counted in and out, over all loops, has to have come out as often.
    private func leftovers(inMetricsOf server: Server) -> [String] {
        // By bytes: as text this was a third of a seed's time.
        let gauges = [
            "bearerproxy_requests_in_flight", "bearerproxy_client_connections", "bearerproxy_upstream_connections", "bearerproxy_queue_length",
        ].map { Array($0.utf8) }
        let zero = Array(" 0".utf8)
        return server.renderMetrics().split(separator: UInt8(ascii: "\n")).filter { line in
            gauges.contains { line.starts(with: $0) && [UInt8(ascii: " "), UInt8(ascii: "{")].contains(line.dropFirst($0.count).first) }
                && !line.suffix(zero.count).elementsEqual(zero)
        }.map { "\(String(decoding: $0, as: UTF8.self)), in the metrics" }
    }

    /// Of what all loops share.
    private func leftovers(of group: LoopGroup) -> [String] {
        var found: [String] = []
        func expectNone(_ count: Int, _ what: String) { if count != 0 { found.append("\(count) \(what), over all loops") } }
        expectNone(group.replayBytes.value, "bytes charged for replays")
        expectNone(group.inspectedBytes.value, "bytes charged for inspections")
        expectNone(group.placesTaken.withLock(\.count), "users with places")
        expectNone(group.takenPlacesCount, "clients with a place")
        expectNone(group.refusedCount.value, "clients that are being refused")
        for (position, member) in group.members.enumerated() {
            expectNone(member.clientCount.value, "clients of loop \(position)")
            expectNone(member.socketCount.value, "sockets of loop \(position)")
        }
        for destination in server.destinations {
            guard let shared = destination.shared else { continue }
            expectNone(shared.takenCount, "places taken at \(destination.text)")
            expectNone(shared.waitingCount(besides: -1), "requests told of as waiting for \(destination.text)")
            if shared.isWanted { found.append("places are wanted at \(destination.text)") }
        }
        return found
    }
}
