internal import Glibc

/// A thread whose end can be waited for.
public struct RunningThread: Sendable {
    let thread: pthread_t

    /// Waits for it. Once a thread.
    public func join() {
        let code = pthread_join(thread, nil)
        precondition(code == 0, "a thread is waited for once")
    }
}
