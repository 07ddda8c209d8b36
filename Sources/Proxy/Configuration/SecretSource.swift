/// Where a secret is to be read, and where the configuration says so.
public struct SecretSource: Sendable, Equatable {
    public enum Kind: Sendable, Equatable {
        /// Name of an environment variable.
        case environment(String)
        /// Path of a file.
        case file(String)
        /// Name of a file in the directory that systemd names in `CREDENTIALS_DIRECTORY`.
        case systemd(String)
        /// Arguments of a program that prints it; the first is an absolute path, or a name to be looked for in `PATH`.
        case command([String])
    }

    public let kind: Kind
    /// For later messages: a secret that is missing is a mistake at this place.
    public let place: Place

    public init(kind: Kind, place: Place) {
        self.kind = kind
        self.place = place
    }
}
