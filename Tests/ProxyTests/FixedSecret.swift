@testable import Proxy

/// Every secret is `s3cret`.
final class FixedSecret: SecretReading {
    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] { Array("s3cret".utf8) }
    func hasChanged(_ source: SecretSource) -> Bool { false }
    func concealEnvironment() {}
    var warnings: [Finding] { [] }
}
