internal import Credentials
internal import TLS

/// Turns configuration into what runs: reads secrets, loads certificates, and collects all that is wrong.
struct Preparation {
    struct PreparedCredential {
        var grant: Grant
        var customerId: Secret?
        var destination: Destination?
        var limits: Credentials.Limits
    }

    let configuration: Configuration
    let secrets: any SecretReading
    private(set) var findings: [Finding] = []

    init(configuration: Configuration, secrets: any SecretReading) {
        self.configuration = configuration
        self.secrets = secrets
        // Before a command is run, which would have them in its environment. What is missing is told in its turn.
        for source in configuration.secretSources {
            if case .environment = source.kind { _ = try? secrets.read(source) }
        }
    }

    mutating func credential(_ index: Int, destinationIndex: Int) -> PreparedCredential? {
        let credential = configuration.credentials[index]
        guard let (grant, customerId) = grant(of: credential) else { return nil }
        var limits = Credentials.Limits()
        limits.authTimeout = credential.authTimeout
        guard let origin = credential.origin else {
            return PreparedCredential(grant: grant, customerId: customerId, destination: nil, limits: limits)
        }
        guard let context = context(origin, credential.tls, place: credential.tlsPlace ?? credential.secretSources[0].place) else { return nil }
        let destination = Destination(
            index: destinationIndex, origin: origin, connectTo: credential.connectTo, tls: context.context,
            serverName: credential.tls.serverName, connectTimeout: credential.timeouts.connect, concurrency: 1, queueMax: 0)
        return PreparedCredential(grant: grant, customerId: customerId, destination: destination, limits: limits)
    }

    mutating func destination(of route: Route, index: Int) -> Destination? {
        guard let context = context(route.upstream, route.tls, place: route.tlsPlace) else { return nil }
        return Destination(
            index: index, origin: route.upstream, connectTo: route.connectTo, tls: context.context,
            serverName: route.tls.serverName, connectTimeout: route.timeouts.connect,
            concurrency: route.limits.concurrency, queueMax: route.limits.queue)
    }

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
        do {
            return ContextOrPlain(context: try TLSContext.client(client))
        } catch {
            findings.append(Finding(place: place, message: error.message))
            return nil
        }
    }

    private mutating func grant(of credential: Credential) -> (Grant, customerId: Secret?)? {
        do throws(CredentialError) {
            switch credential.kind {
            case .bloq(let clientId, let clientSecret, _):
                guard let (clientId, clientSecret) = both(read(clientId), read(clientSecret)) else { return nil }
                return (.bloq(try Grant.Bloq(clientId: clientId, clientSecret: clientSecret)), nil)
            case .bloquo(let customerId, let clientId, let clientSecret, _):
                let customer = read(customerId)
                guard let (clientId, clientSecret) = both(read(clientId), read(clientSecret)), let customer else { return nil }
                let bloquo = try Grant.Bloquo(customerId: customer, clientId: clientId, clientSecret: clientSecret)
                return (.bloquo(bloquo), bloquo.customerId)
            case .basic(let username, let password):
                guard let (username, password) = both(read(username), read(password)) else { return nil }
                return (.basic(try Grant.Basic(username: username, password: password)), nil)
            case .fixed(let token):
                guard let token = read(token) else { return nil }
                return (.fixed(try Grant.Fixed(token: token)), nil)
            }
        } catch {
            findings.append(Finding(place: credential.secretSources[0].place, message: error.message))
            return nil
        }
    }

    /// Both are read before either is judged, so that all mistakes are told at once.
    private func both(_ first: Secret?, _ second: Secret?) -> (Secret, Secret)? {
        guard let first, let second else { return nil }
        return (first, second)
    }

    private mutating func read(_ source: SecretSource) -> Secret? {
        do throws(SecretError) {
            return Secret(try secrets.read(source))
        } catch {
            findings.append(error.finding)
            return nil
        }
    }
}
