/// The credentials that a flight may use: those that were read last, and those that got the last token where they are others.
struct KnownGrants: Sendable {
    enum Choice: Sendable, Equatable {
        /// Those that were read last.
        case newest
        /// Those that got the last token, before they were replaced.
        case former
    }

    private var newest: Grant
    private var former: Grant?
    /// The newest got a token, and were not refused since.
    private var isNewestProven = false
    /// The newest were refused while the former were good: until then the former go first.
    private var formerFirstUntil = Duration.zero

    init(_ grant: Grant) { newest = grant }

    subscript(choice: Choice) -> Grant {
        switch choice {
        case .newest: newest
        case .former: former ?? newest
        }
    }

    /// What was read just now. False if it is what was read before.
    mutating func take(_ grant: Grant) -> Bool {
        guard grant != newest else { return false }
        if grant == former {
            former = nil
            isNewestProven = true
        } else {
            if isNewestProven { former = newest }
            isNewestProven = false
        }
        newest = grant
        formerFirstUntil = .zero
        return true
    }

    /// With which a flight begins.
    func first(at now: Duration) -> Choice { former != nil && now < formerFirstUntil ? .former : .newest }

    /// With which a flight goes on after these were refused, if there are others.
    mutating func refused(_ choice: Choice, at now: Duration, limits: Limits) -> Choice? {
        switch choice {
        case .newest:
            isNewestProven = false
            guard former != nil else { return nil }
            formerFirstUntil = now + limits.refusalPause
            return .former
        case .former:
            former = nil
            return .newest
        }
    }

    /// They got a token.
    mutating func proved(_ choice: Choice) {
        guard choice == .newest else { return }
        former = nil
        isNewestProven = true
    }

    func contains(_ grant: Grant) -> Bool { grant == newest || grant == former }
}
