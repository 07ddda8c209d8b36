internal import EventLoop
internal import Glibc
internal import Proxy

/// What SIGHUP asks for: the configuration is read and prepared on a thread of its own, for secrets and certificates may take time, and
/// taken over by the loops only if all of it can be used.
final class Reloading: EventHandler {
    private enum Outcome: Sendable {
        case ready(Renewal)
        case refused([String])
    }

    private let path: String
    private let server: Server
    private let manager: ServiceManager
    private let isConfined: Bool
    private let outcome = Locked<Outcome?>(nil)
    private var waker: (any Waker)!
    private var isBusy = false
    /// The file may have changed after it was read.
    private var isWantedAgain = false

    /// On the loop of the first server.
    init(of path: String, for server: Server, on loop: Loop, telling manager: ServiceManager, isConfined: Bool) throws(SystemError) {
        (self.path, self.server, self.manager, self.isConfined) = (path, server, manager, isConfined)
        waker = try loop.makeWaker(for: loop.add(self), token: 0)
    }

    /// The thread may be at work, also when the loops have ended.
    var isReading: Bool { isBusy }

    func begin() {
        guard !server.isDraining else { return server.tellRefused(["the proxy is ending; what starts next reads the file as it is then"]) }
        guard !isBusy else {
            isWantedAgain = true
            return
        }
        isBusy = true
        manager.tell("RELOADING=1", ServiceManager.monotonicAssignment, ServiceManager.status("reading \(path) again"))
        let running = server.running
        let (path, outcome, waker) = (path, outcome, waker!)
        do throws(SystemError) {
            try startThread {
                outcome.withLock { [result = Self.prepared(path, running)] in $0 = result }
                waker.wake()
            }
        } catch {
            end(.refused([error.description]))
        }
    }

    private static func prepared(_ path: String, _ running: RunningConfiguration) -> Outcome {
        do throws(ConfigurationFile.Fault) {
            let configuration = try ConfigurationFile.loaded(path)
            FileWarnings.tell(configuration, file: path)
            do throws(StartError) {
                return .ready(try running.renewal(to: configuration))
            } catch {
                return .refused(Launch.lines(error))
            }
        } catch {
            return .refused(error.lines)
        }
    }

    func ready(_ token: UInt64, _ readiness: Readiness, now: Instant) {
        let found = outcome.withLock { outcome in
            defer { outcome = nil }
            return outcome
        }
        if let found { end(found) }
    }

    private func end(_ outcome: Outcome) {
        guard !server.isDraining else { return }
        switch outcome {
        case .ready(let renewal):
            do throws(StartError) {
                try server.reload(renewal) { [unowned self] in finish(serving) }
            } catch {
                refuse(Launch.lines(error))
            }
        case .refused(let lines): refuse(lines)
        }
    }

    private var serving: String { "serving \(server.routeNames.joined(separator: ", "))" }

    private func finish(_ status: String) {
        isBusy = false
        guard !server.isDraining else { return }
        manager.tell("READY=1", ServiceManager.status(status))
        guard isWantedAgain else { return }
        isWantedAgain = false
        begin()
    }

    private func refuse(_ lines: [String]) {
        let isForbidden = isConfined && lines.contains { $0.contains(SystemError.text(for: EACCES)) }
        let explanation =
            "the process has confined itself to the files and directories that its first configuration named, and to no TCP port where "
            + "that had none of its own; what is elsewhere needs a restart"
        server.tellRefused(isForbidden ? lines + [explanation] : lines)
        finish("\(serving); the configuration as it is now was refused: \(lines.first ?? "")")
    }

    func timerFired(_ token: UInt64, now: Instant) {}
    func turnEnded(now: Instant) {}
}
