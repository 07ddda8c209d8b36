import Wire

/// The head of a request, read line by line (RFC 9112).
struct PlainRequest: Equatable {
    var method: [UInt8]
    var target: [UInt8]
    var path: [UInt8]
    var query: [UInt8]?
    var authority: [UInt8]?
    var minorVersion: Int
    var fields: [PlainFields.Line]
    var host: PlainAuthority?
    var framing: BodyFraming
    var isPersistent: Bool
    /// Bytes of the head with its empty line.
    var count: Int
}

extension PlainRequest {
    /// Nil for whatever is not a whole head that may be served.
    init?(_ bytes: [UInt8]) {
        let start = bytes.starts(with: [13, 10]) ? 2 : 0
        guard let end = bytes[start...].offset(of: "\r\n\r\n"), start + end + 4 <= Limits.headBytesMax else { return nil }
        let text = bytes[start..<start + end].pieces(separatedBy: "\r\n")
        let words = text[0].pieces(separatedBy: " ")
        guard words.count == 3, words[0].isToken, words[0].count <= Limits.methodBytesMax else { return nil }
        guard words[2].isText("HTTP/1.1") || words[2].isText("HTTP/1.0") else { return nil }
        guard let fields = PlainFields(Array(text[1...])), let target = PlainTarget(words[1], method: words[0]) else { return nil }
        let minorVersion = words[2].isText("HTTP/1.1") ? 1 : 0

        let framing: BodyFraming
        switch (fields.contentLength, fields.transferCoding) {
        case (.absent, .absent): framing = .none
        case (.bytes(let length), .absent): framing = .length(length)
        case (.absent, .chunked) where minorVersion == 1: framing = .chunked
        default: return nil
        }
        var host: PlainAuthority?
        let hosts = fields.values(of: "host")
        guard hosts.count == 1 || hosts.isEmpty && minorVersion == 0 else { return nil }
        if let value = hosts.first {
            host = PlainAuthority(value)
            if host == nil { return nil }
        }
        self.init(
            method: words[0], target: words[1], path: target.path, query: target.query, authority: target.authority,
            minorVersion: minorVersion, fields: fields.lines, host: host, framing: framing,
            isPersistent: fields.isPersistent(minorVersion: minorVersion), count: start + end + 4)
    }
}
