import CLinux
import EventLoop
import Glibc
import Testing

struct SignalTests {
    /// Runs on a thread of its own, whose signal mask is nobody else's, and returns what came out.
    private func onOwnThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) throws -> R {
        let result = Locked<Result<R, any Error>?>(nil)
        try startThread {
            let outcome = Result { try body() }
            result.withLock { $0 = outcome }
        }
        #expect(waitPatiently { result.withLock { $0 != nil } })
        return try #require(result.withLock { $0 }).get()
    }

    @Test func `a signal becomes an event instead of its effect`() throws {
        let received = try onOwnThread { () -> [Int32?] in
            let watcher = try Watcher()
            let descriptor = try watcher.kernel.signalDescriptor(for: [SIGUSR1, SIGUSR2])
            try watcher.kernel.register(descriptor, token: 9)
            let before = watcher.kernel.receiveSignal(descriptor)
            raise(SIGUSR1)
            guard watcher.wait(for: .readable, of: 9) else { return [] }
            let first = watcher.kernel.receiveSignal(descriptor)
            watcher.forget()
            raise(SIGUSR2)
            guard watcher.wait(for: .readable, of: 9) else { return [] }
            let second = watcher.kernel.receiveSignal(descriptor)
            defer { watcher.kernel.close(descriptor) }
            return [before, first, second, watcher.kernel.receiveSignal(descriptor)]
        }
        #expect(received == [nil, SIGUSR1, SIGUSR2, nil])
    }

    @Test func `a signal that the process was started to ignore arrives all the same`() throws {
        let received = try onOwnThread { () -> Int32? in
            signal(SIGHUP, SIG_IGN)
            let watcher = try Watcher()
            let descriptor = try watcher.kernel.signalDescriptor(for: [SIGHUP])
            raise(SIGHUP)
            defer { watcher.kernel.close(descriptor) }
            return watcher.kernel.receiveSignal(descriptor)
        }
        #expect(received == SIGHUP)
    }

    @Test func `a new thread leaves signals to others, but not its own faults`() throws {
        let blocked = try onOwnThread { () -> [Bool] in
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return [SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGSEGV, SIGABRT].map { sigismember(&mask, $0) == 1 }
        }
        #expect(blocked == [true, true, true, true, false, false])
    }

    @Test func `starting a thread leaves the starter's mask alone`() throws {
        func isBlocked(_ signal: Int32) -> Bool {
            var mask = sigset_t()
            pthread_sigmask(SIG_BLOCK, nil, &mask)
            return sigismember(&mask, signal) == 1
        }
        let before = isBlocked(SIGTERM)
        try startThread {}
        #expect(isBlocked(SIGTERM) == before)
    }
}
