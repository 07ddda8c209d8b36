/// Reads no secret: for what is decided without them.
final class UnreadSecrets: SecretReading {
    private let environment = SecretReader()

    /// Something in its place, which is never sent.
    func read(_ source: SecretSource) throws(SecretError) -> [UInt8] { Array("unread".utf8) }
    func hasChanged(_ source: SecretSource) -> Bool { false }
    func setting(_ name: String) -> [UInt8]? { environment.setting(name) }
    func warn(_ finding: Finding) {}
    func concealEnvironment() {}
    var warnings: [Finding] { [] }
}
