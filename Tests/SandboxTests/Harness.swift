import EventLoop
import Glibc
import Sandbox
import Testing

/// The sandbox on the real kernel, with a thread and a loop of its own, and curl to call it.
final class Harness: Sendable {
    let accountsPort: UInt16
    let connectPort: UInt16
    let bloquoPort: UInt16
    let credentials: DemoCredentials
    private let authorityFile: String
    private let mailbox: Mailbox

    init(_ settings: Sandbox.Settings = Sandbox.Settings()) throws {
        let mailbox = Mailbox()
        let started = Locked<Result<Facts, any Error>?>(nil)
        try startThread { Self.run(settings, mailbox, started) }
        var result: Result<Facts, any Error>?
        while result == nil {
            usleep(1000)
            result = started.withLock { $0 }
        }
        let facts = try #require(result).get()
        accountsPort = facts.ports[0]
        connectPort = facts.ports[1]
        bloquoPort = facts.ports[2]
        credentials = facts.credentials
        self.mailbox = mailbox
        authorityFile = try temporaryFile(facts.authority)
    }

    deinit {
        unlink(authorityFile)
        mailbox.commands.withLock { $0.append(nil) }
    }

    /// Has `body` called on the loop's thread, and waits for what it returns.
    func onLoop<R: Sendable>(_ body: @escaping @Sendable (Sandbox) -> R) -> R {
        let answer = Locked<R?>(nil)
        mailbox.commands.withLock { $0.append({ sandbox in
            let result = body(sandbox)
            answer.withLock { $0 = result }
        }) }
        while true {
            if let result = answer.withLock({ $0 }) { return result }
            usleep(1000)
        }
    }

    /// Calls a service by its real name.
    func curl(_ url: String, _ arguments: String...) throws -> CurlAnswer {
        var all = ["--cacert", authorityFile]
        for (host, port) in [
            (Sandbox.accountsHost, accountsPort), (Sandbox.connectHost, connectPort), (Sandbox.bloquoHost, bloquoPort),
        ] {
            all += ["--connect-to", "\(host):443:127.0.0.1:\(port)"]
        }
        return try CurlAnswer(arguments: all + arguments + [url])
    }

    private struct Facts: Sendable {
        let ports: [UInt16]
        let authority: [UInt8]
        let credentials: DemoCredentials
    }

    private static func run(
        _ settings: Sandbox.Settings, _ mailbox: Mailbox, _ started: Locked<Result<Facts, any Error>?>
    ) {
        do {
            let loop = Loop(kernel: try LinuxKernel())
            let sandbox = try Sandbox(loop: loop, settings: settings)
            let ports = [sandbox.accounts, sandbox.connect, sandbox.bloquo].map { $0.address.port ?? 0 }
            let facts = Facts(
                ports: ports, authority: sandbox.certificateAuthorityPEM, credentials: sandbox.credentials)
            let clerk = Clerk(loop: loop, sandbox: sandbox, mailbox: mailbox)
            clerk.begin()
            started.withLock { $0 = .success(facts) }
            loop.run()
            sandbox.close()
        } catch {
            started.withLock { $0 = .failure(error) }
        }
    }
}

/// What other threads want done on the loop's; nil ends it.
private final class Mailbox: Sendable {
    let commands = Locked<[(@Sendable (Sandbox) -> Void)?]>([])
}

/// Looks into the mailbox at every tick.
private final class Clerk: EventHandler {
    private let loop: Loop
    private let sandbox: Sandbox
    private let mailbox: Mailbox
    private var timer: TimerID?

    init(loop: Loop, sandbox: Sandbox, mailbox: Mailbox) {
        self.loop = loop
        self.sandbox = sandbox
        self.mailbox = mailbox
    }

    func begin() {
        let timer = loop.makeTimer(for: loop.add(self), token: 0)
        self.timer = timer
        loop.arm(timer, at: loop.now)
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {}
    func turnEnded(now: Instant) {}

    func timerFired(_ token: UInt64, now: Instant) {
        let commands = mailbox.commands.withLock { commands in
            defer { commands.removeAll() }
            return commands
        }
        for command in commands {
            if let command { command(sandbox) } else { loop.stop() }
        }
        if let timer { loop.arm(timer, at: now + .milliseconds(10)) }
    }
}
