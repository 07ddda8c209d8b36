import Proxy

/// Secrets of a simulation: the values are the test's own, by the name of the variable that would hold them, or of the
/// program that would print them at the start.
final class FixedSecrets: SecretReading {
    private let values: [String: String]
    private(set) var warnings: [Finding] = []

    init(_ values: [String: String]) { self.values = values }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        let name: String? = switch source.kind {
        case .environment(let name): name
        case .command(let arguments): arguments.first
        case .file, .systemd: nil
        }
        guard let name, let value = values[name] else {
            throw SecretError(finding: Finding(place: source.place, message: "the simulation has no such secret"))
        }
        return Array(value.utf8)
    }

    func hasChanged(_ source: SecretSource) -> Bool { false }
    func setting(_ name: String) -> [UInt8]? { nil }
    func warn(_ finding: Finding) { warnings.append(finding) }
    func concealEnvironment() {}
}
