internal import ArgumentParser
internal import EventLoop
internal import Proxy
internal import Sandbox

/// `bearerproxy sandbox`
struct SandboxCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sandbox",
        abstract: "Run emulated Bloq and Bloquo services on this machine, to try the proxy without an account.",
        discussion: """
            The services have the real ones' names, and certificates of an authority that is made at each start. They listen on \
            127.0.0.1 only. What they need to be used is written into a directory: ca.pem, a proxy.json, and demo secrets.

            Each of them answers some paths without a token, as with curl --cacert and --connect-to: GET /_sandbox/state tells what was \
            carried out; POST /_sandbox/revoke takes all tokens away; POST /_sandbox/fail?status=503&count=3&retryAfter=1 has the next \
            three token calls fail.
            """)

    @Option(help: "Ports of the emulated services: Accounts has this one, Connect and Bloquo the next two; 0 takes free ones.")
    var portBase: UInt16 = 9443

    @Option(help: "Seconds for which an access token is valid, at least 2.")
    var tokenLifetime: Int = 3600

    @Option(
        help: ArgumentHelp(
            "So many of a hundred requests, from 0 to 100, meet a fault: late, refused, without an answer, or cut off. With :SEED the same ones again.",
            valueName: "percent"))
    var chaos: String = "0"

    @Flag(help: "Also run the proxy in front of them, on 127.0.0.1:8080 (Bloq) and 8081 (Bloquo); with --port-base 0 on free ports.")
    var proxy = false

    @Option(help: "Where ca.pem, proxy.json and the demo secrets are written. Default: a new directory, removed at the end.")
    var directory: String?

    func validate() throws {
        // A token's end is a whole second: of one second, nothing may be left when the token arrives.
        guard (2...31_536_000).contains(tokenLifetime) else {
            throw ValidationError("--token-lifetime \(tokenLifetime): write 2 to 31536000 seconds")
        }
        guard ChaosOption(chaos) != nil else {
            throw ValidationError("--chaos \(chaos): write a percentage from 0 to 100, such as 20, or with the seed of another run 20:4711")
        }
    }

    func run() throws {
        Process.prepare()
        do {
            let loop = Loop(kernel: try LinuxKernel())
            var server: Server?
            let signals = try Signals(loop: loop, reload: { Console.error("bearerproxy: the sandbox has nothing to reload; restart it") }) {
                if let server, !server.isDraining { server.drain() } else { loop.stop() }
            }
            let chaos = ChaosOption(chaos) ?? .none
            var settings = Sandbox.Settings(portBase: portBase, tokenLifetime: .seconds(tokenLifetime))
            (settings.chaosPercent, settings.chaosSeed) = (chaos.percent, chaos.seed)
            let sandbox = try Sandbox(loop: loop, settings: settings)
            let files = try files(of: sandbox)
            defer { files.removeIfTemporary() }
            if proxy { server = try launch(files, on: loop) }
            SandboxGreeting(sandbox: sandbox, files: files, server: server, chaos: chaos).say()
            withExtendedLifetime(signals) { loop.run() }
            sandbox.close()
        } catch let error as SystemError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        } catch let error as SandboxError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        }
    }

    private func files(of sandbox: Sandbox) throws(ExitCode) -> SandboxFiles {
        do {
            return try SandboxFiles(sandbox, directory: directory, proxyPorts: portBase == 0 ? (0, 0) : (8080, 8081))
        } catch {
            Console.error(
                "bearerproxy: cannot write the sandbox's files: \(error.subject): \(error.reason); name a directory that you may write to "
                    + "with --directory")
            throw ExitStatus.failure
        }
    }

    private func launch(_ files: SandboxFiles, on loop: Loop) throws -> Server {
        try Launch.server(
            try files.configuration(), on: loop, portAdvice: "end that one, or have free ports taken with --port-base 0")
    }
}
