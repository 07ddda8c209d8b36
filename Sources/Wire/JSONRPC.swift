/// The calls in the content of a JSON-RPC request, version 1.0 or 2.0: one object, or a batch of them.
public enum JSONRPC {
    /// Why nobody can be sure which methods a content calls.
    public enum Failure: Error, Equatable {
        /// It is not JSON as RFC 8259 has it, or a call has a key twice. Says what is wrong and where.
        case notJSON(String)
        /// It is JSON, and no call, or one that servers read differently. Says what is wrong, as it follows "the content".
        case noCall(String)
    }

    /// Bytes of a method's name. The longest in use has some 50.
    public static let nameBytesMax = 128
    /// Nested arrays and objects of a content: those of transactions and filters have some 6.
    public static let depthMax = 32

    /// Keys of a call. It has four, and some servers know one or two more.
    public static let keysMax = 32

    /// The name of each call's method, in their order: visible ASCII.
    ///
    /// Refused is what one server reads in another way than the next: what RFC 8259 does not allow, a key of a call that stands
    /// twice, that is `method` but for its case or for other characters in it, or that has a control character, a name that is no
    /// string, an empty batch, and batches in batches. Within parameters, keys may stand twice: no name is looked for there.
    ///
    /// Takes time in proportion to the bytes, and memory for the names and one call's keys alone.
    ///
    /// - Parameter callsMax: how many calls a batch may have.
    public static func methods(of content: [UInt8], callsMax: Int) throws(Failure) -> [String] {
        var parser = JSONParser(bytes: content, options: [], depthMax: depthMax)
        do {
            return try methods(&parser, callsMax)
        } catch let failure as Failure {
            throw failure
        } catch let error as JSONError {
            throw .notJSON("\(error.message) (at byte \(error.offset))")
        } catch {
            preconditionFailure("nothing else is thrown by reading: \(error)")
        }
    }

    private static func methods(_ parser: inout JSONParser, _ callsMax: Int) throws -> [String] {
        var methods: [String] = []
        try parser.begin()
        if parser.next == UInt8(ascii: "[") {
            try parser.enter()
            while try parser.moveToElement(isFirst: methods.isEmpty) {
                guard methods.count < callsMax else {
                    throw Failure.noCall("is a batch of more than \(callsMax) calls; send several of them")
                }
                methods.append(try method(&parser))
            }
            guard !methods.isEmpty else { throw Failure.noCall("is an empty batch") }
        } else {
            methods.append(try method(&parser))
        }
        try parser.end()
        return methods
    }

    private static func method(_ parser: inout JSONParser) throws -> String {
        guard parser.next == UInt8(ascii: "{") else {
            // Of what is no JSON at all, that is said.
            try parser.skipValue()
            throw Failure.noCall("has something in the place of a call that is no object")
        }
        var found: String?
        var keys: Set<[UInt8]> = []
        try parser.enter()
        while try parser.moveToMember(isFirst: keys.isEmpty) {
            let start = parser.position
            let key = try parser.parseString()
            guard keys.insert(Array(key.utf8)).inserted else { throw parser.repeated(key, at: start) }
            guard keys.count <= keysMax else { throw Failure.noCall("has a call with more than \(keysMax) keys") }
            let isMethod = try isMethod(key)
            try parser.skipColon()
            if isMethod { found = try name(&parser) } else { try parser.skipValue() }
        }
        guard let found else { throw Failure.noCall("has a call without a \"method\"") }
        return found
    }

    private static func isMethod(_ key: String) throws(Failure) -> Bool {
        if key.utf8.elementsEqual("method".utf8) { return true }
        // To a server that takes a NUL for the end of a text, a key is what stands before it.
        guard key.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else { throw .noCall("has a key with a control character") }
        guard !isLikeMethod(key) else { throw .noCall("has a key that some servers take for \"method\"; write exactly that") }
        return false
    }

    private static func name(_ parser: inout JSONParser) throws -> String {
        guard parser.next == UInt8(ascii: "\"") else {
            try parser.skipValue()
            throw Failure.noCall("has a \"method\" that is no string")
        }
        let name = try parser.parseString()
        guard (1...nameBytesMax).contains(name.utf8.count), name.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw Failure.noCall("has a \"method\" that is not 1 to \(nameBytesMax) visible characters of ASCII")
        }
        return name
    }

    /// Whether the letters of a key, in whatever case and with whatever between them, spell `method`.
    private static func isLikeMethod(_ key: String) -> Bool {
        let letters = key.utf8.lazy.map(\.lowercased).filter { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0) }
        return letters.elementsEqual("method".utf8)
    }
}
