/// The head of a response (RFC 9112 sections 4 and 5): read from bytes that the caller keeps, as ranges into them.
///
///     HTTP/1.1 200 OK CRLF
///     Content-Length: 2 CRLF
///     CRLF
///
/// One value reads one head after the other; it allocates in `init` alone. What it says holds from a successful `parse`
/// to the next call of `parse` or `reset`.
public struct ResponseHead: ~Copyable, Sendable {
    /// The status code, 100 to 599.
    public private(set) var status = 0
    /// The bytes of the reason phrase; may be empty.
    public private(set) var reason = 0..<0
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public private(set) var minorVersion: UInt8 = 1

    var fields = FieldSection()
    private var phase = Phase.statusLine

    private enum Phase { case statusLine, fields, done }

    /// Allocates room for `Limits.fieldsMax` field lines.
    public init() {}

    /// Reads a head from the first of `bytes` on, with the habits of `RequestHead.parse`; nothing may stand before the
    /// status line.
    ///
    /// - Returns: the count of bytes of the head with its empty line; nil while that has not come and nothing is wrong.
    /// - Throws: what makes the response unacceptable, as soon as a byte shows it. Its `status` is for requests: an
    ///   error here is the upstream's, a 502.
    public mutating func parse(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        if phase == .done { reset() }
        do throws(MessageError) {
            guard let end = try parseOn(bytes.extracting(first: Limits.headBytesMax)) else {
                guard bytes.count < Limits.headBytesMax else { throw .headTooLong }
                return nil
            }
            try fields.facts.checkLength()
            phase = .done
            return end
        } catch {
            phase = .done
            throw error
        }
    }

    /// Forgets what was read: the next `parse` begins another head.
    public mutating func reset() { phase = .statusLine }

    /// The count of field lines.
    public var fieldCount: Int { fields.lines.count }

    /// The field line at `index`, in the order of the head.
    public func field(at index: Int) -> FieldLine { fields.lines[index] }

    /// The first line of that name in its exact spelling (with `-`, not `_`).
    public func first(_ name: FieldName) -> FieldLine? { fields.first(name) }

    /// How many lines of that name there are in its exact spelling.
    public func count(of name: FieldName) -> Int { fields.count(of: name) }

    /// The Content-Length, in bytes. It frames content only where `framing(answering:)` says so: an answer to HEAD and
    /// a 304 carry it for another purpose.
    public var contentLength: Int? { fields.facts.contentLength }

    /// How the content is framed in an answer to `method` (RFC 9112 section 6.3): `.none` for HEAD, 1xx, 204, 304, and
    /// for a 2xx to CONNECT.
    ///
    /// - Throws: when there is content behind a Transfer-Encoding that is not chunked alone, or in HTTP/1.0.
    public func framing(answering method: Method) throws(MessageError) -> BodyFraming {
        if method == .head || status < 200 || status == 204 || status == 304 { return .none }
        if method == .connect && status < 300 { return .none }
        try fields.facts.checkTransferEncoding(minorVersion: minorVersion)
        if fields.facts.transferEncoding == .chunked { return .chunked }
        return contentLength.map { .length($0) } ?? .untilClose
    }

    /// Whether the upstream keeps the connection open for another request (RFC 9112 section 9.3). Content that ends
    /// with the connection (`.untilClose`) rules that out all the same.
    public var isPersistent: Bool { fields.facts.isPersistent(minorVersion: minorVersion) }

    /// Whether the upstream names a protocol to go on with: Upgrade, and Connection that names it.
    public var hasUpgrade: Bool { minorVersion == 1 && fields.facts.hasUpgrade }

    private mutating func parseOn(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        if phase == .statusLine {
            guard let end = try parseStatusLine(bytes) else { return nil }
            fields.begin(at: end)
            phase = .fields
        }
        return try fields.parse(bytes)
    }

    /// status-line = HTTP-version SP status-code SP [ reason-phrase ]; the last space may be missing where nothing
    /// follows.
    private mutating func parseStatusLine(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        guard let minorVersion = try Version.parse(bytes, at: 0) else { return nil }
        guard let status = try parseStatus(bytes) else { return nil }
        let statusEnd = Version.count + 4
        guard statusEnd < bytes.count else { return nil }
        var reasonStart = statusEnd
        var reasonEnd = statusEnd
        if bytes[statusEnd] == .space {
            reasonStart += 1
            reasonEnd = bytes.endOfFieldValue(from: reasonStart)
        } else if bytes[statusEnd].isFieldValue {
            throw .statusInvalid
        }
        guard try bytes.endsLine(at: reasonEnd, in: .reason) else { return nil }
        self.minorVersion = minorVersion
        self.status = status
        reason = reasonStart..<reasonEnd
        return reasonEnd + 2
    }

    /// status-code = 3DIGIT, after one space, behind the version.
    private func parseStatus(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        let start = Version.count
        guard start < bytes.count else { return nil }
        guard bytes[start] == .space else { throw .statusInvalid }
        var status = 0
        for offset in start + 1...start + 3 {
            guard offset < bytes.count else { return nil }
            guard let digit = bytes[offset].decimalValue else { throw .statusInvalid }
            status = status * 10 + digit
        }
        guard (100...599).contains(status) else { throw .statusInvalid }
        return status
    }
}
