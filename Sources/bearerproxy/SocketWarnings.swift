internal import EventLoop
internal import Glibc
internal import Proxy

/// Unix sockets that systemd has made, and that every user of the machine may connect to: that is what it does unless its unit says
/// otherwise, and whoever connects can use the credentials.
enum SocketWarnings {
    static func tell(_ server: Server, _ configuration: Configuration) {
        let open = Set(configuration.routes.filter(isOpen).map(\.name))
        for (address, routes) in server.listening {
            guard case .unix(let path) = address, let route = routes.first(where: open.contains), mayAllConnect(path) else { continue }
            let subject = path.isEmpty ? "its abstract Unix socket, which is in no directory" : path
            let remedy = path.isEmpty ? "give it a path" : "write SocketMode=0660 and SocketGroup= into the .socket unit"
            Console.error(
                "bearerproxy: warning: route \(route): every user of this machine can use \(subject), and the credential behind it; \(remedy), "
                    + "or name the users in allow.users")
        }
    }

    private static func isOpen(_ route: Route) -> Bool {
        guard case .systemd = route.listen else { return false }
        return route.allow.users == nil
    }

    /// Whether the file's mode lets all write to it, and those of the directories above it let all come there.
    private static func mayAllConnect(_ path: String) -> Bool {
        guard !path.isEmpty else { return true }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IWOTH != 0 else { return false }
        var directory = path[...]
        while let slash = directory.lastIndex(of: "/") {
            directory = directory[..<slash]
            guard stat(directory.isEmpty ? "/" : String(directory), &status) == 0 else { continue }
            if status.st_mode & S_IXOTH == 0 { return false }
        }
        return true
    }
}
