internal import Wire

extension Decoding {
    mutating func route(_ node: Node, areCredentialsReadable: Bool) -> Route? {
        guard let object = ObjectReader(node, "an object with \"listen\", \"upstream\" and \"credential\"") else { return nil }
        let nameNode = object.optional("name")
        let listenNode = object.required("listen", ListenAddress.example)
        let exposed = object.optional("exposed").map { $0.bool() } ?? false
        let listenTLS = self.listenTLS(object.optional("listenTLS"))
        let upstreamNode = object.required("upstream", "a URL such as \"https://btc.connect.bloq.cloud\"")
        let credentialNode = object.required("credential", "the name of one of the \"credentials\"")
        let listen = listenNode.flatMap {
            // Where it is unreadable whether it is exposed, nothing is said about that.
            $0.parse(ListenAddress.example) { text throws(Malformed) in try ListenAddress.parse(text, isExposed: exposed ?? true) }
        }
        let dialling = dialling(object)
        let upstream = upstreamNode.flatMap { origin($0, dialling) }
        let credential = credentialNode.flatMap { reference($0, areCredentialsReadable) }
        let name = nameNode.map(self.name) ?? upstream?.host
        let pathPrefix = object.optional("pathPrefix").map(pathPrefix) ?? "/"
        let stripPrefix = object.optional("stripPrefix").map { $0.bool() } ?? false
        let hostNode = object.optional("host")
        let host = hostNode.map(routeHost) ?? HostMatch.any
        let inject = self.inject(object.optional("inject"), for: credential.map { credentials[$0].kind })
        let socketIOToken = self.socketIOToken(object.optional("socketIOToken"), for: credential.map { credentials[$0].kind })
        let reauthenticateOn = object.optional("reauthenticateOn").map(refusalRules) ?? [.unauthorized]
        let replayBody = object.optional("replayBody").map { $0.size(in: Limits.replayBody) } ?? 1 << 20
        let allow = admittance(object.optional("allow"), listen: listen)
        let timeouts = self.timeouts(object.optional("timeouts"))
        let limits = self.limits(object.optional("limits"))
        let decompress = decompress(object, inject)
        let cookies = cookies(object, inject)
        let serverTiming = object.optional("serverTiming").map { $0.bool() } ?? false
        let presetNode = object.optional("preset")
        let preset = presetNode.flatMap { self.preset($0, allow) }
        object.finish()
        guard let name, let listen, let listenNode, let upstream, let credential, let pathPrefix, let stripPrefix, let host, let inject,
            let socketIOToken, let reauthenticateOn, let replayBody, let allow, let timeouts, let limits, let decompress, let cookies,
            let dialling, (presetNode == nil) == (preset == nil), exposed != nil, let listenTLS, let serverTiming
        else { return nil }
        let route = Route(
            name: name, listen: listen, listenPlace: listenNode.place, listenTLS: listenTLS.settings,
            pathPrefix: Array(pathPrefix.utf8), stripPrefix: stripPrefix, host: host.name, upstream: upstream, credential: credential,
            inject: inject, socketIOToken: socketIOToken, reauthenticateOn: reauthenticateOn, replayBodyBytesMax: replayBody,
            allow: allow, timeouts: timeouts, tls: dialling.tls, tlsPlace: dialling.place ?? listenNode.place,
            connectTo: dialling.connectTo, limits: limits, decompress: decompress, cookies: cookies, preset: preset,
            serverTiming: serverTiming)
        guard !leadsToItself(route) else {
            upstreamNode?.error(
                "\(route.listen) is where this route listens, so each request would come in again and again; write the API's address\(route.connectTo == nil ? "" : " in \"connectTo\"")")
            return nil
        }
        warn(about: route, object)
        warn(aboutExposureOf: route, listenNode)
        return claim(route, object, nameNode: nameNode, listenNode: listenNode) ? route : nil
    }

    /// Whether its upstream is its own listener, where the same path and Host are this route's again, and no other's.
    private func leadsToItself(_ route: Route) -> Bool {
        guard route.host == nil, route.upstream.basePath.isEmpty, !route.stripPrefix || route.pathPrefix == [UInt8(ascii: "/")] else { return false }
        let dialled = route.connectTo ?? Endpoint(host: route.upstream.host, port: route.upstream.port)
        let loopback = ["localhost", "127.0.0.1", "::1"]
        return switch route.listen {
        case .tcp(let host, let port): dialled.port == port && (dialled.host == host || dialled.host == "localhost" && loopback.contains(host))
        case .localhost(let port): dialled.port == port && loopback.contains(dialled.host)
        case .unix, .systemd: false
        }
    }

    /// A route with both would let POST through at every path whose content looks like a call, to an API that acts on the path alone, too.
    private func preset(_ node: Node, _ allow: Admittance?) -> Preset? {
        let preset = node.choice(Preset.self)
        guard preset != nil, allow?.rpcMethods != nil else { return preset }
        node.error("\"allow.rpcMethods\" lets POST through for what its content calls, and the preset refuses POST; make two routes, the one with rpcMethods for the pathPrefix of JSON-RPC")
        return nil
    }

    /// The Host that a route is for.
    private struct HostMatch {
        let name: String?
        static let any = HostMatch(name: nil)
    }

    private func name(_ node: Node) -> String? {
        guard let name = node.string("a name for logs and metrics") else { return nil }
        guard let problem = Self.problem(withName: name) else { return name }
        node.error(problem)
        return nil
    }

    private func routeHost(_ node: Node) -> HostMatch? {
        guard node.json.string != "*" else { return .any }
        return node.parse("the name in the requests' Host field, or \"*\" for all", Self.hostText).map { HostMatch(name: $0) }
    }

    /// A Host field's value without a port.
    static func hostText(_ text: String) throws(Malformed) -> String {
        guard !text.contains("/") else { throw Malformed("\(quoted(text)) is no host; write the name alone, without scheme and path") }
        let (host, port) = try HostName.split(text)
        guard port == nil else { throw Malformed("hosts are compared without their port; write \(quoted(host))") }
        let name = try HostName.parse(host)
        guard !name.isUnspecified else {
            throw Malformed("\(quoted(host)) is no host, though browsers take it for this machine, whatever page asks; write \"127.0.0.1\" or \"[::1]\"")
        }
        return name.authorityText
    }

    private func pathPrefix(_ node: Node) -> String? {
        node.parse("a path such as \"/\" or \"/api\"") { text throws(Malformed) in
            try PathText.check(text)
            return text
        }
    }

    private func reference(_ node: Node, _ areCredentialsReadable: Bool) -> Int? {
        guard let name = node.string("the name of one of the \"credentials\""), areCredentialsReadable else { return nil }
        if let index = credentials.firstIndex(where: { $0.name == name }) { return index }
        guard !credentialNames.contains(name) else { return nil }
        if let near = Suggestion.nearest(to: name, among: credentialNames) {
            node.error("there is no credential \(quoted(name)); did you mean \(quoted(near))?")
        } else if credentialNames.isEmpty {
            node.error("there is no credential \(quoted(name)); write one into \"credentials\"")
        } else {
            node.error("there is no credential \(quoted(name)); write \(Node.list(credentialNames))")
        }
        return nil
    }

    private func socketIOToken(_ node: Node?, for kind: Credential.Kind?) -> Bool? {
        guard let node else { return false }
        guard let isWanted = node.bool() else { return nil }
        if isWanted, case .basic = kind {
            node.error("a credential of type \"basic\" has no token to put into a query; remove this, or use another credential")
            return nil
        }
        return isWanted
    }

    /// The two would both write the field.
    private func decompress(_ object: ObjectReader, _ inject: [Injection]?) -> Bool? {
        guard let node = object.optional("decompress") else { return false }
        guard let decompress = node.bool() else { return nil }
        if decompress, let inject, inject.contains(where: { Injection.comparable($0.name) == "accept-encoding" }) {
            node.error("the route injects Accept-Encoding, which \"decompress\" writes itself; remove one of them")
            return nil
        }
        return decompress
    }

    /// There is one Cookie, the route's or the clients'.
    private func cookies(_ object: ObjectReader, _ inject: [Injection]?) -> Bool? {
        guard let node = object.optional("cookies") else { return false }
        guard let cookies = node.bool() else { return nil }
        if cookies, let inject, inject.contains(where: { Injection.comparable($0.name) == "cookie" }) {
            node.error("the route injects Cookie, in whose place no client's goes; remove one of them")
            return nil
        }
        return cookies
    }

    private func timeouts(_ node: Node?) -> Timeouts? {
        let standard = Timeouts(
            requestHead: .seconds(10), requestBody: .seconds(60), keepAlive: .seconds(75), connect: .seconds(5), responseHead: .seconds(60),
            idle: .seconds(300))
        guard let node else { return standard }
        guard let object = ObjectReader(node, "an object such as { \"connect\": \"5s\" }") else { return nil }
        let requestHead = object.optional("requestHead").map { $0.duration(in: Limits.timeout) } ?? standard.requestHead
        let requestBody = object.optional("requestBody").map { $0.duration(in: Limits.timeout) } ?? standard.requestBody
        let keepAlive = object.optional("keepAlive").map { $0.duration(in: Limits.timeout) } ?? standard.keepAlive
        let connect = object.optional("connect").map { $0.duration(in: Limits.timeout) } ?? standard.connect
        let responseHead = object.optional("responseHead").map { $0.duration(in: Limits.timeout) } ?? standard.responseHead
        let idle = object.optional("idle").map { $0.duration(in: Limits.timeout) } ?? standard.idle
        object.finish()
        guard let requestHead, let requestBody, let keepAlive, let connect, let responseHead, let idle else { return nil }
        return Timeouts(
            requestHead: requestHead, requestBody: requestBody, keepAlive: keepAlive, connect: connect, responseHead: responseHead, idle: idle)
    }

    private func limits(_ node: Node?) -> RouteLimits? {
        let standard = RouteLimits(concurrency: 256, queue: 1024, requestBodyBytesMax: 1 << 30)
        guard let node else { return standard }
        guard let object = ObjectReader(node, "an object such as { \"concurrency\": 256 }") else { return nil }
        let concurrency = object.optional("concurrency").map { $0.int(in: Limits.concurrency) } ?? standard.concurrency
        let queue = object.optional("queue").map { $0.int(in: Limits.queue) } ?? standard.queue
        let requestBody = object.optional("requestBody").map { $0.size(in: Limits.requestBody) } ?? standard.requestBodyBytesMax
        let perSecond = object.optional("requestsPerSecond").map { $0.int(in: Limits.requestsPerSecond) } ?? 0
        object.finish()
        guard let concurrency, let queue, let requestBody, let perSecond else { return nil }
        return RouteLimits(
            concurrency: concurrency, queue: queue, requestBodyBytesMax: requestBody, requestsPerSecond: perSecond == 0 ? nil : perSecond)
    }

    private func warn(about route: Route, _ object: ObjectReader) {
        if let host = route.host, !route.allow.hosts.contains(host), let node = object.optional("host") {
            node.warning("no request reaches this route, since \"allow.hosts\" does not have \(quoted(host)); add it there")
        }
        let bytes = route.replayBodyBytesMax * route.limits.concurrency
        if bytes > Limits.replayBytesWarned {
            object.node.warning(
                "\"limits.concurrency\" copies of \"replayBody\" bytes may take \(bytes >> 30) GiB of memory; lower one of them")
        }
    }
}
