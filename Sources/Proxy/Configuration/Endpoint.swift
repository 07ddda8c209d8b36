/// A host and port to dial.
public struct Endpoint: Sendable, Hashable {
    /// A name in lower case or an IP address without brackets.
    public let host: String
    public let port: UInt16

    /// `127.0.0.1:9443` or `[::1]:9443`.
    static func parse(_ text: String) throws(Malformed) -> Endpoint {
        let (hostText, portText) = try HostName.split(text)
        let host = try HostName.parse(hostText)
        guard let portText else {
            throw Malformed("\(quoted(text)) has no port; write \(quoted("\(host.authorityText):443"))")
        }
        return Endpoint(host: host.name, port: try HostName.port(portText, in: 1...65535))
    }
}
