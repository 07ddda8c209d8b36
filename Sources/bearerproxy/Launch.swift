internal import ArgumentParser
internal import EventLoop
internal import Glibc
internal import Proxy

/// Starts a proxy, or says what hinders it.
enum Launch {
    /// `portAdvice`: what to do about a port that another program has.
    static func server(
        _ configuration: Configuration, on loop: Loop, portAdvice: String = "end that one, or choose another port"
    ) throws -> Server {
        let log = try log(configuration.log, loop.kernel)
        do {
            let secrets = SecretReader()
            let server = try Server(
                configuration: configuration, secrets: secrets, loop: loop, log: log,
                descriptorsMax: Process.descriptorsMax)
            secrets.concealEnvironment()
            try server.start()
            return server
        } catch {
            switch error {
            case .configuration(let findings):
                for finding in findings { Console.error(finding.description) }
                throw ExitStatus.configuration
            case .listen(let error, let route):
                Console.error("bearerproxy: route \(route): cannot listen on \(error.subject): \(error.reason); \(advice(error, portAdvice))")
                throw ExitStatus.failure
            }
        }
    }

    private static func log(_ settings: LogSettings, _ kernel: any Kernel) throws(ExitCode) -> Log {
        do {
            return try Log(settings, kernel: kernel)
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
        case EACCES where isUnix: "let the user of bearerproxy write to the socket's directory"
        case EACCES: "ports below 1024 are for root; choose a higher one, or grant CAP_NET_BIND_SERVICE"
        case ENOENT where isUnix: "make the socket's directory first"
        case EEXIST: "remove it, or choose another path"
        case EADDRNOTAVAIL: "this machine does not have that address; write one that it has"
        default: "choose another address"
        }
    }
}
