internal import ArgumentParser
internal import Proxy

/// `bearerproxy check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the configuration: prints each mistake with its place, and ends with 1 if there is one.")

    @OptionGroup var file: ConfigurationFile

    func run() throws {
        let configuration: Configuration
        do {
            configuration = try file.load()
        } catch {
            throw ExitStatus.failure
        }
        FileWarnings.tell(configuration, file: try file.chosenPath())
        let secrets = SecretReader()
        let findings = Server.findings(configuration, secrets: secrets)
        for warning in configuration.warnings + Server.warnings(configuration) + secrets.warnings { Console.error("warning: \(warning)") }
        for finding in findings { Console.error(finding.description) }
        if !findings.isEmpty { throw ExitStatus.failure }
        let routes = configuration.routes.count
        let credentials = configuration.credentials.count
        Console.say("\(routes) route\(routes == 1 ? "" : "s") and \(credentials) credential\(credentials == 1 ? "" : "s"): no mistakes")
    }
}
