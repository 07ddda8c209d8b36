internal import EventLoop

/// The secrets of one credential while they are read anew: what commands printed is collected, and everything else is read
/// from where it always is, at the end and at once.
final class SecretsReading: SecretReading {
    private let reader: any SecretReading
    private let sources: [SecretSource]
    private var outputs: [Result<[UInt8], CommandError>?]

    init(_ sources: [SecretSource], from reader: any SecretReading) {
        self.sources = sources
        self.reader = reader
        outputs = sources.map { _ in nil }
    }

    /// The commands to be run, each with its position among the sources.
    var commands: [(position: Int, arguments: [String])] {
        sources.enumerated().compactMap { position, source in
            if case .command(let arguments) = source.kind { (position, arguments) } else { nil }
        }
    }

    /// Every command has ended.
    var isComplete: Bool { commands.allSatisfy { outputs[$0.position] != nil } }

    func finished(_ position: Int, _ output: Result<[UInt8], CommandError>) { outputs[position] = output }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        guard case .command = source.kind, let position = sources.firstIndex(of: source), let output = outputs[position] else {
            return try reader.read(source)
        }
        return try SecretText.secret(printed: output, for: source)
    }

    func hasChanged(_ source: SecretSource) -> Bool { reader.hasChanged(source) }
    func setting(_ name: String) -> [UInt8]? { reader.setting(name) }
    func warn(_ finding: Finding) { reader.warn(finding) }
    func concealEnvironment() { reader.concealEnvironment() }
    var warnings: [Finding] { reader.warnings }
}
