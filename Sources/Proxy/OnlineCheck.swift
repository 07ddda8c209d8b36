internal import Credentials
public import EventLoop
internal import Glibc
internal import Wire

/// Goes the way of a request step by step, for each credential and each route, and says at which step it fails, and what helps.
///
/// All of it is done by a server as it runs, which serves this process alone: its name look-ups, connections, TLS, token calls and
/// requests are those of production. Tokens that are obtained are used once, and forgotten.
public final class OnlineCheck {
    public enum Verdict: Sendable, Equatable {
        case passed
        /// It works, but should be looked at.
        case doubtful
        case failed
        /// A step before it failed.
        case skipped
    }

    public struct Step: Sendable, Equatable {
        public let verdict: Verdict
        /// What was tried: `secrets`, `name`, `connects`, `TLS`, `clock`, `token`, `request`.
        public let label: String
        /// How it went; after a failure also what helps. Never a secret.
        public let text: String
    }

    /// A route or a credential.
    public struct Subject: Sendable, Equatable {
        /// `credential bloq`
        public let name: String
        public internal(set) var steps: [Step] = []
    }

    private let server: Server
    private let loop: Loop
    private let witness = ConnectionWitness()
    private let nowhere: Descriptor

    /// - Throws: `StartError.configuration` with what the machine does not have: secrets, certificates.
    public init(configuration: Configuration, secrets: any SecretReading, loop: Loop) throws {
        self.loop = loop
        // What a log would say is among the steps.
        nowhere = Descriptor(try Self.openNowhere(), of: loop.kernel)
        let log = try Log(
            LogSettings(access: .off, format: .text, level: .error), kernel: loop.kernel, eventDescriptor: nowhere.number)
        server = try Server(configuration: configuration.forChecking, secrets: secrets, loop: loop, log: log)
        server.witness = witness
    }

    private static func openNowhere() throws(SystemError) -> Int32 {
        let number = open("/dev/null", O_WRONLY | O_CLOEXEC)
        guard number >= 0 else { throw SystemError(call: "open", errno: errno, subject: "/dev/null") }
        return number
    }

    /// Obtains the tokens, and connects for all routes. Waits as long as the timeouts of the configuration say.
    public func credentials() -> [Subject] {
        for route in server.routes { server.tryToConnect(to: route.destination) }
        server.obtainTokens()
        while !server.credentials.allSatisfy(isSettled) || !server.routes.allSatisfy({ isSettled(witness.record(of: $0.destination)) }) {
            loop.turn()
        }
        return server.credentials.map(subject)
    }

    /// Makes one harmless request for each route whose credential has a token.
    public func routes() throws(SystemError) -> [Subject] {
        var questions: [HarmlessRequest?] = []
        for route in server.routes {
            let isReady = witness.record(of: route.destination).isEstablished && status(of: route.credential).isUsable
            questions.append(isReady ? try HarmlessRequest(server, route) : nil)
        }
        while questions.contains(where: { $0.map { !$0.isOver } ?? false }) {
            loop.turn()
            for question in questions { question?.receive() }
        }
        return zip(server.routes, questions).map(subject)
    }

    private func status(of credential: CredentialState) -> TokenStatus { credential.cache.status(at: loop.now.sinceBeginning) }

    private func isSettled(_ credential: CredentialState) -> Bool {
        guard credential.destination != nil else { return true }
        let status = status(of: credential)
        return status.isUsable || status.failures > 0 || status.state == .refused
    }

    private func isSettled(_ record: ConnectionWitness.Record) -> Bool { record.isEstablished || record.fault != nil }
}

// MARK: what is said

extension OnlineCheck {
    private func subject(_ credential: CredentialState) -> Subject {
        let settings = credential.configuration
        var subject = Subject(name: "credential \(settings.name) (\(settings.type.rawValue))")
        let names = settings.secretSources.map(Self.name)
        subject.steps.append(Step(verdict: .passed, label: "secrets", text: "\(names.joined(separator: ", ")) can be read"))
        guard let destination = credential.destination else {
            subject.steps.append(Step(verdict: .passed, label: "token", text: "nothing has to be asked for; a request will show whether it is right"))
            return subject
        }
        let record = witness.record(of: destination)
        subject.steps += ConnectionSteps(destination, record).steps
        guard record.isEstablished else {
            subject.steps.append(Step(verdict: .skipped, label: "token", text: "was not asked for"))
            return subject
        }
        let status = status(of: credential)
        if status.isUsable {
            let lifetime = status.expiresIn.map { "valid for \(Self.text($0))" } ?? "without an end"
            subject.steps.append(Step(verdict: .passed, label: "token", text: "obtained, \(lifetime)"))
        } else {
            let cause = status.cause ?? "no answer"
            let advice = status.state == .refused
                ? "look at \(names.joined(separator: " and ")): are they this service's, whole, and not revoked?"
                : "the service could be asked: see whether this is its address, then ask who runs it"
            subject.steps.append(Step(verdict: .failed, label: "token", text: "\(cause); \(advice)"))
        }
        return subject
    }

    private func subject(_ route: RouteState, _ question: HarmlessRequest?) -> Subject {
        let origin = route.configuration.upstream
        var subject = Subject(name: "route \(route.configuration.name) (\(origin.scheme.rawValue)://\(origin.authority)\(origin.basePath))")
        let record = witness.record(of: route.destination)
        guard let question else {
            subject.steps = ConnectionSteps(route.destination, record).steps
            let reason = record.isEstablished ? "credential \(route.credential.configuration.name) has no token" : "there is no connection"
            subject.steps.append(Step(verdict: .skipped, label: "request", text: "none was made: \(reason)"))
            return subject
        }
        // Only what answers tells its time.
        if let date = question.date { witness.answered(route.destination, date: date, wall: server.kernel.wallNow()) }
        subject.steps = ConnectionSteps(route.destination, witness.record(of: route.destination)).steps
        subject.steps.append(question.step(route, witness.record(of: route.destination).servingFault))
        return subject
    }

    /// Rounded: some of it has passed already.
    private static func text(_ lifetime: Duration) -> String {
        let seconds = lifetime.components.seconds
        return seconds < 120 ? "\(seconds) s" : "\((seconds + 30) / 60) min"
    }

    /// `clientId` of `credentials.bloq.clientId`.
    private static func name(of source: SecretSource) -> String {
        source.place.keyPath.split(separator: ".").last.map(String.init) ?? source.place.keyPath
    }
}
