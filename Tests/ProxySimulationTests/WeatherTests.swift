import Glibc
import TestShare
import Testing

/// The proxy in all kinds of weather. A failure names its seed, which repeats the run.
///
/// `WEATHER_SEEDS=FIRST-LAST` in the environment runs those seeds, and names each before it begins, for one may end the process: for a
/// longer search (`deploy/simulate`).
@Suite struct WeatherTests {
    private static let batchCount = 10
    private static let batchSize = 25

    private static let chosen: ClosedRange<Int>? = {
        guard let text = getenv("WEATHER_SEEDS").map({ String(cString: $0) }) else { return nil }
        let ends = text.split(separator: "-").compactMap { Int($0) }
        guard let first = ends.first, let last = ends.last, first <= last else { return nil }
        return first...last
    }()

    @Test(arguments: 0..<batchCount)
    func `whatever the weather, each request is answered once, and nothing is left behind`(batch: Int) throws {
        for seed in Share.of(batch * Self.batchSize..<(batch + 1) * Self.batchSize) { try weather(UInt64(seed)) }
    }

    /// Half of them as above; of the others, the last digit tells how they are run.
    @Test(.enabled(if: chosen != nil, "only where seeds are chosen")) func `the chosen seeds`() throws {
        for seed in Self.chosen ?? 0...0 {
            _ = "seed \(seed)\n".withCString { write(STDERR_FILENO, $0, strlen($0)) }
            switch seed % 10 {
            case 5, 6: try weather(UInt64(seed), loops: seed % 10 - 3)
            case 7, 8: try weather(UInt64(seed), loops: 1 + seed / 10 % 3, reloads: true)
            case 9: try encryptedWeather(UInt64(seed))
            default: try weather(UInt64(seed))
            }
        }
    }

    /// No seed repeats such a run to the byte, for OpenSSL takes its randomness elsewhere: so each is traced at once.
    @Test(arguments: 0..<5)
    func `the same over TLS`(batch: Int) throws {
        for seed in Share.of(batch * 8..<(batch + 1) * 8) { try encryptedWeather(UInt64(seed)) }
    }

    @Test(arguments: 0..<5)
    func `the same on two and three loops`(batch: Int) throws {
        for seed in Share.of(batch * 20..<(batch + 1) * 20) { try weather(UInt64(seed), loops: 2 + seed % 2) }
    }

    @Test(arguments: 0..<5)
    func `the same while the configuration changes`(batch: Int) throws {
        for seed in Share.of(batch * 24..<(batch + 1) * 24) { try weather(UInt64(seed), loops: 1 + seed % 3, reloads: true) }
    }

    private func encryptedWeather(_ seed: UInt64) throws {
        let weather = try Weather(seed: seed, isTraced: true, isEncrypted: true)
        let found = try weather.run()
        if !found.isEmpty { Issue.record("seed \(seed): \(found.joined(separator: "; "))\n\(weather.trace)") }
    }

    private func weather(_ seed: UInt64, loops: Int = 1, reloads: Bool = false) throws {
        let found = try Weather(seed: seed, loops: loops, reloads: reloads).run()
        guard !found.isEmpty else { return }
        let again = try Weather(seed: seed, isTraced: true, loops: loops, reloads: reloads)
        _ = try again.run()
        Issue.record("seed \(seed): \(found.joined(separator: "; "))\n\(again.trace)")
    }
}
