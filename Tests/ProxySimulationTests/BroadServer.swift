import Simulation

/// An upstream that speaks all of HTTP that passes through the proxy: content in each framing, gzip, trailers, interim
/// and early answers, refusals of several kinds, redirects, cookies and tunnels. What it did is kept, to be held against what clients got.
final class BroadServer {
    /// What it said last to one request.
    struct Told {
        /// As it was sent, coded.
        var content: [UInt8] = []
        var trailers: [String] = []
        /// It breaks off, or is no whole gzip: nobody may take it for a whole answer.
        var isSpoiled = false
        /// It was answered before its end had come.
        var isEarly = false
        /// Whether it had Location and Set-Cookie.
        var namesItself = false
    }

    let site: Site
    /// Whether it fails now and then.
    var isMoody = false
    /// Whether it takes its time.
    var isSlow = false
    /// How many requests it may have under way at one time, where its route says so.
    var concurrencyMax = Int.max
    var dice: Seed
    /// How often each order was carried out.
    private(set) var orders: [Int: Int] = [:]
    /// Tokens that have been seen.
    private(set) var tokens: Set<String> = []
    private var revoked: Set<String> = []
    /// What no proxy may send.
    private(set) var faults: [String] = []
    var told: [String: Told] = [:]
    /// Requests that came on a connection on which something was under way that no request had asked for: nobody could tell it from
    /// the answer.
    var doubtful: Set<String> = []
    private var connections: [BroadConnection] = []
    /// Each end of its own that was opened for the tunnel of this number.
    var tunnels: [Int: [TunnelSide]] = [:]

    init(_ site: Site = .alone, _ dice: Seed) {
        self.site = site
        self.dice = dice
    }

    func accepted(_ client: SimulatedClient) {
        if isMoody, dice.chance(0.02) { return client.close() }
        let connection = BroadConnection(client, of: self)
        connections.append(connection)
        client.whenReceived = { _ in connection.receive() }
        client.whenEnded = { [unowned self] _ in
            connections.removeAll { $0 === connection }
            connection.ended()
        }
    }

    /// A request has come.
    func countUnderWay() {
        let count = connections.count { $0.isUnderWay }
        if count > concurrencyMax { fault("\(count) requests at one time, where \(concurrencyMax) are allowed") }
    }

    /// Takes back every token that it knows, and for which there can be another.
    func revokeAllTokens() { revoked.formUnion(tokens.subtracting([Site.fixedToken])) }

    /// Whether the request's token is one that was taken back.
    func isRefused(_ request: BroadRequest) -> Bool {
        let token = String((request.value("authorization") ?? "").dropFirst(7))
        tokens.insert(token)
        return revoked.contains(token)
    }

    func carryOut(_ order: Int) { orders[order, default: 0] += 1 }

    func fault(_ what: String) { faults.append("the upstream got \(what)") }
}
