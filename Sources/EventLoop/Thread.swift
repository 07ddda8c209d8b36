internal import CLinux
internal import Glibc

/// What a new thread is to do, on its way through C.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

/// Starts a detached thread. It is nobody's to wait for: its work ends by itself.
///
/// Signals sent to the process never arrive on it, so that none escapes the thread that reads them.
public func startThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
    pthread_detach(try startJoinedThread(body).thread)
}

/// Starts a thread that somebody waits for. The same holds for its signals.
public func startJoinedThread(_ body: @escaping @Sendable () -> Void) throws(SystemError) -> RunningThread {
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(ThreadBody(body))
    // The new thread inherits the mask. Faults of its own stay open: they are reported where they happen.
    var blocked = sigset_t()
    var before = sigset_t()
    sigfillset(&blocked)
    for fault in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT] { sigdelset(&blocked, fault) }
    pthread_sigmask(SIG_SETMASK, &blocked, &before)
    let code = pthread_create(&thread, nil, threadMain, argument.toOpaque())
    pthread_sigmask(SIG_SETMASK, &before, nil)
    guard code == 0 else {
        argument.release()
        throw SystemError(call: "pthread_create", errno: code, subject: "a thread")
    }
    return RunningThread(thread: thread)
}

/// A function of its own, outside any actor: a closure would inherit the isolation of where it is written.
private func threadMain(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    Unmanaged<ThreadBody>.fromOpaque(argument!).takeRetainedValue().run()
    return nil
}
