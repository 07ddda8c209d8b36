/// A program that did not give its output: which, and why. Holds nothing of what it printed.
public struct CommandError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Its name or path, without its arguments.
    public let program: String
    /// As it follows the program's name: `ended with status 1`.
    public let reason: String

    public init(program: String, reason: String) {
        self.program = program
        self.reason = reason
    }

    public var description: String { "the command \(program) \(reason)" }
}
