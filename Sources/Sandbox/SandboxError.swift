public import EventLoop
public import TLS

/// Why the sandbox cannot start.
public enum SandboxError: Error, CustomStringConvertible {
    /// The three ports from `portBase` do not all exist.
    case portBase(UInt16)
    /// A service cannot listen.
    case listen(service: String, cause: SystemError)
    /// The certificate authority, a certificate or the signing key could not be made.
    case certificates(TLSError)

    public var description: String {
        switch self {
        case .portBase(let port):
            "port base \(port): the services take this port and the next two; use 1 to 65533, or 0 for ports that the system picks"
        case .listen(let service, let cause):
            "\(service) cannot listen on \(cause.subject): \(cause.reason); choose other ports with --port-base, or free ones with --port-base 0"
        case .certificates(let cause):
            "the sandbox's certificates cannot be made: \(cause)"
        }
    }
}
