/// An HTTP proxy on the way to origins beyond this machine, as the configuration names it.
public struct EgressProxySettings: Sendable, Equatable {
    public let endpoint: Endpoint
    /// There exactly if `password` is.
    public let username: SecretSource?
    public let password: SecretSource?
    /// For later messages.
    public let place: Place

    /// User name and password, or none.
    public var secretSources: [SecretSource] { [username, password].compactMap(\.self) }

    /// `http://proxy.example:3128`; without a port it is the scheme's own, 80. No message repeats a text with a user name in it.
    static func endpoint(_ text: String, isSchemeOptional: Bool = false) throws(Malformed) -> Endpoint {
        guard !text.contains("@") else {
            throw Malformed(
                "a user name and password do not stand in the URL; write { \"url\": \"http://…\", \"username\": \(Decoding.secretAdvice), "
                    + "\"password\": … }")
        }
        var rest = Substring(text)
        if let mark = text.firstRange(of: "://") {
            let scheme = text[..<mark.lowerBound].lowercased()
            guard scheme != "https" else {
                throw Malformed("a proxy that is itself spoken to over TLS \(notSupported); write one with \"http://…\"")
            }
            guard scheme == "http" else { throw Malformed("\(quoted(scheme)) is no scheme of an egress proxy; write \"http://…\"") }
            rest = text[mark.upperBound...]
        } else if !isSchemeOptional {
            throw Malformed("\(quoted(text)) has no scheme; write \(quoted("http://\(text)")), or \"none\"")
        }
        let end = rest.firstIndex(of: "/") ?? rest.endIndex
        guard rest[end...].count <= 1 else { throw Malformed("a proxy's URL has no path; write \(quoted("http://\(rest[..<end])"))") }
        let (hostText, portText) = try HostName.split(String(rest[..<end]))
        let host = try HostName.parse(hostText)
        let port = if let portText { try HostName.port(portText, in: 1...65535) } else { UInt16(80) }
        return Endpoint(host: host.name, port: port)
    }
}
