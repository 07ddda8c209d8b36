import Sandbox

/// When the sandbox was asked for tokens, and whether there was a reason for each call. To be told after each turn.
struct TokenCallWatch {
    private struct Call {
        let time: Duration
        /// It got no token: the next comes without any other reason.
        let isRefused: Bool
    }

    /// Of each credential.
    private var calls: [[Call]] = [[], []]
    private var last: [TokenCalls]
    private var revocations: [Duration] = []

    init(_ sandbox: Sandbox) { last = Self.counts(sandbox) }

    private static func counts(_ sandbox: Sandbox) -> [TokenCalls] { [sandbox.bloqTokenCalls, sandbox.bloquoTokenCalls] }

    mutating func look(at sandbox: Sandbox, now: Duration) {
        for (index, counts) in Self.counts(sandbox).enumerated() where counts != last[index] {
            calls[index].append(Call(time: now, isRefused: counts.refused > last[index].refused))
            last[index] = counts
        }
    }

    mutating func noteRevocation(at now: Duration) { revocations.append(now) }

    /// Calls in the place of a token that nobody has taken back since it was made, and that is not old: whoever is refused late, with the one
    /// before, finds that there is another.
    func needless(lifetime: Duration) -> [String] {
        calls.flatMap { calls in
            zip(calls, calls.dropFirst()).filter { former, call in
                // What it is told of the lifetime is in whole seconds, at both ends of it.
                let isOld = call.time - former.time >= (lifetime - .seconds(2)) * 0.7
                return !isOld && !former.isRefused && !revocations.contains { $0 >= former.time && $0 <= call.time }
            }.map { "a token of \($0.time) was replaced at \($1.time), and nobody had taken it back" }
        }
    }
}
