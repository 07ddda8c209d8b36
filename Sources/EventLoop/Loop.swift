/// The event loop: waits for the kernel, and tells handlers what happened. One loop, one thread.
public final class Loop {
    public let kernel: any Kernel
    /// The clock as it was read in this turn.
    @exclusivity(unchecked) public private(set) var now: Instant
    @exclusivity(unchecked) private var handlers: [any EventHandler] = []
    @exclusivity(unchecked) private var timers = Timers()
    @exclusivity(unchecked) private var due: [(timer: TimerID, token: UInt64)] = []
    private let events: UnsafeMutableBufferPointer<Event>
    @exclusivity(unchecked) private var isRunning = false
    @exclusivity(unchecked) private var hasMoreToDo = false

    public init(kernel: any Kernel) {
        self.kernel = kernel
        now = kernel.monotonicNow()
        events = .allocate(capacity: Limits.eventsPerTurn)
    }

    deinit { events.deallocate() }

    /// Turns until `stop`.
    public func run() {
        isRunning = true
        while isRunning { turn() }
    }

    /// Ends `run` after this turn.
    public func stop() { isRunning = false }

    /// The next turn does not wait: a handler has left work undone so that others have their turn first.
    public func turnAgain() { hasMoreToDo = true }

    /// One turn: wait, read the clock once, ready descriptors, due timers, deferred closes.
    /// Its work is bounded by `Limits.eventsPerTurn` and the number of timers.
    public func turn() {
        let count = kernel.wait(for: hasMoreToDo ? .zero : timeUntilNextTimer, into: events)
        hasMoreToDo = false
        now = kernel.monotonicNow()
        tell(count) { handler, event in handler.note(event.token & Self.tokenMask, event.readiness) }
        tell(count) { handler, event in handler.ready(event.token & Self.tokenMask, event.readiness, now: now) }
        timers.expire(now: now, into: &due)
        for (timer, token) in due where timers.claim(timer) {
            handlers[Int(token >> Self.handlerShift)].timerFired(token & Self.tokenMask, now: now)
        }
        due.removeAll(keepingCapacity: true)
        for handler in handlers { handler.turnEnded(now: now) }
    }

    /// Each event to its handler. Commonly all are for one: it is looked up, and held, once for all that follow one another.
    @inline(__always)
    private func tell(_ count: Int, _ body: (any EventHandler, Event) -> Void) {
        var index = 0
        while index < count {
            let place = events[index].token >> Self.handlerShift
            let handler = handlers[Int(place)]
            repeat {
                body(handler, events[index])
                index += 1
            } while index < count && events[index].token >> Self.handlerShift == place
        }
    }

    private var timeUntilNextTimer: Interval? {
        guard let visit = timers.nextVisit() else { return nil }
        return max(visit - now, .zero)
    }

    private static let handlerShift: UInt64 = 56
    private static let tokenMask: UInt64 = (1 << 56) - 1
}

extension Loop {
    /// Adds a handler; it stays for the life of the loop.
    public func add(_ handler: any EventHandler) -> HandlerID {
        precondition(handlers.count < Limits.handlersMax, "a loop has at most \(Limits.handlersMax) handlers")
        handlers.append(handler)
        return HandlerID(index: UInt8(handlers.count - 1))
    }

    /// Watches a descriptor for a handler until it is closed: both directions, edge-triggered.
    public func register(_ descriptor: Int32, for handler: HandlerID, token: UInt64) throws(SystemError) {
        try kernel.register(descriptor, token: kernelToken(handler, token))
    }

    /// Looks a name up for a handler: it is told with `.resolved`, and takes the answer by `takeResolution`.
    public func resolve(_ host: String, port: UInt16, for handler: HandlerID, token: UInt64) {
        kernel.resolve(host, port: port, token: kernelToken(handler, token))
    }

    /// The answer to a look-up that `ready` announced, once.
    public func takeResolution(for handler: HandlerID, token: UInt64) -> Result<[SocketAddress], ResolutionError>? {
        kernel.takeResolution(token: kernelToken(handler, token))
    }

    /// Runs a program for a handler: it is told with `.finished`, and takes the output by `takeOutput`.
    public func run(_ arguments: [String], for handler: HandlerID, token: UInt64) {
        kernel.run(arguments, token: kernelToken(handler, token))
    }

    /// The output of a program whose end `ready` announced, once.
    public func takeOutput(for handler: HandlerID, token: UInt64) -> Result<[UInt8], CommandError>? {
        kernel.takeOutput(token: kernelToken(handler, token))
    }

    /// What wakes a handler from other threads: it is told with `.readable`.
    public func makeWaker(for handler: HandlerID, token: UInt64) throws(SystemError) -> any Waker {
        try kernel.waker(token: kernelToken(handler, token))
    }

    /// Timers that are armed: 0 when nothing is left to happen by itself.
    public var armedTimerCount: Int { timers.armedCount }

    /// A timer that will tell `handler` with `token`. It is not armed yet.
    public func makeTimer(for handler: HandlerID, token: UInt64) -> TimerID {
        timers.make(token: kernelToken(handler, token))
    }

    /// The timer fires once, when `deadline` has passed. Replaces the deadline it had.
    public func arm(_ timer: TimerID, at deadline: Instant) { timers.arm(timer, at: deadline, now: now) }

    /// The timer will not fire.
    public func disarm(_ timer: TimerID) { timers.disarm(timer) }

    /// Gives a timer back; its name is not to be used again.
    public func removeTimer(_ timer: TimerID) { timers.remove(timer) }

    private func kernelToken(_ handler: HandlerID, _ token: UInt64) -> UInt64 {
        precondition(token <= Self.tokenMask, "a token has 56 bits")
        return UInt64(handler.index) << Self.handlerShift | token
    }
}
