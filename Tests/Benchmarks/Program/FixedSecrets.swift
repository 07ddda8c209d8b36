import Proxy

/// Every secret is the same.
final class FixedSecrets: SecretReading {
    private(set) var warnings: [Finding] = []

    func read(_ source: SecretSource) -> [UInt8] { Array("0123456789abcdef0123456789abcdef".utf8) }
    func hasChanged(_ source: SecretSource) -> Bool { false }
    func setting(_ name: String) -> [UInt8]? { nil }
    func warn(_ finding: Finding) { warnings.append(finding) }
    func concealEnvironment() {}
}
