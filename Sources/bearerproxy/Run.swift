internal import ArgumentParser
internal import EventLoop
internal import Proxy

/// `bearerproxy run`
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the proxy.")

    @OptionGroup var file: ConfigurationFile

    @Option(help: "As root: open the listeners, then become this user for ever. A number will do for each name.")
    var user: UserName?

    func run() throws {
        let passed = try passedSockets()
        Process.prepare()
        try checkUser()
        let configuration = try file.load()
        var isReading = false
        do {
            FileWarnings.tell(configuration, file: try file.chosenPath())
            let manager = try ServiceManager()
            let loops = try loops(configuration.threads)
            let confinement = Confinement(configuration, file: try file.chosenPath())
            var isConfined = false
            let servers = try Launch.servers(configuration, on: loops, passed: passed, as: user?.user) {
                isConfined = confinement.apply()
                return isConfined
            }
            let server = servers[0]
            if ProcessUser.isRoot {
                Console.error("bearerproxy: warning: running as root; name a user who may do less with --user NAME, or have systemd start it as one")
            }
            let reloading = try Reloading(
                of: try file.chosenPath(), for: server, on: loops[0], telling: manager, isConfined: isConfined)
            let signals = try Signals(loop: loops[0], reload: reloading.begin, reopen: server.reopenLogs) { Self.end(server, manager) }
            for (address, routes) in server.listening {
                Console.error("bearerproxy: listening on \(address) for \(routes.joined(separator: ", "))")
            }
            for address in server.adminAddresses { Console.error("bearerproxy: telling about itself on \(address)") }
            tellUnused(passed, configuration)
            SocketWarnings.tell(server, configuration)
            let watchdog = Watchdog(manager, loops: loops)
            ProgramPages.release()
            let status = ServiceManager.status("serving \(server.routeNames.joined(separator: ", "))")
            FirstTurns.tell(loops) { manager.tell("READY=1", status) }
            try withExtendedLifetime((signals, servers, watchdog)) { try LoopThreads.run(loops) }
            isReading = reloading.isReading
        } catch let error as SystemError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        }
        // The servers are gone here, and their logs written.
        if isReading { Process.endAtOnce() }
    }

    /// At the first signal what is under way is finished, at the second nothing.
    private static func end(_ server: Server, _ manager: ServiceManager) {
        guard !server.isDraining else { return server.cutOff() }
        // So long it may take, and a moment for the rest.
        let time = server.drainTimeout + .seconds(5)
        manager.tell(
            "STOPPING=1", "EXTEND_TIMEOUT_USEC=\(Interval(time).nanoseconds / 1000)", ServiceManager.status("finishing the requests under way"))
        server.drain()
    }

    private func passedSockets() throws(ExitCode) -> PassedSockets {
        do {
            return try PassedSockets.take()
        } catch {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        }
    }

    private func tellUnused(_ passed: PassedSockets, _ configuration: Configuration) {
        let names = configuration.passedNames
        for socket in passed.all where !names.contains(socket.name) {
            Console.error(
                "bearerproxy: warning: no route listens on the socket \(socket.name), which systemd passed on: clients of it wait in vain; "
                    + "write \"listen\": \"systemd:\(socket.name)\", or take it out of the unit")
        }
    }

    /// One for each thread, all with one clock.
    private func loops(_ threads: ThreadCount) throws -> [Loop] {
        let count = switch threads {
        case .fixed(let count): count
        case .auto: min(Cores.usableCount, Configuration.threadsMax)
        }
        let first = try LinuxKernel()
        return [Loop(kernel: first)] + (try (1..<count).map { _ in Loop(kernel: try LinuxKernel(clock: first)) })
    }

    private func checkUser() throws(ExitCode) {
        guard let user, !ProcessUser.isRoot else { return }
        Console.error("bearerproxy: --user \(user.user.name): only root can become another user; start it as root, or leave --user out")
        throw ExitStatus.failure
    }
}
