internal import ArgumentParser
internal import Glibc
internal import Proxy
internal import Wire

/// `bearerproxy status`
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Ask the running proxy how it is, over admin.listen of its configuration.",
        discussion: "Ends with 0 if the proxy is ready, which probes may use, and with 1 if it is not, or does not answer.")

    @OptionGroup var file: ConfigurationFile

    @Option(help: "Where to ask, such as 127.0.0.1:9901 or unix:/run/bearerproxy/admin.sock; then no configuration is read.")
    var admin: AdminAddress?

    @Flag(help: "Ask only whether it answers, ready or not.")
    var alive = false

    @Flag(help: "Print what /status.json says, as it stands.")
    var json = false

    @Flag(help: "Show it again each second, with the rates of the second before, until it is interrupted.")
    var watch = false

    func validate() throws {
        if alive, json || watch { throw ValidationError("--alive shows nothing: leave out --json and --watch, or --alive") }
        if admin != nil, file.path != nil { throw ValidationError("with --admin no configuration is read: leave out --config, or --admin") }
    }

    func run() throws {
        let client = try AdminClient(try admin?.listen ?? configured())
        if alive { return try askWhetherAlive(client) }
        var last: StatusReading?
        repeat {
            last = try show(client, since: last)
            if watch { sleep(1) }
        } while watch
        if last?.isReady != true { throw ExitStatus.failure }
    }

    private func configured() throws -> ListenAddress {
        if let admin = try file.load().admin { return admin.listen }
        Console.error(
            "bearerproxy: \(try file.chosenPath()) has no \"admin\"; write \"admin\": { \"listen\": \"127.0.0.1:9901\" } at the top level, "
                + "and restart the proxy")
        throw ExitStatus.configuration
    }

    private func askWhetherAlive(_ client: AdminClient) throws {
        do throws(AdminClient.Failure) {
            _ = try client.get("/healthz")
        } catch {
            Console.error("bearerproxy: \(error.message)")
            throw ExitStatus.failure
        }
    }

    /// What it said, for the next time.
    private func show(_ client: AdminClient, since last: StatusReading?) throws -> StatusReading? {
        do throws(AdminClient.Failure) {
            let content = try client.get("/status.json")
            let reading = try reading(content, of: client)
            let text = json ? String(decoding: content, as: UTF8.self) : StatusText(reading, since: last).text
            Console.say((watch && Terminal.isOutput ? Terminal.clear : "") + text.trimmingEnd)
            return reading
        } catch {
            Console.error("bearerproxy: \(error.message)")
            // It may be on its way.
            guard watch else { throw ExitStatus.failure }
            return nil
        }
    }

    private func reading(_ content: [UInt8], of client: AdminClient) throws(AdminClient.Failure) -> StatusReading {
        if let json = try? JSON.parse(content, bytesMax: content.count), let reading = StatusReading(json) { return reading }
        throw AdminClient.Failure(message: "what \(client.listen) answers is no status; look at what listens there")
    }
}

extension String {
    fileprivate var trimmingEnd: String {
        var text = Substring(self)
        while text.last == "\n" { text.removeLast() }
        return String(text)
    }
}
