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
        Process.prepare()
        try checkUser()
        let configuration = try file.load()
        do {
            FileWarnings.tell(configuration, file: try file.chosenPath())
            let loops = try loops(configuration.threads)
            let confinement = Confinement(configuration, file: try file.chosenPath())
            let servers = try Launch.servers(configuration, on: loops, as: user?.user, confine: confinement.apply)
            let server = servers[0]
            if ProcessUser.isRoot {
                Console.error("bearerproxy: warning: running as root; name a user who may do less with --user NAME, or have systemd start it as one")
            }
            let signals = try Signals(loop: loops[0]) { if server.isDraining { server.cutOff() } else { server.drain() } }
            for (address, routes) in server.listening {
                Console.error("bearerproxy: listening on \(address) for \(routes.joined(separator: ", "))")
            }
            for address in server.adminAddresses { Console.error("bearerproxy: telling about itself on \(address)") }
            ProgramPages.release()
            try withExtendedLifetime((signals, servers)) { try LoopThreads.run(loops) }
        } catch let error as SystemError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
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
