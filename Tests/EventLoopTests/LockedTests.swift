import EventLoop
import Glibc
import Testing

struct LockedTests {
    @Test func `threads that add at once lose nothing`() throws {
        let sum = Locked(0)
        let ended = Locked(0)
        for _ in 0..<4 {
            try startThread {
                for _ in 0..<5000 { sum.withLock { $0 += 1 } }
                ended.withLock { $0 += 1 }
            }
        }
        #expect(waitPatiently { ended.withLock { $0 } == 4 })
        #expect(sum.withLock { $0 } == 20_000)
    }

    @Test func `an error goes through and the lock is free again`() {
        struct Failure: Error {}
        let value = Locked(1)
        #expect(throws: Failure.self) { try value.withLock { _ in throw Failure() } }
        #expect(value.withLock { $0 } == 1)
    }
}

/// Waits up to ten seconds until something that another thread does has happened.
func waitPatiently(_ hasHappened: () -> Bool) -> Bool {
    for _ in 0..<2000 {
        if hasHappened() { return true }
        usleep(5000)
    }
    return hasHappened()
}
