import EventLoop
import Glibc
import Sandbox
import Simulation

@testable import Proxy

/// One run in the weather of one seed: customers come and go, connections break, tokens are revoked and expire.
final class Weather {
    private let world: World
    private var customers: [Customer] = []
    private var timeline: [(time: Duration, action: () -> Void)] = []
    private var dice: Seed
    /// What the proxy logs, in some of the runs.
    private let log: TemporaryFile?
    /// Whether no token that was fresh is refused at any time.
    private let isCalm: Bool
    /// Whether nothing fails at all: then every answer has to be the one that was asked for.
    private let isPeaceful: Bool
    /// Of the last errand.
    private var number = 0
    private var isDrained = false
    private var revocationCount = 0
    private var reloadCount = 0
    private var tokenCalls: TokenCallWatch
    private let tokenLifetime: Duration

    /// - Parameter reloads: whether the configuration changes while customers are there.
    init(seed: UInt64, isTraced: Bool = false, isEncrypted: Bool = false, loops: Int = 1, reloads: Bool = false) throws {
        dice = Seed(seed)
        var settings = WorldSettings()
        settings.isEncrypted = isEncrypted
        settings.isTraced = isTraced
        settings.loops = loops
        tokenLifetime = .seconds(dice.integer(in: 6...40))
        settings.tokenLifetime = tokenLifetime
        settings.bufferBytes = dice.chance(0.5) ? nil : dice.integer(in: 4...16) * 1024
        settings.dialledHost = dice.chance(0.5) ? "127.0.0.1" : "localhost"
        let replayBytesMax = dice.chance(0.5) ? 1 << 20 : dice.integer(in: 0...20_000)
        isPeaceful = dice.chance(0.3)
        let isRare = dice.chance(0.4)
        log = dice.chance(0.2) ? try TemporaryFile([]) : nil
        if let log { settings.log = log.path }
        isCalm = isPeaceful || isRare
        settings.route = isPeaceful ? "\"replayBody\": \(replayBytesMax)" : Self.routeSettings(replayBytesMax, from: &dice)
        settings.broadSeed = dice.split()
        let isRushed = dice.chance(0.35)
        Self.addBroad(replayBytesMax, isPeaceful: isPeaceful, isRushed: isRushed, to: &settings, from: &dice)
        world = try World(seed: dice.next(), settings)
        tokenCalls = TokenCallWatch(world.sandbox)
        let isMoody = !isPeaceful && dice.chance(0.7)
        let isSlow = dice.chance(isRushed ? 0.6 : 0.3)
        for site in world.sites {
            site.isMoody = isMoody
            site.isSlow = isSlow
            // The connections of a route that was replaced end with their requests, beside those of the new one.
            let route = world.server.routes.first { $0.configuration.name == site.site.name && !reloads }
            if let route { site.concurrencyMax = route.configuration.limits.concurrency }
        }
        if isPeaceful {
            world.kernel.network.faults = dice.chance(0.7) ? .rough : .none
        } else {
            world.kernel.network.faults = .random(from: &dice)
        }
        if dice.chance(0.3) {
            world.kernel.network.sendBufferBytes = 1000...20_000
            world.kernel.network.receiveBufferBytes = 1000...20_000
        }
        invite(replayBytesMax)
        if isRushed { planRush(replayBytesMax) }
        planIncidents()
        if reloads { planReloads(Seed(seed ^ 0x5EED)) }
    }

    /// Each part changes, or changes back, whatever the others do.
    private func planReloads(_ seed: Seed) {
        var dice = seed
        let changes = [
            (#""name": "btc","#, #""name": "btc", "cookies": true,"#), (#""name": "broad","#, #""name": "broad", "cookies": true,"#),
            (#""name": "inner","#, #""name": "inner", "cookies": true,"#),
            (#""127.0.0.1:"#, #""localhost:"#), (#""env": "BLOQ_ID" }"#, #""env": "BLOQ_ID" }, "authTimeout": "9s""#),
            (#""env": "BLOQUO_ID" }"#, #""env": "BLOQUO_ID" }, "authTimeout": "9s""#),
            // A listener that nobody comes to, and a route on one that is there.
            (#""routes": ["#, Self.routes(more: "extra", listen: "127.0.0.1:8085")), (#""routes": ["#, Self.routes(more: "part", listen: "127.0.0.1:8080")),
        ]
        let broken = (#""credential": "bloquo","#, #""credential": "nobody's","#)
        for _ in 0..<dice.integer(in: 3...10) {
            var text = world.text
            for (part, change) in changes where dice.chance(0.5) {
                guard part.hasSuffix("1:") else { text = text.replacing(part, with: change); continue }
                // Not what is listened on.
                text = text.replacing("\"connectTo\": \(part)", with: "\"connectTo\": \(change)")
            }
            let isBroken = dice.chance(0.2)
            if isBroken { text = text.replacing(broken.0, with: broken.1) }
            plan(at: dice.duration(in: .zero ... .seconds(22))) { [unowned self, text] in
                guard !world.server.isDraining else { return }
                reloadCount += 1
                do {
                    try world.reload(text)
                    precondition(!isBroken, "a configuration that cannot be used was taken")
                } catch {
                    precondition(isBroken, "a change that is meant to be possible: \(error)")
                }
            }
        }
    }

    private static func routes(more name: String, listen: String) -> String {
        #""routes": [ { "name": "\#(name)", "listen": "\#(listen)", "pathPrefix": "/\#(name)", "upstream": "http://127.0.0.1:1", "credential": "bloq" },"#
    }

    /// The route to a server that speaks all of HTTP, and limits that are met.
    private static func addBroad(_ replayBytesMax: Int, isPeaceful: Bool, isRushed: Bool, to settings: inout WorldSettings, from dice: inout Seed) {
        var members = [
            "\"replayBody\": \(replayBytesMax)", "\"decompress\": \(dice.chance(0.7))",
            "\"reauthenticateOn\": [{ \"status\": 401 }, { \"status\": 403, \"body\": \"jwt expired\" }]",
        ]
        if isPeaceful {
            // Whoever waits has his turn, for nobody keeps a connection for as long as this.
            if dice.chance(isRushed ? 0.8 : 0.4) {
                members.append("\"limits\": { \"concurrency\": \(dice.integer(in: 1...3)) }, \"timeouts\": { \"responseHead\": \"1000s\" }")
            }
        } else {
            var limits: [String] = []
            if isRushed, dice.chance(0.8) {
                limits.append("\"concurrency\": \(dice.integer(in: 1...3))")
            } else if dice.chance(0.5) {
                limits.append("\"concurrency\": \(dice.integer(in: 1...4)), \"queue\": \(dice.integer(in: 0...8))")
            }
            if dice.chance(0.3) {
                settings.broadContentMax = dice.integer(in: 1...60_000)
                limits.append("\"requestBody\": \(settings.broadContentMax)")
            }
            if !limits.isEmpty { members.append("\"limits\": { \(limits.joined(separator: ", ")) }") }
            if dice.chance(0.2) { settings.top = "\"limits\": { \"connections\": \(dice.integer(in: 1...6)) }" }
        }
        func joined(_ timeouts: String?) -> String { (members + (timeouts.map { [$0] } ?? [])).joined(separator: ", ") }
        settings.broad = joined(isPeaceful ? nil : timeouts(.seconds(1) ... .seconds(10), from: &dice))
        // Often shorter than a connection may take: what was made for a request may come when its client is at the next.
        settings.several = joined(isPeaceful ? nil : timeouts(.milliseconds(300) ... .seconds(2), chance: 0.8, from: &dice))
    }

    /// Nil: as in production.
    private static func timeouts(_ responseHead: ClosedRange<Duration>, chance: Double = 0.5, from dice: inout Seed) -> String? {
        guard dice.chance(chance) else { return nil }
        let milliseconds = Int(dice.duration(in: responseHead) / .milliseconds(1))
        return "\"timeouts\": { \"responseHead\": \"\(milliseconds)ms\", \"idle\": \"\(dice.integer(in: 1...10))s\" }"
    }

    private static func routeSettings(_ replayBytesMax: Int, from dice: inout Seed) -> String {
        var members = ["\"replayBody\": \(replayBytesMax)"]
        if dice.chance(0.5) {
            members.append("\"limits\": { \"concurrency\": \(dice.integer(in: 1...4)), \"queue\": \(dice.integer(in: 0...8)) }")
        }
        if let timeouts = timeouts(.seconds(1) ... .seconds(10), from: &dice) { members.append(timeouts) }
        return members.joined(separator: ", ")
    }

    private func invite(_ replayBytesMax: Int) {
        for _ in 0..<dice.integer(in: 2...9) {
            let provider: World.Provider = dice.chance(0.65) ? (dice.chance(0.6) ? .several : .broad) : dice.chance(0.5) ? .btc : .bloquo
            // One that only looks does so for long: what is asked again on another connection could be mistaken for another's.
            let looksOnly = provider == .several && dice.chance(0.6)
            let count = looksOnly ? dice.integer(in: 5...40) : dice.integer(in: 1...5)
            let sites = Array(Site.several.shuffled(using: &dice).prefix(dice.integer(in: 2...Site.several.count)))
            let errands = (1...count).map { place in
                number += 1
                let site: Site
                switch provider {
                case .btc, .bloquo: return Errand.random(provider, number: number, replayBytesMax: replayBytesMax, from: &dice)
                case .broad: site = .alone
                case .several: site = sites[dice.integer(in: 0...sites.count - 1)]
                }
                if looksOnly { return Errand.look(site, number, from: &dice) }
                return Errand.broad(to: site, number: number, isLast: place == count, replayBytesMax: replayBytesMax, from: &dice)
            }
            let customer = Customer(provider, errands: errands, isKind: isPeaceful, dice: &dice)
            expect(customer)
            if dice.chance(0.1) {
                let start = customer.arrival + dice.duration(in: .zero ... .seconds(1))
                plan(at: start) { customer.pauseReading() }
                plan(at: start + dice.duration(in: .zero ... .seconds(15))) { customer.goOnReading() }
            }
        }
    }

    private func expect(_ customer: Customer) {
        customers.append(customer)
        plan(at: customer.arrival) { [world] in customer.arrive(in: world) }
        if let patience = customer.patience { plan(at: customer.arrival + patience) { customer.leave() } }
    }

    /// Many come at one time for one upstream, and wait for its connections; or at the very beginning, for a token, which may take long.
    private func planRush(_ replayBytesMax: Int) {
        let isAtBeginning = dice.chance(0.4)
        let start = isAtBeginning ? Duration.zero : dice.duration(in: .zero ... .seconds(20))
        let provider: World.Provider = dice.chance(0.2) ? (dice.chance(0.5) ? .btc : .bloquo) : dice.chance(0.5) ? .broad : .several
        let site = provider == .broad ? Site.alone : Site.several[dice.integer(in: 0...Site.several.count - 1)]
        if isAtBeginning {
            let (accounts, bloquo) = (world.sandbox.accounts.address, world.sandbox.bloquo.address)
            for address in [accounts, bloquo] { world.kernel.network.delays[address] = dice.duration(in: .zero ... .milliseconds(600)) }
            plan(at: .seconds(10)) { [world] in world.kernel.network.delays = [:] }
        }
        for _ in 0..<dice.integer(in: 4...10) {
            let looksOnly = dice.chance(0.3)
            let count = dice.integer(in: 1...(looksOnly ? 6 : 3))
            let errands = (1...count).map { place in
                number += 1
                guard provider == .broad || provider == .several else {
                    return Errand.random(provider, number: number, replayBytesMax: replayBytesMax, from: &dice)
                }
                if looksOnly { return Errand.look(site, number, from: &dice) }
                return Errand.broad(to: site, number: number, isLast: place == count, replayBytesMax: replayBytesMax, from: &dice)
            }
            let arrival = start + dice.duration(in: .zero ... .milliseconds(300))
            expect(Customer(provider, errands: errands, isKind: isPeaceful, arrival: arrival, dice: &dice))
        }
    }

    private func planIncidents() {
        let sandbox = world.sandbox
        for _ in 0..<(isCalm ? dice.integer(in: 0...1) : dice.integer(in: 1...4)) {
            plan(at: dice.duration(in: .zero ... .seconds(22))) { [unowned self] in
                revocationCount += 1
                tokenCalls.noteRevocation(at: world.kernel.now)
                sandbox.revokeAllTokens()
                for site in world.sites { site.revokeAllTokens() }
            }
        }
        if dice.chance(0.1) { planDrain() }
        if isPeaceful { return }
        if dice.chance(0.3) {
            let (status, count) = ([429, 500, 503][dice.integer(in: 0...2)], dice.integer(in: 1...3))
            plan(at: dice.duration(in: .zero ... .seconds(22))) { sandbox.failTokenCalls(status: status, count: count) }
        }
        if dice.chance(0.2) {
            let service = [sandbox.accounts, sandbox.connect, sandbox.bloquo][dice.integer(in: 0...2)].address
            let start = dice.duration(in: .zero ... .seconds(20))
            plan(at: start) { [world] in world.kernel.network.blackHoles.insert(service) }
            plan(at: start + dice.duration(in: .zero ... .seconds(20))) { [world] in world.kernel.network.blackHoles = [] }
        }
        if dice.chance(0.8) { planSlowWay() }
    }

    private func planDrain() {
        plan(at: dice.duration(in: .seconds(5) ... .seconds(22))) { [unowned self] in
            isDrained = true
            world.kernel.raise(SIGTERM)
        }
    }

    /// For a while, many connections to the sites take long to come to be.
    private func planSlowWay() {
        var faults = world.kernel.network.faults
        faults.connectSlow = 0.7
        let start = dice.duration(in: .zero ... .seconds(15))
        let byService = Dictionary(uniqueKeysWithValues: world.siteAddresses.map { ($0, faults) })
        plan(at: start) { [world] in world.kernel.network.faultsByService = byService }
        plan(at: start + dice.duration(in: .seconds(5) ... .seconds(20))) { [world] in world.kernel.network.faultsByService = [:] }
    }

    private func plan(at time: Duration, _ action: @escaping () -> Void) { timeline.append((time, action)) }
}

// MARK: the run

extension Weather {
    /// Everything that went wrong.
    func run() throws -> [String] {
        for (time, action) in timeline.enumerated().sorted(by: { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }).map(\.element) {
            if time > world.kernel.now { _ = run(time - world.kernel.now) { false } }
            action()
        }
        // Each errand of one may wait for a place as long as a request may take.
        _ = run(.seconds(3000)) { customers.allSatisfy(\.isDone) }
        // What is on its way between the other ends arrives.
        _ = run(.seconds(3)) { false }
        let doubtful = world.sites.reduce(into: Set()) { $0.formUnion($1.doubtful) }
        var found = customers.flatMap { $0.faults(in: world, except: doubtful) } + world.sites.flatMap(\.faults)
        if isPeaceful { found += customers.flatMap { $0.tunnelDisappointments(world) } }
        found += customers.filter { !$0.isDone }.map { "a connection to \($0.provider) is open for ever" }
        found += doubles()
        if isCalm {
            // A token that was refused once is followed by one that is not.
            found += customers.flatMap(\.refusedReplayable).map { "\($0.requestID) was refused for its token" }
        }
        if isPeaceful { found += disappointments() }
        world.clients.closeConnections()
        for site in world.sites { (site.isMoody, site.isSlow) = (false, false) }
        if !isDrained { found += try recovery() }
        found += disclosures()
        return found + rest()
    }

    private func run(_ limit: Duration, until isDone: () -> Bool) -> Bool {
        world.run(limit) {
            tokenCalls.look(at: world.sandbox, now: world.kernel.now)
            return isDone()
        }
    }

    /// What did not go as it has to where nothing fails.
    private func disappointments() -> [String] {
        // Who drains takes nothing more, and finishes what is under way.
        let found = customers.flatMap { isDrained ? $0.dropped(in: world) : $0.disappointments }
        // One for each time that a token is taken back or the configuration changes, and for each that grows old: whoever is refused late finds that there is another.
        let most = 2 + revocationCount + reloadCount + Int(world.kernel.now / (tokenLifetime * 0.7))
        // With another configuration a credential may be another.
        let needless = reloadCount > 0 ? [] : tokenCalls.needless(lifetime: tokenLifetime)
        let counts = [world.sandbox.bloqTokenCalls.count, world.sandbox.bloquoTokenCalls.count]
        return found + needless + counts.filter { $0 > most }.map { "\($0) token calls, where \(most) are enough" }
    }

    /// In good weather everything works again, without anybody's help.
    private func recovery() throws -> [String] {
        world.kernel.network.faults = .none
        world.kernel.network.faultsByService = [:]
        world.kernel.network.blackHoles = []
        world.pass(.seconds(100))
        var found: [String] = []
        for provider in [World.Provider.btc, .bloquo, .broad] {
            let answer = try world.get(provider, World.plainTarget(provider))
            if answer?.status != 200 { found.append("\(provider) does not recover: \(answer?.text ?? "no answer")") }
        }
        for site in Site.several {
            let answer = try world.ask(.several, site.plainRequest)
            if answer?.status != 200 { found.append("\(site.name) does not recover: \(answer?.text ?? "no answer")") }
        }
        return found
    }

    private func rest() -> [String] {
        // What is looked at now is the proxy at rest, not a renewal each few seconds.
        world.sandbox.failTokenCalls(status: 503, count: 1000, retryAfter: 300)
        return world.leftovers(after: .seconds(250)) + world.timersLeft()
    }

    /// Orders that were carried out more than once.
    private func doubles() -> [String] {
        let all = world.sandbox.publishedTransactions.map(\.rawtx) + world.sandbox.bloquoOrders.map { $0.clientReference ?? "" }
        return Dictionary(grouping: all) { $0 }.filter { $1.count > 1 }.map { "order \($0) was carried out \($1.count) times" }
            + world.sites.reduce(into: [:]) { $0.merge($1.orders, uniquingKeysWith: +) }.filter { $1 > 1 }
            .map { "order \($0) of the sites was carried out \($1) times" }
    }

    /// Where a token was seen that only upstreams may see.
    private func disclosures() -> [String] {
        let lines = log?.text ?? ""
        return Set(world.sites.flatMap(\.tokens)).sorted().flatMap { token in
            customers.filter { $0.shows(token) }.map { _ in "a client saw a token" } + (lines.contains(token) ? ["the log shows a token"] : [])
        }
    }

    /// The last of what happened.
    var trace: String { world.kernel.traceEnd(200) }
}
