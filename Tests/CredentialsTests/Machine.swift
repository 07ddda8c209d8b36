import Credentials
import Wire

/// A token machine with the clock and the token endpoint of a test.
final class Machine {
    var cache: TokenCache
    var now = Duration.zero
    /// The wall clock when the monotonic one was zero.
    let wallStart = Duration.seconds(1_800_000_000)
    /// What the machine asked for, in order.
    private(set) var calls: [TokenRequest] = []
    /// What stands where the secrets are read from; nil: they cannot be read.
    var stored: Grant?
    /// A reading ends at once, and otherwise when the test says so.
    var readsAtOnce = true
    private(set) var isReading = false
    /// Readings that found others than the one before.
    private(set) var changeCount = 0
    private(set) var readingCount = 0
    private(set) var lookCount = 0
    private var seen: Grant?

    var wall: Duration { wallStart + now }

    init(_ grant: Grant, rotation: Rotation = .never, seed: UInt64 = 1, limits: Credentials.Limits = Credentials.Limits()) {
        cache = TokenCache(grant: grant, rotation: rotation, seed: seed, limits: limits)
        stored = grant
        seen = grant
    }

    /// Client keys whose secret has this number, of the kind bloq or bloquo.
    static func keys(_ number: Int, isBloq: Bool = false) -> Grant {
        let (id, secret) = (Secret("id-1"), Secret("hush-\(number)"))
        return isBloq
            ? try! .calls(.bloq(clientId: id, clientSecret: secret))
            : try! .calls(.bloquo(customerId: Secret("customer-1"), clientId: id, clientSecret: secret))
    }

    static func bloq(seed: UInt64 = 1) -> Machine {
        Machine(try! .calls(.bloq(clientId: Secret("id-1"), clientSecret: Secret("hush-1"))), seed: seed)
    }

    static func bloquo(seed: UInt64 = 1) -> Machine {
        Machine(try! .calls(.bloquo(
            customerId: Secret("customer-1"), clientId: Secret("id-1"), clientSecret: Secret("hush-1"))), seed: seed)
    }

    /// A machine of the kind bloquo with a token of an hour.
    static func withToken(seed: UInt64 = 1, lifetime: Int = 3_600) -> Machine {
        let machine = bloquo(seed: seed)
        _ = machine.call()
        _ = machine.grant("token-1", lifetime: lifetime)
        return machine
    }

    /// Asks for the next actions, and reads secrets where it is told to; true if it comes to a call.
    func call() -> Bool {
        while true {
            switch cache.nextAction(at: now) {
            case .none: return false
            case .readSecrets:
                readingCount += 1
                isReading = true
                if readsAtOnce { endReading() }
            case .lookAtSecrets:
                lookCount += 1
                if stored != seen { endReading() }
            case .fetch(let request):
                calls.append(request)
                return true
            }
        }
    }

    /// The number of the secret that was read last.
    private(set) var readKey = 1

    func endReading() {
        seen = stored
        isReading = false
        if let number = (1...3).first(where: { stored == Machine.keys($0) || stored == Machine.keys($0, isBloq: true) }) { readKey = number }
        if cache.secretsRead(stored, at: now) { changeCount += 1 }
    }

    /// The number of the secret that the last call was made with; nil if it was none with credentials.
    var usedKey: Int? {
        guard let body = calls.last?.body.revealed, let start = body.firstRange(of: "hush-")?.upperBound else { return nil }
        return Int(body[start...].prefix { $0.isNumber })
    }

    func answer(
        _ status: Int, _ body: String = "", retryAfter: Duration? = nil, date: Duration? = nil
    ) -> TokenCache.Outcome {
        cache.answered(
            status: status, retryAfter: retryAfter, body: Array(body.utf8), at: now, wall: wall, date: date)
    }

    /// The outstanding call brings a token, in the form of bloquo.
    func grant(_ token: String, lifetime: Int) -> TokenCache.Outcome {
        answer(200, #"{"status":true,"result":{"accessToken":"\#(token)","expiresIn":\#(lifetime),"tokenType":"Bearer"}}"#)
    }

    /// The outstanding call brings a token and a refresh token, in the form of bloq.
    func grant(_ token: String, refreshToken: String) -> TokenCache.Outcome {
        answer(200, #"{"accessToken":"\#(token)","refreshToken":"\#(refreshToken)"}"#)
    }

    /// Whether the last call was one with the refresh token.
    var isRefreshing: Bool { calls.last?.body.revealed.contains(#""refreshToken""#) == true }

    /// The outstanding call brings no connection.
    func lose() -> TokenCache.Outcome {
        cache.failed(.connection("refused"), at: now)
    }

    func use(refused generation: UInt64? = nil) -> TokenCache.Use {
        cache.use(at: now, refusedGeneration: generation)
    }

    func refuse(
        _ generation: UInt64, route: Int = 0, isReplayable: Bool = true, firstRefused: Duration? = nil
    ) -> TokenCache.Refusal {
        cache.refused(generation: generation, route: route, isReplayable: isReplayable, firstRefused: firstRefused, at: now)
    }

    /// Lets time pass up to the deadline of the machine.
    func sleep() {
        if let deadline = cache.nextDeadline { now = max(now, deadline) }
    }

    var token: String? { cache.withToken { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }

    var isUsable: Bool { cache.status(at: now).isUsable }

    var isDoubted: Bool { cache.status(at: now).isDoubted }

    var state: TokenStatus.State { cache.status(at: now).state }
}

extension Secret {
    /// For comparing what was rendered.
    var revealed: String { withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }
}

extension TokenCache.Use {
    var isPausing: Bool { if case .pausing = self { true } else { false } }
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}

extension TokenCache.Refusal {
    var isUnavailable: Bool { if case .unavailable = self { true } else { false } }
}

extension TokenCache.Outcome {
    var pause: Duration? { if case .failed(_, let retryAfter) = self { retryAfter } else { nil } }
    var cause: String? { if case .failed(let cause, _) = self { cause } else { nil } }
}

/// A token in the form of a JWT with this payload.
func jwt(_ payload: String) -> String {
    "\(Base64URL.encode(Array(#"{"alg":"RS256"}"#.utf8))).\(Base64URL.encode(Array(payload.utf8))).c2ln"
}
