internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Proxy

/// `bearerproxy check`
struct Check: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Validate the configuration: prints each mistake with its place, and ends with 1 if there is one.",
        discussion: """
            With --online, each credential and each route is tried as well, step by step: name, connection, TLS, clock, token, and one request \
            that changes nothing.
            """)

    @OptionGroup var file: ConfigurationFile

    @Flag(help: "Also connect: obtain a token for each credential, and make one harmless request for each route.")
    var online = false

    @Flag(help: "Read no secrets: for a machine that has none of them, or a user who may not read them.")
    var withoutSecrets = false

    func validate() throws {
        if online, withoutSecrets { throw ValidationError("--online obtains tokens, which takes secrets: leave one of the two out") }
    }

    func run() throws {
        let configuration: Configuration
        do {
            configuration = try file.load()
        } catch {
            throw ExitStatus.failure
        }
        FileWarnings.tell(configuration, file: try file.chosenPath())
        let secrets: any SecretReading = withoutSecrets ? UnreadSecrets() : SecretReader()
        let findings = Server.findings(configuration, secrets: secrets)
        for warning in configuration.warnings + Server.warnings(configuration) + secrets.warnings { Console.error("warning: \(warning)") }
        for finding in findings { Console.error(finding.description) }
        if !findings.isEmpty { throw ExitStatus.failure }
        if online { try goOnline(configuration, secrets) }
        let routes = configuration.routes.count
        let credentials = configuration.credentials.count
        Console.say("\(routes) route\(routes == 1 ? "" : "s") and \(credentials) credential\(credentials == 1 ? "" : "s"): no mistakes\(withoutSecrets ? ", as far as can be told without secrets" : "")")
    }

    private func goOnline(_ configuration: Configuration, _ secrets: any SecretReading) throws {
        Process.prepare()
        do {
            let loop = Loop(kernel: try LinuxKernel())
            let check = try OnlineCheck(configuration: configuration, secrets: secrets, loop: loop)
            var failures = 0
            for subject in check.credentials() { failures += tell(subject) }
            for subject in try check.routes() { failures += tell(subject) }
            guard failures == 0 else {
                Console.error("bearerproxy: \(failures) step\(failures == 1 ? "" : "s") failed")
                throw ExitStatus.failure
            }
        } catch let error as StartError {
            if case .configuration(let findings) = error { for finding in findings { Console.error(finding.description) } }
            throw ExitStatus.failure
        } catch let error as SystemError {
            Console.error("bearerproxy: \(error)")
            throw ExitStatus.failure
        }
    }

    /// How many of its steps failed.
    private func tell(_ subject: OnlineCheck.Subject) -> Int {
        Console.say(subject.name)
        for step in subject.steps { Console.say("  \(mark(step.verdict)) \(step.label.padded(to: 8))  \(step.text)") }
        return subject.steps.count { $0.verdict == .failed }
    }

    /// Where nobody looks at a terminal that shows the signs, words that programs find.
    private func mark(_ verdict: OnlineCheck.Verdict) -> String {
        setlocale(LC_CTYPE, "")
        let isShown = isatty(STDOUT_FILENO) == 1 && String(cString: nl_langinfo(Int32(CODESET))).uppercased() == "UTF-8"
        return switch verdict {
        case .passed: isShown ? "✓" : "ok   "
        case .doubtful: isShown ? "!" : "look "
        case .failed: isShown ? "✗" : "FAIL "
        case .skipped: isShown ? "-" : "-    "
        }
    }
}

extension String {
    /// With spaces behind it, for columns.
    fileprivate func padded(to count: Int) -> String { self + String(repeating: " ", count: max(0, count - self.count)) }
}
