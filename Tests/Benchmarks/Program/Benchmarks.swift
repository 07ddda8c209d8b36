import Glibc

/// Does one thing so often as is said, for `Tests/Benchmarks/run`, which counts its instructions: `Benchmarks SCENARIO COUNT`.
/// Without arguments it names the scenarios.
@main enum Benchmarks {
    static func main() throws {
        let arguments = CommandLine.arguments
        guard arguments.count > 1 else {
            for scenario in Scenario.allCases { print(scenario.rawValue) }
            return
        }
        guard arguments.count == 3, let scenario = Scenario(rawValue: arguments[1]), let count = Int(arguments[2]), count > 0 else {
            print("usage: Benchmarks [SCENARIO COUNT]")
            exit(64)
        }
        try scenario.run(count)
    }
}
