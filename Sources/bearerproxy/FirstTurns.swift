internal import EventLoop

/// Says when every loop turns, each on its thread: from then on whoever connects is served, whichever listener the kernel chooses for it.
enum FirstTurns {
    private final class Turn: EventHandler {
        private let count: Locked<Int>
        private let isLast: @Sendable () -> Void

        init(_ loop: Loop, _ count: Locked<Int>, _ isLast: @escaping @Sendable () -> Void) {
            self.count = count
            self.isLast = isLast
            let timer = loop.makeTimer(for: loop.add(self), token: 0)
            loop.arm(timer, at: loop.now)
        }

        func timerFired(_ token: UInt64, now: Instant) {
            let rest = count.withLock { count in
                count -= 1
                return count
            }
            if rest == 0 { isLast() }
        }

        func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
        func turnEnded(now: Instant) {}
    }

    /// To be called before any of the loops runs; `body` runs once, on the thread of the last to begin.
    static func tell(_ loops: [Loop], _ body: @escaping @Sendable () -> Void) {
        let count = Locked(loops.count)
        for loop in loops { _ = Turn(loop, count, body) }
    }
}
