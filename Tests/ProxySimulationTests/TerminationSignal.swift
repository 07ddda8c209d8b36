import EventLoop
import Glibc

/// Passes SIGTERM on within a turn of the loop, as the executable does.
final class TerminationSignal: EventHandler {
    private let kernel: any Kernel
    private let descriptor: Int32
    var arrived: () -> Void = {}

    init(on loop: Loop) throws(SystemError) {
        kernel = loop.kernel
        descriptor = try kernel.signalDescriptor(for: [SIGTERM])
        try loop.register(descriptor, for: loop.add(self), token: 0)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        while kernel.receiveSignal(descriptor) != nil { arrived() }
    }

    func timerFired(_ token: UInt64, now: Instant) {}
    func turnEnded(now: Instant) {}
}
