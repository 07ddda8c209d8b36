internal import CLinux
internal import Glibc

/// A waker by an eventfd, which epoll watches for edges: each write is one, so nobody has to read it.
final class EventWaker: Waker {
    let descriptor: Int32

    init() throws(SystemError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else { throw SystemError(call: "eventfd", errno: errno, subject: "a waker") }
    }

    deinit { close(descriptor) }

    func wake() { eventfd_write(descriptor, 1) }
}
