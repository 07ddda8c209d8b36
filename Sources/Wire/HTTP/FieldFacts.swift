/// What the field lines of a head say about framing, connection and host, gathered while they are read.
struct FieldFacts: Sendable {
    enum TransferEncoding: Sendable {
        case absent, chunked
        /// A list of codings that ends with chunked, as it should, and has others before.
        case notImplemented
        case invalid
    }

    /// Every known name that occurs, in its exact spelling.
    private(set) var names = FieldNameSet()
    /// Whether known names occur in another spelling, with `_` for `-`.
    var hasVariants = false
    private(set) var contentLength: Int?
    private(set) var transferEncoding = TransferEncoding.absent
    private(set) var hostIndex: Int?
    private(set) var isHostRepeated = false
    private(set) var closes = false
    private(set) var expectsContinue = false
    /// Expect asks for something that nobody has defined.
    private(set) var hasOtherExpectation = false
    /// TE names trailers.
    private(set) var acceptsTrailers = false
    /// Known fields that Connection names.
    private(set) var connectionOptions = FieldNameSet()
    /// Whether Connection names fields that are not known.
    private(set) var hasOtherConnectionOptions = false
    private var connectionOptionCount = 0

    /// Takes in a field line of a known name in its exact spelling.
    @inline(__always)
    mutating func note(
        _ name: FieldName, index: Int, value: Range<Int>, in bytes: Span<UInt8>
    ) throws(MessageError) {
        names.insert(name)
        switch name {
        case .host:
            if hostIndex != nil { isHostRepeated = true }
            hostIndex = hostIndex ?? index
        case .contentLength:
            guard contentLength == nil else { throw .contentLengthRepeated }
            contentLength = try Self.parseContentLength(bytes, value)
        case .transferEncoding:
            transferEncoding =
                transferEncoding == .absent ? Self.parseTransferEncoding(bytes, value) : .invalid
        case .connection: try noteConnection(value, in: bytes)
        case .expect: noteExpect(value, in: bytes)
        case .te: if bytes.hasMember("trailers", in: value) { acceptsTrailers = true }
        default: break
        }
    }

    /// Content-Length = 1*DIGIT (RFC 9110 section 8.6); a list, even of equal lengths, is refused.
    private static func parseContentLength(_ bytes: Span<UInt8>, _ value: Range<Int>) throws(MessageError) -> Int {
        guard !value.isEmpty, value.count <= Limits.contentLengthDigitsMax else { throw .contentLengthInvalid }
        // Nineteen digits fit a UInt64, whichever they are.
        var length: UInt64 = 0
        var offset = value.lowerBound
        while offset < value.upperBound {
            let digit = bytes[offset] &- UInt8(ascii: "0")
            guard digit < 10 else {
                throw bytes[offset] == UInt8(ascii: ",") ? .contentLengthRepeated : .contentLengthInvalid
            }
            length = length &* 10 &+ UInt64(digit)
            offset &+= 1
        }
        guard length <= UInt64(Int.max) else { throw .contentLengthInvalid }
        return Int(length)
    }

    /// Transfer-Encoding (RFC 9112 section 6.1): chunked must be the last coding, and is the only one supported.
    private static func parseTransferEncoding(_ bytes: Span<UInt8>, _ value: Range<Int>) -> TransferEncoding {
        if bytes.foldedEqual(value, "chunked") { return .chunked }
        var start = value.lowerBound
        while start < value.upperBound {
            let end = bytes.endOfMember(from: start, before: value.upperBound)
            let member = bytes.trimmed(start..<end)
            guard bytes.isToken(member) else { return .invalid }
            let isChunked = bytes.foldedEqual(member, "chunked")
            let isLast = end == value.upperBound
            guard isChunked == isLast else { return .invalid }
            if isLast { return .notImplemented }
            start = end + 1
        }
        return .invalid
    }

    /// Expect = #expectation (RFC 9110 section 10.1.1), of which 100-continue is the only one.
    private mutating func noteExpect(_ value: Range<Int>, in bytes: Span<UInt8>) {
        var start = value.lowerBound
        while start < value.upperBound {
            let end = bytes.endOfMember(from: start, before: value.upperBound)
            let member = bytes.trimmed(start..<end)
            start = end + 1
            guard !member.isEmpty else { continue }
            if bytes.foldedEqual(member, "100-continue") { expectsContinue = true } else { hasOtherExpectation = true }
        }
    }

    /// Connection = #connection-option (RFC 9110 section 7.6.1).
    private mutating func noteConnection(_ value: Range<Int>, in bytes: Span<UInt8>) throws(MessageError) {
        var start = value.lowerBound
        while start < value.upperBound {
            // Most are one member, and that is keep-alive.
            let isKeepAlive = start == value.lowerBound && bytes.isKeepAlive(value)
            let end = isKeepAlive ? value.upperBound : bytes.endOfMember(from: start, before: value.upperBound)
            let member = isKeepAlive ? value : bytes.trimmed(start..<end)
            start = end + 1
            connectionOptionCount += 1
            guard connectionOptionCount <= Limits.connectionOptionsMax else { throw .tooManyConnectionOptions }
            guard !member.isEmpty else { continue }
            if isKeepAlive {
                connectionOptions.insert(.keepAlive)
                continue
            }
            if bytes.foldedEqual(member, "close") {
                closes = true
                continue
            }
            let name = FieldName(bytes, at: member.lowerBound, count: member.count, hasUnderscore: true)
            connectionOptions.insert(name)
            if name == .other { hasOtherConnectionOptions = true }
        }
    }
}

extension Span where Element == UInt8 {
    /// The end of the member of a comma-separated list that begins at `start`: the next comma, or `end`.
    func endOfMember(from start: Int, before end: Int) -> Int {
        var offset = start
        while offset < end, self[offset] != UInt8(ascii: ",") { offset += 1 }
        return offset
    }

    /// Whether all of `range` is `keep-alive`, in any case.
    @inline(__always)
    fileprivate func isKeepAlive(_ range: Range<Int>) -> Bool {
        guard range.count == 10 else { return false }
        return FoldedName(self, at: range.lowerBound, count: range.count).isKeepAlive
    }

    func isToken(_ range: Range<Int>) -> Bool {
        for offset in range where !self[offset].isToken { return false }
        return !range.isEmpty
    }

    /// Whether `range` holds the text, which is in lower case, in any case.
    @inline(__always)
    func foldedEqual(_ range: Range<Int>, _ text: StaticString) -> Bool {
        guard range.count == text.utf8CodeUnitCount else { return false }
        for index in 0..<range.count {
            let expected = unsafe text.utf8Start[index]
            guard self[range.lowerBound + index].lowercased == expected else { return false }
        }
        return true
    }
}

extension UInt8 {
    /// An ASCII letter in lower case; any other byte as it is.
    public var lowercased: UInt8 {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): self | 0x20
        default: self
        }
    }
}

extension FieldFacts {
    /// Two ways to say where the content ends would be two messages to two readers (RFC 9112 section 6.1).
    func checkLength() throws(MessageError) {
        if contentLength != nil && transferEncoding != .absent { throw .lengthAndTransferEncoding }
    }

    /// Whatever is not chunked alone leaves the end of the content unknown (RFC 9112 section 6.3).
    func checkTransferEncoding(minorVersion: UInt8) throws(MessageError) {
        switch transferEncoding {
        case .absent: return
        case .chunked: if minorVersion == 0 { throw .transferEncodingInHTTP10 }
        case .notImplemented: throw minorVersion == 0 ? .transferEncodingInHTTP10 : .transferEncodingNotImplemented
        case .invalid: throw .transferEncodingInvalid
        }
    }

    /// RFC 9112 section 9.3.
    func isPersistent(minorVersion: UInt8) -> Bool {
        !closes && (minorVersion == 1 || connectionOptions.contains(.keepAlive))
    }

    /// RFC 9110 section 7.8.
    var hasUpgrade: Bool { names.contains(.upgrade) && connectionOptions.contains(.upgrade) }
}
