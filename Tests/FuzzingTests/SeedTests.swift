import Fuzzing
import Glibc
import TestShare
import Testing

/// What was found by fuzzing is never found again: every seed passes, and so does much that is made of seeds.
///
/// Where `FUZZ_VERDICTS` in the environment names a directory, what was read of each is written there, in a file for each target, for
/// `second_opinion.py`.
@Suite struct SeedTests {
    @Test(arguments: FuzzTarget.allCases)
    func `every seed passes`(_ target: FuzzTarget) throws {
        let seeds = try Self.seeds(of: target)
        #expect(seeds.count >= 5, "\(target.rawValue) has seeds")
        var verdicts = Self.verdicts(target, "seeds")
        for seed in seeds { Self.check(target, seed.bytes, "the seed \(seed.name)", &verdicts) }
    }

    /// Bytes changed, left out, doubled, and put together of two seeds: a little of what libFuzzer does for hours.
    @Test(arguments: FuzzTarget.allCases)
    func `what is made of seeds passes`(_ target: FuzzTarget) throws {
        let seeds = try Self.seeds(of: target).map(\.bytes)
        var random = SplitMix(state: 7)
        var verdicts = Self.verdicts(target, "made")
        for round in Share.of(0..<2_000) {
            var bytes = seeds[random.next(below: seeds.count)]
            for _ in 0...random.next(below: 4) { Self.mutate(&bytes, seeds, &random) }
            Self.check(target, bytes, "round \(round)", &verdicts)
        }
    }

    private static func check(_ target: FuzzTarget, _ bytes: [UInt8], _ name: String, _ verdicts: inout Verdicts?) {
        do {
            if let verdict = try target.check(bytes) { verdicts?.add(bytes, verdict) }
        } catch {
            Issue.record("\(target.rawValue), \(name): \(error)\n\(bytes)")
        }
    }

    private static func verdicts(_ target: FuzzTarget, _ kind: String) -> Verdicts? {
        getenv("FUZZ_VERDICTS").map { Verdicts("\(String(cString: $0))/\(target.rawValue).\(kind)") }
    }

    private static func mutate(_ bytes: inout [UInt8], _ seeds: [[UInt8]], _ random: inout SplitMix) {
        let place = random.next(below: bytes.count + 1)
        let end = place + random.next(below: bytes.count - place + 1)
        switch random.next(below: 6) {
        case 0 where place < bytes.count: bytes[place] = UInt8(random.next(below: 256))
        case 1: bytes.insert(UInt8(random.next(below: 256)), at: place)
        case 2: bytes.removeSubrange(place..<end)
        case 3 where bytes.count < 65_536: bytes.insert(contentsOf: bytes[place..<end], at: place)
        case 4 where place < bytes.count: bytes[place] ^= 1 << UInt8(random.next(below: 8))
        default:
            let other = seeds[random.next(below: seeds.count)]
            if bytes.count < 65_536 { bytes.replaceSubrange(place..., with: other[random.next(below: other.count + 1)...]) }
        }
    }

    private static func seeds(of target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = #filePath.split(separator: "/").dropLast(2).reduce("") { "\($0)/\($1)" } + "/Fuzzing/Seeds/\(target.rawValue)"
        let stream = try #require(opendir(folder), "\(folder) can be read")
        defer { closedir(stream) }
        var seeds: [(name: String, bytes: [UInt8])] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            guard !name.hasPrefix(".") else { continue }
            seeds.append((name, try bytes(of: "\(folder)/\(name)")))
        }
        return seeds.sorted { $0.name < $1.name }
    }

    private static func bytes(of path: String) throws -> [UInt8] {
        let file = try #require(fopen(path, "r"), "\(path) can be read")
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
        return bytes
    }
}
