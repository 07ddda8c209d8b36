import Wire

/// `JSON`: what is read of it and written again is read the same. Python says whether that is what it means.
enum JSONCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let json: JSON
        do throws(JSONError) {
            json = try JSON.parse(bytes)
        } catch {
            try Disagreement.unless((0...bytes.count).contains(error.offset), "a fault of JSON at \(error.offset) of \(bytes.count) bytes")
            return "refused"
        }
        let text = Array(canonical(json).utf8)
        guard let again = try? JSON.parse(text, bytesMax: .max) else { throw Disagreement("JSON that was written is not read: \(text)") }
        try Disagreement.unless(canonical(again), is: canonical(json), "JSON that was written and read again")
        return "accepted \(hexadecimal(text))"
    }

    /// Numbers as they stand, strings as the product writes them.
    private static func canonical(_ json: JSON) -> String {
        switch json.value {
        case .null: "null"
        case .bool(let bool): bool ? "true" : "false"
        case .number(let number): number.text
        case .string(let string): JSONWriter.quoted(string)
        case .array(let elements): "[" + elements.map(canonical).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { "\(JSONWriter.quoted($0.key)):\(canonical($0.value))" }.joined(separator: ",") + "}"
        }
    }
}
