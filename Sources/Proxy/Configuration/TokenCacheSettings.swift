/// Where tokens are kept, sealed, so that a restart does not authenticate anew.
public struct TokenCacheSettings: Sendable, Equatable {
    /// Path of a file that is made if it is not there; its directory has to be.
    public let file: String
    /// For later messages about the file.
    public let place: Place
}
