/// Which requests go to which upstream, with which credential, and under which conditions.
public struct Route: Sendable {
    /// For logs and metrics; unique.
    public let name: String
    public let listen: ListenAddress
    public let listenPlace: Place
    /// How clients' connections are encrypted; the same in all routes of a listener. Nil: they are not.
    public internal(set) var listenTLS: ListenTLS?
    /// Begins with `/`; the longest match among the routes of one listener wins.
    public internal(set) var pathPrefix: [UInt8]
    /// Whether the prefix is taken off before the request goes upstream.
    public internal(set) var stripPrefix: Bool
    /// The request's Host without its port that this route is for: lower case, IPv6 addresses in brackets. Nil: any.
    public internal(set) var host: String?
    public let upstream: Origin
    /// Index into `Configuration.credentials`.
    public let credential: Int
    /// What is added to every request; `{token}` is in at least one of them, and no name is there twice.
    public let inject: [Injection]
    /// Whether Socket.IO requests get `token=` in their query, and all others lose it.
    public let socketIOToken: Bool
    /// Answers that mean that the token was refused before the request was acted on.
    public let reauthenticateOn: [RefusalRule]
    /// Request bodies up to so many bytes are kept for the replay.
    public let replayBodyBytesMax: Int
    public internal(set) var allow: Admittance
    public let timeouts: Timeouts
    public let tls: TLSSettings
    /// Where `tls` stands in the file; if it does not, where the route does.
    public let tlsPlace: Place
    /// What is dialled in place of the upstream's host and port; names and certificate checks stay the upstream's.
    public let connectTo: Endpoint?
    public let limits: RouteLimits
    /// Whether the upstream is asked for gzip, and the answer inflated, for clients that did not ask for it.
    public let decompress: Bool
    /// Whether the cookies of clients go upstream.
    public let cookies: Bool
    /// Rules by name, besides those in `allow`.
    public internal(set) var preset: Preset?
    /// Whether answers say how long what took (Server-Timing).
    public let serverTiming: Bool
}
