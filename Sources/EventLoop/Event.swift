/// One thing that the kernel reports: which registration, and what it is ready for.
public struct Event: Sendable {
    /// As given to `register`, `resolve` or `run`.
    public var token: UInt64
    public var readiness: Readiness

    public init(token: UInt64, readiness: Readiness) {
        self.token = token
        self.readiness = readiness
    }
}
