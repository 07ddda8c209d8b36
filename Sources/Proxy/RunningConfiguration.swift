internal import Credentials
internal import EventLoop
internal import TLS
internal import Wire

/// The running configuration as a reload has to know it: what of it may stay where a new one says the same.
public struct RunningConfiguration: Sendable {
    let configuration: Configuration
    let routes: [RunningPart]
    let credentials: [RunningPart]
    let egressFiles: [FileSignature?]
    let nextRoute: Int
    let nextCredential: Int
    let nextDestination: Int
    let secrets: SharedSecrets
    let group: LoopGroup?
    let seed: UInt64

    /// Prepares all parts of a configuration that the running one does not have alike. May take time, for secrets and certificates are
    /// read; from any thread, one at a time.
    ///
    /// - Throws: `StartError.configuration` with all that is wrong, or that cannot be changed while the process runs.
    public func renewal(to new: Configuration) throws(StartError) -> Renewal {
        var work = RenewalWork(self, new)
        work.checkFixed()
        work.prepare()
        secrets.concealEnvironment()
        guard work.findings.isEmpty else { throw .configuration(work.findings) }
        return work.result
    }
}

/// The making of a `Renewal`.
private struct RenewalWork {
    private let running: RunningConfiguration
    private let new: Configuration
    private let secrets: PreparationSecrets
    private var preparations: [Preparation]
    private var ownFindings: [Finding] = []
    private var shares: [Renewal.Share]
    private var routes: [RunningPart] = []
    private var credentials: [RunningPart] = []
    private var changes: [String] = []
    private var revoked: Set<Listener.Key> = []
    private var renewed: Set<Int> = []
    private var nextDestination: Int
    private var random: SplitMix64
    private let egressFiles: [FileSignature?]
    private let isEgressSame: Bool

    init(_ running: RunningConfiguration, _ new: Configuration) {
        self.running = running
        self.new = new
        let loops = running.group?.members.count ?? 1
        let secrets = PreparationSecrets(running.secrets)
        self.secrets = secrets
        preparations = (0..<loops).map { _ in Preparation(configuration: new, secrets: secrets) }
        shares = Array(repeating: Renewal.Share(), count: loops)
        nextDestination = running.nextDestination
        random = SplitMix64(seed: running.seed)
        egressFiles = new.egress.secretSources.map { running.secrets.signature(of: $0) }
        isEgressSame = running.configuration.texts.egress == new.texts.egress && running.egressFiles == egressFiles
    }

    var findings: [Finding] { ownFindings + (preparations.first { !$0.findings.isEmpty }?.findings ?? []) }

    var result: Renewal {
        Renewal(
            configuration: new, shares: shares, routes: routes, credentials: credentials, renewed: renewed, egressFiles: egressFiles,
            revoked: revoked, signatures: secrets.signatures, changes: changes + removals)
    }

    mutating func prepare() {
        for loop in preparations.indices { preparations[loop].prepareEgress() }
        for credential in new.credentials { prepare(credential) }
        guard credentials.count == new.credentials.count else { return }
        for (index, route) in new.routes.enumerated() { prepare(route, index) }
        if running.configuration.drainTimeout != new.drainTimeout { changes.append("drainTimeout: changed") }
    }

    // MARK: credentials

    private mutating func prepare(_ credential: Credential) {
        let text = new.texts.credentials[credential.name] ?? ""
        // Before they are read: what replaces one in between is noticed the next time.
        let files = RunningPart.signatures(credential.files)
        let known = running.credentials.first { $0.name == credential.name }
        if let known, known.text == text, known.files == files, isEgressSame || known.destination == nil {
            // What cannot be read now cannot be at the next start either.
            guard let prepared = preparations[0].preparedGrant(of: credential) else { return }
            noteSecrets(of: credential, prepared, in: known)
            credentials.append(known)
            return
        }
        guard let prepared = preparations[0].credential(index(of: credential), destinationIndex: nextDestination) else { return }
        let cache = TokenCache(grant: prepared.grant.grant, rotation: credential.rotation, seed: random.next(), limits: prepared.limits)
        let shared = SharedCredential(cache: cache, grant: prepared.grant)
        var ways = [prepared.destination]
        for loop in preparations.indices.dropFirst() {
            guard let way = preparations[loop].way(of: credential, destinationIndex: nextDestination) else { return }
            ways.append(way.destination)
        }
        let number = running.nextCredential + shares[0].credentials.count
        for loop in shares.indices {
            shares[loop].credentials.append(.init(configuration: credential, destination: ways[loop], shared: shared))
            if let destination = ways[loop] { shares[loop].destinations.append(destination) }
        }
        var destination: RunningPart.Destination?
        if ways[0] != nil {
            destination = .init(index: nextDestination, text: "", files: [])
            nextDestination += 1
        }
        credentials.append(
            RunningPart(name: credential.name, index: number, text: text, files: files, destination: destination, shared: shared))
        changes.append("credential \(credential.name): \(known == nil ? "added" : "changed")")
    }

    /// Of those that are others by now, the names are told, and the credential reads them for itself once this is in force.
    private mutating func noteSecrets(of credential: Credential, _ prepared: PreparedGrant, in known: RunningPart) {
        guard let former = known.shared?.newestGrant, former.secrets.count == prepared.secrets.count else { return }
        // Compared in a time that tells nothing of them; what was read here is given back, and wiped, at once.
        let names = zip(credential.secretSources, zip(former.secrets, prepared.secrets)).compactMap { source, secrets -> String? in
            guard secrets.0 != secrets.1 else { return nil }
            let path = source.place.keyPath
            let credentialPath = "credentials.\(credential.name)."
            return path.hasPrefix(credentialPath) ? String(path.dropFirst(credentialPath.count)) : path
        }
        guard !names.isEmpty else { return }
        renewed.insert(known.index)
        let told = names.count == 1 ? "its \(names[0]) has changed" : "its \(names.joined(separator: " and its ")) have changed"
        changes.append("credential \(credential.name): \(told)")
    }

    private func index(of credential: Credential) -> Int {
        guard let index = new.credentials.firstIndex(where: { $0.name == credential.name }) else {
            preconditionFailure("a credential of a configuration is among its credentials")
        }
        return index
    }

    // MARK: routes

    private mutating func prepare(_ route: Route, _ index: Int) {
        let text = new.texts.routes[index]
        let files = RunningPart.signatures(route.files)
        let credential = credentials[route.credential].index
        noteAuthority(of: route)
        let known = running.routes.first { $0.name == route.name }
        guard let destination = destination(of: route, known?.destination, new.texts.destinations[index]) else { return }
        let wasCredential = running.credentials.first { $0.name == new.credentials[route.credential].name }?.index
        let users = preparations[0].users(of: route)?.numbers
        let isSame = known?.text == text && known?.files == files && known?.destination?.index == destination.index && known?.users == users
        if let known, isSame, wasCredential == credential {
            routes.append(known)
            return
        }
        let rate = route.limits.requestsPerSecond.flatMap { known?.rate?.perSecond == $0 ? known?.rate : RequestRate(perSecond: $0) }
        let number = running.nextRoute + shares[0].routes.count
        for loop in shares.indices {
            let users = preparations[loop].users(of: route)
            preparations[loop].checkSocket(of: route)
            var listenContext: TLSContext?
            // That of the same route on the first loop: another route's is another listener's, whose sessions are nothing to this one.
            let first = loop == 0 ? nil : shares[0].routes.last?.listenContext
            if let settings = route.listenTLS { listenContext = preparations[loop].listenContext(settings, sharing: first) }
            shares[loop].routes.append(
                .init(
                    configuration: route, destination: destination.index, credential: credential, users: users, listenContext: listenContext,
                    rate: rate))
        }
        routes.append(
            RunningPart(name: route.name, index: number, text: text, files: files, destination: destination, users: users, rate: rate))
        changes.append("route \(route.name): \(known == nil ? "added" : "changed")")
    }

    /// Whoever was let in by other authorities than those of now is so no longer.
    private mutating func noteAuthority(of route: Route) {
        let key = Listener.Key(route)
        guard let former = running.configuration.routes.first(where: { Listener.Key($0) == key }), former.listenTLS != nil,
            let part = running.routes.first(where: { $0.name == former.name })
        else { return }
        let wasDemanded = former.listenTLS?.clientCA != nil
        let isDemanded = route.listenTLS?.clientCA
        // The last of a route's files.
        let isSame = isDemanded.map { wasDemanded && part.files.last == FileSignature(path: $0) } ?? !wasDemanded
        if !isSame { revoked.insert(key) }
    }

    /// The connections to the upstream, which stay where nothing that concerns them has changed; nil where a finding says why there can
    /// be none.
    private mutating func destination(of route: Route, _ known: RunningPart.Destination?, _ text: String) -> RunningPart.Destination? {
        let files = RunningPart.signatures(route.upstreamFiles)
        if let known, known.isSame(text, files), isEgressSame { return known }
        let number = nextDestination
        let places = running.group.map {
            SharedPlaces(loops: $0.members.count, max: route.limits.concurrency, queueMax: route.limits.queue)
        }
        var made: [Destination] = []
        for loop in preparations.indices {
            guard let destination = preparations[loop].destination(of: route, index: number, shared: places) else { return nil }
            made.append(destination)
        }
        for loop in shares.indices { shares[loop].destinations.append(made[loop]) }
        nextDestination += 1
        return .init(index: number, text: text, files: files)
    }

    private var removals: [String] {
        running.routes.filter { old in !routes.contains { $0.name == old.name } }.map { "route \($0.name): removed" }
            + running.credentials.filter { old in !credentials.contains { $0.name == old.name } }.map { "credential \($0.name): removed" }
    }

    // MARK: what stays as long as the process

    mutating func checkFixed() {
        let old = running.configuration
        require(old.threads == new.threads, "threads")
        require(old.log == new.log, "log")
        require(old.connectionsMax == new.connectionsMax && old.connectionsPerUserMax == new.connectionsPerUserMax, "limits")
        require(old.tokenCache?.file == new.tokenCache?.file, "tokenCache")
        require(old.texts.admin == new.texts.admin, "admin")
        for route in new.routes {
            for other in old.routes where other.listen.collides(with: route.listen) {
                refuse(route, "\(other.listen) is the same socket in another form, which cannot be changed while the proxy runs; restart it")
            }
            for other in old.routes where other.listen == route.listen && !route.listen.isAnyPort {
                guard (other.listenTLS == nil) != (route.listenTLS == nil) else { continue }
                refuse(route, "whether clients speak TLS on \(route.listen) cannot be changed while the proxy runs; restart it, or choose another port")
                break
            }
        }
    }

    private mutating func refuse(_ route: Route, _ message: String) {
        ownFindings.append(Finding(place: route.listenPlace, message: message))
    }

    private mutating func require(_ isSame: Bool, _ key: String) {
        guard !isSame else { return }
        ownFindings.append(
            Finding(place: new.texts.place(of: key), message: "cannot be changed while the proxy runs; restart it, or write what was there before"))
    }
}
