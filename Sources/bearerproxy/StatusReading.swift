internal import Wire

/// What `/status.json` said, as far as a terminal shows it.
struct StatusReading {
    struct Route {
        let name: String
        let upstream: String
        let listen: [String]
        let credential: String
        let requestCount: Int
        let faultCount: Int
        /// Requests by how long they took, in the buckets of `bounds`.
        let buckets: [Int]
        let openCount: Int
        let idleCount: Int
        let waitingCount: Int
    }

    struct Token {
        let name: String
        let state: String
        let expiresIn: Double?
        let lifetime: Double?
        let nextCallIn: Double?
        let problem: String?
        let lastFailure: String?
        let warning: String?
        let advice: String?
    }

    struct Fault {
        let subject: String
        let code: String
        let message: String
        let advice: String?
        let count: Int
        let lastTime: String
    }

    let state: String
    let uptime: Double
    let clientCount: Int
    let loopCount: Int
    /// Loops that did not answer.
    let silentCount: Int
    /// The longest duration of each bucket but the last, in seconds.
    let bounds: [Double]
    let routes: [Route]
    let tokens: [Token]
    let faults: [Fault]

    var isReady: Bool { state == "ready" }

    /// Nil for anything else.
    init?(_ json: JSON) {
        guard let state = json["state"]?.string, let uptime = json["uptimeSeconds"]?.double, let loops = json["loops"]?.array,
            let routes = json["routes"]?.object, let tokens = json["credentials"]?.object, let faults = json["errors"]?.array
        else { return nil }
        self.state = state
        self.uptime = uptime
        clientCount = loops.reduce(0) { $0 + ($1["clients"]?.int ?? 0) }
        loopCount = loops.count
        silentCount = loops.count { $0["isResponding"]?.bool != true }
        bounds = json["durationBoundsSeconds"]?.array?.compactMap(\.double) ?? []
        self.routes = routes.map { Route($0.key, $0.value) }
        self.tokens = tokens.map { Token($0.key, $0.value) }
        self.faults = faults.map { Fault($0) }
    }
}

extension StatusReading.Route {
    fileprivate init(_ name: String, _ json: JSON) {
        self.name = name
        upstream = json["upstream"]?.string ?? ""
        listen = json["listen"]?.array?.compactMap(\.string) ?? []
        credential = json["credential"]?.string ?? ""
        requestCount = json["requests"]?["total"]?.int ?? 0
        faultCount = (json["requests"]?["5xx"]?.int ?? 0) + (json["requests"]?["unanswered"]?.int ?? 0)
        buckets = json["durations"]?["whole"]?["buckets"]?.array?.compactMap(\.int) ?? []
        openCount = json["connections"]?["open"]?.int ?? 0
        idleCount = json["connections"]?["idle"]?.int ?? 0
        waitingCount = json["queue"]?["waiting"]?.int ?? 0
    }
}

extension StatusReading.Token {
    fileprivate init(_ name: String, _ json: JSON) {
        self.name = name
        state = json["state"]?.string ?? ""
        expiresIn = json["expiresInSeconds"]?.double
        lifetime = json["lifetimeSeconds"]?.double
        nextCallIn = json["nextCallInSeconds"]?.double
        problem = json["problem"]?.string
        lastFailure = json["lastFailure"]?.string
        warning = json["warning"]?.string
        advice = json["advice"]?.string
    }
}

extension StatusReading.Fault {
    fileprivate init(_ json: JSON) {
        subject = json["route"]?.string ?? json["credential"]?.string ?? "-"
        code = json["code"]?.string ?? ""
        message = json["message"]?.string ?? ""
        advice = json["advice"]?.string
        count = json["count"]?.int ?? 1
        lastTime = json["lastTime"]?.string ?? ""
    }
}
