internal import Credentials

// All that is counted, for Prometheus.

extension Server {
    /// All that is counted, in the text format of Prometheus, version 0.0.4 (`text/plain; version=0.0.4; charset=utf-8`).
    ///
    /// To be called on this server's loop, which may be any of several: the figures are those of all. Holds nothing secret.
    func renderMetrics() -> [UInt8] {
        var text = MetricsText()
        renderRequests(&text)
        return text.bytes
    }

    private func renderRequests(_ text: inout MetricsText) {
        var all = routes.map { route in
            (MetricsText.Labels(("route", route.configuration.name)), metrics.total(of: .route(route.configuration.name)))
        }
        all.append((MetricsText.Labels(("route", "")), metrics.total(of: .route(nil))))
        text.begin("bearerproxy_requests_total", .counter, "Requests that have ended, by the answer's status; none: there was no answer.")
        for (labels, numbers) in all {
            for place in 0..<Figure.Route.statusCount where numbers[Figure.Route.statuses + place] > 0 {
                text.sample(labels, "code", place == 0 ? "none" : String(place + 99), numbers[Figure.Route.statuses + place])
            }
        }
        text.begin("bearerproxy_failures_total", .counter, "Requests that have ended without the whole answer of their upstream.")
        for (labels, numbers) in all {
            for cause in Cause.allCases { text.sample(labels, "cause", cause.rawValue, numbers[Figure.Route.causes + cause.index]) }
        }
        for (name, place, help) in Self.histograms {
            text.begin(name, .histogram, help)
            for (labels, numbers) in all { text.histogram(labels, numbers, at: place) }
        }
    }

    private static let histograms = [
        ("bearerproxy_request_duration_seconds", Figure.Route.whole, "From a request's head to the end of its answer; without tunnels."),
        (
            "bearerproxy_upstream_duration_seconds", Figure.Route.upstream,
            "From the head's sending to the head of the answer, over all attempts of a request."
        ),
        ("bearerproxy_overhead_duration_seconds", Figure.Route.overhead, "What the proxy itself took until the answer had begun."),
        ("bearerproxy_token_wait_seconds", Figure.Route.tokenWait, "How long requests waited for a token, of those that had to."),
        ("bearerproxy_queue_wait_seconds", Figure.Route.queueWait, "How long requests waited for a connection, of those that had to."),
    ]
}
