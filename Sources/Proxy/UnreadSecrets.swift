/// Reads no secret: for what is decided without them.
public final class UnreadSecrets: SecretReading {
    private let environment = SecretReader()

    public init() {}

    /// Something in its place, which is never sent.
    public func read(_ source: SecretSource) throws(SecretError) -> [UInt8] { Array("unread".utf8) }
    public func hasChanged(_ source: SecretSource) -> Bool { false }
    public func setting(_ name: String) -> [UInt8]? { environment.setting(name) }
    public func warn(_ finding: Finding) {}
    public func concealEnvironment() {}
    public var warnings: [Finding] { [] }
}
