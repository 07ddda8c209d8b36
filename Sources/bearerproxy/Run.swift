internal import ArgumentParser
internal import EventLoop
internal import Proxy

/// `bearerproxy run`
struct Run: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Run the proxy.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        Process.prepare()
        let configuration = try file.load()
        do {
            let loop = Loop(kernel: try LinuxKernel())
            let server = try Launch.server(configuration, on: loop)
            let signals = try Signals(loop: loop) { if server.isDraining { server.cutOff() } else { server.drain() } }
            for (address, routes) in server.listening {
                Console.error("bearerproxy: listening on \(address) for \(routes.joined(separator: ", "))")
            }
            withExtendedLifetime(signals) { loop.run() }
        } catch let error as SystemError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        }
    }
}
