internal import Wire

/// What `proxy.json` says, checked: whatever is in here can be run, apart from what only the machine knows (whether a
/// port is free, a file is there, a name resolves).
public struct Configuration: Sendable {
    /// At least one, in the order of the file; names and places (listener, prefix, host) are unique.
    public internal(set) var routes: [Route]
    /// In the order of the file.
    public let credentials: [Credential]
    public let log: LogSettings
    /// How origins beyond this machine are reached.
    public let egress: EgressSettings
    /// Where tokens are kept beyond the process; nil: nowhere.
    public internal(set) var tokenCache: TokenCacheSettings?
    /// Clients' connections at one time, over all listeners; one more is refused with 503.
    public let connectionsMax: Int
    /// Of these, how many of one user of this machine; those of nobody knows whom count as one user's. Nil: as many as there are.
    public internal(set) var connectionsPerUserMax: Int?
    /// How long exchanges in flight may take to finish once the proxy stops accepting; 0 ends them at once.
    public let drainTimeout: Duration
    public let threads: ThreadCount
    /// Where the proxy tells about itself; nil: nowhere.
    public let admin: AdminSettings?
    /// Event loops at most.
    public static let threadsMax = Decoding.Limits.threads.upperBound
    /// What is allowed but probably not meant, in the order of the file.
    public let warnings: [Finding]
    /// Its parts as they stand in the file.
    var texts = ConfigurationTexts()

    /// Reads the bytes of a configuration file: JSON with `//` comments, at most 1 MiB.
    ///
    /// Throws every mistake there is, not the first alone; only a text that is no JSON is refused at its first fault.
    /// `file` is the name for the findings; no file is opened, nor any other that the configuration names.
    public static func load(_ bytes: [UInt8], file: String) throws(ConfigurationError) -> Configuration {
        let diagnosis = Diagnosis(file: file, source: bytes)
        let root: JSON
        do {
            root = try JSON.parse(bytes, options: [.comments, .duplicateKeys])
        } catch {
            diagnosis.error(at: error.offset, "", error.message)
            throw ConfigurationError(findings: diagnosis.errors)
        }
        var decoding = Decoding(diagnosis: diagnosis)
        var configuration = decoding.configuration(Node(json: root, keyPath: "", diagnosis: diagnosis))
        configuration?.texts = ConfigurationTexts(root, diagnosis)
        guard let configuration, diagnosis.errors.isEmpty else {
            precondition(!diagnosis.errors.isEmpty, "a configuration that cannot be used has a finding that says why")
            throw ConfigurationError(findings: diagnosis.errors)
        }
        return configuration
    }

    /// Every secret that is needed: the credentials', one by one, and the egress proxy's.
    public var secretSources: [SecretSource] {
        credentials.flatMap(\.secretSources) + egress.secretSources
    }

    /// Whether there is an origin that an egress proxy might lead to.
    var mayNeedEgress: Bool {
        routes.contains { Egress.mayLead(to: $0.upstream, connectTo: $0.connectTo) }
            || credentials.contains { credential in credential.origin.map { Egress.mayLead(to: $0, connectTo: credential.connectTo) } ?? false }
    }
}
