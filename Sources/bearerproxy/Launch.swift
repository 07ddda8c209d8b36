internal import ArgumentParser
internal import EventLoop
internal import Proxy

/// Starts a proxy, or says what hinders it.
enum Launch {
    static func server(_ configuration: Configuration, on loop: Loop) throws -> Server {
        do {
            let log = try Log(configuration.log, kernel: loop.kernel)
            let secrets = SecretReader()
            let server = try Server(configuration: configuration, secrets: secrets, loop: loop, log: log)
            secrets.concealEnvironment()
            try server.start()
            return server
        } catch let error as StartError {
            switch error {
            case .configuration(let findings):
                for finding in findings { Console.error(finding.description) }
                throw ExitStatus.configuration
            case .listen(let error, let route):
                Console.error("bearerproxy: route \(route): cannot listen on \(error.subject): \(error.reason); is another program there?")
                throw ExitStatus.failure
            }
        }
    }
}
