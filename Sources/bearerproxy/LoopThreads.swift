internal import EventLoop

/// Runs loops at the same time: the first on the calling thread, each other on one of its own.
enum LoopThreads {
    /// Hands a loop to its thread. Unchecked, and safe: whoever made it does not touch it any more before that thread has ended.
    private struct Handover: @unchecked Sendable {
        let loop: Loop
    }

    /// Until all have stopped. Throws where a thread cannot be started: the process cannot do what it was told to.
    static func run(_ loops: [Loop]) throws(SystemError) {
        var threads: [RunningThread] = []
        for loop in loops.dropFirst() {
            let handover = Handover(loop: loop)
            threads.append(try startJoinedThread { handover.loop.run() })
        }
        loops[0].run()
        for thread in threads { thread.join() }
    }
}
