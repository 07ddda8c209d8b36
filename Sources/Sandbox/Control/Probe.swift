internal import Wire

/// Paths with which a test looks at what arrives, on every service and behind its token like everything else:
///
/// - `/_sandbox/echo`, any method: the request as JSON, without its credentials.
/// - `GET /_sandbox/bytes?count=N[&chunked=1]`: N bytes of `Pattern`.
/// - `POST /_sandbox/length`: how many bytes of content came.
enum Probe {
    /// Nil for any other path.
    static func answer(_ request: Request) -> Response? {
        guard request.segments.count == 2, request.segments[0] == "_sandbox" else { return nil }
        switch request.segments[1] {
        case "echo": return .json(echo(request))
        case "bytes": return bytes(request)
        case "length": return .json(["length": .int(request.content.count)])
        default: return nil
        }
    }

    private static func echo(_ request: Request) -> JSONDocument {
        let fields = request.fields.map { field -> JSONDocument in
            .array([.string(field.name), .string(shown(field.name, field.value))])
        }
        return [
            "method": .string(request.methodName), "target": .string(shown(target: request.target)),
            "headers": .array(fields), "bodyLength": .int(request.content.count),
        ]
    }

    /// Of credentials only their scheme.
    private static func shown(_ name: String, _ value: String) -> String {
        switch name.lowercased() {
        case "authorization", "proxy-authorization":
            guard let space = value.firstIndex(of: " ") else { return "<redacted>" }
            return value[..<space] + " <redacted>"
        default: return value
        }
    }

    private static func shown(target: String) -> String {
        let parts = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return target }
        let pairs = parts[1].split(separator: "&", omittingEmptySubsequences: false)
        let shown = pairs.map { $0.hasPrefix("token=") ? "token=<redacted>" : String($0) }
        return parts[0] + "?" + shown.joined(separator: "&")
    }

    private static func bytes(_ request: Request) -> Response {
        guard let text = request.parameter("count"), let count = Int(text), count >= 0 else {
            return .text("count is a number of bytes\n", status: 400)
        }
        guard count <= Limits.patternBytesMax else {
            return .text("count is at most \(Limits.patternBytesMax)\n", status: 400)
        }
        return .pattern(count, isChunked: request.parameter("chunked") == "1")
    }
}
