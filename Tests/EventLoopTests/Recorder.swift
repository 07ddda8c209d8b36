import EventLoop

/// A handler that remembers what it was told, and does what a test wants when a timer fires.
final class Recorder: EventHandler {
    private(set) var fired: [(token: UInt64, time: Instant)] = []
    private(set) var ready: [(token: UInt64, readiness: Readiness)] = []
    private(set) var turnCount = 0
    var whenFired: ((UInt64) -> Void)?

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) { ready.append((token, readiness)) }

    func timerFired(_ token: UInt64, now: Instant) {
        fired.append((token, now))
        whenFired?(token)
    }

    func turnEnded(now: Instant) { turnCount += 1 }

    func forgetFired() { fired = [] }
}
