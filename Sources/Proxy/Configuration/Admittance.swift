public import Wire

/// Whose requests a route takes.
public struct Admittance: Sendable, Equatable {
    /// Allowed values of the request's Host without its port: lower case, IPv6 addresses in brackets. Never empty.
    public let hosts: [String]
    /// Origins of other sites that browsers may send from: `scheme://host[:port]` in lower case, default ports left out.
    public let origins: [String]
    /// Allowed methods as written in requests, never TRACE or CONNECT. Nil: all that the proxy forwards.
    public let methods: [String]?
    /// What the path that goes upstream has to match one of. Nil: any.
    public var paths: [Glob]?
    /// JSON-RPC methods, of which each call has to match one. Nil: contents are not looked into.
    public var rpcMethods: [Glob]?
    /// What a request has to have, and does not take upstream.
    public var requiredField: RequiredField?
    /// The users of this machine whose connections are taken; never empty. Nil: everybody's.
    public var users: [AllowedUser]?
}
