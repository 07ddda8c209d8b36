internal import EventLoop

/// Tells systemd that the process is alive (`WatchdogSec=` in its unit), from the loops themselves: where one of them hangs, nobody says
/// so, and systemd starts the process anew.
final class Watchdog: EventHandler {
    /// What one loop does to be known as alive: it counts.
    private final class Beat: EventHandler {
        private let loop: Loop
        private let interval: Interval
        private let count: Count
        private var timer: TimerID!

        init(loop: Loop, interval: Interval, count: Count) {
            (self.loop, self.interval, self.count) = (loop, interval, count)
            timer = loop.makeTimer(for: loop.add(self), token: 0)
            loop.arm(timer, at: loop.now + interval)
        }

        func timerFired(_ token: UInt64, now: Instant) {
            count.value.withLock { $0 += 1 }
            loop.arm(timer, at: now + interval)
        }

        func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
        func turnEnded(now: Instant) {}
    }

    private final class Count: Sendable {
        let value = Locked<UInt64>(0)
    }

    private let loop: Loop
    private let interval: Interval
    private let manager: ServiceManager
    private var others: [(beat: Beat, count: Count, known: UInt64)] = []
    private var timer: TimerID!

    /// Nil where systemd does not want to know. To be called before any of the loops runs; the first is the caller's.
    init?(_ manager: ServiceManager, loops: [Loop]) {
        guard let wanted = manager.watchdogInterval else { return nil }
        loop = loops[0]
        self.manager = manager
        // Half of what systemd waits for, as its manual says, and the others twice as often.
        interval = Interval(nanoseconds: wanted.nanoseconds / 2)
        for other in loops.dropFirst() {
            let count = Count()
            others.append((Beat(loop: other, interval: Interval(nanoseconds: wanted.nanoseconds / 4), count: count), count, .max))
        }
        timer = loop.makeTimer(for: loop.add(self), token: 0)
        loop.arm(timer, at: loop.now + interval)
    }

    func timerFired(_ token: UInt64, now: Instant) {
        var areAlive = true
        for index in others.indices {
            let count = others[index].count.value.withLock { $0 }
            if count == others[index].known { areAlive = false }
            others[index].known = count
        }
        if areAlive { manager.tell("WATCHDOG=1") }
        loop.arm(timer, at: now + interval)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
    func turnEnded(now: Instant) {}
}
