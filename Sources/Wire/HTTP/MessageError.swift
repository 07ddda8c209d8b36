/// What is wrong with a message that a peer sent. After one, the connection cannot be understood any further and has to
/// be closed. Offsets count from the first byte of the head (of the chunked body for its errors).
public enum MessageError: Error, Equatable, Sendable {
    /// Where in a message a byte was found.
    public enum Part: String, Sendable {
        case method, target, version
        case statusLine = "status line"
        case reason = "reason phrase"
        case fieldName = "field name"
        case fieldValue = "field value"
        case chunkSize = "chunk size"
        case chunkExtension = "chunk extension"
        case trailerName = "trailer field name"
        case trailerValue = "trailer field value"
    }

    case byteNotAllowed(UInt8, in: Part, at: Int)
    case bareCarriageReturn(at: Int)
    case bareLineFeed(at: Int)
    case methodTooLong
    case targetEmpty
    case targetTooLong
    case targetInvalid
    case percentEncodingInvalid(at: Int)
    case authorityInvalid
    case versionMissing
    case versionInvalid(at: Int)
    case versionNotSupported(major: Int, minor: Int)
    case statusInvalid
    case foldedLine(at: Int)
    case whiteSpaceBeforeColon(at: Int)
    case nameEmpty(at: Int)
    case nameTooLong(at: Int)
    case colonMissing(at: Int)
    case tooManyFields
    case headTooLong
    case tooManyConnectionOptions
    case hostMissing
    case hostRepeated
    case hostInvalid
    case contentLengthInvalid
    case contentLengthRepeated
    case lengthAndTransferEncoding
    case transferEncodingInvalid
    case transferEncodingNotImplemented
    case transferEncodingInHTTP10
    case chunkSizeInvalid(at: Int)
    case chunkSizeTooLarge
    case chunkLineTooLong
    case chunkEndMissing
    case trailersTooLong

    /// The status code that answers a request with this error. An error in a response is the upstream's fault: 502.
    public var status: Int {
        switch self {
        case .targetTooLong: 414
        case .nameTooLong, .tooManyFields, .headTooLong, .trailersTooLong: 431
        case .transferEncodingNotImplemented: 501
        case .versionNotSupported: 505
        default: 400
        }
    }

    /// One sentence that says what is wrong, where, and which limit or form holds. Never more than one byte of the
    /// message.
    public var message: String {
        lineMessage ?? fieldMessage ?? framingMessage
    }

    private var lineMessage: String? {
        switch self {
        case .byteNotAllowed(let byte, let part, let offset):
            "byte \(hexadecimal(byte)) at offset \(offset) is not allowed in a \(part.rawValue)"
        case .bareCarriageReturn(let offset): "the CR at offset \(offset) is not followed by LF; lines end with CRLF"
        case .bareLineFeed(let offset): "the LF at offset \(offset) does not follow a CR; lines end with CRLF"
        case .methodTooLong: "the method is longer than \(Limits.methodBytesMax) bytes"
        case .targetEmpty: "there is no request target after the method; one space separates them"
        case .targetTooLong: "the request target is longer than \(Limits.targetBytesMax) bytes"
        case .targetInvalid:
            "the request target is neither a path that begins with / nor an http or https URL "
                + "(* is for OPTIONS and host:port for CONNECT only)"
        case .percentEncodingInvalid(let offset): "the % at offset \(offset) is not followed by two hexadecimal digits"
        case .authorityInvalid: "the authority of the request target is not host or host:port, without user information"
        case .versionMissing: "the request line has no HTTP version; HTTP/0.9 is not supported"
        case .versionInvalid(let offset): "HTTP/1.0 or HTTP/1.1 was expected, and offset \(offset) has something else"
        case .versionNotSupported(let major, let minor):
            "HTTP/\(major).\(minor) is not supported; use HTTP/1.1"
        case .statusInvalid: "the status code is not three digits from 100 to 599 after one space"
        default: nil
        }
    }

    private var fieldMessage: String? {
        switch self {
        case .foldedLine(let offset):
            "the field line at offset \(offset) begins with white space; folded lines are refused"
        case .whiteSpaceBeforeColon(let offset): "white space stands before the colon of a field, at offset \(offset)"
        case .nameEmpty(let offset): "the field line at offset \(offset) has no name"
        case .nameTooLong(let offset):
            "the field name at offset \(offset) is longer than \(Limits.fieldNameBytesMax) bytes"
        case .colonMissing(let offset): "the field line that ends at offset \(offset) has no colon"
        case .tooManyFields: "there are more than \(Limits.fieldsMax) field lines"
        case .headTooLong: "the head is longer than \(Limits.headBytesMax) bytes"
        case .tooManyConnectionOptions:
            "the Connection field names more than \(Limits.connectionOptionsMax) options"
        case .hostMissing: "an HTTP/1.1 request needs a Host field"
        case .hostRepeated: "there is more than one Host field"
        case .hostInvalid: "the value of the Host field is not host or host:port"
        default: nil
        }
    }

    private var framingMessage: String {
        switch self {
        case .contentLengthInvalid:
            "the value of Content-Length is not a decimal number of at most \(Limits.contentLengthDigitsMax) digits "
                + "up to \(Int.max)"
        case .contentLengthRepeated: "there is more than one Content-Length"
        case .lengthAndTransferEncoding: "there are both a Content-Length and a Transfer-Encoding"
        case .transferEncodingInvalid: "the value of Transfer-Encoding is not exactly: chunked"
        case .transferEncodingNotImplemented: "no transfer coding but chunked is supported"
        case .transferEncodingInHTTP10: "an HTTP/1.0 message has a Transfer-Encoding"
        case .chunkSizeInvalid(let offset): "a chunk size is not hexadecimal digits alone, at offset \(offset)"
        case .chunkSizeTooLarge: "a chunk size has more than \(Limits.chunkSizeDigitsMax) digits"
        case .chunkLineTooLong: "the line of a chunk size is longer than \(Limits.chunkLineBytesMax) bytes"
        case .chunkEndMissing: "the data of a chunk are not followed by CRLF"
        case .trailersTooLong: "the trailer section is longer than \(Limits.trailerBytesMax) bytes"
        default: "the message is malformed"
        }
    }

    private func hexadecimal(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16, uppercase: true)
        return byte < 0x10 ? "0x0" + digits : "0x" + digits
    }
}
