/// A request target (RFC 9112 section 3.2), as ranges into the bytes of its head.
///
///     GET http://btc.connect.bloq.cloud/api/v1/block?count=1 HTTP/1.1
///                └──────authority─────┘└────path───┘ └query┘
///                                      └───pathAndQuery────┘
public struct RequestTarget: Equatable, Sendable {
    /// The four forms of RFC 9112 section 3.2.
    public enum Form: Sendable {
        case origin, absolute, authority, asterisk
    }

    public var form: Form
    /// The whole target.
    public var range: Range<Int>
    /// The path. Empty in authority-form and asterisk-form, and in an absolute-form that has none, where it means `/`
    /// (and `*` for OPTIONS without a query).
    public var path: Range<Int>
    /// The query without its `?`; nil when there is no `?`.
    public var query: Range<Int>?
    /// Path, `?` and query as they stand. Begins with `?` where the path is empty and a query is not absent.
    public var pathAndQuery: Range<Int>
    /// The authority of an absolute-form or authority-form: never empty, never with user information.
    public var authority: Range<Int>?

    init() {
        self.init(.asterisk, 0..<0)
    }

    private init(_ form: Form, _ range: Range<Int>) {
        self.form = form
        self.range = range
        path = range.upperBound..<range.upperBound
        pathAndQuery = path
    }

    /// Reads the target at `range`, of which every byte may stand in a target. `question` is the offset of its first
    /// `?`.
    init(
        _ bytes: Span<UInt8>, in range: Range<Int>, question: Int?, method: Method
    ) throws(MessageError) {
        if method == .connect {
            self.init(.authority, range)
            guard let authority = Authority(bytes, in: range), authority.port != nil else { throw .authorityInvalid }
            self.authority = range
        } else if bytes[range.lowerBound] == UInt8(ascii: "/") {
            self.init(.origin, range)
            setPath(from: range.lowerBound, question: question)
        } else if bytes[range.lowerBound] == UInt8(ascii: "*") {
            guard method == .options, range.count == 1 else { throw .targetInvalid }
            self.init(.asterisk, range)
        } else {
            try self.init(absolute: bytes, in: range, question: question)
        }
    }

    private init(absolute bytes: Span<UInt8>, in range: Range<Int>, question: Int?) throws(MessageError) {
        self.init(.absolute, range)
        let start: Int
        if bytes.begins("http://", in: range) {
            start = range.lowerBound + 7
        } else if bytes.begins("https://", in: range) {
            start = range.lowerBound + 8
        } else {
            throw .targetInvalid
        }
        var end = start
        while end < range.upperBound, bytes[end] != UInt8(ascii: "/"), bytes[end] != UInt8(ascii: "?") { end += 1 }
        guard Authority(bytes, in: start..<end) != nil else { throw .authorityInvalid }
        authority = start..<end
        setPath(from: end, question: question)
    }

    private mutating func setPath(from start: Int, question: Int?) {
        let end = range.upperBound
        pathAndQuery = start..<end
        guard let question else {
            path = pathAndQuery
            return
        }
        path = start..<question
        query = question + 1..<end
    }
}

extension Span where Element == UInt8 {
    /// Whether `range` begins with the text, which is in lower case, in any case.
    func begins(_ text: StaticString, in range: Range<Int>) -> Bool {
        let count = text.utf8CodeUnitCount
        return range.count >= count && foldedEqual(range.lowerBound..<range.lowerBound + count, text)
    }
}
