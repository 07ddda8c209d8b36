internal import EventLoop

/// When what happened to a request, besides its beginning: on the loop's clock.
struct Timing {
    /// The wait that is under way began then; never: none is. For what, the exchange's phase says.
    var waitBegan = Instant.never
    /// So long it waited for its content, where that is looked into first, ...
    var content = Interval.zero
    /// ... for a token, ...
    var token = Interval.zero
    /// ... for a connection, ...
    var queue = Interval.zero
    /// ... and for answers, from when its head had been sent, over all attempts.
    var upstream = Interval.zero
    /// The head had been sent to the upstream that answers next; never: none is to.
    var sent = Instant.never
    /// The beginning of the answer had been passed on, where the rest came later.
    var relayed = Instant.never

    /// The head of an answer is there.
    @inline(__always)
    mutating func answered(at now: Instant) {
        guard sent != .never else { return }
        // Sending took some of this turn.
        upstream = upstream + max(now - sent, .zero)
        sent = .never
    }

    /// How long it all took for a request from `started` to `end`.
    @inline(__always)
    func durations(from started: Instant, to end: Instant) -> Durations {
        var upstream = upstream
        if sent != .never { upstream = upstream + max(end - sent, .zero) }
        let others = content + token + queue + upstream
        let own = (relayed == .never ? end : relayed) - started - others
        return Durations(whole: end - started, upstream: upstream, overhead: max(own, .zero), token: token, queue: queue)
    }
}
