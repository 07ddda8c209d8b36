internal import EventLoop
internal import Glibc

// Files that the proxy writes, and sockets that it makes.

extension Preparation {
    /// The access log is appended to: what else the configuration names would be spoilt by it.
    mutating func checkAccessLog() {
        guard case .file(let path) = configuration.log.access else { return }
        let others =
            configuration.readFiles.map { ($0, "a secret, a key or a certificate is read from") }
            + configuration.replacedFiles.map { ($0, "tokens are kept in") } + [(configuration.texts.file, "this configuration is read from")]
        guard let (_, use) = others.first(where: { isSame(path, $0.0) }) else { return }
        report(accessPlace, "\(quoted(path)) is the file that \(use), and would be written into; write another path")
    }

    /// What hinders the opening of the access log and of Unix sockets, without opening them.
    mutating func checkPlaces() {
        // A build server is not the machine that it is for.
        if secrets is UnreadSecrets { return }
        if case .file(let path) = configuration.log.access {
            if isDirectory(path) {
                report(accessPlace, "\(quoted(path)) is a directory; write the path of a file in it")
            } else {
                checkDirectory(of: path, accessPlace)
            }
        }
        for route in configuration.routes { checkSocket(route.listen, route.listenPlace) }
        if let admin = configuration.admin { checkSocket(admin.listen, admin.place) }
    }

    private mutating func checkSocket(_ listen: ListenAddress, _ place: Place) {
        guard case .unix(let path, _, _) = listen else { return }
        var status = stat()
        if lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK {
            report(place, "\(quoted(path)) is there, and is no socket; remove it, or choose another path")
        } else {
            checkDirectory(of: path, place)
        }
    }

    private mutating func checkDirectory(of path: String, _ place: Place) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let directory = slash == path.startIndex ? "/" : String(path[..<slash])
        guard isMissing(directory) else { return }
        let finding = Finding(place: place, message: "the directory \(quoted(directory)) is not there; make it, or choose another path")
        // Of these, systemd makes some when it starts the service, and removes them at its end.
        if path.hasPrefix("/run/") || path.hasPrefix("/var/run/") { secrets.warn(finding) } else { report(finding) }
    }

    private var accessPlace: Place {
        let place = configuration.texts.place(of: "log")
        return Place(file: place.file, line: place.line, column: place.column, keyPath: "log.access")
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    /// Whether there is no such directory. What may not be looked into is another user's, perhaps the service's.
    private func isMissing(_ directory: String) -> Bool {
        var status = stat()
        if stat(directory, &status) == 0 { return status.st_mode & S_IFMT != S_IFDIR }
        return errno == ENOENT || errno == ENOTDIR
    }

    /// By whatever names.
    private func isSame(_ path: String, _ other: String) -> Bool {
        var (first, second) = (stat(), stat())
        guard stat(path, &first) == 0, stat(other, &second) == 0 else { return path == other }
        return first.st_dev == second.st_dev && first.st_ino == second.st_ino
    }
}
