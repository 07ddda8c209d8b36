internal import EventLoop

/// Runs loops at the same time: the first on the calling thread, each other on one of its own.
enum LoopThreads {
    /// Hands a loop to its thread. Unchecked, and safe: whoever made it does not touch it any more before that thread has ended.
    private struct Handover: @unchecked Sendable {
        let loop: Loop
    }

    /// Until all have stopped. Throws where a thread cannot be started: the process cannot do what it was told to. Then none has
    /// served anybody.
    static func run(_ loops: [Loop]) throws(SystemError) {
        var threads: [RunningThread] = []
        // A thread that has started waits for the lock, and so for all the others.
        let gate = Locked(false)
        let fault = gate.withLock { isOpen -> SystemError? in
            for loop in loops.dropFirst() {
                let handover = Handover(loop: loop)
                do throws(SystemError) {
                    threads.append(try startJoinedThread { if gate.withLock({ $0 }) { handover.loop.run() } })
                } catch {
                    return error
                }
            }
            isOpen = true
            return nil
        }
        if fault == nil { loops[0].run() }
        for thread in threads { thread.join() }
        if let fault { throw fault }
    }
}
