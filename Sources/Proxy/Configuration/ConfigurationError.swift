/// A configuration that cannot be run.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// Every mistake found, at least one, in the order of the file.
    public let findings: [Finding]

    public init(findings: [Finding]) {
        self.findings = findings
    }

    /// One line for each finding, without a line break at the end.
    public var description: String {
        findings.map(\.description).joined(separator: "\n")
    }
}
