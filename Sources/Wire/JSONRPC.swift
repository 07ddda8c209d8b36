/// The calls in the content of a JSON-RPC request, version 1.0 or 2.0: one object, or a batch of them.
public enum JSONRPC {
    /// Why nobody can be sure which methods a content calls.
    public enum Failure: Error, Equatable {
        /// It is not JSON as RFC 8259 has it, or has a key twice. Says what is wrong and where.
        case notJSON(String)
        /// It is JSON, and no call, or one that servers read differently. Says what is wrong, as it follows "the content".
        case noCall(String)
    }

    /// Bytes of a method's name. The longest in use has some 50.
    public static let nameBytesMax = 128
    /// Nested arrays and objects of a content: those of transactions and filters have some 6.
    public static let depthMax = 32

    /// The name of each call's method, in their order: visible ASCII.
    ///
    /// Refused is what one server reads in another way than the next: besides everything that `JSON.parse` refuses, a key that is
    /// `method` but for its case or for other characters in it, or has a control character, a name that is no string, an empty
    /// batch, and batches in batches.
    ///
    /// - Parameter callsMax: how many calls a batch may have.
    public static func methods(of content: [UInt8], callsMax: Int) throws(Failure) -> [String] {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(content, depthMax: depthMax, bytesMax: content.count)
        } catch {
            throw .notJSON("\(error.message) (at byte \(error.offset))")
        }
        guard let batch = json.array else { return [try method(of: json)] }
        guard !batch.isEmpty else { throw .noCall("is an empty batch") }
        guard batch.count <= callsMax else { throw .noCall("is a batch of \(batch.count) calls; at most \(callsMax) are looked at") }
        var methods: [String] = []
        for call in batch { methods.append(try method(of: call)) }
        return methods
    }

    private static func method(of call: JSON) throws(Failure) -> String {
        guard let members = call.object else { throw .noCall("has something in the place of a call that is no object") }
        var found: JSON?
        for member in members {
            // To a server that takes a NUL for the end of a text, a key is what stands before it.
            guard member.key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .noCall("has a key with a control character") }
            if member.key.utf8.elementsEqual("method".utf8) {
                found = member.value
            } else if isLikeMethod(member.key) {
                throw .noCall("has a key that some servers take for \"method\"; write exactly that")
            }
        }
        guard let found else { throw .noCall("has a call without a \"method\"") }
        guard let name = found.string else { throw .noCall("has a \"method\" that is no string") }
        guard (1...nameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw .noCall("has a \"method\" that is not 1 to \(nameBytesMax) visible characters of ASCII")
        }
        return name
    }

    /// Whether the letters of a key, in whatever case and with whatever between them, spell `method`.
    private static func isLikeMethod(_ key: String) -> Bool {
        let letters = key.utf8.lazy.map(\.lowercased).filter { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        return letters.elementsEqual("method".utf8)
    }
}
