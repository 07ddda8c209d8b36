internal import Credentials
internal import Glibc
internal import TLS

/// Turns configuration into what runs: reads secrets, loads certificates, and collects all that is wrong.
struct Preparation {
    struct PreparedCredential {
        var grant: PreparedGrant
        var destination: Destination?
        var limits: Credentials.Limits
    }

    struct Way {
        var destination: Destination?
    }

    let configuration: Configuration
    let secrets: any SecretReading
    private(set) var findings: [Finding] = []
    /// One for all routes of a listener; nil where it cannot be made, which has been told.
    private var listenContexts: [(settings: ListenTLS, context: TLSContext?)] = []
    /// Through what origins beyond this machine are reached, once it is prepared.
    private(set) var egress: Egress?

    init(configuration: Configuration, secrets: any SecretReading) {
        self.configuration = configuration
        self.secrets = secrets
        // Before a command is run, which would have them in its environment. What is missing is told in its turn.
        for source in configuration.secretSources {
            if case .environment = source.kind { _ = try? secrets.read(source) }
        }
    }

    /// Before any destination, and before any command is run: the variable that names the proxy may hold a password.
    mutating func prepareEgress() { egress = configuredEgress() }

    mutating func report(_ finding: Finding) { findings.append(finding) }

    mutating func credential(_ index: Int, destinationIndex: Int) -> PreparedCredential? {
        let credential = configuration.credentials[index]
        guard let grant = preparedGrant(of: credential), let way = way(of: credential, destinationIndex: destinationIndex) else { return nil }
        var limits = Credentials.Limits()
        limits.authTimeout = credential.authTimeout
        if case .calls(let service) = credential.kind, let lifetime = service.defaultLifetime { limits.lifetimeDefault = lifetime }
        return PreparedCredential(grant: grant, destination: way.destination, limits: limits)
    }

    /// Where a credential's calls go, if it makes any; nil where a finding says why they cannot.
    mutating func way(of credential: Credential, destinationIndex: Int) -> Way? {
        guard let origin = credential.origin else { return Way(destination: nil) }
        guard let place = credential.tlsPlace else { preconditionFailure("a credential with an origin has a place for its TLS") }
        guard let context = context(origin, credential.tls, place: place) else { return nil }
        return Way(
            destination: Destination(
                index: destinationIndex, origin: origin, connectTo: credential.connectTo, tls: context.context,
                serverName: credential.tls.serverName, egress: egress, connectTimeout: credential.timeouts.connect, concurrency: 1, queueMax: 0))
    }

    /// What a credential's secrets come to, as they are at present.
    mutating func preparedGrant(of credential: Credential) -> PreparedGrant? {
        let sources = credential.secretSources
        // All are read before any is judged, so that all mistakes are told at once.
        let read = sources.map { self.read($0) }
        let secrets = read.compactMap(\.self)
        guard secrets.count == sources.count, let (grant, customerId) = grant(of: credential, secrets) else { return nil }
        return PreparedGrant(grant: grant, customerId: customerId, secrets: secrets)
    }

    mutating func destination(of route: Route, index: Int, shared: SharedPlaces? = nil) -> Destination? {
        guard let context = context(route.upstream, route.tls, place: route.tlsPlace) else { return nil }
        return Destination(
            index: index, origin: route.upstream, connectTo: route.connectTo, tls: context.context,
            serverName: route.tls.serverName, egress: egress, connectTimeout: route.timeouts.connect,
            concurrency: route.limits.concurrency, queueMax: route.limits.queue, shared: shared)
    }

    mutating func report(_ place: Place, _ message: String) { report(Finding(place: place, message: message)) }

    private struct ContextOrPlain {
        var context: TLSContext?
    }

    private mutating func context(_ origin: Origin, _ settings: TLSSettings, place: Place) -> ContextOrPlain? {
        guard origin.scheme == .https else { return ContextOrPlain(context: nil) }
        var client = ClientSettings()
        if let file = settings.ca { client.trust = .file(file) }
        client.minimumVersion = settings.minimumVersion == .tls13 ? .tls13 : .tls12
        client.pins = settings.pins
        client.clientCertificateFile = settings.clientCertificate
        client.clientKeyFile = settings.clientKey
        if let file = settings.clientKey { warnIfReadable(file, "clientKey", place) }
        do {
            return ContextOrPlain(context: try TLSContext.client(client))
        } catch {
            findings.append(Finding(place: place, message: error.message))
            return nil
        }
    }

    /// What encrypts a listener's connections; nil where a finding says why it cannot be made.
    /// - Parameter other: the context of another loop's listener at the same address; either resumes the sessions of both.
    mutating func listenContext(_ settings: ListenTLS, sharing other: TLSContext? = nil) -> TLSContext? {
        if let known = listenContexts.first(where: { $0.settings.isAlike(settings) }) { return known.context }
        warnIfReadable(settings.key, "key", settings.place)
        let server = ServerSettings(
            certificateFile: settings.certificate, keyFile: settings.key, clientAuthorityFile: settings.clientCA,
            minimumVersion: settings.minimumVersion == .tls13 ? .tls13 : .tls12)
        do throws(TLSError) {
            let context = try TLSContext.server(server)
            if let other { try context.shareTickets(with: other) }
            listenContexts.append((settings, context))
            return context
        } catch {
            findings.append(Finding(place: settings.place, message: error.message))
            listenContexts.append((settings, nil))
            return nil
        }
    }

    /// Who reads a key can be whom it proves.
    private func warnIfReadable(_ file: String, _ setting: String, _ place: Place) {
        var status = stat()
        guard stat(file, &status) == 0, status.st_mode & S_IROTH != 0 else { return }
        secrets.warn(
            Finding(place: place, message: "\(setting): \(quoted(file)) can be read by every user of this machine; run chmod o-r on it"))
    }

    private mutating func grant(of credential: Credential, _ secrets: [Secret]) -> (Grant, customerId: Secret?)? {
        let sources = credential.secretSources
        func secret(_ source: SecretSource) -> Secret {
            guard let index = sources.firstIndex(of: source) else {
                preconditionFailure("a credential uses a secret that is not among its sources")
            }
            return secrets[index]
        }
        do throws(CredentialError) {
            switch credential.kind {
            case .calls(let service):
                return (try .calls(service.endpoint.map(secret)), service.customerId.map(secret))
            case .basic(let username, let password):
                return (try .basic(username: secret(username), password: secret(password)), nil)
            case .fixed(let token):
                return (try .fixed(token: secret(token)), nil)
            }
        } catch {
            let source = sources.first { $0.place.keyPath.hasSuffix(".\(error.setting ?? "")") } ?? sources.first
            guard let place = source?.place ?? credential.tlsPlace else { preconditionFailure("a credential has a place") }
            findings.append(Finding(place: place, message: error.message))
            return nil
        }
    }

    mutating func read(_ source: SecretSource) -> Secret? {
        do throws(SecretError) {
            var bytes = try secrets.read(source)
            defer { bytes.withUnsafeMutableBytes { explicit_bzero($0.baseAddress!, $0.count) } }
            return Secret(bytes)
        } catch {
            findings.append(error.finding)
            return nil
        }
    }
}
