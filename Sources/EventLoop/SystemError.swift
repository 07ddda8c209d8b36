internal import Glibc

/// A system call that failed: which one, on what, and for which reason.
public struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call's name, as its manual page has it.
    public let call: String
    public let errno: Int32
    /// What it was called on: an address, a path.
    public let subject: String

    public init(call: String, errno: Int32, subject: String) {
        self.call = call
        self.errno = errno
        self.subject = subject
    }

    /// The system's text for the reason: `Connection refused`.
    public var reason: String { SystemError.text(for: errno) }

    public var description: String { "\(call) \(subject): \(reason) (errno \(errno))" }

    /// The system's text for an `errno`.
    public static func text(for errno: Int32) -> String {
        guard let text = strerror(errno) else { return "errno \(errno)" }
        return String(cString: text)
    }
}
