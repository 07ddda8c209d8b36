import Wire

/// The head of a response, read line by line (RFC 9112).
struct PlainResponse: Equatable {
    var status: Int
    var reason: [UInt8]
    var minorVersion: Int
    var fields: [PlainFields.Line]
    /// How the content ends in an answer to GET; nil where nobody can know.
    var framing: BodyFraming?
    /// In an answer to HEAD, and to CONNECT.
    var framingOfOthers: [BodyFraming?]
    var isPersistent: Bool
    var count: Int
}

extension PlainResponse {
    /// Nil for whatever is not a whole head that may be handed on.
    init?(_ bytes: [UInt8]) {
        guard let end = bytes.offset(of: "\r\n\r\n"), end + 4 <= Limits.headBytesMax else { return nil }
        let text = bytes[..<end].pieces(separatedBy: "\r\n")
        let line = text[0]
        guard line.starts(with: "HTTP/1.1 ".utf8) || line.starts(with: "HTTP/1.0 ".utf8), line.count >= 12 else { return nil }
        guard line[9..<12].allSatisfy(\.isDigit), let status = Int(String(decoding: line[9..<12], as: UTF8.self)) else { return nil }
        guard (100...599).contains(status), line.count == 12 || line[12] == 0x20 else { return nil }
        let reason = Array(line.dropFirst(13))
        guard reason.allSatisfy(\.isValueByte), let fields = PlainFields(Array(text[1...])) else { return nil }
        let minorVersion = line[7] == UInt8(ascii: "1") ? 1 : 0
        let isBoth = fields.contentLength != .absent && fields.transferCoding != .absent
        guard fields.contentLength != .invalid, !isBoth else { return nil }
        self.init(
            status: status, reason: reason, minorVersion: minorVersion, fields: fields.lines,
            framing: Self.framing(status, fields, minorVersion, "GET"),
            framingOfOthers: ["HEAD", "CONNECT"].map { Self.framing(status, fields, minorVersion, $0) },
            isPersistent: fields.isPersistent(minorVersion: minorVersion), count: end + 4)
    }

    private static func framing(_ status: Int, _ fields: PlainFields, _ minorVersion: Int, _ method: String) -> BodyFraming? {
        if method == "HEAD" || method == "CONNECT" && status < 300 { return BodyFraming.none }
        if status < 200 || status == 204 || status == 304 { return BodyFraming.none }
        switch fields.transferCoding {
        case .refused: return nil
        case .chunked: return minorVersion == 1 ? .chunked : nil
        case .absent: break
        }
        if case .bytes(let length) = fields.contentLength { return .length(length) }
        return .untilClose
    }
}
