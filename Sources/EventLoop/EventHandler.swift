/// One that is told by a `Loop` what happened to what it registered.
///
/// Tokens are the handler's own, 56 bits: a slot and the slot's generation, so that an event for a connection that has
/// ended meanwhile is recognised as stale and dropped.
public protocol EventHandler: AnyObject {
    /// What `ready` will tell in this turn, said of all events before the first is told: what is done about one of them may
    /// concern another's connection. To be kept, and not to be acted on. Does nothing where it is not implemented.
    func note(_ token: UInt64, _ readiness: Readiness)
    /// A descriptor became ready, a name was looked up, or a command has ended.
    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant)
    /// A timer's deadline has passed.
    func timerFired(_ token: UInt64, now: Instant)
    /// All events and timers of this turn have been told: the time to let go of what ended in it.
    func turnEnded(now: Instant)
}

extension EventHandler {
    public func note(_ token: UInt64, _ readiness: Readiness) {}
}
