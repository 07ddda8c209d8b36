internal import EventLoop
internal import Wire

/// An answer that the proxy makes itself: JSON, with a Proxy-Status field (RFC 9209) that says whose fault it is.
struct Answer {
    var status: Int
    /// The word for programs: `bad_request`.
    var code: Cause
    /// One sentence for people: what failed, the value, the limit, what to do. Never a secret.
    var message: String
    /// The error type of RFC 9209, section 2.3.
    var proxyStatusError: String
    /// What became of the request upstream, where it had a way to go: `details` of RFC 9209, section 2.1.5. Neither `"` nor `\`.
    var details: String?
    /// Seconds, where a retry helps.
    var retryAfter: Int?
    /// The value of an Allow field (RFC 9110, section 10.2.1).
    var allow: String?
    /// Whether the connection can carry no further request.
    var closes = false
}

extension Answer {
    static func malformed(_ error: MessageError) -> Answer {
        let code: Cause
        switch error.status {
        case 414: code = .uriTooLong
        case 431: code = .headTooLarge
        case 501: code = .notImplemented
        case 505: code = .versionNotSupported
        default: code = .badRequest
        }
        return Answer(
            status: error.status, code: code, message: "bad request: \(error.message)",
            proxyStatusError: "http_request_error", closes: true)
    }

    static func badRequest(_ message: String) -> Answer {
        Answer(
            status: 400, code: .badRequest, message: "bad request: \(message)", proxyStatusError: "http_request_error",
            closes: true)
    }

    static func forbidden(_ message: String) -> Answer {
        Answer(status: 403, code: .forbidden, message: message, proxyStatusError: "http_request_denied")
    }

    static func userRefused(_ user: UInt32, _ route: String) -> Answer {
        .forbidden("user \(user) may not use route \(route); list the user in allow.users")
    }

    /// The connection can carry no request that is allowed.
    static func unknownUser(_ route: String) -> Answer {
        var answer = forbidden(
            "route \(route) is for some users only (allow.users), and the kernel does not tell whose this connection is; "
                + "use a Unix socket, or loopback from a socket that is bound to no device, and wait for the answer")
        answer.closes = true
        return answer
    }

    static func methodRefused(_ method: String, allow: String, because rule: String? = nil) -> Answer {
        let reason = rule.map { " (\($0))" } ?? ""
        return Answer(
            status: 405, code: .methodRefused, message: "the method \(method) is not allowed here\(reason); allowed: \(allow)",
            proxyStatusError: "http_request_denied", allow: allow)
    }

    static func requestTimeout(_ what: String, limit: Duration) -> Answer {
        Answer(
            status: 408, code: .requestTimeout, message: "the request's \(what) did not arrive within \(limit.text)",
            proxyStatusError: "http_request_error", closes: true)
    }

    static let expectationFailed = Answer(
        status: 417, code: .expectationFailed, message: "of all expectations, only 100-continue is known; leave Expect out",
        proxyStatusError: "http_request_error")

    /// - Parameter address: what the connection led to that had the request; nil where none had, or the fault names it.
    static func upstream(
        _ fault: UpstreamFault, _ destination: Destination, at address: SocketAddress? = nil, _ fate: RequestFate
    ) -> Answer {
        let place = address.map(\.description).flatMap { $0 == destination.text ? nil : " (\(destination.egress == nil ? "at" : "through") \($0))" }
        return Answer(
            status: fault.status, code: fault.code, message: "upstream \(destination.text)\(place ?? ""): \(fault.reason); \(fate.text)",
            proxyStatusError: fault.proxyStatusError, details: fate.details, retryAfter: fate == .sent || fault.isLasting ? nil : 1)
    }

    static func credentialUnavailable(_ name: String, cause: String, retryAfter: Duration, _ fate: RequestFate) -> Answer {
        Answer(
            status: 503, code: .credentialUnavailable,
            message: "no token for credential \(name): \(cause); \(fate.text)",
            proxyStatusError: "destination_unavailable", details: fate.details,
            retryAfter: fate == .sent ? nil : max(1, Int(retryAfter.components.seconds) + 1))
    }

    static func authTimeout(_ name: String, limit: Duration, _ fate: RequestFate) -> Answer {
        Answer(
            status: 504, code: .authTimeout,
            message: "no token for credential \(name) within \(limit.text); \(fate.text)",
            proxyStatusError: "http_response_timeout", details: fate.details, retryAfter: fate == .sent ? nil : 1)
    }

    static func overloaded(_ route: String, queueMax: Int, _ fate: RequestFate) -> Answer {
        Answer(
            status: 503, code: .overloaded,
            message: "route \(route) has \(queueMax) requests waiting for a connection already (limits.queue); \(fate.text)",
            proxyStatusError: "connection_limit_reached", details: fate.details, retryAfter: fate == .sent ? nil : 1)
    }

    /// Nothing of an answer has gone to the client yet when the proxy ends. Who got nothing would ask again, mostly by itself.
    ///
    /// - Parameters:
    ///   - reason: why it ends.
    ///   - wait: what the request waited for.
    static func cutOff(_ reason: String, while wait: String, _ fate: RequestFate) -> Answer {
        let wasSent = fate == .sent
        return Answer(
            status: wasSent ? 504 : 503, code: wasSent ? .upstreamTimeout : .overloaded,
            message: "the proxy ended \(reason) while \(wait); \(fate.text)",
            proxyStatusError: wasSent ? "http_response_timeout" : "proxy_internal_response", details: fate.details,
            retryAfter: wasSent ? nil : 1, closes: true)
    }

    static func rateLimited(_ route: String, perSecond: Int, wait: Interval) -> Answer {
        Answer(
            status: 429, code: .rateLimited,
            message: "route \(route) takes \(perSecond) request\(perSecond == 1 ? "" : "s") a second (limits.requestsPerSecond), and has had them",
            proxyStatusError: "http_request_denied", retryAfter: max(1, Int((wait.nanoseconds + 999_999_999) / 1_000_000_000)))
    }

    static func tooManyConnections(_ connectionsMax: Int) -> Answer {
        Answer(
            status: 503, code: .overloaded,
            message: "\(connectionsMax) clients are connected already (limits.connections, or the limit of open files)",
            proxyStatusError: "connection_limit_reached", retryAfter: 1, closes: true)
    }

    static func tooManyConnections(of user: ClientUser, _ placesMax: Int) -> Answer {
        let verb = user.number == nil ? "have" : "has"
        return Answer(
            status: 503, code: .overloaded,
            message: "\(user.text) \(verb) \(placesMax) connections already (limits.connectionsPerUser)",
            proxyStatusError: "connection_limit_reached", retryAfter: 1, closes: true)
    }

    static func contentTooLarge(_ route: String, bytesMax: Int, rule: String = "limits.requestBody") -> Answer {
        Answer(
            status: 413, code: .contentTooLarge,
            message: "the request's content is longer than \(bytesMax) bytes, the limit of route \(route) (\(rule))",
            proxyStatusError: "http_request_error", closes: true)
    }

    static func noRoomForContent(_ route: String) -> Answer {
        let fate = RequestFate.notSent
        return Answer(
            status: 503, code: .overloaded,
            message: "route \(route) looks into contents (allow.rpcMethods), and there is no memory left to keep this one for that; \(fate.text)",
            proxyStatusError: "connection_limit_reached", details: fate.details, retryAfter: 1, closes: true)
    }

    static func queueTimeout(_ route: String, concurrency: Int, limit: Duration, _ fate: RequestFate) -> Answer {
        Answer(
            status: 503, code: .overloaded,
            message: "all \(concurrency) connections of route \(route) (limits.concurrency) were in use for \(limit.text); \(fate.text)",
            proxyStatusError: "connection_limit_reached", details: fate.details, retryAfter: fate == .sent ? nil : 1)
    }
}

extension Answer {
    /// Writes the whole answer, with the line `timing`, for which `output` has room: `Limits.answerBytesMax` are enough for any. The bytes of its content.
    func write(
        into output: inout Buffer, route: String?, requestID: String, minorVersion: UInt8, isPersistent: Bool, timing: String = "", withContent: Bool
    ) -> Int {
        var fields = ["\"code\":\(JSONWriter.quoted(code.rawValue))", "\"message\":\(JSONWriter.quoted(Self.bounded(message)))"]
        // Of a request that could not be read nobody knows whose route it was.
        fields.append("\"route\":\(route.map(JSONWriter.quoted) ?? "null")")
        fields.append("\"requestId\":\(JSONWriter.quoted(requestID))")
        let content = "{\"error\":{\(fields.joined(separator: ","))}}\n"
        var head = "HTTP/1.1 \(status) \(Self.reason(status))\r\nContent-Type: application/json\r\n"
        head += "Content-Length: \(content.utf8.count)\r\nCache-Control: no-store\r\n"
        head += "Proxy-Status: bearerproxy; error=\(proxyStatusError)\(details.map { "; details=\"\($0)\"" } ?? "")\r\n"
        head += "X-Request-Id: \(requestID)\r\n"
        if let retryAfter { head += "Retry-After: \(retryAfter)\r\n" }
        if let allow { head += "Allow: \(Self.boundedList(allow))\r\n" }
        head += timing
        if !isPersistent { head += "Connection: close\r\n" } else if minorVersion == 0 { head += "Connection: keep-alive\r\n" }
        var text = head + "\r\n" + (withContent ? content : "")
        let written = text.withUTF8 { output.append($0) }
        precondition(written == text.utf8.count, "an output buffer has room for an answer")
        return withContent ? content.utf8.count : 0
    }

    /// A message may repeat what came from outside. Of a long one the middle is left out: the end says what to do.
    private static func bounded(_ message: String) -> String {
        let bytesMax = Limits.answerMessageBytesMax
        guard message.utf8.count > bytesMax else { return message }
        return "\(start(of: message, bytesMax * 2 / 3)) … \(String(start(of: String(message.reversed()), bytesMax / 3).reversed()))"
    }

    /// As many characters as fit.
    private static func start(of text: String, _ bytesMax: Int) -> String {
        var count = 0
        return String(
            text.prefix { character in
                count += character.utf8.count
                return count <= bytesMax
            })
    }

    /// The methods that fit, where a route names very many.
    private static func boundedList(_ methods: String) -> String {
        guard methods.utf8.count > Limits.answerMessageBytesMax else { return methods }
        let start = start(of: methods, Limits.answerMessageBytesMax)
        return String(start[..<(start.lastIndex(of: ",") ?? start.endIndex)])
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
