internal import Wire

/// One answer of the admin listener.
struct AdminAnswer {
    enum ContentType: String {
        case text = "text/plain; charset=utf-8"
        case prometheus = "text/plain; version=0.0.4; charset=utf-8"
        case html = "text/html; charset=utf-8"
        case json = "application/json"
    }

    var status: Int
    var type: ContentType
    var content: [UInt8]
    /// Further field lines, each with its CRLF.
    var fields = ""

    /// As the proxy's own answers are: what failed, and what to do.
    static func refusal(_ status: Int, _ code: String, _ message: String, fields: String = "") -> AdminAnswer {
        let content = "{\"error\":{\"code\":\(JSONWriter.quoted(code)),\"message\":\(JSONWriter.quoted(message))}}\n"
        return AdminAnswer(status: status, type: .json, content: Array(content.utf8), fields: fields)
    }

    /// Without the content. No page of another origin gets hold of it, and nobody keeps it.
    var head: [UInt8] {
        let head = "HTTP/1.1 \(status) \(Self.reason(status))\r\nContent-Type: \(type.rawValue)\r\nContent-Length: \(content.count)\r\n"
            + "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
            + "Cross-Origin-Resource-Policy: same-origin\r\n\(fields)Connection: close\r\n\r\n"
        return Array(head.utf8)
    }

    /// The head of a stream of events, which ends with the connection.
    static let beginningOfEvents = Array(
        ("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n"
            + "Cross-Origin-Resource-Policy: same-origin\r\nConnection: close\r\n\r\n").utf8)

    /// A line, which has its end, as an event.
    static func event(_ line: [UInt8]) -> [UInt8] { Array("data: ".utf8) + line + [UInt8(ascii: "\n")] }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 414: "URI Too Long"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
