/// What is logged where.
public struct LogSettings: Sendable, Equatable {
    /// Where the line for each request goes.
    public enum Access: Sendable, Equatable {
        case stdout
        case stderr
        case off
        /// Path of a file, which is appended to and opened anew on SIGUSR1.
        case file(String)
    }

    public enum Format: String, Sendable, CaseIterable {
        case json
        case text
    }

    /// What the proxy says about itself, on stderr: this and what is graver.
    public enum Level: String, Sendable, CaseIterable {
        case debug
        case info
        case warning
        case error
    }

    public let access: Access
    public let format: Format
    public let level: Level

    /// One JSON line for each request on stdout, and what an operator wants to know on stderr.
    public static let standard = LogSettings(access: .stdout, format: .json, level: .info)
}
