internal import EventLoop
internal import Glibc

/// Tells when SIGTERM or SIGINT asks the process to end, SIGHUP to read its configuration again, and SIGUSR1 to open its logs anew.
final class Signals: EventHandler {
    private let kernel: any Kernel
    private var descriptor: Descriptor?
    private let asked: () -> Void
    private let reload: () -> Void
    private let reopen: () -> Void

    /// From now on the signals end nothing by themselves: `asked`, `reload` or `reopen` is called for each, on the loop's
    /// thread.
    init(
        loop: Loop, reload: @escaping () -> Void, reopen: @escaping () -> Void = {}, asked: @escaping () -> Void
    ) throws(SystemError) {
        kernel = loop.kernel
        self.asked = asked
        self.reload = reload
        self.reopen = reopen
        let number = try kernel.signalDescriptor(for: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
        descriptor = Descriptor(number, of: kernel)
        try loop.register(number, for: loop.add(self), token: 0)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        guard let number = descriptor?.number else { return }
        while let signal = kernel.receiveSignal(number) {
            switch signal {
            case SIGHUP: reload()
            case SIGUSR1: reopen()
            default: asked()
            }
        }
    }

    func timerFired(_ token: UInt64, now: Instant) {}
    func turnEnded(now: Instant) {}
}
