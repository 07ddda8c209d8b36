internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Proxy

/// Starts a proxy, or says what hinders it.
enum Launch {
    /// - Parameters:
    ///   - user: whom the process becomes, who opens all files and reads all secrets.
    ///   - confine: takes files from the process once the listeners are open, before anything comes from outside or another thread
    ///     starts, and says whether it did.
    ///   - portAdvice: what to do about a port that another program has.
    static func server(
        _ configuration: Configuration, on loop: Loop, as user: ProcessUser? = nil, confine: () -> Bool = { false },
        portAdvice: String = "end that one, or choose another port"
    ) throws -> Server {
        try servers(configuration, on: [loop], as: user, confine: confine, portAdvice: portAdvice)[0]
    }

    /// The same on several loops: a server for each, of which the first has begun to obtain tokens. None runs yet.
    ///
    /// - Parameter passed: the sockets that systemd passed on.
    static func servers(
        _ configuration: Configuration, on loops: [Loop], passed: PassedSockets = PassedSockets(), as user: ProcessUser? = nil, confine: () -> Bool = { false },
        portAdvice: String = "end that one, or choose another port"
    ) throws -> [Server] {
        let loop = loops[0]
        try user?.assume()
        let log = try log(configuration.log, loop.kernel, isShared: loops.count > 1)
        do {
            let secrets = SecretReader()
            let server = try Server(
                configuration: configuration, secrets: secrets, loop: loop, log: log,
                descriptorsMax: Process.descriptorsMax, group: loops.count > 1 ? LoopGroup(count: loops.count) : nil)
            var servers = [server]
            for (position, loop) in loops.enumerated().dropFirst() {
                servers.append(try Server(besides: server, position: position, loop: loop, log: Log(besides: log, kernel: loop.kernel)))
            }
            secrets.concealEnvironment()
            try user?.resumeRoot()
            // From here on clients may have come, who are answered first.
            Process.hold([SIGTERM, SIGINT])
            try server.listen(passed: passed)
            for other in servers.dropFirst() { try other.listen(besides: server) }
            if let user { try hand(configuration.sockets, to: user) }
            server.observeProcess(version: Version.number, commit: Version.commit)
            secrets.isConfined = confine()
            server.obtainTokens()
            return servers
        } catch let error as StartError {
            for line in lines(error, portAdvice) { Console.error(line) }
            if case .configuration = error { throw ExitStatus.configuration }
            throw ExitStatus.failure
        }
    }

    /// What hinders a start, or a reload, and what to do.
    static func lines(_ error: StartError, _ portAdvice: String = "end that one, or choose another port") -> [String] {
        switch error {
        case .configuration(let findings): findings.map(\.description)
        case .listen(let error, let route):
            ["bearerproxy: route \(route): cannot listen on \(error.subject): \(error.reason); \(advice(error, portAdvice))"]
        case .wake(let error):
            ["bearerproxy: threads: \(error.description); raise the limit of open files, or run fewer event loops"]
        case .adminListen(let error):
            ["bearerproxy: admin.listen: cannot listen on \(error.subject): \(error.reason); \(advice(error, portAdvice))"]
        }
    }

    /// The process becomes the user, and the sockets that root has made are the user's too.
    private static func hand(_ sockets: [(path: String, hasGroup: Bool)], to user: ProcessUser) throws {
        for socket in sockets { try user.own(socket: socket.path, keepsGroup: socket.hasGroup) }
        try user.become()
    }

    private static func log(_ settings: LogSettings, _ kernel: any Kernel, isShared: Bool) throws(ExitCode) -> Log {
        do {
            return try Log(settings, kernel: kernel, isShared: isShared)
        } catch {
            Console.error(
                "bearerproxy: log.access: cannot write to \(error.subject): \(error.reason); name a file in a directory that is there "
                    + "and that the user of bearerproxy may write to")
            throw ExitStatus.failure
        }
    }

    private static func advice(_ error: SystemError, _ portAdvice: String) -> String {
        let isUnix = error.subject.hasPrefix("unix:")
        return switch error.errno {
        case EADDRINUSE: "another program listens there: \(isUnix ? "end that one, or choose another path" : portAdvice)"
        case EPERM where isUnix && error.call == "chown": "put the user of bearerproxy into that group, or choose one of its groups"
        case EPERM where isUnix: "remove that file, which belongs to another user"
        case EACCES where isUnix: "let the user of bearerproxy write to the socket's directory"
        case EACCES: "ports below 1024 are for root; choose a higher one, or grant CAP_NET_BIND_SERVICE"
        case ENOENT where isUnix: "make the socket's directory first"
        case EEXIST: "remove it, or choose another path"
        case EMFILE, ENFILE: "raise the limit of open files"
        case EADDRNOTAVAIL: "this machine does not have that address; write one that it has"
        default: "choose another address"
        }
    }
}
