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

    var wall: Duration { wallStart + now }

    init(_ grant: Grant, seed: UInt64 = 1, limits: Credentials.Limits = Credentials.Limits()) {
        cache = TokenCache(grant: grant, seed: seed, limits: limits)
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

    /// Asks for the next action; true if it is a call.
    func call() -> Bool {
        guard case .fetch(let request) = cache.nextAction(at: now) else { return false }
        calls.append(request)
        return true
    }

    func answer(_ status: Int, _ body: String = "", retryAfter: Duration? = nil) -> TokenCache.Outcome {
        cache.answered(status: status, retryAfter: retryAfter, body: Array(body.utf8), at: now, wall: wall)
    }

    /// The outstanding call brings a token, in the form of bloquo.
    func grant(_ token: String, lifetime: Int) -> TokenCache.Outcome {
        answer(200, #"{"status":true,"result":{"accessToken":"\#(token)","expiresIn":\#(lifetime),"tokenType":"Bearer"}}"#)
    }

    /// The outstanding call brings no connection.
    func lose() -> TokenCache.Outcome {
        cache.failed(.connection("refused"), at: now)
    }

    func use(refused generation: UInt64? = nil) -> TokenCache.Use {
        cache.use(at: now, refusedGeneration: generation)
    }

    func refuse(_ generation: UInt64, route: Int = 0) -> TokenCache.Refusal {
        cache.refused(generation: generation, route: route, at: now)
    }

    /// Lets time pass up to the deadline of the machine.
    func sleep() {
        if let deadline = cache.nextDeadline { now = max(now, deadline) }
    }

    var token: String? { cache.withToken { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }

    var state: TokenStatus.State { cache.status(at: now).state }
}

extension Secret {
    /// For comparing what was rendered.
    var revealed: String { withBytes { span in String(decoding: span.indices.map { span[$0] }, as: UTF8.self) } }
}

extension TokenCache.Use {
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
