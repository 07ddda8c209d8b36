internal import Credentials
internal import EventLoop

// What the proxy tells of itself: to the admin listener of the first loop, and from loop to loop.

extension Server {
    /// What this loop has to tell at this moment.
    func makeReport() -> LoopReport {
        LoopReport(
            clientCount: downstreams.count - refusedCount, upstreamCount: upstreams.count,
            routes: routes.map { route in
                let destination = route.destination
                return LoopReport.RouteReport(
                    name: route.configuration.name, openCount: destination.openCount, idleCount: destination.idle.count,
                    waitingCount: max(0, destination.queueCount - destination.promisedCount),
                    addresses: destination.addressBook.candidates(at: now))
            },
            faults: faults?.faults ?? [])
    }

    /// The first loop wants to know.
    func report() {
        guard let group else { return }
        group.members[position].report.withLock { $0 = makeReport() }
        group.post(.reportMade(position), to: 0)
    }

    /// A token machine as it is, whichever loop brought it there.
    func status(of credential: CredentialState) -> TokenStatus { credential.shared.present.0.status(at: now.sinceBeginning) }

    /// Remembers a fault, where somebody may ask for it.
    func note(_ subject: Fault.Subject, code: String, _ message: String) {
        guard faults != nil else { return }
        faults?.note(subject, code: code, message, at: kernel.wallNow())
    }
}
