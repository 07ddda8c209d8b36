/// A request method (RFC 9110 section 9). Methods are case-sensitive: `get` is `.other`.
public enum Method: UInt8, Sendable {
    case get, head, post, put, patch, delete, options, trace, connect
    /// Any other token; its bytes are at `RequestHead.methodRange`.
    case other

    /// Whether a request may be sent twice without harm: GET, HEAD and OPTIONS only. (TRACE is safe by
    /// RFC 9110 section 9.2.1 too, and is never forwarded.)
    public var isSafe: Bool {
        switch self {
        case .get, .head, .options: true
        case .post, .put, .patch, .delete, .trace, .connect, .other: false
        }
    }

    /// Reads the method that stands at `range`, which has to hold a token.
    init(_ bytes: Span<UInt8>, in range: Range<Int>) {
        guard range.count <= 7 else {
            self = .other
            return
        }
        let word = bytes.shortWord(at: range.lowerBound, count: range.count)
        switch range.count {
        case 3: self = word == literal("GET") ? .get : word == literal("PUT") ? .put : .other
        case 4: self = word == literal("POST") ? .post : word == literal("HEAD") ? .head : .other
        case 5: self = word == literal("PATCH") ? .patch : word == literal("TRACE") ? .trace : .other
        case 6: self = word == literal("DELETE") ? .delete : .other
        case 7: self = word == literal("OPTIONS") ? .options : word == literal("CONNECT") ? .connect : .other
        default: self = .other
        }
    }
}
