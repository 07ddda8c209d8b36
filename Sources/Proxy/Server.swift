public import EventLoop
internal import Credentials
internal import TLS
internal import Wire

/// The proxy on one event loop: accepts requests, attaches tokens, forwards, and brings the answers back.
///
/// What a request touches is marked `@exclusivity(unchecked)`: one thread uses it, no access to it spans a call that comes
/// back to it, and the checks at run time cost a seventh of all instructions of a request.
///
/// Its connections are structs in slabs. The files `Server+….swift` have one stage of a request each, in this order:
/// Listening, Downstream, DownstreamTLS, Closing, Exchange, Users, Inspection, Tokens, Connecting, Dialling, Egress, Pool, UpstreamBytes, Announcement,
/// RequestBody, Response, Refusal, Rewriting, Inflating, Hiding, Tunnel, Ending. Secrets and TokenFile are for the credentials, Opening and Reload for the
/// configuration, Metrics for those who look on.
public final class Server: EventHandler {
    let loop: Loop
    let kernel: any Kernel
    let log: Log
    let transport: KernelTransport
    /// The one in force, and its parts as a reload has to know them; those of the first loop.
    @exclusivity(unchecked) var configuration: Configuration
    var runningRoutes: [RunningPart] = []
    var runningCredentials: [RunningPart] = []
    var egressFiles: [FileSignature?] = []
    let secrets: SharedSecrets
    /// The loops that this one shares its work with, if there are any, and which of them it is.
    let group: LoopGroup?
    let position: Int
    /// Where tokens are kept for the next process, if anywhere.
    private(set) var tokenFile: TokenFile?
    /// That of the first configuration, and what descriptors are for now.
    let firstBudget: DescriptorBudget
    @exclusivity(unchecked) var budget: DescriptorBudget
    /// Of all loops.
    let metrics: Metrics
    /// What is counted of this loop, and of requests that no route was found for.
    let figures: Counters
    /// What tells of the process; nil unless it was asked for.
    var process: ProcessFigures?
    var version = ""
    var commit: String?
    let unroutedCounters: Counters
    let timeScale = TimeScale.standard
    /// Who wants to know what becomes of upstream connections, if anybody does.
    var witness: ConnectionWitness?
    /// Clients that are served at one time: as many as are configured, or as there are descriptors for.
    var clientsMax: Int { budget.clientsMax }
    let exchanges = ExchangePool()
    let downstreams: Slab<Downstream>
    let upstreams = Slab<Upstream>(capacity: Limits.upstreamsMax)
    var handlerID: HandlerID!
    @exclusivity(unchecked) var now: Instant
    @exclusivity(unchecked) var pool = BufferPool()

    @exclusivity(unchecked) var listeners: [Listener] = []
    var destinations = Slots<Destination>()
    @exclusivity(unchecked) var credentials = Slots<CredentialState>()
    @exclusivity(unchecked) var routes = Slots<RouteState>()
    /// Those that another configuration has replaced, and that may be in use.
    var retiredRoutes: [Int] = []
    var retiredCredentials: [Int] = []
    var sweepTimer = TimerID.none
    /// Those that other loops have not taken over yet. On the first loop.
    var reloads: [(hasChanges: Bool, done: () -> Void)] = []
    /// Whether what was read last is in force, and since when (from 1970-01-01 UTC) what is in force is. On the first loop.
    var lastReload = (isSuccessful: true, success: Duration.zero)

    // Heads are parsed one at a time, in storage that is used again and again.
    @exclusivity(unchecked) var requestHead = RequestHead()
    @exclusivity(unchecked) var responseHead = ResponseHead()
    /// The exchange whose kept head is in `requestHead`.
    @exclusivity(unchecked) var parsedExchange: UInt64 = 0

    @exclusivity(unchecked) var lastExchange: UInt64 = 0
    @exclusivity(unchecked) var requestIDs: SplitMix64
    /// Memory that all requests together hold for their replays, beyond their buffers.
    @exclusivity(unchecked) var replayBytes = 0
    /// What of it is held for contents that are looked into.
    @exclusivity(unchecked) var inspectedBytes = 0
    /// Transfers that had their share of this turn, and go on in the next.
    @exclusivity(unchecked) var resuming: [Handle<Downstream>] = []
    /// More connections wait to be accepted than one turn takes.
    @exclusivity(unchecked) var hasUnaccepted = false
    /// A client has become idle since it was last found that none is.
    @exclusivity(unchecked) var mayHaveIdleClients = false
    /// Where among the clients those are looked for next that may give their places up.
    var idleCursor: UInt32 = 0
    /// Clients that are one too many, and are being told so.
    @exclusivity(unchecked) var refusedCount = 0
    /// Clients that have a place, by their user; only where each has so many at most.
    @exclusivity(unchecked) var placesTaken: [ClientUser: Int] = [:]
    /// TLS handshakes of clients that are under way, the oldest first.
    @exclusivity(unchecked) var handshakes: [(downstream: Handle<Downstream>, begin: Instant)] = []
    /// Clients whose TLS failed and that were not told of, and from when on the next is.
    var untoldTLSFaults = 0
    var nextTLSFaultLine = Instant.zero
    /// Sockets of connections that are being made to several addresses at one time, beyond one for each.
    @exclusivity(unchecked) var rivalCount = 0
    /// Connections that wait for a descriptor.
    @exclusivity(unchecked) var descriptorlessCount = 0
    @exclusivity(unchecked) var endedDownstreams: [Handle<Downstream>] = []
    @exclusivity(unchecked) var endedUpstreams: [Handle<Upstream>] = []
    /// Pooled connections that have given memory back, which the process holds still.
    @exclusivity(unchecked) var restedUpstreamsCount = 0
    /// What went wrong of late; nil where nobody can ask for it.
    var faults: FaultLog?
    /// Where the proxy tells about itself, on the first loop.
    var admin: AdminServer?
    var drainTimer = TimerID.none
    /// Until then a proxy that drains listens, at most.
    var listenEnd = Instant.zero
    /// Nothing new is accepted, and the loop stops when what is under way has ended.
    @exclusivity(unchecked) public internal(set) var isDraining = false
    /// What was under way has been cut off: only the last answers are on their way.
    @exclusivity(unchecked) var isCutOff = false

    /// Prepares everything that can fail before a socket is opened: secrets, certificates.
    ///
    /// - Parameters:
    ///   - descriptorsMax: how many descriptors the process may have. Each client may need two, and the rest of the
    ///     process some: so many clients are served, and no more.
    ///   - group: where there are several loops, of which this is the first.
    /// - Throws: `StartError.configuration` with all that is missing or unusable.
    public convenience init(
        configuration: Configuration, secrets: any SecretReading, loop: Loop, log: Log, descriptorsMax: Int = .max, group: LoopGroup? = nil
    ) throws(StartError) {
        let loopCount = group?.members.count ?? 1
        let budget = DescriptorBudget(
            descriptorsMax: descriptorsMax, listenersMax: DescriptorBudget.listenersMax(configuration, loopCount: loopCount),
            clientsMax: configuration.connectionsMax)
        self.init(
            configuration, SharedSecrets(secrets), budget, group.map { Membership(group: $0, position: 0) }, Metrics(), loop, log)
        try prepare()
    }

    /// One more loop's.
    convenience init(_ first: Server, _ membership: Membership, _ loop: Loop, _ log: Log) throws(StartError) {
        self.init(first.configuration, first.secrets, first.budget, membership, first.metrics, loop, log)
        tokenFile = first.tokenFile
        try prepare(besides: first)
    }

    private init(
        _ configuration: Configuration, _ secrets: SharedSecrets, _ budget: DescriptorBudget, _ membership: Membership?, _ metrics: Metrics,
        _ loop: Loop, _ log: Log
    ) {
        firstBudget = budget
        self.budget = budget
        downstreams = Slab(capacity: budget.clientsMax + budget.refusalsMax)
        self.configuration = configuration
        self.secrets = secrets
        group = membership?.group
        position = membership?.position ?? 0
        self.metrics = metrics
        figures = metrics.counters(of: .loop, loop: position)
        unroutedCounters = metrics.counters(of: .route(nil), loop: position)
        self.loop = loop
        self.log = log
        kernel = loop.kernel
        now = loop.now
        transport = KernelTransport(kernel: loop.kernel)
        faults = configuration.admin == nil ? nil : FaultLog()
        requestIDs = SplitMix64(seed: Self.seed(from: loop.kernel))
        handlerID = loop.add(self)
        drainTimer = loop.makeTimer(for: handlerID, token: EventToken(.drain, index: 0).rawValue)
        sweepTimer = loop.makeTimer(for: handlerID, token: EventToken(.drain, index: 1).rawValue)
    }

    private func prepare() throws(StartError) {
        var preparation = Preparation(configuration: configuration, secrets: secrets)
        preparation.prepareEgress()
        for index in configuration.credentials.indices {
            guard let prepared = preparation.credential(index, destinationIndex: destinations.nextIndex) else { continue }
            let cache = TokenCache(
                grant: prepared.grant.grant, rotation: configuration.credentials[index].rotation, seed: requestIDs.next(), limits: prepared.limits)
            if let destination = prepared.destination { destinations.append(destination) }
            append(configuration.credentials[index], prepared.destination, SharedCredential(cache: cache, grant: prepared.grant))
        }
        prepareRoutes(&preparation)
        preparation.checkAccessLog()
        var findings = preparation.findings
        do throws(TokenFileError) {
            tokenFile = try configuration.tokenCache.map { settings throws(TokenFileError) in try TokenFile(settings) }
        } catch {
            findings.append(error.finding)
        }
        for warning in configuration.warnings + Preparation.warnings(configuration) { log.event(.warning, warning.description) }
        tellWarnings()
        guard findings.isEmpty else { throw .configuration(findings) }
        noteRunning()
        tellEgress()
        if let tokenFile { restoreTokens(from: tokenFile) }
    }

    /// The same, but that the credentials are there, with their secrets, and that everything has been told.
    private func prepare(besides first: Server) throws(StartError) {
        var preparation = Preparation(configuration: configuration, secrets: secrets)
        preparation.prepareEgress()
        for credential in first.credentials {
            guard let way = preparation.way(of: credential.configuration, destinationIndex: destinations.nextIndex) else { continue }
            if let destination = way.destination { destinations.append(destination) }
            append(credential.configuration, way.destination, credential.shared)
        }
        guard preparation.findings.isEmpty else { throw .configuration(preparation.findings) }
        prepareRoutes(&preparation, besides: first)
        guard preparation.findings.isEmpty else { throw .configuration(preparation.findings) }
    }

    /// One more; its destination is there already.
    func append(_ credential: Credential, _ destination: Destination?, _ shared: SharedCredential) {
        let index = credentials.nextIndex
        destination?.counters = metrics.counters(of: .tokenEndpoint(credential: credential.name), loop: position)
        let timer = loop.makeTimer(for: handlerID, token: EventToken(.credential, index: index).rawValue)
        credentials.append(
            CredentialState(
                index: index, configuration: credential, destination: destination, timer: timer, shared: shared,
                counters: metrics.counters(of: .credential(credential.name), loop: position)))
    }

    private func prepareRoutes(_ preparation: inout Preparation, besides first: Server? = nil) {
        for (index, route) in configuration.routes.enumerated() {
            let places = group?.places(of: destinations.nextIndex, max: route.limits.concurrency, queueMax: route.limits.queue)
            guard let destination = preparation.destination(of: route, index: destinations.nextIndex, shared: places) else { continue }
            destination.counters = metrics.counters(of: .upstream(route: route.name), loop: position)
            destinations.append(destination)
            let users = preparation.users(of: route)
            preparation.checkSocket(of: route)
            var listenContext: TLSContext?
            if let settings = route.listenTLS { listenContext = preparation.listenContext(settings, sharing: first?.routes[index].listenContext) }
            guard preparation.findings.isEmpty else { continue }
            let rate = route.limits.requestsPerSecond.map { group?.rate(ofRoute: index, perSecond: $0) ?? RequestRate(perSecond: $0) }
            routes.append(
                RouteState(
                    index: index, configuration: route, destination: destination, credential: credentials[route.credential],
                    users: users, listenContext: listenContext, rate: rate,
                    counters: metrics.counters(of: .route(route.name), loop: position)))
        }
    }

    private func tellEgress() {
        let throughEgress = destinations.filter { $0.egress != nil }
        guard let egress = throughEgress.first?.egress else { return }
        var names: [String] = []
        for destination in throughEgress where !names.contains(destination.text) { names.append(destination.text) }
        log.event(.info, "egress proxy \(egress.text) (\(egress.setting)) leads to \(names.joined(separator: ", "))")
    }

    static func seed(from kernel: any Kernel) -> UInt64 {
        var seed: UInt64 = 0
        withUnsafeMutableBytes(of: &seed) { kernel.fillEntropy($0) }
        return seed
    }
}

extension Server {
    /// The route of a client's request, for a call. No reference to it is counted, for the server has it all the time: a request would
    /// count a dozen, each of which costs as much as twenty other instructions.
    @inline(__always)
    func withRoute<Result>(of downstream: Handle<Downstream>, _ body: (RouteState) -> Result) -> Result {
        Unmanaged.passUnretained(routes[downstreams[downstream].exchange.route])._withUnsafeGuaranteedRef(body)
    }
}

// MARK: events

extension Server {
    /// Of upstream connections only: a request must not be given to one on which something has come unasked, or which has ended.
    public func note(_ token: UInt64, _ readiness: Readiness) {
        let event = EventToken(rawValue: token)
        guard event.kind == .upstream, let upstream = upstreams.living(index: event.index, generation: event.generation) else { return }
        guard event.place == upstreams[upstream].place else {
            upstreams[upstream].race?.attempt(at: event.place)?.readiness.formUnion(readiness)
            return
        }
        noteReadiness(upstream, readiness)
    }

    public func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        self.now = now
        let event = EventToken(rawValue: token)
        switch event.kind {
        case .downstream:
            guard let downstream = downstreams.living(index: event.index, generation: event.generation) else { return }
            downstreamReady(downstream, readiness)
        case .upstream:
            guard let upstream = upstreams.living(index: event.index, generation: event.generation) else { return }
            guard event.place == upstreams[upstream].place else {
                attemptReady(upstream, place: event.place)
                return
            }
            upstreamReady(upstream, readiness)
        case .listener: accept(on: Int(event.index))
        case .resolution: if let destination = destinations.living(Int(event.index)) { resolved(destination, token: token) }
        case .command: if let credential = credentials.living(Int(event.index)) { commandFinished(credential, position: Int(event.generation), token: token) }
        case .mail: readMail()
        case .credential, .drain: break
        }
    }

    public func timerFired(_ token: UInt64, now: Instant) {
        self.now = now
        let event = EventToken(rawValue: token)
        switch event.kind {
        case .downstream:
            guard let downstream = downstreams.living(index: event.index, generation: event.generation) else { return }
            downstreamTimerFired(downstream)
        case .upstream:
            guard let upstream = upstreams.living(index: event.index, generation: event.generation) else { return }
            upstreamTimerFired(upstream)
        case .listener: listenerTimerFired(Int(event.index))
        case .credential: if let credential = credentials.living(Int(event.index)) { driveCredential(credential) }
        case .drain: if event.index == 0 { drainTimedOut() } else { sweep() }
        case .resolution, .command, .mail: break
        }
    }

    /// What ended in this turn is removed only now: until here, a handle that a caller still holds is valid.
    public func turnEnded(now: Instant) {
        self.now = now
        if !resuming.isEmpty { resumeTransfers() }
        if hasUnaccepted { resumeAccepting() }
        if !endedDownstreams.isEmpty || !endedUpstreams.isEmpty { removeEnded() }
        // Of those that were accepted just now.
        if !endedDownstreams.isEmpty || !endedUpstreams.isEmpty { loop.turnAgain() }
        log.flush()
        figures.observe(kernel.monotonicNow() - now, at: Figure.Loop.turns, timeScale)
    }

    private func resumeTransfers() {
        var transfers: [Handle<Downstream>] = []
        swap(&transfers, &resuming)
        for downstream in transfers where downstreams.isAlive(downstream) {
            downstreams[downstream].isResuming = false
            advance(downstream)
        }
    }

    /// Goes on with a transfer after the others have had their turn.
    func resumeLater(_ downstream: Handle<Downstream>) {
        // One share a turn, whatever happens in it.
        if !downstreams[downstream].isResuming { resuming.append(downstream) }
        downstreams[downstream].isResuming = true
        loop.turnAgain()
    }

    private func removeEnded() {
        for upstream in endedUpstreams {
            loop.removeTimer(upstreams[upstream].timer)
            upstreams.remove(upstream)
        }
        for downstream in endedDownstreams {
            loop.removeTimer(downstreams[downstream].timer)
            figures.add(at: Figure.Loop.clientsClosed)
            group?.uncount(position, isRefused: downstreams[downstream].isRefused)
            if downstreams[downstream].isRefused { refusedCount -= 1 }
            if downstreams[downstream].isCounted { givePlaceBack(downstream) }
            downstreams.remove(downstream)
        }
        endedUpstreams.removeAll(keepingCapacity: true)
        endedDownstreams.removeAll(keepingCapacity: true)
        publishSockets()
        resumeAccepting()
        if isDraining { stopIfDrained() }
    }
}

// MARK: without serving

extension Server {
    /// What is allowed, but hardly meant, on a machine as this one is.
    public static func warnings(_ configuration: Configuration) -> [Finding] { Preparation.warnings(configuration) }

    /// All that would hinder a start, without opening a socket: secrets that are missing, certificates that cannot be read.
    public static func findings(_ configuration: Configuration, secrets: any SecretReading) -> [Finding] {
        var preparation = Preparation(configuration: configuration, secrets: secrets)
        preparation.prepareEgress()
        for index in configuration.credentials.indices { _ = preparation.credential(index, destinationIndex: 0) }
        for route in configuration.routes {
            _ = preparation.destination(of: route, index: 0)
            _ = preparation.users(of: route)
            preparation.checkSocket(of: route)
            if let settings = route.listenTLS { _ = preparation.listenContext(settings) }
        }
        preparation.checkAccessLog()
        preparation.checkPlaces()
        do throws(TokenFileError) {
            if let settings = configuration.tokenCache { _ = try TokenFile(settings) }
            return preparation.findings
        } catch {
            return preparation.findings + [error.finding]
        }
    }
}
