internal import EventLoop
internal import Glibc
internal import Proxy
internal import TLS

/// Takes from the process all files that it does not need, once it has opened its listeners.
struct Confinement {
    /// What of the configuration stays usable, by directory where there is one: files are replaced by others of the same name.
    let own: [FileRule]
    private let startsPrograms: Bool
    /// Then a reload may have it listen on others.
    private let listensOnPorts: Bool

    init(_ configuration: Configuration, file: String) {
        var rules: [FileRule] = []
        func add(_ directories: [String], _ use: FileRule.Use) {
            for directory in directories where !rules.contains(FileRule(directory, use)) { rules.append(FileRule(directory, use)) }
        }
        for path in [file] + configuration.readFiles { add(LinkedPath.directories(of: path), .read) }
        if configuration.readsSystemdCredentials { add(Self.variable("CREDENTIALS_DIRECTORY"), .read) }
        for path in configuration.replacedFiles { add(LinkedPath.directories(of: path), .replace) }
        // A device is open already, and nobody replaces it.
        for path in configuration.appendedFiles where !path.hasPrefix("/dev/") { add(LinkedPath.directories(of: path), .append) }
        for socket in configuration.sockets { add(LinkedPath.directories(of: socket.path), .remove) }
        own = rules
        startsPrograms = configuration.startsPrograms
        listensOnPorts = configuration.listensOnPorts
    }

    /// Says what it did, or why it did not: whether the process is confined. To be called while it has one thread.
    func apply() -> Bool {
        guard !startsPrograms else {
            Console.error("bearerproxy: not confined by Landlock: the programs that print secrets would be confined as well")
            return false
        }
        do {
            let version = try Landlock.restrict(to: own + Self.system, mayBind: listensOnPorts)
            let denied = version < 4 || listensOnPorts ? "" : ", binds no TCP port"
            let alsoDenied = version < 6 ? denied : denied + ", signals no other process"
            Console.error(
                "bearerproxy: confined by Landlock (version \(version)): reads the system's files for names, libraries and authorities, and "
                    + "\(list([.read, .replace])); writes \(list([.append, .replace, .remove])); starts no program\(alsoDenied)")
            return true
        } catch {
            let reason = error.errno == ENOSYS || error.errno == EOPNOTSUPP ? "this kernel has no Landlock" : error.description
            Console.error("bearerproxy: not confined by Landlock: \(reason)")
            return false
        }
    }

    private func list(_ uses: Set<FileRule.Use>) -> String {
        var paths: [String] = []
        for rule in own where uses.contains(rule.use) && !paths.contains(rule.path) { paths.append(rule.path) }
        return paths.isEmpty ? "nothing" : paths.joined(separator: ", ")
    }

    /// The paths that a variable of the environment lists.
    private static func variable(_ name: String) -> [String] {
        guard let value = getenv(name) else { return [] }
        return String(cString: value).split(separator: ":").map(String.init)
    }

    /// What the C library and OpenSSL read when they look a name up or verify a certificate. All of `/etc`, for the files there
    /// (`resolv.conf`, `hosts`, …) are replaced by new ones whenever the network changes, and a file alone would be the old one.
    private static var system: [FileRule] {
        let read =
            [
                "/etc", "/run/resolvconf", "/run/systemd/resolve", "/run/systemd/userdb", "/run/NetworkManager", "/var/lib/sss/mc",
                "/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates",
                "/usr/share/pki", "/proc/sys/vm/overcommit_memory", "/sys/devices/system/cpu/online", "/dev/urandom", "/dev/random",
            ] + TLSContext.systemAuthorities + variable("SSL_CERT_FILE").flatMap(LinkedPath.directories)
                + variable("SSL_CERT_DIR") + LinkedPath.directories(of: "/etc/resolv.conf")
        return read.map { FileRule($0, .read) } + [FileRule("/dev/null", .device)]
    }
}
