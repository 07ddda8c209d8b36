internal import Credentials
internal import EventLoop
internal import Glibc
internal import Wire

/// What becomes of a request: which route it has, which rule refuses it, and what would go upstream. Nothing is sent, no secret
/// is read, and no value of a field is repeated.
public struct Explanation: Sendable {
    public struct Line: Sendable, Equatable {
        /// What is told of: `route`, `refused`, `upstream` …
        public let label: String
        public let text: String
    }

    public private(set) var lines: [Line] = []
    /// The proxy answers the request itself.
    public private(set) var isRefused = false

    /// - Throws: `ExplanationError` where it is not a request that could come to any listener of the configuration.
    public init(of request: HypotheticalRequest, _ configuration: Configuration) throws(ExplanationError) {
        let reached = try request.reach(configuration)
        add("listener", "\(reached.listen)\(reached.remark)")
        var preparation = Preparation(configuration: configuration, secrets: UnreadSecrets())
        preparation.prepareEgress()
        let routes = reached.routes.map { Self.route($0, configuration, preparation.egress) }
        reached.head.withUnsafeBufferPointer { bytes in
            var head = RequestHead()
            do throws(MessageError) {
                guard try head.parse(bytes.span) == bytes.count else { throw .versionMissing }
            } catch {
                refuse(.malformed(error))
                return
            }
            explain(head, bytes, Router(routes: routes), &preparation)
        }
    }

    /// The decisions of `Server`, in their order.
    private mutating func explain(
        _ head: borrowing RequestHead, _ bytes: UnsafeBufferPointer<UInt8>, _ router: Router, _ preparation: inout Preparation
    ) {
        do throws(Router.Refusal) {
            let route = try router.decide(head, bytes.span)
            add("route", Self.name(of: route))
            tellUsers(of: route, &preparation)
            if route.hasRules, let answer = Router.refusal(head, bytes.span, by: route) { throw Router.Refusal(answer: answer) }
            if head.hasOtherExpectation { throw Router.Refusal(answer: .expectationFailed) }
            let isInspected = route.policy?.inspects(head.method) ?? false
            if case .length(let count) = head.framing, let answer = Self.refusal(ofContent: count, route, isInspected: isInspected) {
                throw Router.Refusal(answer: answer)
            }
            add("decision", isInspected ? "allowed, if allow.rpcMethods has each call in its content" : "allowed")
            tellUpstream(head, bytes, route)
            tellFields(head, bytes, route)
            tellReplay(head, route)
        } catch {
            if let index = error.route { add("route", preparation.configuration.routes[index].name) }
            refuse(error.answer)
        }
    }

    private mutating func add(_ label: String, _ text: String) { lines.append(Line(label: label, text: text)) }

    private mutating func refuse(_ answer: Answer) {
        isRefused = true
        add("refused", "\(answer.status) \(answer.code.rawValue): \(answer.message)")
    }

    private static func refusal(ofContent count: Int, _ route: RouteState, isInspected: Bool) -> Answer? {
        let bytesMax = route.configuration.limits.requestBodyBytesMax
        if isInspected, count > Limits.rpcContentBytesMax {
            return .contentTooLarge(route.configuration.name, bytesMax: Limits.rpcContentBytesMax, rule: "allow.rpcMethods")
        }
        return count > bytesMax ? .contentTooLarge(route.configuration.name, bytesMax: bytesMax) : nil
    }

    /// A route as it is at work, but that it connects to nothing and has no token.
    private static func route(_ index: Int, _ configuration: Configuration, _ egress: Egress?) -> RouteState {
        let route = configuration.routes[index]
        let destination = Destination(
            index: index, origin: route.upstream, connectTo: route.connectTo, tls: nil, serverName: route.tls.serverName, egress: egress,
            connectTimeout: route.timeouts.connect, concurrency: route.limits.concurrency, queueMax: route.limits.queue)
        guard let grant = try? Grant.fixed(token: Secret("none")) else { preconditionFailure("a plain word is a token") }
        let shared = SharedCredential(cache: TokenCache(grant: grant, seed: 0), grant: PreparedGrant(grant: grant, customerId: nil))
        let credential = CredentialState(
            index: route.credential, configuration: configuration.credentials[route.credential], destination: nil, timer: .none,
            shared: shared)
        return RouteState(index: index, configuration: route, destination: destination, credential: credential)
    }
}

// MARK: what would go upstream

extension Explanation {
    private static func name(of route: RouteState) -> String {
        let prefix = String(decoding: route.configuration.pathPrefix, as: UTF8.self)
        let host = route.configuration.host.map { ", for the host \($0)" } ?? ""
        return "\(route.configuration.name) (pathPrefix \(prefix)\(host))"
    }

    /// Who asks is known of a connection alone, so this is no decision.
    private mutating func tellUsers(of route: RouteState, _ preparation: inout Preparation) {
        guard let users = preparation.users(of: route.configuration), let entries = route.configuration.allow.users else { return }
        let names = entries.map { entry in
            switch entry.kind {
            case .name(let name): name
            case .number(let number): "\(number)"
            case .group(let name): "@\(name)"
            }
        }
        let own = getuid()
        add(
            "users",
            "of \(names.joined(separator: ", ")) alone (allow.users); "
                + "user \(own), who asks here, \(users.contains(own, at: .zero) ? "is one of them" : "is not, and would get 403 forbidden")")
        for finding in preparation.findings { add("mistake", finding.description) }
    }

    private mutating func tellUpstream(_ head: borrowing RequestHead, _ bytes: UnsafeBufferPointer<UInt8>, _ route: RouteState) {
        var line = Buffer()
        if route.keepsLine(of: head) {
            add("upstream", Self.url(of: bytes.span, head.line, route))
        } else {
            var pool = BufferPool()
            line = pool.lend()
            let parameter = route.configuration.socketIOToken ? Secret("token={token}") : nil
            route.writeRequestLine(head, bytes, parameter: parameter, into: &line)
            add("upstream", Self.url(of: line.bytes.span, 0..<line.count, route))
            pool.giveBack(&line)
        }
        if let egress = route.destination.egress {
            add("by way of", "the egress proxy \(egress.text) (\(egress.setting))")
        } else if let endpoint = route.configuration.connectTo {
            add("by way of", "\(endpoint.host.contains(":") ? "[\(endpoint.host)]" : endpoint.host):\(endpoint.port) (connectTo)")
        }
    }

    /// `METHOD URL` of a request line.
    private static func url(of bytes: Span<UInt8>, _ line: Range<Int>, _ route: RouteState) -> String {
        let words = bytes.extracting(line).withUnsafeBufferPointer { String(decoding: $0, as: UTF8.self) }.split(separator: " ")
        let origin = route.configuration.upstream
        let target = words[1] == "*" ? " (target *)" : words[1]
        return "\(words[0]) \(origin.scheme.rawValue)://\(origin.authority)\(target)"
    }

    /// Which of the client's lines do not go on, and which the proxy writes.
    private mutating func tellFields(_ head: borrowing RequestHead, _ bytes: UnsafeBufferPointer<UInt8>, _ route: RouteState) {
        let asksForGzip = route.configuration.decompress && head.mayAskForGzip(bytes.span)
        let room = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, count in
            var output = OutputSpan(buffer: buffer, initializedCount: 0)
            let fits = asksForGzip
                ? head.writeFields(from: bytes.span, except: route.gzipRequestFilter, into: &output)
                : head.writeFields(from: bytes.span, except: route.requestFilter, into: &output)
            precondition(fits, "what stays of a head fits where the whole was")
            count = output.finalize(for: buffer)
        }
        var kept = Self.names(in: room)
        var removed: [String] = []
        for index in 0..<head.fieldCount {
            let name = String(decoding: bytes[head.field(at: index).nameRange], as: UTF8.self)
            if kept.first == name { kept.removeFirst() } else { removed.append(name) }
        }
        add("removes", removed.isEmpty ? "nothing" : removed.joined(separator: ", "))
        add("adds", added(head, bytes, route, asksForGzip: asksForGzip).joined(separator: ", "))
    }

    private static func names(in lines: [UInt8]) -> [String] {
        String(decoding: lines, as: UTF8.self).split(separator: "\r\n").map { String($0.prefix { $0 != ":" }) }
    }

    private func added(
        _ head: borrowing RequestHead, _ bytes: UnsafeBufferPointer<UInt8>, _ route: RouteState, asksForGzip: Bool
    ) -> [String] {
        let credential = route.credential.configuration.name
        var names = ["Host"]
        for injection in route.configuration.inject {
            let hasSecret = injection.value.contains { if case .literal = $0 { false } else { true } }
            names.append(hasSecret ? "\(injection.name) (of credential \(credential))" : injection.name)
        }
        names.append("X-Request-Id")
        if asksForGzip { names.append("Accept-Encoding") }
        names.append("Via")
        let offersTunnel = head.hasUpgrade && BodyReader(head.framing).isComplete && UpgradeOffer(head, in: bytes.span) != nil
        if offersTunnel { names += ["Connection", "Upgrade"] }
        switch head.framing {
        case .none, .untilClose: break
        case .length: names.append("Content-Length")
        case .chunked: names.append("Transfer-Encoding")
        }
        if head.acceptsTrailers, !offersTunnel { names += ["TE", "Connection"] }
        if case .length(let count) = head.framing, count > 0, head.expectsContinue || count > route.configuration.replayBodyBytesMax {
            names.append("Expect")
        }
        return names
    }

    private mutating func tellReplay(_ head: borrowing RequestHead, _ route: RouteState) {
        let bytesMax = route.configuration.replayBodyBytesMax
        let limit = "\(Quantity.text(bytes: bytesMax)) (replayBody)"
        let again = "sent once more with a new token"
        let text =
            switch head.framing {
            case .none, .untilClose, .length(0): again
            case .length(let count) where count <= bytesMax || (route.policy?.inspects(head.method) ?? false):
                "\(again); its content is kept for that"
            case .length:
                "its content is longer than \(limit): it is announced first (Expect: 100-continue), and a 401 to that has it \(again); "
                    + "a 401 that comes later goes to the client"
            case .chunked:
                "\(again), unless its content turns out to be longer than \(limit); unless all of it comes with its head, it is announced first"
            }
        let statuses = route.configuration.reauthenticateOn.map { rule in
            "\(rule.status)\(rule.field == nil && rule.contentText == nil ? "" : " (with the text of reauthenticateOn)")"
        }
        add("after \(statuses.joined(separator: " or "))", text)
        add(
            "connection",
            head.method.isSafe
                ? "sent once more where a kept connection turns out to have been closed"
                : "never sent again once a byte of it was handed to the kernel")
    }
}
