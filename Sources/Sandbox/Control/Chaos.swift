internal import EventLoop

/// Faults that requests meet by chance: so many of a hundred, chosen by a generator whose seed is known.
///
/// What a request asks for is carried out before a fault of its answer, and not at all after one of the request: the ledgers tell which.
final class Chaos: EventHandler {
    /// What befalls a request.
    enum Fault: String, CaseIterable {
        /// It is carried out, and answered late.
        case late
        /// Token calls only.
        case serverError
        case unavailable
        case tooManyRequests
        /// All tokens are revoked, this request's with them.
        case revokedToken
        /// The connection is reset before the request is carried out.
        case resetBefore
        /// It is reset after that, without an answer.
        case resetAfter
        /// It is closed amid the answer.
        case cutOff
    }

    private struct Late {
        let answer: HeldAnswer
        let response: Response
        let timer: TimerID
    }

    private static let ofRequests: [Fault] = [.late, .unavailable, .tooManyRequests, .revokedToken, .resetBefore, .resetAfter, .cutOff]
    private static let ofTokenCalls: [Fault] = [.late, .serverError, .unavailable, .resetBefore]

    private let loop: Loop
    private let percent: Int
    private let revokeAll: () -> Void
    private var generator: SeededGenerator
    private var handler: HandlerID!
    /// Answers that are late, by the tokens of their timers. Each connection has one at most.
    private var late: [UInt64: Late] = [:]
    private var lateCount: UInt64 = 0
    private(set) var counts: [Fault: Int] = [:]
    private var requestCount = 0
    private var nextRevocation = 0

    /// - Parameter revokeAll: revokes all tokens.
    init(loop: Loop, percent: Int, seed: UInt64, revokeAll: @escaping () -> Void) {
        self.loop = loop
        self.percent = percent
        self.revokeAll = revokeAll
        generator = SeededGenerator(seed: seed)
        handler = loop.add(self)
    }

    /// What this request meets; nil for nothing.
    func fault(isTokenCall: Bool) -> Fault? {
        requestCount += 1
        guard Int.random(in: 0..<100, using: &generator) < percent else { return nil }
        guard var fault = (isTokenCall ? Self.ofTokenCalls : Self.ofRequests).randomElement(using: &generator) else { return nil }
        // Services that refuse each new token at once are not unreliable, but closed.
        if fault == .revokedToken, requestCount < nextRevocation { fault = .tooManyRequests }
        if fault == .revokedToken { nextRevocation = requestCount + Limits.chaosRevocationDistance }
        counts[fault, default: 0] += 1
        return fault
    }

    /// Has a request meet a fault.
    ///
    /// - Parameter admit: judges it again; nil for a request that is let through.
    /// - Parameter carryOut: does what it asks for.
    func reply(_ fault: Fault, admit: () -> Response?, carryOut: () -> Reply) -> Reply {
        switch fault {
        case .serverError: return .now(.text("chaos\n", status: 500))
        case .unavailable: return .now(.text("chaos\n", status: 503).with("Retry-After", "1"))
        case .tooManyRequests: return .now(.text("chaos\n", status: 429).with("Retry-After", "1"))
        case .revokedToken:
            revokeAll()
            return admit().map { .now($0) } ?? carryOut()
        case .resetBefore: return .reset
        case .late, .resetAfter, .cutOff:
            let reply = carryOut()
            // What is answered later anyway, or speaks another protocol, is left alone.
            guard case .now(let response) = reply else { return reply }
            return fault == .late ? .later(delayed(response)) : fault == .cutOff ? .cutOff(response) : .reset
        }
    }

    private func delayed(_ response: Response) -> HeldAnswer {
        let answer = HeldAnswer()
        lateCount += 1
        let token = lateCount
        let timer = loop.makeTimer(for: handler, token: token)
        late[token] = Late(answer: answer, response: response, timer: timer)
        answer.abandoned = { [unowned self] in _ = take(token) }
        loop.arm(timer, at: loop.now + .milliseconds(Int.random(in: 1...Limits.chaosDelayMillisecondsMax, using: &generator)))
        return answer
    }

    private func take(_ token: UInt64) -> Late? {
        guard let found = late.removeValue(forKey: token) else { return nil }
        loop.removeTimer(found.timer)
        return found
    }

    func timerFired(_ token: UInt64, now: Instant) {
        if let found = take(token) { found.answer.give(found.response) }
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
    func turnEnded(now: Instant) {}
}
