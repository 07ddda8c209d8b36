/// What the running proxy touches of the file system, so that all else can be taken away from it. Whoever adds a key that
/// names a file adds it here.
extension Configuration {
    /// Files that may be read again at any time.
    public var readFiles: [String] {
        var paths: [String] = []
        for source in secretSources {
            if case .file(let path) = source.kind { paths.append(path) }
        }
        for tls in routes.map(\.tls) + credentials.map(\.tls) {
            paths += [tls.ca, tls.clientCertificate, tls.clientKey].compactMap { $0 }
        }
        for tls in routes.compactMap(\.listenTLS) { paths += [tls.certificate, tls.key] + [tls.clientCA].compactMap { $0 } }
        return paths
    }

    /// Whether secrets are read from the directory that systemd names in `CREDENTIALS_DIRECTORY`.
    public var readsSystemdCredentials: Bool {
        secretSources.contains { if case .systemd = $0.kind { true } else { false } }
    }

    /// Whether programs are started for secrets.
    public var startsPrograms: Bool {
        secretSources.contains { if case .command = $0.kind { true } else { false } }
    }

    /// Files that are written anew, and renamed into their place.
    public var replacedFiles: [String] { [tokenCache?.file].compactMap { $0 } }

    /// Files that grow, and are opened again.
    public var appendedFiles: [String] {
        if case .file(let path) = log.access { [path] } else { [] }
    }

    /// Whether any listener has a TCP port that this process binds.
    public var listensOnPorts: Bool {
        (routes.map(\.listen) + [admin?.listen].compactMap(\.self)).contains { listen in
            switch listen {
            case .tcp, .localhost: true
            case .unix, .systemd: false
            }
        }
    }

    /// Sockets that systemd has to pass on, by name.
    public var passedNames: [String] {
        routes.compactMap { if case .systemd(let name, _) = $0.listen { name } else { nil } }
    }

    /// Files of Unix sockets, and whether the configuration says which group they have; each once.
    public var sockets: [(path: String, hasGroup: Bool)] {
        var found: [(path: String, hasGroup: Bool)] = []
        for listen in routes.map(\.listen) + [admin?.listen].compactMap({ $0 }) {
            guard case .unix(let path, _, let group) = listen, !found.contains(where: { $0.path == path }) else { continue }
            found.append((path, group != nil))
        }
        return found
    }
}
