/// How the proxy is, for a terminal.
struct StatusText {
    private let reading: StatusReading
    /// The one before, which rates and times are told from; without it they are those since the start.
    private let last: StatusReading?

    init(_ reading: StatusReading, since last: StatusReading?) {
        self.reading = reading
        self.last = last
    }

    var text: String {
        Terminal.printableLines([[headline], routes, tokens, faults].filter { !$0.isEmpty }.map { $0.joined(separator: "\n") }.joined(separator: "\n\n"))
    }

    private var headline: String {
        var text = "bearerproxy: \(reading.state), for \(Self.span(reading.uptime)), \(Self.count(reading.clientCount, "client"))"
        if reading.loopCount > 1 { text += ", \(reading.loopCount) loops" }
        if reading.silentCount > 0 { text += "; \(Self.count(reading.silentCount, "loop")) did not answer within half a second" }
        return text
    }

    // MARK: routes

    private var routes: [String] {
        let head = ["ROUTE", "LISTENS ON", "UPSTREAM", "REQUESTS", "PER S", "FAILED", "HALF IN", "99 % IN", "OPEN", "IDLE", "WAITING"]
        return Self.table([head] + reading.routes.map(cells), rightFrom: 3)
    }

    private func cells(_ route: StatusReading.Route) -> [String] {
        let before = last?.routes.first { $0.name == route.name }
        // A proxy that was restarted counts from 0.
        let isLater = before.map { $0.requestCount <= route.requestCount && $0.buckets.count == route.buckets.count } ?? false
        let seconds = isLater ? reading.uptime - (last?.uptime ?? 0) : reading.uptime
        let count = route.requestCount - (isLater ? before?.requestCount ?? 0 : 0)
        let buckets = isLater ? zip(route.buckets, before?.buckets ?? []).map { $0 - $1 } : route.buckets
        return [
            route.name, route.listen.joined(separator: " "), route.upstream, "\(route.requestCount)",
            seconds > 0 ? Self.number(Double(count) / seconds) : "-", "\(route.faultCount)", quantile(0.5, buckets), quantile(0.99, buckets),
            "\(route.openCount)", "\(route.idleCount)", "\(route.waitingCount)",
        ]
    }

    /// The bound of the bucket that this share of the requests was within.
    private func quantile(_ share: Double, _ buckets: [Int]) -> String {
        let total = buckets.reduce(0, +)
        guard total > 0 else { return "-" }
        var count = 0
        for (index, bucket) in buckets.enumerated() {
            count += bucket
            guard Double(count) >= share * Double(total) else { continue }
            return index < reading.bounds.count ? Self.duration(reading.bounds[index]) : ">\(Self.duration(reading.bounds.last ?? 0))"
        }
        return "-"
    }

    // MARK: tokens

    private var tokens: [String] {
        let head = ["CREDENTIAL", "STATE", "TOKEN", "RUNS OUT IN", "NEXT CALL IN"]
        let rows = reading.tokens.map { token in
            [
                token.name, token.state, Self.bar(token), token.expiresIn.map(Self.span) ?? "-", token.nextCallIn.map(Self.span) ?? "-",
            ]
        }
        var lines = Self.table([head] + rows, rightFrom: 3)
        for token in reading.tokens {
            guard let problem = token.problem ?? token.lastFailure ?? token.warning else { continue }
            lines.append("! \(token.name): \(problem)")
            if let advice = token.advice { lines.append("  -> \(advice)") }
        }
        return lines
    }

    /// How much of its life is left.
    private static func bar(_ token: StatusReading.Token) -> String {
        guard let expiresIn = token.expiresIn, let lifetime = token.lifetime, lifetime > 0 else { return token.state == "permanent" ? "never ends" : "none" }
        let width = 20
        let filled = Int((expiresIn / lifetime * Double(width)).rounded(.up))
        let bounded = min(width, max(0, filled))
        return "[" + String(repeating: "#", count: bounded) + String(repeating: ".", count: width - bounded) + "]"
    }

    // MARK: faults

    private var faults: [String] {
        guard !reading.faults.isEmpty else { return [] }
        return ["ERRORS, THE LAST FIRST"]
            + reading.faults.prefix(10).flatMap { fault in
                ["\(fault.lastTime)  \(fault.count)x  \(fault.subject)  \(fault.code): \(fault.message)"] + (fault.advice.map { ["  -> \($0)"] } ?? [])
            }
    }
}

// MARK: words and columns

extension StatusText {
    /// Columns as wide as their widest cell; from one on, flush right.
    private static func table(_ rows: [[String]], rightFrom right: Int) -> [String] {
        let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() {
                let space = String(repeating: " ", count: widths[column] - cell.count)
                line += (column == 0 ? "" : "  ") + (column >= right ? space + cell : cell + space)
            }
            while line.last == " " { line.removeLast() }
            return line
        }
    }

    private static func count(_ count: Int, _ what: String) -> String { "\(count) \(what)\(count == 1 ? "" : "s")" }

    /// `42 s`, `12 min`, `3 h 12 min`, `5 d 3 h`
    private static func span(_ seconds: Double) -> String {
        let seconds = Int(seconds.rounded())
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        default: return "\(seconds / 86_400) d \(seconds % 86_400 / 3600) h"
        }
    }

    /// `25 us`, `2.5 ms`, `1 s`
    private static func duration(_ seconds: Double) -> String {
        if seconds < 0.001 { return "\(number(seconds * 1_000_000)) us" }
        return seconds < 1 ? "\(number(seconds * 1000)) ms" : "\(number(seconds)) s"
    }

    /// With one digit behind the point where it tells something.
    private static func number(_ number: Double) -> String {
        let tenths = Int((number * 10).rounded())
        return tenths % 10 == 0 || tenths >= 1000 ? "\(tenths / 10)" : "\(tenths / 10).\(tenths % 10)"
    }
}
