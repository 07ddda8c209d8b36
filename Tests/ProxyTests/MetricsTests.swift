import EventLoop
import Testing

@testable import Proxy

@Suite struct MetricsTests {
    @Test func `a bucket takes durations up to its bound, and the last one all others`() {
        let scale = TimeScale.standard
        #expect(scale.bucket(of: .zero) == 0)
        for (index, bound) in TimeScale.bounds.enumerated() {
            let exact = Interval.microseconds(bound)
            #expect(scale.bucket(of: exact) == index)
            #expect(scale.bucket(of: exact - Interval(nanoseconds: 1)) == index)
            #expect(scale.bucket(of: exact + Interval(nanoseconds: 1)) == index + 1)
        }
        #expect(scale.bucket(of: Interval(nanoseconds: .max)) == TimeScale.bucketCount - 1)
    }

    @Test func `every duration is in the first bucket whose bound is not less`() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<10_000 {
            let duration = Int64.random(in: 0...1 << Int64.random(in: 1...62, using: &generator), using: &generator)
            let expected = TimeScale.bounds.firstIndex { Int64($0) * 1_000 >= duration } ?? TimeScale.bounds.count
            #expect(TimeScale.standard.bucket(of: Interval(nanoseconds: duration)) == expected, "\(duration)")
        }
    }

    @Test func `each bound is at least twice the one before`() {
        for (bound, next) in zip(TimeScale.bounds, TimeScale.bounds.dropFirst()) { #expect(next >= 2 * bound) }
        #expect(TimeScale.bucketCount == TimeScale.bounds.count + 1)
    }

    @Test func `the causes have room`() { #expect(Cause.allCases.count <= Figure.Route.causeCountMax) }

    @Test(arguments: [(0, 0), (99, 0), (100, 1), (200, 101), (599, 500), (600, 0), (999, 0), (-1, 0)])
    func `a status from 100 to 599 has a place of its own`(status: Int, place: Int) {
        #expect(Figure.Route.place(ofStatus: status) == Figure.Route.statuses + place)
    }

    @Test func `what several loops counted is added up, and found again by its name`() {
        let metrics = Metrics()
        metrics.counters(of: .route("btc"), loop: 0).add(3, at: Figure.Route.replays)
        metrics.counters(of: .route("btc"), loop: 1).add(4, at: Figure.Route.replays)
        metrics.counters(of: .route("other"), loop: 1).add(100, at: Figure.Route.replays)
        metrics.counters(of: .route("btc"), loop: 0).add(5, at: Figure.Route.replays)
        #expect(metrics.total(of: .route("btc"))[Figure.Route.replays] == 12)
        #expect(metrics.total(of: .route("none")).allSatisfy { $0 == 0 })
    }

    @Test(.timeLimit(.minutes(10))) func `what one has counted is found without a look at all the others`() {
        let metrics = Metrics()
        let names = (0..<20_000).map { "credential-\($0)" }
        for (number, name) in names.enumerated() { metrics.counters(of: .credential(name), loop: number % 4).add(number, at: Figure.Tokens.calls) }
        for (number, name) in names.enumerated() { #expect(metrics.total(of: .credential(name))[Figure.Tokens.calls] == UInt64(number)) }
    }

    @Test func `what ended is never more than what began, while a loop counts on`() throws {
        let metrics = Metrics()
        let isOver = Locked(false)
        let counters = metrics.counters(of: .route("btc"), loop: 0)
        let thread = try startJoinedThread {
            while !isOver.withLock({ $0 }) {
                for _ in 0..<1_000 {
                    counters.add(at: Figure.Route.begun)
                    counters.add(at: Figure.Route.place(ofStatus: 200))
                }
            }
        }
        for _ in 0..<20_000 {
            let numbers = metrics.total(of: .route("btc"))
            let (began, ended) = (numbers[Figure.Route.begun], numbers[Figure.Route.place(ofStatus: 200)])
            guard ended > began else { continue }
            Issue.record("\(ended) ended of \(began)")
            break
        }
        isOver.withLock { $0 = true }
        thread.join()
    }

    @Test func `the text has a line for each sample, with its labels escaped`() {
        var text = MetricsText()
        text.begin("some_total", .counter, "What it is.")
        text.sample(.init(("route", "a\"b\\c\nd"), ("kind", "x")), 18_446_744_073_709_551_615)
        text.sample(.none, 0)
        text.sample(.init(("a", "é")), nanoseconds: 61_000_000_001)
        text.sample(.none, nanoseconds: 5_000_000_000)
        text.sample(.init(("a", "b")), "c", "d", 7)
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                # HELP some_total What it is.
                # TYPE some_total counter
                some_total{route="a\\"b\\\\c\\nd",kind="x"} 18446744073709551615
                some_total 0
                some_total{a="é"} 61.000000001
                some_total 5
                some_total{a="b",c="d"} 7

                """)
    }

    @Test func `a histogram's buckets add up`() {
        let metrics = Metrics()
        let counters = metrics.counters(of: .loop, loop: 0)
        for milliseconds in [1, 1, 2, 30, 3_600_000] { counters.observe(.milliseconds(milliseconds), at: Figure.Loop.turns, .standard) }
        var text = MetricsText()
        text.begin("h", .histogram, "H.")
        text.histogram(.init(("l", "v")), metrics.total(of: .loop), at: Figure.Loop.turns)
        let lines = String(decoding: text.bytes, as: UTF8.self).split(separator: "\n").map(String.init)
        #expect(lines.count == 2 + TimeScale.bucketCount + 2)
        #expect(lines.contains(#"h_bucket{l="v",le="0.0005"} 0"#))
        #expect(lines.contains(#"h_bucket{l="v",le="0.001"} 2"#))
        #expect(lines.contains(#"h_bucket{l="v",le="0.0025"} 3"#))
        #expect(lines.contains(#"h_bucket{l="v",le="0.05"} 4"#))
        #expect(lines.contains(#"h_bucket{l="v",le="60"} 4"#))
        #expect(lines.contains(#"h_bucket{l="v",le="+Inf"} 5"#))
        #expect(lines.contains(#"h_sum{l="v"} 3600.034000000"#))
        #expect(lines.last == #"h_count{l="v"} 5"#)
    }

    @Test func `what the proxy took itself is what nobody else was waited for`() {
        var timing = Timing()
        timing.token = .milliseconds(10)
        timing.queue = .milliseconds(20)
        timing.sent = .milliseconds(1_050)
        timing.answered(at: .milliseconds(1_100))
        timing.answered(at: .milliseconds(1_150))
        var durations = timing.durations(from: .seconds(1), to: .milliseconds(1_200))
        #expect(durations.whole == .milliseconds(200) && durations.upstream == .milliseconds(50))
        #expect(durations.overhead == .milliseconds(120) && durations.token == .milliseconds(10) && durations.queue == .milliseconds(20))
        // The rest of its content took its time.
        timing.relayed = .milliseconds(1_101)
        durations = timing.durations(from: .seconds(1), to: .milliseconds(9_000))
        #expect(durations.whole == .seconds(8) && durations.overhead == .milliseconds(21))
        // A second attempt, which was never answered.
        timing.relayed = .never
        timing.sent = .milliseconds(2_000)
        durations = timing.durations(from: .seconds(1), to: .milliseconds(9_000))
        #expect(durations.upstream == .milliseconds(7_050))
    }
}
