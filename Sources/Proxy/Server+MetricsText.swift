internal import Credentials
internal import EventLoop
internal import TLS

// All that is counted, for Prometheus.

extension Server {
    /// All that is counted, in the text format of Prometheus, version 0.0.4 (`text/plain; version=0.0.4; charset=utf-8`).
    ///
    /// To be called on this server's loop, which may be any of several: the figures are those of all. Holds nothing secret.
    func renderMetrics() -> [UInt8] {
        var text = MetricsText()
        let routes = routes.map { route in
            (MetricsText.Labels(("route", route.configuration.name)), metrics.total(of: .route(route.configuration.name)))
        }
        let unrouted = (MetricsText.Labels(("route", "")), metrics.total(of: .route(nil)))
        render(requestsOf: routes, &text)
        render(answersOf: routes + [unrouted], &text)
        renderUpstreams(&text)
        renderTokens(&text)
        renderLoops(&text)
        renderConfiguration(&text)
        renderProcess(&text)
        return text.bytes
    }

    private typealias Numbers = [(labels: MetricsText.Labels, numbers: [UInt64])]

    /// What is there of requests that have a route.
    private func render(requestsOf routes: Numbers, _ text: inout MetricsText) {
        text.begin("bearerproxy_requests_in_flight", .gauge, "Requests that have a route and have not ended.")
        for (labels, numbers) in routes {
            // Those that ended were read first. A processor that orders stores loosely may show one as ended before it has begun.
            let ended = numbers[Figure.Route.statuses...].reduce(0, &+)
            text.sample(labels, numbers[Figure.Route.begun] > ended ? numbers[Figure.Route.begun] - ended : 0)
        }
        text.begin("bearerproxy_replays_total", .counter, "Requests that were sent once more because the upstream refused their token.")
        for (labels, numbers) in routes { text.sample(labels, numbers[Figure.Route.replays]) }
        text.begin("bearerproxy_retries_total", .counter, "Requests that were sent once more because a connection of the pool had ended, or the announcement of their content was refused.")
        for (labels, numbers) in routes { text.sample(labels, numbers[Figure.Route.retries]) }
    }

    private func render(answersOf all: Numbers, _ text: inout MetricsText) {
        text.begin("bearerproxy_requests_total", .counter, "Requests that have ended, by the status of their answer; none: there was no answer.")
        for (labels, numbers) in all {
            for place in 0..<Figure.Route.statusCount where numbers[Figure.Route.statuses + place] > 0 {
                text.sample(labels, "code", place == 0 ? "none" : String(place + 99), numbers[Figure.Route.statuses + place])
            }
        }
        text.begin("bearerproxy_failures_total", .counter, "Requests that have ended without the whole answer of their upstream.")
        for (labels, numbers) in all {
            for cause in Cause.allCases { text.sample(labels, "cause", cause.rawValue, numbers[Figure.Route.causes + cause.index]) }
        }
        text.begin("bearerproxy_request_content_bytes_total", .counter, "Content of requests that have ended.")
        for (labels, numbers) in all { text.sample(labels, numbers[Figure.Route.receivedBytes]) }
        text.begin("bearerproxy_response_content_bytes_total", .counter, "Content of their answers.")
        for (labels, numbers) in all { text.sample(labels, numbers[Figure.Route.sentBytes]) }
        for (name, place, help) in Self.histograms {
            text.begin(name, .histogram, help)
            for (labels, numbers) in all { text.histogram(labels, numbers, at: place) }
        }
    }

    private static let histograms = [
        ("bearerproxy_request_duration_seconds", Figure.Route.whole, "From a request's head to the end of its answer; without tunnels."),
        (
            "bearerproxy_upstream_duration_seconds", Figure.Route.upstream,
            "From the sending of a request's head to the head of the answer, over all its attempts."
        ),
        (
            "bearerproxy_overhead_duration_seconds", Figure.Route.overhead,
            "What the proxy itself took until the answer had begun; without tunnels."
        ),
        ("bearerproxy_token_wait_seconds", Figure.Route.tokenWait, "How long requests waited for a token, of those that had to."),
        ("bearerproxy_queue_wait_seconds", Figure.Route.queueWait, "How long requests waited for a connection, of those that had to."),
    ]
}

// MARK: connections

extension Server {
    private func renderUpstreams(_ text: inout MetricsText) {
        let routes = routes.map { route in
            (MetricsText.Labels(("route", route.configuration.name)), metrics.total(of: .upstream(route: route.configuration.name)))
        }
        text.begin("bearerproxy_upstream_connections", .gauge, "Connections to upstreams: idle in the pool, or busy, which begins with connecting.")
        for (labels, numbers) in routes {
            let open = Self.difference(numbers, Figure.Connections.opened, Figure.Connections.closed)
            let idle = min(numbers[Figure.Connections.idle], open)
            text.sample(labels, "state", "idle", idle)
            text.sample(labels, "state", "busy", open - idle)
        }
        text.begin("bearerproxy_queue_length", .gauge, "Requests that wait for a connection.")
        for (labels, numbers) in routes { text.sample(labels, numbers[Figure.Connections.waiting]) }
        text.begin("bearerproxy_upstream_connections_opened_total", .counter, "Connections to upstreams that were begun.")
        for (labels, numbers) in routes { text.sample(labels, numbers[Figure.Connections.opened]) }
        text.begin("bearerproxy_upstream_connection_failures_total", .counter, "Connections to upstreams that could not be made.")
        for (labels, numbers) in routes { Self.renderFailures(labels, numbers, &text) }
        text.begin("bearerproxy_token_connection_failures_total", .counter, "Connections to token endpoints that could not be made.")
        for credential in credentials where credential.destination != nil {
            let name = credential.configuration.name
            Self.renderFailures(.init(("credential", name)), metrics.total(of: .tokenEndpoint(credential: name)), &text)
        }
    }

    private static func renderFailures(_ labels: MetricsText.Labels, _ numbers: [UInt64], _ text: inout MetricsText) {
        for failure in ConnectionFailure.allCases {
            text.sample(labels, "cause", failure.rawValue, numbers[Figure.Connections.failures + failure.index])
        }
    }

    /// Of two numbers that another loop may be counting with.
    private static func difference(_ numbers: [UInt64], _ more: Int, _ less: Int) -> UInt64 {
        numbers[more] > numbers[less] ? numbers[more] - numbers[less] : 0
    }
}

// MARK: tokens

extension Server {
    private func renderTokens(_ text: inout MetricsText) {
        let all = credentials.map { credential in
            let name = credential.configuration.name
            return (
                labels: MetricsText.Labels(("credential", name)), numbers: metrics.total(of: .credential(name)),
                status: credential.shared.present.0.status(at: loop.now.sinceBeginning)
            )
        }
        text.begin("bearerproxy_token_usable", .gauge, "Whether there is a token that serves: it has not expired, and was not refused while there is no other.")
        for one in all { text.sample(one.labels, one.status.isUsable ? 1 : 0) }
        text.begin("bearerproxy_token_doubted", .gauge, "Whether the API refuses the token, there is no better one for now, and no request with it was answered since.")
        for one in all { text.sample(one.labels, one.status.isDoubted ? 1 : 0) }
        text.begin("bearerproxy_token_state", .gauge, "1 for the state of the credential, 0 for the others.")
        for one in all {
            for state in TokenStatus.State.allCases { text.sample(one.labels, "state", state.rawValue, one.status.state == state ? 1 : 0) }
        }
        text.begin("bearerproxy_token_expires_in_seconds", .gauge, "Time left to the token; not there without one, or where it never expires.")
        for one in all { if let left = one.status.expiresIn { text.sample(one.labels, nanoseconds: Self.nanoseconds(left)) } }
        text.begin("bearerproxy_token_next_call_in_seconds", .gauge, "Time to the next call of the token endpoint; not there during one.")
        for one in all { if let left = one.status.nextCallIn { text.sample(one.labels, nanoseconds: Self.nanoseconds(left)) } }
        text.begin("bearerproxy_token_generation", .gauge, "How many tokens there have been, those of an earlier process included.")
        for one in all { text.sample(one.labels, one.status.generation) }
        text.begin("bearerproxy_token_calls_total", .counter, "Calls of the token endpoint.")
        for one in all { text.sample(one.labels, one.numbers[Figure.Tokens.calls]) }
        text.begin("bearerproxy_token_renewals_total", .counter, "Tokens that were obtained.")
        for one in all { text.sample(one.labels, one.numbers[Figure.Tokens.renewals]) }
        text.begin("bearerproxy_token_failures_total", .counter, "Calls that brought no token.")
        for one in all {
            for failure in TokenFailure.allCases {
                text.sample(one.labels, "cause", failure.rawValue, one.numbers[Figure.Tokens.failures + failure.index])
            }
        }
    }

    private static func nanoseconds(_ duration: Duration) -> UInt64 { UInt64(max(0, Interval(duration).nanoseconds)) }
}

// MARK: the process

extension Server {
    private func renderLoops(_ text: inout MetricsText) {
        let total = metrics.total(of: .loop)
        text.begin("bearerproxy_client_connections", .gauge, "Clients that are connected.")
        text.sample(.none, Self.difference(total, Figure.Loop.clientsAccepted, Figure.Loop.clientsClosed))
        text.begin("bearerproxy_client_connections_accepted_total", .counter, "Clients that have connected.")
        text.sample(.none, total[Figure.Loop.clientsAccepted])
        text.begin("bearerproxy_client_connections_refused_total", .counter, "Clients that were one too many, and were told so.")
        text.sample(.none, total[Figure.Loop.clientsRefused])
        text.begin("bearerproxy_client_tls_failures_total", .counter, "Clients whose TLS failed.")
        text.sample(.none, total[Figure.Loop.clientTLSFailures])
        text.begin("bearerproxy_bytes_total", .counter, "What went over connections, heads included, before or after its encryption.")
        let sides = [
            ("client", "received", Figure.Loop.receivedFromClients), ("client", "sent", Figure.Loop.sentToClients),
            ("upstream", "received", Figure.Loop.receivedFromUpstreams), ("upstream", "sent", Figure.Loop.sentToUpstreams),
        ]
        for (side, direction, place) in sides { text.sample(.init(("side", side), ("direction", direction)), total[place]) }
        text.begin(
            "bearerproxy_loop_turn_seconds", .histogram,
            "How long turns of an event loop took: so long what happened meanwhile had to wait.")
        for (loop, numbers) in metrics.each(of: .loop) { text.histogram(.init(("loop", String(loop))), numbers, at: Figure.Loop.turns) }
    }

    private func renderConfiguration(_ text: inout MetricsText) {
        text.begin("bearerproxy_config_last_reload_successful", .gauge, "Whether the configuration that was read last is in force; 1 from the start.")
        text.sample(.none, lastReload.isSuccessful ? 1 : 0)
        text.begin(
            "bearerproxy_config_last_reload_success_timestamp_seconds", .gauge,
            "When the configuration in force was taken over, at the start or by a reload, since 1970-01-01 UTC.")
        text.sample(.none, nanoseconds: Self.nanoseconds(lastReload.success))
    }

    private func renderProcess(_ text: inout MetricsText) {
        guard let process else { return }
        text.begin("bearerproxy_build_info", .gauge, "1, with the versions of the program and of its libraries, and what it was built of.")
        // An empty label is none.
        text.sample(.init(("version", version), ("commit", commit ?? ""), ("openssl", TLSContext.versionDescription)), 1)
        let reading = process.read()
        if let bytes = reading.residentBytes {
            text.begin("process_resident_memory_bytes", .gauge, "Memory in use.")
            text.sample(.none, bytes)
        }
        if let bytes = reading.virtualBytes {
            text.begin("process_virtual_memory_bytes", .gauge, "Memory that is mapped.")
            text.sample(.none, bytes)
        }
        if let count = reading.descriptorCount {
            text.begin("process_open_fds", .gauge, "Descriptors that are open.")
            text.sample(.none, count)
        }
        if let count = reading.descriptorsMax {
            text.begin("process_max_fds", .gauge, "Descriptors that may be open.")
            text.sample(.none, count)
        }
        text.begin("process_cpu_seconds_total", .counter, "Time of all threads on processors.")
        text.sample(.none, nanoseconds: UInt64(reading.processorTime.nanoseconds))
        text.begin("process_start_time_seconds", .gauge, "When it started, since 1970-01-01 UTC.")
        text.sample(.none, nanoseconds: UInt64(process.start.nanoseconds))
    }
}
