/// Where a route takes its requests: on this machine only, unless the route is exposed.
public enum ListenAddress: Sendable, Hashable, CustomStringConvertible {
    /// An address without brackets, canonical: of loopback, or another of this machine where the route is exposed. Port 0: the kernel picks one.
    case tcp(host: String, port: UInt16)
    /// 127.0.0.1 and ::1.
    case localhost(port: UInt16)
    /// An absolute path of at most 107 bytes; permissions and group (a name or a number) of the socket, if given.
    case unix(path: String, mode: UInt16?, group: String?)
    /// The sockets that systemd passes on by this name; whether other machines may reach them.
    case systemd(name: String, isExposed: Bool)

    public var description: String {
        switch self {
        case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .localhost(let port): "localhost:\(port)"
        case .unix(let path, _, _): "unix:\(path)"
        case .systemd(let name, _): "systemd:\(name)"
        }
    }

    /// The one address that is listened on, as it stands in a Host field; nil where there are several or none.
    var host: String? {
        guard case .tcp(let host, _) = self, !isWildcard else { return nil }
        return host.contains(":") ? "[\(host)]" : host
    }

    static let example = "\"127.0.0.1:8080\", \"localhost:8080\", \"[::1]:8080\", \"unix:/run/bearerproxy/app.sock\" or \"systemd:NAME\""

    private static let exposedExample = "\"0.0.0.0:8443\", \"[::]:8443\" or one address of this machine such as \"192.0.2.7:8443\""

    /// - Parameter isExposed: whether other machines may be let in.
    static func parse(_ text: String, isExposed: Bool = false) throws(Malformed) -> ListenAddress {
        let example = isExposed ? exposedExample : example
        if text.hasPrefix("unix:") { return try unix(String(text.dropFirst("unix:".count))) }
        if text.hasPrefix("systemd:") { return try systemd(String(text.dropFirst("systemd:".count)), isExposed: isExposed) }
        let (hostText, portText) = try HostName.split(text)
        guard let portText else { throw Malformed("\(quoted(text)) is no address with a port; write \(example)") }
        guard !hostText.isEmpty, hostText != "*" else {
            if isExposed { throw Malformed("\(quoted(text)) has no address; write \(quoted("0.0.0.0:\(portText)")) for all of this machine") }
            throw Malformed("\(quoted(text)) would listen on every address of this machine; write \(quoted("127.0.0.1:\(portText)"))")
        }
        let host = try HostName.parse(hostText)
        let port = try HostName.port(portText, in: 0...65535)
        guard host.isLoopback || isExposed && host.kind != .name else {
            if host.kind == .name { throw Malformed("\(quoted(host.authorityText)) is a name; write \(example)") }
            throw Malformed(
                "\(quoted(host.authorityText)) is no loopback address, so other machines could use the credential; write \(example), "
                    + "or \"exposed\": true and \"listenTLS\" if they are to")
        }
        return host.kind == .name ? .localhost(port: port) : .tcp(host: host.name, port: port)
    }

    /// Whether other machines may reach it.
    var isExposed: Bool {
        switch self {
        case .tcp(let host, _): !host.hasPrefix("127.") && host != "::1" && !host.hasPrefix("::ffff:127.")
        case .systemd(_, let isExposed): isExposed
        case .localhost, .unix: false
        }
    }

    /// Every address of this machine, of one family.
    var isWildcard: Bool {
        if case .tcp(let host, _) = self { host == "0.0.0.0" || host == "::" } else { false }
    }

    /// Whether the kernel chooses the port: then each route that says so has one of its own.
    var isAnyPort: Bool {
        switch self {
        case .tcp(_, let port), .localhost(let port): port == 0
        case .unix, .systemd: false
        }
    }

    /// Whether both cannot be bound at once although they are written differently.
    func collides(with other: ListenAddress) -> Bool {
        switch (self, other) {
        case (.tcp(let host, let port), .tcp(let otherHost, let otherPort)):
            port == otherPort && port != 0 && host != otherHost && (isWildcard || other.isWildcard)
                && host.contains(":") == otherHost.contains(":")
        case (.localhost(let port), .tcp(let host, let otherPort)), (.tcp(let host, let otherPort), .localhost(let port)):
            port == otherPort && port != 0 && (host == "127.0.0.1" || host == "::1" || host == "0.0.0.0" || host == "::")
        case (.unix(let path, _, _), .unix(let otherPath, _, _)): path == otherPath && self != other
        case (.systemd(let name, _), .systemd(let otherName, _)): name == otherName && self != other
        case (.tcp, _), (.localhost, _), (.unix, _), (.systemd, _): false
        }
    }

    /// `/path?mode=0660&group=apps`
    private static func unix(_ text: String) throws(Malformed) -> ListenAddress {
        let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = String(parts[0])
        guard path.hasPrefix("/"), !path.hasSuffix("/"), !path.utf8.contains(0) else {
            throw Malformed("a Unix socket has an absolute path; write \"unix:/run/bearerproxy/app.sock\"")
        }
        // sun_path has 108 bytes with the NUL at its end.
        guard path.utf8.count <= 107 else {
            throw Malformed("the path of a Unix socket has at most 107 bytes, not \(path.utf8.count)")
        }
        var mode: UInt16?
        var group: String?
        for option in parts.count == 2 ? parts[1].split(separator: "&", omittingEmptySubsequences: false) : [] {
            let pair = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            switch pair.first {
            case "mode" where pair.count == 2 && mode == nil: mode = try permissions(pair[1])
            case "group" where pair.count == 2 && group == nil && !pair[1].isEmpty: group = pair[1]
            default: throw Malformed("\(quoted(String(option))) is no option of a Unix socket; write \"?mode=0660&group=NAME\"")
            }
        }
        return .unix(path: path, mode: mode, group: group)
    }

    /// A name as FileDescriptorName= takes it (systemd.socket(5)).
    private static func systemd(_ name: String, isExposed: Bool) throws(Malformed) -> ListenAddress {
        guard (1...255).contains(name.utf8.count), name.utf8.allSatisfy({ (0x20...0x7E).contains($0) && $0 != UInt8(ascii: ":") }) else {
            throw Malformed(
                "\(quoted(name)) is no name of a socket from systemd; write \"systemd:NAME\" with FileDescriptorName=NAME in the .socket unit, "
                    + "or the unit's own name such as \"systemd:bearerproxy.socket\"")
        }
        return .systemd(name: name, isExposed: isExposed)
    }

    private static func permissions(_ text: String) throws(Malformed) -> UInt16 {
        guard (3...4).contains(text.utf8.count), let mode = UInt16(text, radix: 8), mode <= 0o777, !text.hasPrefix("+") else {
            throw Malformed("\(quoted(text)) is no mode of a socket; write octal digits such as \"0660\"")
        }
        return mode
    }
}
