/// Writes one JSON text (RFC 8259) on one line, commas included.
///
/// The caller opens and closes what it writes and gives every member of an object its key; a text that could not be
/// JSON is a broken invariant and traps.
public struct JSONWriter: Sendable {
    /// The text so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false
    private var depth = 0

    public init() {}

    /// Forgets the text and keeps its storage for the next one.
    public mutating func reset() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
        depth = 0
    }

    public mutating func beginObject() { open(UInt8(ascii: "{")) }
    public mutating func endObject() { close(UInt8(ascii: "}")) }
    public mutating func beginArray() { open(UInt8(ascii: "[")) }
    public mutating func endArray() { close(UInt8(ascii: "]")) }

    /// The key of the member whose value is written next.
    public mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func string(_ string: String) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        Self.appendEscaped(string.utf8, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    /// A string from bytes of unknown origin: what is not UTF-8 becomes U+FFFD.
    public mutating func string(repairing content: [UInt8]) {
        string(String(decoding: content, as: UTF8.self))
    }

    public mutating func int(_ int: Int) { literal(String(int)) }
    /// A number of so many millionths, without zeros at its end.
    public mutating func decimal(millionths: Int) {
        var digits = Substring(String(1_000_000 + millionths.magnitude % 1_000_000).dropFirst())
        while digits.last == "0" { digits.removeLast() }
        literal("\(millionths < 0 ? "-" : "")\(millionths.magnitude / 1_000_000)\(digits.isEmpty ? "" : ".")\(digits)")
    }

    public mutating func bool(_ bool: Bool) { literal(bool ? "true" : "false") }
    public mutating func null() { literal("null") }

    /// `text` as a JSON string, with its quotation marks.
    public static func quoted(_ text: String) -> String {
        var bytes = [UInt8(ascii: "\"")]
        appendEscaped(text.utf8, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
        return String(decoding: bytes, as: UTF8.self)
    }

    private mutating func literal(_ text: String) {
        separate()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
        depth += 1
    }

    private mutating func close(_ bracket: UInt8) {
        precondition(depth > 0, "closed more than was opened")
        bytes.append(bracket)
        needsComma = true
        depth -= 1
    }

    private mutating func separate() {
        precondition(depth > 0 || bytes.isEmpty, "a JSON text has one value")
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    /// char of RFC 8259 7. DEL is escaped too, for the terminals that a log line may reach.
    private static func appendEscaped(_ content: String.UTF8View, to bytes: inout [UInt8]) {
        for byte in content {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0..<0x20, 0x7F:
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(hexadecimal(byte >> 4))
                bytes.append(hexadecimal(byte & 15))
            default: bytes.append(byte)
            }
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 {
        digit < 10 ? UInt8(ascii: "0") + digit : UInt8(ascii: "a") + digit - 10
    }
}
