import Wire

/// `JSONRPC.methods`: no call is missed, and none is named otherwise than the whole tree of the content has it.
enum JSONRPCCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let methods: [String]
        do throws(JSONRPC.Failure) {
            methods = try JSONRPC.methods(of: bytes, callsMax: 4)
        } catch {
            try Disagreement.unless(!mayBeCalled(bytes), "a call that is plainly one is refused: \(error)")
            return "refused"
        }
        // Within parameters, keys may stand twice.
        guard let json = try? JSON.parse(bytes, options: .duplicateKeys, depthMax: JSONRPC.depthMax) else {
            throw Disagreement("calls of what is no JSON: \(methods)")
        }
        let calls = json.array ?? [json]
        let named = calls.map { call in call.object?.filter { isLikeMethod($0.key) }.map { $0.value.string } ?? [] }
        try Disagreement.unless(named, is: methods.map { [$0] }, "the methods of calls, and as they stand in the tree")
        return "accepted " + methods.map { hexadecimal(Array($0.utf8)) }.joined(separator: ",")
    }

    /// The letters of it, whatever stands between them.
    private static func isLikeMethod(_ key: String) -> Bool {
        Array(key.utf8).lowercased.filter { (0x61...0x7A).contains($0) }.isText("method")
    }

    /// One call, with the keys that calls have and a plain name: nobody could read it in two ways.
    private static func mayBeCalled(_ bytes: [UInt8]) -> Bool {
        guard let members = try? JSON.parse(bytes, depthMax: JSONRPC.depthMax).object else { return false }
        guard members.allSatisfy({ ["jsonrpc", "method", "params", "id"].contains($0.key) }) else { return false }
        guard let name = members.first(where: { $0.key == "method" })?.value.string else { return false }
        return (1...JSONRPC.nameBytesMax).contains(name.utf8.count) && name.utf8.allSatisfy(\.isAlphanumeric)
    }
}
