import EventLoop
import Synchronization
import Testing

@testable import Proxy

/// `limits.requestsPerSecond`.
@Suite struct RequestRateTests {
    @Test(arguments: [1, 2, 3, 7, 1000, 1_000_000])
    func `a second's worth is taken at once, and no more`(perSecond: Int) {
        let rate = RequestRate(perSecond: perSecond)
        let now = Instant.seconds(50)
        #expect((0..<perSecond).allSatisfy { _ in rate.take(at: now) == nil })
        #expect(rate.take(at: now) != nil)
    }

    @Test func `the wait that is told is long enough, and hardly longer`() throws {
        let rate = RequestRate(perSecond: 3)
        let now = Instant.seconds(50)
        for _ in 0..<3 { #expect(rate.take(at: now) == nil) }
        let wait = try #require(rate.take(at: now))
        #expect(rate.take(at: now + wait - .microseconds(1)) != nil)
        for _ in 0..<3 { #expect(rate.take(at: now + wait) == nil) }
        #expect(rate.take(at: now + wait) != nil)
    }

    @Test func `a refused request costs nothing`() {
        let rate = RequestRate(perSecond: 2)
        let now = Instant.seconds(50)
        for _ in 0..<2 { _ = rate.take(at: now) }
        for _ in 0..<1000 { #expect(rate.take(at: now) != nil) }
        #expect(rate.take(at: now + .seconds(1)) == nil)
    }

    @Test func `in the long run it is the rate, whatever the rhythm`() {
        let rate = RequestRate(perSecond: 100)
        var taken = 0
        var generator = SystemRandomNumberGenerator()
        var now = Instant.seconds(50)
        let end = now + .seconds(60)
        while now < end {
            if rate.take(at: now) == nil { taken += 1 }
            now = now + .microseconds(Int.random(in: 0...15_000, using: &generator))
        }
        #expect((5900...6100).contains(taken))
    }

    @Test(arguments: [1, 2, 10, 999, 1024, 1025, 4000, 1_000_000])
    func `no second has more of them, wherever it begins`(perSecond: Int) {
        let rate = RequestRate(perSecond: perSecond)
        var generator = SystemRandomNumberGenerator()
        var times: [Instant] = []
        var now = Instant.seconds(50)
        // Five times as many as it takes, in bursts and in between.
        for _ in 0..<min(5 * perSecond, 40_000) {
            if rate.take(at: now) == nil { times.append(now) }
            let isPause = Int.random(in: 0..<20, using: &generator) == 0
            if isPause { now = now + .microseconds(Int.random(in: 0...4_000_000 / perSecond, using: &generator)) }
        }
        for (first, last) in zip(times, times.dropFirst(perSecond)) { #expect(last - first >= .seconds(1)) }
    }

    @Test func `several loops take no more together than one`() {
        let rate = RequestRate(perSecond: 10_000)
        let taken = Atomic<Int>(0)
        let now = Instant.seconds(50)
        // A clock that another loop has read a moment earlier is no second bucket.
        let threads = (0..<4).compactMap { loop in
            try? startJoinedThread {
                for _ in 0..<10_000 where rate.take(at: now - .microseconds(loop)) == nil { taken.add(1, ordering: .relaxed) }
            }
        }
        for thread in threads { thread.join() }
        #expect(threads.count == 4)
        #expect(taken.load(ordering: .relaxed) == 10_000)
    }
}
