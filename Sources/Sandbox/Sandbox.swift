public import EventLoop
internal import TLS

/// Emulated Bloq Accounts, Bloq Connect (Bitcoin) and Bloquo, on a loop of the caller's: for trying, developing and
/// testing without an account or a network.
///
/// They have the real services' names, over TLS with certificates of an authority that is made at the start; what they
/// answer is made up, the same each time, and agrees with itself. To be used on the loop's thread.
///
/// What its methods tell and do can be had over HTTP too, on each service and without a token: `GET /_sandbox/state`,
/// `POST /_sandbox/revoke`, `POST /_sandbox/revoke-refresh`, `POST /_sandbox/fail?status=503&count=N[&retryAfter=S]`,
/// `POST /_sandbox/tx[?address=A]`, `POST /_sandbox/block` (see `Control`; events are described at `ConnectEvents`). With a token there are also `/_sandbox/echo`, `GET /_sandbox/bytes?count=N[&chunked=1]` and
/// `POST /_sandbox/length` (see `Probe`).
public final class Sandbox {
    public static let accountsHost = "accounts.bloq.cloud"
    public static let connectHost = "btc.connect.bloq.cloud"
    public static let bloquoHost = "staging-api.bloquo.io"

    /// What clients have to trust.
    public let certificateAuthorityPEM: [UInt8]
    /// What the services accept.
    public let credentials = DemoCredentials()

    private let accountsService: Accounts
    private let connectService: Connect
    private let bloquoService: Bloquo
    private let issuer: TokenIssuer
    private let failures = TokenFailures()
    private var portals: [Portal] = []
    private var servers: [HTTPServer] = []
    private var control: Control!
    private var chaos: Chaos?

    /// Begins to listen; answers come as the loop turns.
    public init(loop: Loop, settings: Settings = Settings()) throws(SandboxError) {
        guard settings.portBase <= 65_533 else { throw .portBase(settings.portBase) }
        let authority: Authority
        do throws(TLSError) {
            authority = try Authority(commonName: "bearerproxy sandbox")
            certificateAuthorityPEM = authority.certificatePEM
            issuer = try TokenIssuer(settings: settings, kernel: loop.kernel)
        } catch {
            throw .certificates(error)
        }
        accountsService = Accounts(issuer: issuer, credentials: credentials, failures: failures)
        connectService = Connect(issuer: issuer, loop: loop, settings: settings)
        bloquoService = Bloquo(
            settings: settings, credentials: credentials, failures: failures, kernel: loop.kernel)
        control = Control(
            failures: failures, state: { [unowned self] in state },
            revokeAccess: { [unowned self] in revokeAllTokens() },
            revokeRefresh: { [unowned self] in revokeRefreshTokens() },
            events: connectService.events)
        if settings.chaosPercent > 0 {
            chaos = Chaos(loop: loop, percent: settings.chaosPercent, seed: settings.chaosSeed) { [unowned self] in revokeAllTokens() }
        }
        do throws(SandboxError) {
            try serve(accountsService, Self.accountsHost, 0, loop, settings, authority)
            try serve(connectService, Self.connectHost, 1, loop, settings, authority)
            try serve(bloquoService, Self.bloquoHost, 2, loop, settings, authority)
        } catch {
            close()
            throw error
        }
    }

    /// Ends all connections and stops listening. The loop stays the caller's.
    public func close() {
        connectService.events.close()
        for server in servers { server.close() }
    }

    private func serve(
        _ service: any Service, _ host: String, _ index: UInt16, _ loop: Loop, _ settings: Settings,
        _ authority: Authority
    ) throws(SandboxError) {
        let encryption = try Self.encryption(host, settings, authority)
        let portal = Portal(service, control: control, chaos: chaos)
        let port = settings.portBase == 0 ? 0 : settings.portBase + index
        do throws(SystemError) {
            servers.append(
                try HTTPServer(loop: loop, address: .loopback(port: port), encryption: encryption, service: portal))
        } catch {
            throw .listen(service: host, cause: error)
        }
        portals.append(portal)
    }

    private static func encryption(
        _ host: String, _ settings: Settings, _ authority: Authority
    ) throws(SandboxError) -> TLSContext? {
        guard settings.isEncrypted else { return nil }
        do throws(TLSError) {
            let issued = try authority.issue(names: [host, "localhost", "127.0.0.1"])
            return try TLSContext.server(
                certificateChainPEM: issued.certificateChainPEM, privateKeyPEM: issued.privateKeyPEM)
        } catch {
            throw .certificates(error)
        }
    }
}

// MARK: where, and what happened

extension Sandbox {
    public var accounts: EmulatedService { EmulatedService(host: Self.accountsHost, address: servers[0].address) }
    public var connect: EmulatedService { EmulatedService(host: Self.connectHost, address: servers[1].address) }
    public var bloquo: EmulatedService { EmulatedService(host: Self.bloquoHost, address: servers[2].address) }

    /// Calls of Bloq's token endpoints.
    public var bloqTokenCalls: TokenCalls { accountsService.calls }
    /// Calls of Bloquo's token endpoint.
    public var bloquoTokenCalls: TokenCalls { bloquoService.calls }
    /// Token calls of both providers, refreshes included.
    public var tokenCallCount: Int { bloqTokenCalls.count + bloquoTokenCalls.count }

    public var accountsRequests: RequestCounts { portals[0].counts }
    public var connectRequests: RequestCounts { portals[1].counts }
    public var bloquoRequests: RequestCounts { portals[2].counts }

    /// Transactions that were sent to Connect, in order.
    public var publishedTransactions: [PublishedTransaction] { connectService.ledger.entries }
    /// Orders and trades that Bloquo carried out, in order.
    public var bloquoOrders: [BloquoOrder] { bloquoService.book.ledger.entries }
}

// MARK: faults

extension Sandbox {
    /// From now on every access token issued so far is refused with 401, Bloq's and Bloquo's; sessions of events that began
    /// with one of them end.
    public func revokeAllTokens() {
        issuer.revokeAccess()
        bloquoService.tokens.revokeAll()
        connectService.events.checkTokens()
    }

    /// From now on every refresh token issued so far is refused with 401.
    public func revokeRefreshTokens() { issuer.revokeRefresh() }

    /// The next `count` token calls, of any service, are answered with this status.
    /// - Parameter retryAfter: seconds, for the answers' `Retry-After`.
    public func failTokenCalls(status: Int, count: Int, retryAfter: Int? = nil) {
        failures.order(status: status, count: count, retryAfter: retryAfter)
    }

    private var state: JSONDocument {
        [
            "tokenCallCount": .int(tokenCallCount),
            "accounts": .object(members(portals[0]) + [("tokenCalls", bloqTokenCalls.document)]),
            "connect": .object(
                members(portals[1]) + [
                    ("transactions", .array(publishedTransactions.map(\.document))), ("sessions", sessions),
                ]),
            "bloquo": .object(
                members(portals[2]) + [
                    ("tokenCalls", bloquoTokenCalls.document), ("orders", .array(bloquoOrders.map(\.document))),
                ]),
            "chaos": .object(Chaos.Fault.allCases.map { ($0.rawValue, .int(chaos?.counts[$0] ?? 0)) }),
        ]
    }

    private var sessions: JSONDocument {
        let counts = connectService.events.sessionCounts
        return ["open": .int(counts.open), "opened": .int(counts.opened)]
    }

    private func members(_ portal: Portal) -> [(String, JSONDocument)] {
        [("requests", .int(portal.counts.requests)), ("refused", .int(portal.counts.refused))]
    }
}
