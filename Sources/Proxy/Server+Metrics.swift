internal import Credentials
internal import EventLoop

// What is counted of a request, and when what happened to it.

extension Server {
    /// The request has ended: counts it. How long it took.
    @inline(__always)
    func count(_ downstream: Handle<Downstream>, _ cause: Cause?) -> Durations {
        let durations = downstreams[downstream].exchange.timing.durations(
            from: downstreams[downstream].exchange.started, to: kernel.monotonicNow())
        let route = downstreams[downstream].exchange.route
        let counters = route >= 0 ? routes[route].counters : unroutedCounters
        let status = downstreams[downstream].exchange.status
        counters.add(at: Figure.Route.place(ofStatus: status))
        counters.add(downstreams[downstream].exchange.receivedCount, at: Figure.Route.receivedBytes)
        counters.add(downstreams[downstream].exchange.sentCount, at: Figure.Route.sentBytes)
        // How long a tunnel lasts says nothing of how fast anybody is.
        if status != 101 {
            counters.observe(durations.whole, at: Figure.Route.whole, timeScale)
            counters.observe(durations.overhead, at: Figure.Route.overhead, timeScale)
        }
        if downstreams[downstream].exchange.generation > 0 { counters.observe(durations.upstream, at: Figure.Route.upstream, timeScale) }
        if durations.token > .zero || durations.queue > .zero { countWaits(durations, counters) }
        if let cause { counters.add(at: Figure.Route.causes + cause.index) }
        return durations
    }

    /// How long what took until now.
    func serverTiming(_ downstream: Handle<Downstream>) -> ServerTiming {
        ServerTiming(
            durations: downstreams[downstream].exchange.timing.durations(
                from: downstreams[downstream].exchange.started, to: kernel.monotonicNow()))
    }

    @inline(never)
    private func countWaits(_ durations: Durations, _ counters: Counters) {
        if durations.token > .zero { counters.observe(durations.token, at: Figure.Route.tokenWait, timeScale) }
        if durations.queue > .zero { counters.observe(durations.queue, at: Figure.Route.queueWait, timeScale) }
    }

    /// Whatever the request waits for comes to it, or never will.
    func endWait(_ downstream: Handle<Downstream>) {
        let began = downstreams[downstream].exchange.timing.waitBegan
        guard began != .never else { return }
        downstreams[downstream].exchange.timing.waitBegan = .never
        let span = now - began
        switch downstreams[downstream].exchange.phase {
        case .receivingContent: downstreams[downstream].exchange.timing.content = downstreams[downstream].exchange.timing.content + span
        case .waitingForToken: downstreams[downstream].exchange.timing.token = downstreams[downstream].exchange.timing.token + span
        case .waitingForConnection: downstreams[downstream].exchange.timing.queue = downstreams[downstream].exchange.timing.queue + span
        case .none, .forwarding, .tunnelling, .answered: break
        }
    }

    /// The beginning of the response goes to the client now, and more is to follow.
    @inline(__always)
    func noteRelay(_ downstream: Handle<Downstream>) {
        guard downstreams[downstream].exchange.responsePhase == .head, downstreams[downstream].exchange.timing.relayed == .never else { return }
        downstreams[downstream].exchange.timing.relayed = kernel.monotonicNow()
    }
}

// MARK: token calls

extension Server {
    func count(_ outcome: TokenCache.Outcome, of credential: CredentialState, _ failure: TokenFailure?) {
        let counters = credential.counters
        func countFailure(_ failure: TokenFailure) { counters.add(at: Figure.Tokens.failures + failure.index) }
        switch outcome {
        case .renewed: counters.add(at: Figure.Tokens.renewals)
        case .failed:
            let isRefused = credential.cache.status(at: now.sinceBeginning).state == .refused
            countFailure(failure ?? (isRefused ? .refused : .answer))
        case .continues: countFailure(.refreshTokenRefused)
        case .continuesWithFormer, .continuesWithNewest: countFailure(.refused)
        }
    }
}

// MARK: the process

extension Server {
    /// Opens what tells of the process, which may lose the right to later. `version` is the program's, `commit` what it was
    /// built of, where that is known.
    public func observeProcess(version: String, commit: String?) {
        process = ProcessFigures()
        self.version = version
        self.commit = commit
    }

    /// Opens the access log's file anew, after whoever keeps it in order has renamed it.
    public func reopenLogs() { log.reopen() }
}
