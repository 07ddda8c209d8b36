/// A name that could not be looked up.
public struct ResolutionError: Error, Equatable, Sendable, CustomStringConvertible {
    public let host: String
    /// The resolver's text: `Name or service not known`.
    public let reason: String

    public init(host: String, reason: String) {
        self.host = host
        self.reason = reason
    }

    public var description: String { "cannot resolve \(host): \(reason)" }
}
