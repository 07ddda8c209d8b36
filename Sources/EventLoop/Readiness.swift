/// What a descriptor has become ready for since the last event (edge-triggered: it is said once).
public struct Readiness: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// Bytes, a connection or the end of the stream can be received.
    public static var readable: Readiness { Readiness(rawValue: 1) }
    /// There is room to send, or connecting has ended.
    public static var writable: Readiness { Readiness(rawValue: 2) }
    /// The peer finished sending, or the connection is gone: receive until 0 or an error.
    public static var peerClosed: Readiness { Readiness(rawValue: 4) }
    /// The descriptor has an error.
    public static var failed: Readiness { Readiness(rawValue: 8) }
    /// Not a descriptor: the name asked for under this token has been looked up.
    public static var resolved: Readiness { Readiness(rawValue: 16) }
    /// Not a descriptor: the command that was run under this token has ended.
    public static var finished: Readiness { Readiness(rawValue: 32) }
}
