@testable import Proxy

/// Every secret is `s3cret`, but those of the variables that have a value here.
final class FixedSecret: SecretReading {
    private let values: [String: String]

    init(_ values: [String: String] = [:]) { self.values = values }

    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] {
        if case .environment(let name) = source.kind, let value = values[name] { return Array(value.utf8) }
        return Array("s3cret".utf8)
    }

    func hasChanged(_ source: SecretSource) -> Bool { false }
    func setting(_ name: String) -> [UInt8]? { values[name].map { Array($0.utf8) } }
    func warn(_ finding: Finding) { warnings.append(finding) }
    func concealEnvironment() {}
    private(set) var warnings: [Finding] = []
}
