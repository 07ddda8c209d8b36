/// What a confined process may do with a file, or with all that is in a directory and below.
public struct FileRule: Hashable, Sendable {
    public enum Use: Hashable, Sendable, CaseIterable {
        /// Files are read, and the directory's names.
        case read
        /// A file is made, and written to.
        case append
        /// Files are read, made, written and renamed.
        case replace
        /// Files are removed, and sockets made.
        case remove
        /// A device is read and written.
        case device
    }

    public let path: String
    public let use: Use

    public init(_ path: String, _ use: Use) {
        self.path = path
        self.use = use
    }
}
