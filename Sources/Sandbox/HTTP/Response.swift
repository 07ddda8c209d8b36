/// A service's answer.
struct Response {
    /// Where the content comes from.
    enum Content {
        case bytes([UInt8])
        /// So many bytes of `Pattern`, made as the client takes them.
        case pattern(Int)

        var count: Int {
            switch self {
            case .bytes(let bytes): bytes.count
            case .pattern(let count): count
            }
        }
    }

    var status: Int
    var fields: [(name: String, value: String)] = []
    var content: Content
    /// Sent with chunked coding instead of a Content-Length.
    var isChunked = false

    static func json(_ document: JSONDocument, status: Int = 200) -> Response {
        Response(
            status: status, fields: [("Content-Type", "application/json; charset=utf-8")],
            content: .bytes(document.bytes))
    }

    static func text(_ text: String, status: Int = 200) -> Response {
        Response(
            status: status, fields: [("Content-Type", "text/plain; charset=utf-8")], content: .bytes(Array(text.utf8)))
    }

    static func pattern(_ count: Int, isChunked: Bool) -> Response {
        Response(
            status: 200, fields: [("Content-Type", "application/octet-stream")], content: .pattern(count),
            isChunked: isChunked)
    }

    func with(_ name: String, _ value: String) -> Response {
        var response = self
        response.fields.append((name, value))
        return response
    }
}

extension Response {
    /// The reason phrase of a status code (RFC 9110 15); empty for one that is not used here.
    static func reason(_ status: Int) -> String {
        switch status {
        case 101: "Switching Protocols"
        case 200: "OK"
        case 201: "Created"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 410: "Gone"
        case 413: "Content Too Large"
        case 414: "URI Too Long"
        case 417: "Expectation Failed"
        case 422: "Unprocessable Content"
        case 426: "Upgrade Required"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: ""
        }
    }
}
