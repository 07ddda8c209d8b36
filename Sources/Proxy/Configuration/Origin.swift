/// Scheme, host and port of an upstream, with the path that its resources begin with.
public struct Origin: Sendable, Hashable {
    public enum Scheme: String, Sendable {
        case https
        case http
    }

    public let scheme: Scheme
    /// A name in lower case or an IP address without brackets.
    public let host: String
    public let port: UInt16
    /// Empty, or begins with `/` and does not end with one.
    public let basePath: String
    /// The Host field's value: the host, in brackets if it is an IPv6 address, and the port unless it is the scheme's own.
    public let authority: String
    /// Whether the host names this machine alone.
    public let isLoopback: Bool

    /// `https://host[:port][/base]`. No message repeats a text that may hold a password or a token.
    static func parse(_ text: String) throws(Malformed) -> Origin {
        guard !text.contains("@") else {
            throw Malformed("a URL with \"@\" would hold a user name or password; remove it and name a credential instead")
        }
        guard !text.contains("?") && !text.contains("#") else {
            throw Malformed("a query or fragment has no place in an upstream's URL; remove what begins with \"?\" or \"#\"")
        }
        guard let mark = text.firstRange(of: "://") else {
            throw Malformed("\(quoted(text)) has no scheme; write \(quoted("https://\(text)"))")
        }
        guard let scheme = Scheme(rawValue: text[..<mark.lowerBound].lowercased()) else {
            throw Malformed("\(quoted(String(text[..<mark.lowerBound]))) is no scheme of an upstream; write \"https://…\"")
        }
        let rest = text[mark.upperBound...]
        let pathStart = rest.firstIndex(of: "/") ?? rest.endIndex
        let (hostText, portText) = try HostName.split(String(rest[..<pathStart]))
        let host = try HostName.parse(hostText)
        let defaultPort: UInt16 = scheme == .https ? 443 : 80
        let port = if let portText { try HostName.port(portText, in: 1...65535) } else { defaultPort }
        return Origin(
            scheme: scheme, host: host.name, port: port, basePath: try basePath(String(rest[pathStart...])),
            authority: port == defaultPort ? host.authorityText : "\(host.authorityText):\(port)", isLoopback: host.isLoopback)
    }

    /// The URL of a token endpoint: its whole path, of `/` at least, is the base path.
    static func parse(tokenURL text: String) throws(Malformed) -> Origin {
        guard !text.contains("?") else {
            throw Malformed("a query may hold a secret, so it does not stand in the URL; write it as \"query\": { \"NAME\": … }")
        }
        let origin = try parse(text)
        let path = origin.basePath + String(repeating: "/", count: text.reversed().prefix { $0 == "/" }.count)
        return origin.with(basePath: path.isEmpty ? "/" : path)
    }

    func with(basePath: String) -> Origin {
        Origin(scheme: scheme, host: host, port: port, basePath: basePath, authority: authority, isLoopback: isLoopback)
    }

    private static func basePath(_ text: String) throws(Malformed) -> String {
        if !text.isEmpty { try PathText.check(text) }
        return String(text.reversed().drop { $0 == "/" }.reversed())
    }
}
