/// A secret that is not where the configuration says it is.
public struct SecretError: Error, Equatable, CustomStringConvertible {
    /// The place in the configuration, what is wrong and what to do; never the secret.
    public let finding: Finding

    public init(finding: Finding) {
        self.finding = finding
    }

    init(_ source: SecretSource, _ message: String) {
        finding = Finding(place: source.place, message: message)
    }

    public var description: String {
        finding.description
    }
}
