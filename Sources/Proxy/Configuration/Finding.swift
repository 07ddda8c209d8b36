/// A mistake in the configuration, or a warning about it: where, what is wrong and what to write instead.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public let place: Place
    /// What is wrong and what to write; never a secret.
    public let message: String

    public init(place: Place, message: String) {
        self.place = place
        self.message = message
    }

    /// About an environment variable.
    init(variable name: String, message: String) {
        self.init(place: Place(file: "environment", line: 0, column: 0, keyPath: name), message: message)
    }

    /// `FILE:LINE:COLUMN: routes[0].upstream: what is wrong and what to write`; without the key path where a finding is
    /// about the text itself, and `environment: NAME: …` where it is about a variable.
    public var description: String {
        let path = place.keyPath.isEmpty ? "" : "\(place.keyPath): "
        guard place.line > 0 else { return "\(place.file): \(path)\(message)" }
        return "\(place.file):\(place.line):\(place.column): \(path)\(message)"
    }
}
