internal import EventLoop
internal import Glibc

/// Tells when SIGTERM or SIGINT asks the process to end. SIGHUP and SIGUSR1, which mean no harm, do none.
final class Signals: EventHandler {
    private let kernel: any Kernel
    private var descriptor: Descriptor?
    private let asked: () -> Void

    /// From now on the signals end nothing by themselves: `asked` is called for each, on the loop's thread.
    init(loop: Loop, asked: @escaping () -> Void) throws(SystemError) {
        kernel = loop.kernel
        self.asked = asked
        let number = try kernel.signalDescriptor(for: [SIGTERM, SIGINT, SIGHUP, SIGUSR1])
        descriptor = Descriptor(number, of: kernel)
        try loop.register(number, for: loop.add(self), token: 0)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        guard let number = descriptor?.number else { return }
        while let signal = kernel.receiveSignal(number) {
            switch signal {
            case SIGHUP: Console.error("bearerproxy: this version does not reload on SIGHUP; restart it to use a new configuration")
            case SIGUSR1: Console.error("bearerproxy: this version does not reopen logs on SIGUSR1; restart it")
            default: asked()
            }
        }
    }

    func timerFired(_ token: UInt64, now: Instant) {}
    func turnEnded(now: Instant) {}
}
