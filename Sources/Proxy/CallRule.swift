internal import Wire

/// JSON-RPC calls that a route lets through, by the names of their methods.
///
/// Before anything of a request goes upstream, its whole content is received and read. What goes on is what was read, byte for byte.
struct CallRule {
    private let globs: [Glob]
    private let routeName: String

    init(_ globs: [Glob], routeName: String) {
        self.globs = globs
        self.routeName = routeName
    }

    /// JSON-RPC is spoken over WebSocket, too.
    func refusalOfUpgrade(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Answer? {
        guard head.hasUpgrade, UpgradeOffer(head, in: bytes) != nil else { return nil }
        return .forbidden("route \(routeName) has allow.rpcMethods and takes no Upgrade: nobody could tell what is called behind it")
    }

    /// What the head already shows to be no content that can be read, or only by some.
    func refusal(_ head: borrowing RequestHead, _ bytes: Span<UInt8>) -> Answer? {
        guard head.framing != .none, head.framing != .length(0) else {
            return .forbidden("route \(routeName) has allow.rpcMethods, and this POST has no content; send a JSON-RPC call")
        }
        guard head.target.query == nil else {
            return .forbidden("route \(routeName) has allow.rpcMethods and takes no query, by which some servers are called; leave it out")
        }
        // What was looked at has to arrive with the type that it was looked at for.
        guard !head.isNamedByConnection(.contentType), !head.isNamedByConnection(.contentEncoding) else {
            return .forbidden("route \(routeName) has allow.rpcMethods, and Connection names a field that says what the content is; leave that out")
        }
        var typeCount = 0
        for index in 0..<head.fieldCount {
            let field = head.field(at: index)
            switch field.name {
            case .contentEncoding:
                return .forbidden("route \(routeName) has allow.rpcMethods and looks into no coded content; leave Content-Encoding out")
            case .contentType:
                typeCount += field.isVariant || !isJSON(bytes, field.valueRange) ? 2 : 1
            default: break
            }
        }
        return typeCount == 1
            ? nil : .forbidden("route \(routeName) has allow.rpcMethods and takes JSON in UTF-8 alone; send one Content-Type: application/json")
    }

    /// `application/json` or one of the older names for JSON-RPC, with no parameter but `charset=utf-8`.
    private func isJSON(_ bytes: Span<UInt8>, _ range: Range<Int>) -> Bool {
        guard range.count <= 64 else { return false }
        let parts = bytes.shown(range).lowercased().split(separator: ";", maxSplits: 1).map { $0.filter { $0 != " " && $0 != "\t" } }
        guard let type = parts.first, Self.types.contains(type) else { return false }
        return parts.count == 1 || parts[1] == "charset=utf-8" || parts[1] == "charset=\"utf-8\""
    }

    private static let types: Set<String> = ["application/json", "application/json-rpc", "application/jsonrequest"]

    /// The answer to a content that calls anything else than what is allowed, or of which that cannot be told; nil for one that does not.
    func refusal(of content: [UInt8]) -> Answer? {
        do throws(JSONRPC.Failure) {
            for method in try JSONRPC.methods(of: content, callsMax: Limits.rpcCallsMax) where !allows(method) {
                return .forbidden("route \(routeName) does not allow the method \(quoted(method)); list it in allow.rpcMethods if it is meant to be")
            }
            return nil
        } catch {
            switch error {
            case .notJSON(let reason):
                var answer = Answer.badRequest("route \(routeName) has allow.rpcMethods, and the content is no JSON that it takes: \(reason)")
                // All of the request has been received.
                answer.closes = false
                return answer
            case .noCall(let reason):
                return .forbidden("route \(routeName) has allow.rpcMethods, and the content \(reason)")
            }
        }
    }

    private func allows(_ method: String) -> Bool {
        let name = Array(method.utf8)
        return globs.contains { $0.matches(name.span) }
    }
}
