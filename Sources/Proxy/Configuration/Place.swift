/// Where something stands in a configuration file.
public struct Place: Sendable, Hashable {
    public let file: String
    /// Counted from 1; 0 for what stands in no file, such as an environment variable.
    public let line: Int
    /// Counted from 1, in Unicode scalars.
    public let column: Int
    /// `routes[0].timeouts.connect`; empty for the whole text.
    public let keyPath: String

    public init(file: String, line: Int, column: Int, keyPath: String) {
        self.file = file
        self.line = line
        self.column = column
        self.keyPath = keyPath
    }
}
