internal import Credentials

/// The HTTP proxy through which origins beyond this machine are reached.
final class Egress {
    let endpoint: Endpoint
    /// What names it: `egressProxy` or a variable. For messages.
    let setting: String
    /// User name and password; empty where there are none, or where they came in the variable.
    var sources: [EgressSource]
    /// The value of Proxy-Authorization, for this proxy alone.
    var authorization: Secret?
    private let exceptions: EgressExceptions

    init(endpoint: Endpoint, setting: String, exceptions: EgressExceptions, sources: [EgressSource], authorization: Secret?) {
        self.endpoint = endpoint
        self.setting = setting
        self.exceptions = exceptions
        self.sources = sources
        self.authorization = authorization
    }

    /// For messages: `proxy.example:3128`.
    var text: String { endpoint.host.contains(":") ? "[\(endpoint.host)]:\(endpoint.port)" : "\(endpoint.host):\(endpoint.port)" }

    /// Whether the way to an origin leads through it. It does so with TLS alone, which the proxy cannot look into, and never
    /// where this machine is meant or another address is to be dialled.
    func leads(to origin: Origin, connectTo: Endpoint?) -> Bool {
        Self.mayLead(to: origin, connectTo: connectTo) && !exceptions.contains(host: origin.host, port: origin.port)
    }

    static func mayLead(to origin: Origin, connectTo: Endpoint?) -> Bool {
        origin.scheme == .https && !origin.isLoopback && connectTo == nil
    }
}
