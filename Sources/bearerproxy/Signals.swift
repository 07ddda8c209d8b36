internal import EventLoop
internal import Glibc

/// Tells when SIGTERM or SIGINT asks the process to end.
final class Signals: EventHandler {
    private let kernel: any Kernel
    private var descriptor: Descriptor?
    private let asked: () -> Void

    /// From now on the signals end nothing by themselves: `asked` is called for each, on the loop's thread.
    init(loop: Loop, asked: @escaping () -> Void) throws(SystemError) {
        kernel = loop.kernel
        self.asked = asked
        let number = try kernel.signalDescriptor(for: [SIGTERM, SIGINT])
        descriptor = Descriptor(number, of: kernel)
        try loop.register(number, for: loop.add(self), token: 0)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Duration) {
        guard let number = descriptor?.number else { return }
        while kernel.receiveSignal(number) != nil { asked() }
    }

    func timerFired(_ token: UInt64, now: Duration) {}
    func turnEnded(now: Duration) {}
}
