/// HTTP-version = "HTTP/" DIGIT "." DIGIT (RFC 9112 section 2.3).
enum Version {
    static let count = 8

    /// The minor version of the HTTP/1.0 or HTTP/1.1 that stands at `start`; nil when the bytes end too early to tell.
    @inline(__always)
    static func parse(_ bytes: Span<UInt8>, at start: Int) throws(MessageError) -> UInt8? {
        if start &+ count <= bytes.count {
            let word = bytes.word(at: start)
            if word == literal("HTTP/1.1") { return 1 }
            if word == literal("HTTP/1.0") { return 0 }
        }
        return try refuse(bytes, at: start)
    }

    /// Throws for anything that cannot become one of the two; nil when it still can.
    private static func refuse(_ bytes: Span<UInt8>, at start: Int) throws(MessageError) -> UInt8? {
        let pattern: StaticString = "HTTP/d.d"
        let end = min(bytes.count, start + count)
        for offset in start..<max(start, end) {
            let expected = unsafe pattern.utf8Start[offset - start]
            let byte = bytes[offset]
            let isExpected = expected == UInt8(ascii: "d") ? byte.decimalValue != nil : byte == expected
            guard isExpected else { throw .versionInvalid(at: offset) }
        }
        guard end == start + count else { return nil }
        let major = bytes[start + 5].decimalValue ?? 0
        let minor = bytes[start + 7].decimalValue ?? 0
        throw .versionNotSupported(major: major, minor: minor)
    }
}
