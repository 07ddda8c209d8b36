internal import Credentials
internal import EventLoop
internal import TLS
internal import Wire

/// How the proxy is, as JSON. Nothing in it is secret: of tokens it has their times, of secrets nothing.
struct StatusDocument {
    private let server: Server
    private let startTime: Duration
    private let wall: Duration
    /// In the order of the configuration; of credentials that no route uses nothing hangs on.
    private let health: [(health: TokenHealth, credential: CredentialState, isUsed: Bool)]

    init(_ server: Server, startTime: Duration) {
        self.server = server
        self.startTime = startTime
        wall = server.kernel.wallNow()
        let used = Set(server.routes.map(\.credential.index))
        health = server.credentials.map { credential in
            let health = TokenHealth(name: credential.configuration.name, status: server.status(of: credential))
            return (health, credential, used.contains(credential.index))
        }
    }

    /// Whether requests are accepted, and each has its token.
    var isReady: Bool { !server.isDraining && !health.contains { $0.isUsed && $0.health.problem != nil } }

    private var state: String { server.isDraining ? "draining" : isReady ? "ready" : "not ready" }

    /// What `/readyz` says: why not, where it is not.
    func readiness() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("ready")
        writer.bool(isReady)
        writer.key("state")
        writer.string(state)
        writer.key("credentials")
        writer.beginObject()
        for (health, _, isUsed) in health {
            guard isUsed, let problem = health.problem else { continue }
            writer.key(health.name)
            writer.beginObject()
            writer.key("state")
            writer.string(health.status.state.rawValue)
            writer.key("problem")
            writer.string(problem)
            writer.key("nextCallInSeconds")
            write(health.status.nextCallIn, into: &writer)
            writer.endObject()
        }
        writer.endObject()
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    /// What `/status.json` says. `reports`: by the loop's position, nil of one that did not answer.
    func status(_ reports: [LoopReport?]) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("state")
        writer.string(state)
        writer.key("version")
        writer.string(server.version)
        writer.key("commit")
        if let commit = server.commit { writer.string(commit) } else { writer.null() }
        writer.key("openssl")
        writer.string(TLSContext.versionDescription)
        writer.key("time")
        writer.string(Timestamp.text(wall))
        writer.key("startTime")
        writer.string(Timestamp.text(startTime))
        writer.key("uptimeSeconds")
        write(wall - startTime, into: &writer)
        writer.key("configuration")
        writeConfiguration(into: &writer)
        writer.key("durationBoundsSeconds")
        writer.beginArray()
        for bound in TimeScale.bounds { writer.decimal(millionths: bound) }
        writer.endArray()
        writer.key("routes")
        writeRoutes(reports, into: &writer)
        writer.key("credentials")
        writeCredentials(into: &writer)
        writer.key("loops")
        writeLoops(reports, into: &writer)
        writer.key("errors")
        writeFaults(reports, into: &writer)
        writer.endObject()
        return writer.bytes + [UInt8(ascii: "\n")]
    }

    private func writeConfiguration(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("isLastReloadSuccessful")
        writer.bool(server.lastReload.isSuccessful)
        writer.key("lastReloadSuccessTime")
        writer.string(Timestamp.text(server.lastReload.success))
        writer.endObject()
    }

    private func write(_ time: Duration?, into writer: inout JSONWriter) {
        guard let time else { return writer.null() }
        writer.decimal(millionths: Int(clamping: time.attoseconds / 1_000_000_000_000_000) * 1000)
    }
}

// MARK: routes

extension StatusDocument {
    private func writeRoutes(_ reports: [LoopReport?], into writer: inout JSONWriter) {
        writer.beginObject()
        var addresses: [String: [String]] = [:]
        for listener in server.listening {
            let address = listener.address.description
            for name in listener.routes { addresses[name, default: []].append(address) }
        }
        var told: [String: [LoopReport.RouteReport]] = [:]
        for case let report? in reports {
            for route in report.routes { told[route.name, default: []].append(route) }
        }
        for route in server.routes {
            let name = route.configuration.name
            writer.key(name)
            write(route, listen: addresses[name] ?? [], told[name] ?? [], into: &writer)
        }
        writer.endObject()
    }

    private func write(_ route: RouteState, listen: [String], _ reports: [LoopReport.RouteReport], into writer: inout JSONWriter) {
        let configuration = route.configuration
        writer.beginObject()
        writer.key("listen")
        writer.beginArray()
        for address in listen { writer.string(address) }
        writer.endArray()
        writer.key("pathPrefix")
        writer.string(repairing: configuration.pathPrefix)
        writer.key("host")
        writer.string(configuration.host ?? "*")
        writer.key("upstream")
        writer.string("\(configuration.upstream.scheme.rawValue)://\(configuration.upstream.authority)\(configuration.upstream.basePath)")
        writer.key("credential")
        writer.string(route.credential.configuration.name)
        writeFigures(server.metrics.total(of: .route(configuration.name)), into: &writer)
        writer.key("connections")
        writeCounts(
            [
                ("open", reports.reduce(0) { $0 + $1.openCount }), ("idle", reports.reduce(0) { $0 + $1.idleCount }),
                ("limit", configuration.limits.concurrency),
            ], into: &writer)
        writer.key("queue")
        writeCounts([("waiting", reports.reduce(0) { $0 + $1.waitingCount }), ("limit", configuration.limits.queue)], into: &writer)
        writer.key("addresses")
        writeAddresses(reports, into: &writer)
        writer.endObject()
    }

    /// Each once: the loops look names up for themselves, and commonly find the same.
    private func writeAddresses(_ reports: [LoopReport.RouteReport], into writer: inout JSONWriter) {
        var addresses: [SocketAddress] = []
        for address in reports.flatMap(\.addresses) where !addresses.contains(address) { addresses.append(address) }
        writer.beginArray()
        for address in addresses { writer.string(address.description) }
        writer.endArray()
    }

    private func writeCounts(_ counts: [(String, Int)], into writer: inout JSONWriter) {
        writer.beginObject()
        for (key, count) in counts {
            writer.key(key)
            writer.int(count)
        }
        writer.endObject()
    }
}

// MARK: what is counted

extension StatusDocument {
    /// Since the start, over all loops.
    private func writeFigures(_ figures: [UInt64], into writer: inout JSONWriter) {
        func count(_ places: Range<Int>) -> Int { Int(clamping: figures[places].reduce(0, &+)) }
        func place(_ status: Int) -> Int { Figure.Route.place(ofStatus: status) }
        writer.key("requests")
        let classes = (1...5).map { ("\($0)xx", count(place($0 * 100)..<place($0 * 100 + 99) + 1)) }
        let unanswered = Int(clamping: figures[Figure.Route.statuses])
        writeCounts(
            [("total", classes.reduce(unanswered) { $0 + $1.1 })] + classes
                + [
                    ("unanswered", unanswered), ("replays", Int(clamping: figures[Figure.Route.replays])),
                    ("retries", Int(clamping: figures[Figure.Route.retries])),
                ], into: &writer)
        writer.key("bytes")
        writeCounts(
            [
                ("received", Int(clamping: figures[Figure.Route.receivedBytes])), ("sent", Int(clamping: figures[Figure.Route.sentBytes])),
            ], into: &writer)
        writer.key("durations")
        writer.beginObject()
        for (key, start) in [("whole", Figure.Route.whole), ("upstream", Figure.Route.upstream), ("overhead", Figure.Route.overhead)] {
            writer.key(key)
            writeHistogram(figures[start..<start + TimeScale.placeCount], into: &writer)
        }
        writer.endObject()
    }

    private func writeHistogram(_ places: ArraySlice<UInt64>, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("sumSeconds")
        writer.decimal(millionths: Int(clamping: (places.last ?? 0) / 1_000))
        writer.key("buckets")
        writer.beginArray()
        for count in places.dropLast() { writer.int(Int(clamping: count)) }
        writer.endArray()
        writer.endObject()
    }
}

// MARK: credentials

extension StatusDocument {
    private func writeCredentials(into writer: inout JSONWriter) {
        writer.beginObject()
        for (health, credential, isUsed) in health {
            writer.key(health.name)
            write(health, credential.configuration, isUsed: isUsed, into: &writer)
        }
        writer.endObject()
    }

    private func write(_ health: TokenHealth, _ credential: Credential, isUsed: Bool, into writer: inout JSONWriter) {
        let status = health.status
        writer.beginObject()
        writer.key("type")
        writer.string(credential.type.rawValue)
        writer.key("endpoint")
        if let origin = credential.origin { writer.string("\(origin.scheme.rawValue)://\(origin.authority)") } else { writer.null() }
        writer.key("isUsed")
        writer.bool(isUsed)
        writer.key("state")
        writer.string(status.state.rawValue)
        writer.key("isUsable")
        writer.bool(status.isUsable)
        writer.key("isDoubted")
        writer.bool(status.isDoubted)
        writer.key("generation")
        writer.int(Int(clamping: status.generation))
        writer.key("expiresInSeconds")
        write(status.expiresIn, into: &writer)
        writer.key("lifetimeSeconds")
        write(status.lifetime, into: &writer)
        writer.key("nextCallInSeconds")
        write(status.nextCallIn, into: &writer)
        writer.key("failures")
        writer.int(status.failures)
        writer.key("problem")
        if let problem = health.problem { writer.string(problem) } else { writer.null() }
        writer.key("lastFailure")
        if let cause = status.cause { writer.string(cause) } else { writer.null() }
        writer.key("warning")
        if let warning = health.warning { writer.string(warning) } else { writer.null() }
        writer.key("advice")
        let code = status.cause != nil ? "no_token" : status.isDoubted ? "token_refused" : ""
        if let advice = Advice.text(for: code) { writer.string(advice) } else { writer.null() }
        writer.endObject()
    }
}

// MARK: loops and faults

extension StatusDocument {
    private func writeLoops(_ reports: [LoopReport?], into writer: inout JSONWriter) {
        writer.beginArray()
        for report in reports {
            writer.beginObject()
            writer.key("isResponding")
            writer.bool(report != nil)
            writer.key("clients")
            if let report { writer.int(report.clientCount) } else { writer.null() }
            writer.key("upstreamConnections")
            if let report { writer.int(report.upstreamCount) } else { writer.null() }
            writer.endObject()
        }
        writer.endArray()
    }

    /// The last one first.
    private func writeFaults(_ reports: [LoopReport?], into writer: inout JSONWriter) {
        var log = FaultLog()
        for report in reports { log.merge(report?.faults ?? []) }
        writer.beginArray()
        for fault in log.faults.reversed() { write(fault, into: &writer) }
        writer.endArray()
    }

    private func write(_ fault: Fault, into writer: inout JSONWriter) {
        writer.beginObject()
        switch fault.subject {
        case .route(let name):
            writer.key("route")
            writer.string(name)
        case .credential(let name):
            writer.key("credential")
            writer.string(name)
        case .proxy: break
        }
        writer.key("code")
        writer.string(fault.code)
        writer.key("message")
        writer.string(fault.message)
        writer.key("advice")
        if let advice = Advice.text(for: fault.code) { writer.string(advice) } else { writer.null() }
        writer.key("count")
        writer.int(fault.count)
        writer.key("firstTime")
        writer.string(Timestamp.text(fault.first))
        writer.key("lastTime")
        writer.string(Timestamp.text(fault.last))
        writer.endObject()
    }
}
