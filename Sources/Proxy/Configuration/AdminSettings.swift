/// Where the proxy tells about itself.
public struct AdminSettings: Sendable, Equatable {
    /// Loopback or a Unix socket.
    public let listen: ListenAddress
    let place: Place
}
