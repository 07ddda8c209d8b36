internal import Wire

/// Turns the tree of a file into a `Configuration`.
///
/// A method gives nil only after it has reported why, and reading goes on with the rest, so that one run finds all mistakes.
struct Decoding {
    /// The ranges that values are held to.
    enum Limits {
        /// Shorter than a millisecond no timer is; longer than a day no connection is worth keeping.
        static let timeout: ClosedRange<Duration> = .milliseconds(1) ... .seconds(86_400)
        /// Of a token that does not tell its own. Shorter ones would be renewed without end; for longer ones the token machine
        /// has its own bound.
        static let tokenLifetime: ClosedRange<Duration> = .seconds(1) ... .seconds(366 * 86_400)
        /// 0 ends what is in flight at once.
        static let drainTimeout: ClosedRange<Duration> = .zero ... .seconds(86_400)
        /// Bytes. Each request in flight may hold so much.
        static let replayBody = 0...64 << 20
        /// Requests. Each needs two descriptors; a process has a million of them at the very most.
        static let concurrency = 1...100_000
        /// Requests. 0 refuses what cannot go at once.
        static let queue = 0...100_000
        /// Requests in a second. 0 takes as many as come; more than a million nobody would notice.
        static let requestsPerSecond = 0...1_000_000
        /// Bytes. It streams, so a long one costs no memory.
        static let requestBody = 0...1 << 40
        /// Clients. Each may need two descriptors.
        static let connections = 1...16_384
        /// Event loops. More than the cores gain nothing, and no machine that this is meant for has so many.
        static let threads = 1...64
        /// Bytes. Words that tell one answer from another; the content that is looked at is not much longer.
        static let refusalTextBytesMax = 256
        /// Characters of a route's or a credential's name, which stands in every log line.
        static let nameCharactersMax = 64
        /// Bytes that replay copies of one route may take together before a warning says so.
        static let replayBytesWarned = 4 << 30
    }

    let diagnosis: Diagnosis
    /// The names in `credentials`, whether or not what stands behind them is right.
    private(set) var credentialNames: [String] = []
    private(set) var credentials: [Credential] = []
    /// What the routes so far have taken, with the route's key path.
    private(set) var routeNames: [String: String] = [:]
    private(set) var routePlaces: [RoutePlace: String] = [:]
    private(set) var listeners: [(address: ListenAddress, keyPath: String, tls: ListenTLS?)] = []

    /// What tells the routes of a proxy apart.
    struct RoutePlace: Hashable {
        let listen: ListenAddress
        let prefix: [UInt8]
        let host: String?
    }

    init(diagnosis: Diagnosis) {
        self.diagnosis = diagnosis
    }

    mutating func configuration(_ node: Node) -> Configuration? {
        guard let object = ObjectReader(node, "an object with \"routes\" and \"credentials\"") else { return nil }
        _ = object.optional("$schema")?.string("the URL of a schema, or nothing")
        let routesNode = object.required(
            "routes", "\"routes\": [ { \"listen\": \"127.0.0.1:8080\", \"upstream\": \"https://…\", \"credential\": \"…\" } ]")
        let credentialsNode = object.required("credentials", "\"credentials\": { \"NAME\": { \"type\": \"bloq\", … } }")
        let areCredentialsReadable = readCredentials(credentialsNode)
        let routes = routesNode.flatMap { self.routes($0, areCredentialsReadable: areCredentialsReadable) }
        let log = object.optional("log").map(logSettings) ?? .standard
        let limits = object.optional("limits").map(connectionLimits) ?? ConnectionLimits()
        let drainTimeout = object.optional("drainTimeout").map { $0.duration(in: Limits.drainTimeout) } ?? .seconds(30)
        let threads = object.optional("threads").map(threadCount) ?? .fixed(1)
        let tokenCache = object.optional("tokenCache").map(tokenCacheSettings)
        let adminNode = object.optional("admin")
        let admin = adminNode.flatMap(admin)
        let egress = object.optional("egressProxy").map(egress) ?? .environment
        object.finish()
        guard let routes, let log, let limits, let drainTimeout, let threads, let egress, (adminNode == nil) == (admin == nil) else { return nil }
        return Configuration(
            routes: routes, credentials: credentials, log: log, egress: egress, tokenCache: tokenCache ?? nil, connectionsMax: limits.total,
            connectionsPerUserMax: limits.perUser, drainTimeout: drainTimeout, threads: threads, admin: admin,
            warnings: diagnosis.warnings)
    }

    /// False if it is unknown which names there are, so that nothing can be said about references to them.
    private mutating func readCredentials(_ node: Node?) -> Bool {
        guard let node, let object = ObjectReader(node, "an object with a name for each credential") else { return false }
        for (name, child) in object.all() {
            credentialNames.append(name)
            guard let problem = Self.problem(withName: name) else {
                if let credential = credential(child, name: name) { credentials.append(credential) }
                continue
            }
            object.error(at: name, problem)
        }
        return true
    }

    private mutating func routes(_ node: Node, areCredentialsReadable: Bool) -> [Route]? {
        guard let elements = node.elements(of: "routes") else { return nil }
        guard !elements.isEmpty else {
            node.error("the list is empty; write at least one route")
            return nil
        }
        let routes = elements.map { route($0, areCredentialsReadable: areCredentialsReadable) }
        return routes.contains { $0 == nil } ? nil : routes.compactMap(\.self)
    }

    private func logSettings(_ node: Node) -> LogSettings? {
        guard let object = ObjectReader(node, "an object such as { \"access\": \"stdout\" }") else { return nil }
        let access = object.optional("access").map(logAccess) ?? LogSettings.standard.access
        let format = object.optional("format").map { $0.choice(LogSettings.Format.self) } ?? LogSettings.standard.format
        let level = object.optional("level").map { $0.choice(LogSettings.Level.self) } ?? LogSettings.standard.level
        object.finish()
        guard let access, let format, let level else { return nil }
        return LogSettings(access: access, format: format, level: level)
    }

    private func logAccess(_ node: Node) -> LogSettings.Access? {
        let expected = "\"stdout\", \"stderr\", \"off\" or the path of a file"
        return node.parse(expected) { text throws(Malformed) in
            switch text {
            case "stdout": return .stdout
            case "stderr": return .stderr
            case "off": return .off
            default:
                // A word without either is sooner a slip than a file in the working directory.
                guard text.contains("/") || text.contains("."), !text.utf8.contains(0) else {
                    throw Malformed("\(quoted(text)) is unknown; write \(expected), such as \"/var/log/bearerproxy/access.log\"")
                }
                return .file(text)
            }
        }
    }

    private func tokenCacheSettings(_ node: Node) -> TokenCacheSettings? {
        let expected = "{ \"file\": \"/var/lib/bearerproxy/tokens\" }"
        guard let object = ObjectReader(node, expected) else { return nil }
        let fileNode = object.required("file", "the path of a file, such as \"/var/lib/bearerproxy/tokens\"")
        object.finish()
        guard let fileNode, let file = fileNode.parse("the path of a file", Self.filePath) else { return nil }
        guard !file.hasSuffix("/") else {
            fileNode.error("\(quoted(file)) is a directory; write the path of a file in it")
            return nil
        }
        return TokenCacheSettings(file: file, place: fileNode.place)
    }

    private struct ConnectionLimits {
        var total = Limits.connections.upperBound
        var perUser: Int?
    }

    private func connectionLimits(_ node: Node) -> ConnectionLimits? {
        guard let object = ObjectReader(node, "an object such as { \"connections\": 1000 }") else { return nil }
        let total = object.optional("connections").map { $0.int(in: Limits.connections) } ?? Limits.connections.upperBound
        let perUserNode = object.optional("connectionsPerUser")
        let perUser = perUserNode.flatMap { $0.int(in: Limits.connections) }
        object.finish()
        guard let total, (perUserNode == nil) == (perUser == nil) else { return nil }
        if let perUser, perUser >= total {
            perUserNode?.warning("one user can still take all places, of which there are \(total) (limits.connections); write a smaller number")
        }
        return ConnectionLimits(total: total, perUser: perUser)
    }

    private func threadCount(_ node: Node) -> ThreadCount? {
        switch node.json.value {
        case .string("auto"): return .auto
        case .number(let number):
            if let count = number.int, Limits.threads.contains(count) { return .fixed(count) }
            node.error("\(number.text.prefix(40)) stands here; \(Self.threadsAdvice)")
        default: node.error("\(node.kind) stands here; \(Self.threadsAdvice)")
        }
        return nil
    }

    private static let threadsAdvice =
        "write a whole number from \(Limits.threads.lowerBound) to \(Limits.threads.upperBound), or \"auto\" for one thread on each core"

    /// What is wrong with the name of a route or a credential; nil if nothing is.
    static func problem(withName name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
            default: "-._".utf8.contains(byte)
            }
        }
        guard isPlain, (1...Limits.nameCharactersMax).contains(name.utf8.count) else {
            return "\(quoted(name)) is no name; write 1 to \(Limits.nameCharactersMax) letters, digits, \"-\", \"_\" and \".\""
        }
        return nil
    }

    /// Takes a route's name and place; gives false after it has reported that another has one of them.
    mutating func claim(_ route: Route, _ object: ObjectReader, nameNode: Node?, listenNode: Node) -> Bool {
        let path = object.node.keyPath
        var isUnique = true
        if let other = routeNames.updateValue(path, forKey: route.name) {
            let origin = nameNode == nil ? ", which is the upstream's host" : ""
            (nameNode ?? object.node).error("\(other) is called \(quoted(route.name)) too\(origin); give each route a \"name\" of its own")
            isUnique = false
        }
        let place = RoutePlace(listen: route.listen, prefix: route.pathPrefix, host: route.host)
        if !route.listen.isAnyPort, let other = routePlaces.updateValue(path, forKey: place) {
            object.node.error("\(other) has the same \"listen\", \"pathPrefix\" and \"host\"; change one of them")
            isUnique = false
        }
        if let other = listeners.first(where: { $0.address.collides(with: route.listen) }) {
            let isPart = other.address.isWildcard || route.listen.isWildcard
            listenNode.error(
                isPart
                    ? "\(other.keyPath).listen has the same port on addresses that this one has too; write both alike, or choose another port"
                    : "\(other.keyPath).listen is the same socket written in another way; write both alike")
            isUnique = false
        }
        if !route.listen.isAnyPort, let other = listeners.first(where: { $0.address == route.listen }) {
            isUnique = agrees(route, with: (other.keyPath, other.tls), object) && isUnique
        }
        listeners.append((route.listen, path, route.listenTLS))
        return isUnique
    }
}
