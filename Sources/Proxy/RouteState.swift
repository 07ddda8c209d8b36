internal import Credentials
internal import EventLoop
internal import TLS
internal import Wire

/// A route at work: its configuration, what it injects, and its connections.
final class RouteState {
    let index: Int
    let configuration: Route
    let timeouts: RouteTimeouts
    let destination: Destination
    let credential: CredentialState
    /// What this loop counts of its requests.
    let counters: Counters
    /// What encrypts its listener's connections, if anything does.
    let listenContext: TLSContext?
    /// What a client's fields never include when they go upstream.
    let requestFilter: FieldFilter
    /// The same for a request that asks for gzip in its client's place.
    let gzipRequestFilter: FieldFilter
    let responseFilter = FieldFilter(removing: ["X-Request-Id"])
    /// What trailers never include, on their way up and on their way down.
    let requestTrailerFilter: FieldFilter
    let responseTrailerFilter = FieldFilter(removing: TrailerSection.forbiddenNames)
    /// The same two where gzip is inflated.
    let inflatedResponseFilter = FieldFilter(removing: ["X-Request-Id"] + RouteState.namesOfCodedContent)
    let inflatedTrailerFilter = FieldFilter(removing: TrailerSection.forbiddenNames + RouteState.namesOfCodedContent + ["ETag"])
    /// Where the client finds what the upstream names.
    let addressMap: AddressMap
    /// Bit n for the status 400 + n, if an answer with it may say that the token was refused.
    private let refusalStatuses: UInt128
    /// `Host`, as it stands in every request.
    private let ownFields: [UInt8]
    /// Whether a target goes upstream as it stands, if it is one in origin-form.
    let keepsTarget: Bool
    let host: [UInt8]?
    /// Nil: everybody.
    let users: AllowedUsers?
    /// How often it takes a request, over all loops; nil: as often as one comes.
    let rate: RequestRate?
    let allowedHosts: HostList
    let allowedOrigins: [[UInt8]]
    /// As it stands in an authority: an IPv6 address has its brackets.
    let upstreamHost: [UInt8]
    let basePath: [UInt8]
    /// What it lets through by method, path and field; nil for all.
    let policy: Policy?
    /// Whether some requests are refused by method, path or field.
    let hasRules: Bool
    /// Whether a dot segment in a path could lead out of what the route is meant for.
    let confinesPath: Bool
    @exclusivity(unchecked) private var injected = Secret([])
    @exclusivity(unchecked) private var injectedGeneration: UInt64 = 0
    /// What stands in front of a Socket.IO request's query.
    @exclusivity(unchecked) private var tokenParameter = Secret([])
    @exclusivity(unchecked) private var search: SecretSearch?

    init(
        index: Int, configuration: Route, destination: Destination, credential: CredentialState, users: AllowedUsers? = nil,
        listenContext: TLSContext? = nil, rate: RequestRate? = nil, counters: Counters = .unread
    ) {
        self.counters = counters
        self.users = users
        self.rate = rate
        self.index = index
        self.configuration = configuration
        timeouts = RouteTimeouts(configuration.timeouts)
        self.destination = destination
        self.credential = credential
        self.listenContext = listenContext
        policy = Policy(configuration, credential: credential.configuration.type)
        let owned = ["Host", "Authorization", "Proxy-Authorization", "X-Request-Id", "Expect"]
            + (configuration.cookies ? [] : ["Cookie", "Cookie2"]) + (configuration.allow.requiredField.map { [$0.name] } ?? [])
        requestFilter = FieldFilter(removing: owned + configuration.inject.map(\.name))
        requestTrailerFilter = FieldFilter(removing: TrailerSection.forbiddenNames + owned + configuration.inject.map(\.name))
        gzipRequestFilter = FieldFilter(removing: owned + configuration.inject.map(\.name) + ["Accept-Encoding"])
        refusalStatuses = configuration.reauthenticateOn.reduce(0) { $0 | 1 << UInt128($1.status - 400) }
        ownFields = Array("Host: \(configuration.upstream.authority)\r\n".utf8)
        host = configuration.host.map { Array($0.lowercased().utf8) }
        allowedHosts = HostList(configuration.allow.hosts)
        allowedOrigins = configuration.allow.origins.map { Array($0.lowercased().utf8) }
        let upstreamHost = configuration.upstream.host.lowercased()
        self.upstreamHost = Array((upstreamHost.contains(":") ? "[\(upstreamHost)]" : upstreamHost).utf8)
        basePath = Array(configuration.upstream.basePath.utf8)
        keepsTarget = basePath.isEmpty && !configuration.stripPrefix && !configuration.socketIOToken
        addressMap = Self.addressMap(configuration, host: String(decoding: self.upstreamHost, as: UTF8.self))
        confinesPath = configuration.pathPrefix != [UInt8(ascii: "/")] || !basePath.isEmpty
        hasRules = policy != nil || confinesPath
    }

    private static func addressMap(_ configuration: Route, host: String) -> AddressMap {
        var prefix: [UInt8] = configuration.stripPrefix ? configuration.pathPrefix : []
        while prefix.last == UInt8(ascii: "/") { prefix.removeLast() }
        return AddressMap(
            isSecure: configuration.upstream.scheme == .https, host: host, port: configuration.upstream.port,
            isName: SocketAddress(numeric: configuration.upstream.host, port: 0) == nil, basePath: configuration.upstream.basePath,
            prefix: String(decoding: prefix, as: UTF8.self), hidden: configuration.socketIOToken ? QueryFilter(removing: "token") : nil,
            isClientSecure: configuration.listenTLS != nil)
    }

    /// Whether some answer with this status says that the token was refused.
    func mayRefuse(with status: Int) -> Bool {
        (400...499).contains(status) && refusalStatuses >> UInt128(truncatingIfNeeded: status - 400) & 1 != 0
    }

    /// What speaks of the bytes that the upstream sent, and is wrong of any others.
    private static let namesOfCodedContent = [
        "Content-Encoding", "Accept-Ranges", "Content-MD5", "Digest", "Content-Digest", "Repr-Digest",
    ]

    /// The lines of every request: Host, then those that are injected, with the token of `generation`, which the credential has to
    /// have at this moment, and then the beginning of X-Request-Id. They are rendered once for each token, not for each request.
    func injectedFields(generation: UInt64) -> Secret {
        if generation != injectedGeneration { render(generation) }
        return injected
    }

    /// A request with this generation was not refused.
    func accepted(generation: UInt64, status: Int) { credential.accepted(generation: generation, route: index, status: status) }

    /// The parameter `token` of `generation`, for the query of a Socket.IO request; likewise.
    func tokenParameter(generation: UInt64) -> Secret {
        if generation != injectedGeneration { render(generation) }
        return tokenParameter
    }

    /// Finds the token of `generation` in answers; nil if it is too short for that. Likewise.
    func search(generation: UInt64) -> SecretSearch? {
        if generation != injectedGeneration { render(generation) }
        return search
    }

    private func render(_ generation: UInt64) {
        precondition(credential.cache.tokenGeneration == generation, "a token was rendered as another generation than its own")
        injected = Injector.render(configuration.inject, credential: credential, behind: ownFields, before: "X-Request-Id: ")
        if configuration.socketIOToken {
            guard let parameter = credential.cache.queryParameter("token") else {
                preconditionFailure("a parameter was rendered without its token")
            }
            tokenParameter = parameter
        }
        search = credential.search(generation: generation)
        injectedGeneration = generation
    }
}
