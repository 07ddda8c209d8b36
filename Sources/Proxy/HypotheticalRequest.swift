internal import EventLoop

/// A request that somebody asks about: what a client would be told to send.
public struct HypotheticalRequest: Sendable {
    /// What of it reaches the proxy, and where.
    struct Reached {
        let listen: ListenAddress
        /// Indices of the listener's routes.
        let routes: [Int]
        /// What the client would write.
        let head: [UInt8]
        /// What else there is to say of how it gets there.
        var remark = ""
    }

    private let method: String
    private let url: String
    private let fields: [(name: String, value: String)]
    private let socket: String?

    /// - Parameters:
    ///   - method: as it is sent, with its case.
    ///   - url: as the client has it, `http://localhost:8080/path`, or the target alone, `/path`.
    ///   - fields: `Name: value` each, as curl takes them. Host is added where it is not among them.
    ///   - socket: the path of the Unix socket that the client connects to.
    /// - Throws: where one of them could not be sent.
    public init(method: String, url: String, fields: [String], socket: String?) throws(ExplanationError) {
        for text in [method, url] + fields where text.utf8.contains(where: { $0 < 0x20 && $0 != 0x09 || $0 == 0x7F }) {
            throw ExplanationError("a control character is no part of a request; leave it out")
        }
        guard Injection.isToken(method) else { throw ExplanationError("\(quoted(method)) is no method; write one such as GET") }
        self.method = method
        self.url = url
        self.socket = socket
        var read: [(name: String, value: String)] = []
        for field in fields {
            guard let colon = field.firstIndex(of: ":") else {
                throw ExplanationError("a field has a colon behind its name; write -H 'Name: value'")
            }
            let value = field[field.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            read.append((String(field[..<colon]), String(value)))
        }
        self.fields = read
    }

    /// The listener that it comes to, and its bytes.
    func reach(_ configuration: Configuration) throws(ExplanationError) -> Reached {
        if let socket { return try reach(socket: socket, configuration) }
        guard let mark = url.firstRange(of: "://") else { return try reachOnlyListener(configuration) }
        let scheme = url[..<mark.lowerBound].lowercased()
        guard scheme == "http" || scheme == "https" else { throw ExplanationError("\(quoted(scheme)) is no scheme; write http://…") }
        let authority = try Self.authority(url[mark.upperBound...])
        let (host, port) = try Self.parse(authority, defaultPort: scheme == "https" ? 443 : 80)
        let listeners = Self.listeners(of: configuration)
        let bound = listeners.first { Self.isReached($0.listen, by: host, port) }
        // Where systemd has bound a socket is not in the configuration.
        guard let found = bound ?? Self.passed(listeners, host) else {
            return try reachAsProxy(configuration, scheme, authority, host, port)
        }
        let speaksTLS = configuration.routes[found.routes[0]].listenTLS != nil
        guard speaksTLS == (scheme == "https") else {
            throw ExplanationError(
                speaksTLS
                    ? "the listener \(found.listen) speaks TLS; write https://…"
                    : "the listener \(found.listen) does not speak TLS (listenTLS); write http://…")
        }
        return Reached(listen: found.listen, routes: found.routes, head: head(target: target(behind: mark.upperBound), host: authority),
            remark: bound == nil ? Self.ifPassed : "")
    }

    private func reach(socket: String, _ configuration: Configuration) throws(ExplanationError) -> Reached {
        let listeners = Self.listeners(of: configuration)
        let bound = listeners.first { if case .unix(let path, _, _) = $0.listen { path == socket } else { false } }
        guard let found = bound ?? Self.passed(listeners) else {
            throw ExplanationError("no route listens on the Unix socket \(socket); \(Self.advice(configuration))")
        }
        var host = "localhost"
        var start = url.startIndex
        if let mark = url.firstRange(of: "://") {
            start = mark.upperBound
            host = try Self.authority(url[start...])
        }
        return Reached(
            listen: found.listen, routes: found.routes, head: head(target: target(behind: start), host: host),
            remark: bound == nil ? Self.ifPassed : "")
    }

    /// A target without a host.
    private func reachOnlyListener(_ configuration: Configuration) throws(ExplanationError) -> Reached {
        guard url.hasPrefix("/") || url == "*" else {
            throw ExplanationError("\(quoted(url)) is neither a URL nor a path; write http://… or /…")
        }
        let listeners = Self.listeners(of: configuration)
        guard let only = listeners.first, listeners.count == 1 else {
            throw ExplanationError("there are several listeners, so a path is not enough; \(Self.advice(configuration))")
        }
        let host =
            switch only.listen {
            case .unix, .systemd: "localhost"
            case .tcp, .localhost: only.listen.description
            }
        return Reached(listen: only.listen, routes: only.routes, head: head(target: String(url.prefix { $0 != "#" }), host: host))
    }

    /// Nobody listens there, but it may be an upstream's URL, which a client names that has the proxy as its HTTP proxy.
    private func reachAsProxy(
        _ configuration: Configuration, _ scheme: String, _ authority: String, _ host: HostName, _ port: UInt16
    ) throws(ExplanationError) -> Reached {
        let upstream = configuration.routes.first { $0.upstream.host == host.name && ($0.upstream.port == port || port == 80) }
        guard let upstream else {
            throw ExplanationError("no route listens on \(authority)\(authority.contains(":") ? "" : ", port \(port)"); \(Self.advice(configuration))")
        }
        guard scheme == "http" else {
            throw ExplanationError(
                "that is the upstream of route \(upstream.name), which clients reach at \(upstream.listen); \(Self.advice(configuration)), "
                    + "or http:// for a client that has the proxy as its HTTP proxy")
        }
        let routes = configuration.routes.indices.filter { configuration.routes[$0].listen == upstream.listen }
        let target = String(url.prefix { $0 != "#" })
        return Reached(
            listen: upstream.listen, routes: routes, head: head(target: target, host: authority),
            remark: ", as the HTTP proxy of the client")
    }

    /// Origin-form, of a URL whose authority begins there.
    private func target(behind start: String.Index) -> String {
        let rest = url[start...].prefix { $0 != "#" }
        guard let begin = rest.firstIndex(where: { $0 == "/" || $0 == "?" }) else { return "/" }
        return rest[begin] == "?" ? "/\(rest[begin...])" : String(rest[begin...])
    }

    private func head(target: String, host: String) -> [UInt8] {
        var text = "\(method) \(target) HTTP/1.1\r\n"
        if !fields.contains(where: { $0.name.lowercased() == "host" }) { text += "Host: \(host)\r\n" }
        for field in fields { text += "\(field.name): \(field.value)\r\n" }
        return Array((text + "\r\n").utf8)
    }
}

// MARK: listeners

extension HypotheticalRequest {
    private static func listeners(of configuration: Configuration) -> [(listen: ListenAddress, routes: [Int])] {
        var found: [(listen: ListenAddress, routes: [Int])] = []
        for (index, route) in configuration.routes.enumerated() {
            if let known = found.firstIndex(where: { $0.listen == route.listen }), !route.listen.isAnyPort {
                found[known].routes.append(index)
            } else {
                found.append((route.listen, [index]))
            }
        }
        return found
    }

    /// Whether a client that is told this host and port comes to that listener. What a name stands for is not looked up: one that is
    /// not `localhost` may be any address of this machine.
    private static func isReached(_ listen: ListenAddress, by host: HostName, _ port: UInt16) -> Bool {
        switch listen {
        case .unix, .systemd: return false
        case .localhost(let own): return own == port && host.isLoopback
        case .tcp(let address, let own):
            guard own == port else { return false }
            if host.kind == .name { return host.name != "localhost" || listen.isWildcard || !listen.isExposed }
            return address == host.name || listen.isWildcard
        }
    }

    private static func passed(
        _ listeners: [(listen: ListenAddress, routes: [Int])], _ host: HostName? = nil
    ) -> (listen: ListenAddress, routes: [Int])? {
        listeners.first { if case .systemd(_, let isExposed) = $0.listen { isExposed || host?.isLoopback ?? true } else { false } }
    }

    private static let ifPassed = ", if systemd has bound it there"

    /// How to name each.
    private static func advice(_ configuration: Configuration) -> String {
        let ways = listeners(of: configuration).map { found in
            if case .unix(let path, _, _) = found.listen { return "http://localhost/… with --unix-socket \(path)" }
            if case .systemd = found.listen { return "http://localhost:PORT/… for \(found.listen)" }
            return "\(configuration.routes[found.routes[0]].listenTLS == nil ? "http" : "https")://\(found.listen)/…"
        }
        return "write \(ways.joined(separator: ", or "))"
    }

    private static func authority(_ rest: Substring) throws(ExplanationError) -> String {
        let authority = String(rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" })
        guard !authority.contains("@") else {
            throw ExplanationError("a user name in the URL becomes a field Authorization; leave it out, or write -H 'Authorization: …'")
        }
        return authority
    }

    private static func parse(_ authority: String, defaultPort: UInt16) throws(ExplanationError) -> (HostName, UInt16) {
        do throws(Malformed) {
            let (hostText, portText) = try HostName.split(authority)
            let host = try HostName.parse(hostText)
            return (host, try portText.map { text throws(Malformed) in try HostName.port(text, in: 1...65535) } ?? defaultPort)
        } catch {
            throw ExplanationError(error.reason)
        }
    }
}
