/// A mistake in the configuration, or a warning about it: where, what is wrong and what to write instead.
public struct Finding: Sendable, Equatable, CustomStringConvertible {
    public let place: Place
    /// What is wrong and what to write; never a secret.
    public let message: String

    public init(place: Place, message: String) {
        self.place = place
        self.message = message
    }

    /// `FILE:LINE:COLUMN: routes[0].upstream: what is wrong and what to write`; without the key path where a finding is
    /// about the text itself.
    public var description: String {
        let path = place.keyPath.isEmpty ? "" : "\(place.keyPath): "
        return "\(place.file):\(place.line):\(place.column): \(path)\(message)"
    }
}
