/// The head of a request (RFC 9112 sections 3 and 5): read from bytes that the caller keeps, as ranges into them.
///
///     GET /api/v1/block?count=1 HTTP/1.1 CRLF
///     Host: localhost:8080 CRLF
///     CRLF
///
/// One value reads one head after the other; it allocates in `init` alone. What it says holds from a successful `parse`
/// to the next call of `parse` or `reset`.
public struct RequestHead: ~Copyable, Sendable {
    /// The method; one that is not known is `.other`, its bytes at `methodRange`.
    public private(set) var method = Method.other
    /// The bytes of the method.
    public private(set) var methodRange = 0..<0
    /// The target, its form and its parts.
    public private(set) var target = RequestTarget()
    /// 1 for HTTP/1.1, 0 for HTTP/1.0.
    public private(set) var minorVersion: UInt8 = 1
    /// What Host says; nil where there is none, as only HTTP/1.0 allows.
    public private(set) var host: Authority?

    var fields = FieldSection()
    private var phase = Phase.requestLine
    /// How far the target is known to hold nothing special; 0 before its first byte.
    private var targetScanned = 0
    private var question: Int?

    private enum Phase { case requestLine, fields, done }

    /// Allocates room for `Limits.fieldsMax` field lines.
    public init() {}

    /// Reads a head from the first of `bytes` on.
    ///
    /// One empty line before the request line is skipped (RFC 9112 section 2.2). While the result is nil, call again
    /// with the same bytes and more behind them: what was read is not read again. After a result or an error the next
    /// call starts anew; call `reset()` before another head in all other cases.
    ///
    /// - Returns: the count of bytes of the head with its empty line; nil while that has not come and nothing is wrong.
    /// - Throws: what makes the request unacceptable, as soon as a byte shows it.
    public mutating func parse(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        if phase == .done { reset() }
        do throws(MessageError) {
            guard let end = try parseOn(bytes.extracting(first: Limits.headBytesMax)) else {
                guard bytes.count < Limits.headBytesMax else { throw .headTooLong }
                return nil
            }
            try checkHead(bytes)
            phase = .done
            return end
        } catch {
            phase = .done
            throw error
        }
    }

    /// Forgets what was read: the next `parse` begins another head.
    public mutating func reset() {
        phase = .requestLine
        targetScanned = 0
        question = nil
    }

    /// The request line with its CRLF.
    public var line: Range<Int> { methodRange.lowerBound..<target.range.upperBound + 1 + Version.count + 2 }

    /// The count of field lines.
    public var fieldCount: Int { fields.lines.count }

    /// The field line at `index`, in the order of the head.
    public func field(at index: Int) -> FieldLine { fields.lines[index] }

    /// The first line of that name in its exact spelling (with `-`, not `_`).
    public func first(_ name: FieldName) -> FieldLine? { fields.first(name) }

    /// How many lines of that name there are in its exact spelling.
    public func count(of name: FieldName) -> Int { fields.count(of: name) }

    /// The first line from `index` on whose name the filter has, in any spelling.
    public func firstIndex(named filter: borrowing FieldFilter, from index: Int = 0, in bytes: Span<UInt8>) -> Int? {
        var index = index
        while index < fieldCount {
            let line = fields.lines[index]
            let isNamed = line.name == .other ? filter.removesOther(line.nameRange, in: bytes) : filter.names.contains(line.name)
            if isNamed { return index }
            index += 1
        }
        return nil
    }

    /// How the content is framed: `.none`, `.length` or `.chunked` (RFC 9112 section 6.3).
    public var framing: BodyFraming {
        if fields.facts.transferEncoding == .chunked { return .chunked }
        return fields.facts.contentLength.map { .length($0) } ?? .none
    }

    /// Whether the client keeps the connection open for another request (RFC 9112 section 9.3).
    public var isPersistent: Bool { fields.facts.isPersistent(minorVersion: minorVersion) }

    /// Whether the client waits for a 100 before it sends content, and expects nothing else (RFC 9110 section 10.1.1). Never so
    /// in HTTP/1.0.
    public var expectsContinue: Bool {
        minorVersion == 1 && fields.facts.expectsContinue && !fields.facts.hasOtherExpectation
    }

    /// Whether the client has an expectation that is not 100-continue (RFC 9110 section 10.1.1). HTTP/1.0 has none.
    public var hasOtherExpectation: Bool { minorVersion == 1 && fields.facts.hasOtherExpectation }

    /// Whether the client says that it will not drop trailers: TE names them (RFC 9110 section 10.1.4).
    public var acceptsTrailers: Bool { minorVersion == 1 && fields.facts.acceptsTrailers }

    /// Whether the client asks for another protocol: Upgrade, and Connection that names it (RFC 9110 section 7.8).
    public var hasUpgrade: Bool { minorVersion == 1 && fields.facts.hasUpgrade }

    /// Whether there may be a field in which a browser tells which page asks: Origin, Sec-Fetch-Site, Referer, in whatever spelling.
    public var tellsOfPage: Bool {
        let names = fields.facts.names
        return fields.facts.hasVariants || names.contains(.origin) || names.contains(.secFetchSite) || names.contains(.referer)
    }

    /// Whether Connection names the field, which then does not go on, in whatever spelling (RFC 9110 section 7.6.1).
    public func isNamedByConnection(_ name: FieldName) -> Bool { fields.facts.connectionOptions.contains(name) }

    private mutating func parseOn(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        if phase == .requestLine {
            guard let end = try parseRequestLine(bytes) else { return nil }
            fields.begin(at: end)
            phase = .fields
        }
        return try fields.parse(bytes)
    }

    /// request-line = method SP request-target SP HTTP-version
    private mutating func parseRequestLine(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        guard let start = try skipEmptyLine(bytes) else { return nil }
        guard let methodEnd = try scanMethod(bytes, from: start) else { return nil }
        if targetScanned == 0 { targetScanned = methodEnd + 1 }
        guard let targetEnd = try scanTarget(bytes, from: methodEnd + 1) else { return nil }
        let versionStart = targetEnd + 1
        guard let minorVersion = try Version.parse(bytes, at: versionStart) else { return nil }
        let end = versionStart + Version.count
        guard try bytes.endsLine(at: end, in: .version) else { return nil }
        self.minorVersion = minorVersion
        methodRange = start..<methodEnd
        method = Method(bytes, in: methodRange)
        target = try RequestTarget(bytes, in: methodEnd + 1..<targetEnd, question: question, method: method)
        return end + 2
    }

    /// Where the request line begins: at 0, or behind one CRLF.
    private func skipEmptyLine(_ bytes: Span<UInt8>) throws(MessageError) -> Int? {
        guard bytes.count > 0 else { return nil }
        guard bytes[0] == .carriageReturn else { return 0 }
        return try bytes.endsLine(at: 0, in: .method) ? 2 : nil
    }

    /// The offset of the space behind the method.
    private func scanMethod(_ bytes: Span<UInt8>, from start: Int) throws(MessageError) -> Int? {
        var offset = bytes.endOfLetters(from: start)
        while offset < bytes.count, bytes[offset].isToken { offset &+= 1 }
        guard offset &- start <= Limits.methodBytesMax else { throw .methodTooLong }
        guard offset < bytes.count else { return nil }
        guard bytes[offset] == .space, offset > start else {
            if bytes[offset] == .lineFeed { throw .bareLineFeed(at: offset) }
            throw .byteNotAllowed(bytes[offset], in: .method, at: offset)
        }
        return offset
    }

    /// The offset of the space behind the target, which begins at `start`.
    private mutating func scanTarget(_ bytes: Span<UInt8>, from start: Int) throws(MessageError) -> Int? {
        var offset = targetScanned
        while true {
            offset = bytes.endOfPlainTarget(from: offset)
            guard offset < bytes.count else { break }
            let byte = bytes[offset]
            let byteClass = ByteClass.target[Int(byte)]
            guard byteClass != 0 else { break }
            if byteClass == 2 {
                guard try hasHexadecimalPair(bytes, after: offset) else {
                    targetScanned = offset
                    return nil
                }
            } else if byte == UInt8(ascii: "?") && question == nil {
                question = offset
            }
            offset &+= 1
        }
        targetScanned = offset
        guard offset &- start <= Limits.targetBytesMax else { throw .targetTooLong }
        guard offset < bytes.count else { return nil }
        guard bytes[offset] == .space else { throw targetError(bytes[offset], at: offset) }
        guard offset > start else { throw .targetEmpty }
        return offset
    }

    /// Whether two hexadecimal digits follow; false when the bytes end before that can be told.
    private func hasHexadecimalPair(_ bytes: Span<UInt8>, after offset: Int) throws(MessageError) -> Bool {
        for digit in offset + 1...offset + 2 {
            guard digit < bytes.count else { return false }
            guard bytes[digit].hexadecimalValue != nil else { throw .percentEncodingInvalid(at: offset) }
        }
        return true
    }

    private func targetError(_ byte: UInt8, at offset: Int) -> MessageError {
        switch byte {
        case .carriageReturn: .versionMissing
        case .lineFeed: .bareLineFeed(at: offset)
        default: .byteNotAllowed(byte, in: .target, at: offset)
        }
    }

    /// What only a whole head shows: host (RFC 9112 section 3.2) and framing (section 6.3).
    private mutating func checkHead(_ bytes: Span<UInt8>) throws(MessageError) {
        host = nil
        try fields.facts.checkLength()
        try fields.facts.checkTransferEncoding(minorVersion: minorVersion)
        guard !fields.facts.isHostRepeated else { throw .hostRepeated }
        guard let hostIndex = fields.facts.hostIndex else {
            if minorVersion == 1 { throw .hostMissing }
            return
        }
        guard let authority = Authority(bytes, in: fields.lines[hostIndex].valueRange) else { throw .hostInvalid }
        host = authority
    }
}
