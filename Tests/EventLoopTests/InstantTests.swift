import EventLoop
import Testing

/// The loop's own reckoning of time.
struct InstantTests {
    @Test func `a duration becomes whole nanoseconds, never fewer`() {
        #expect(Interval(.seconds(3)) == .seconds(3))
        #expect(Interval(.nanoseconds(5)).nanoseconds == 5)
        #expect(Interval(Duration(attoseconds: 1)).nanoseconds == 1)
        #expect(Interval(Duration(attoseconds: 1_000_000_001)).nanoseconds == 2)
        #expect(Interval(Duration(attoseconds: -1_500_000_000)).nanoseconds == -1)
        #expect(Interval(.milliseconds(1500)).duration == .milliseconds(1500))
    }

    @Test func `what is too long to be reckoned with is as long as can be`() {
        let longest = Interval(.seconds(Int64.max))
        #expect(longest > .seconds(70 * 365 * 86_400))
        #expect(Instant(.seconds(Int64.max)) + longest < .never)
        #expect(Interval(.seconds(Int64.min)) == .zero - longest)
    }

    @Test func `times and spans`() {
        let time = Instant.seconds(10) + .milliseconds(250)
        #expect(time - Instant.seconds(10) == .milliseconds(250))
        #expect(time - Interval.microseconds(250_000) == .seconds(10))
        #expect(time.sinceBeginning == .milliseconds(10_250))
        #expect(time > .seconds(10) && time < .never)
    }
}
