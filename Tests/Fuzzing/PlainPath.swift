/// Paths, taken apart segment by segment.
enum PlainPath {
    private struct Byte {
        let value: UInt8
        /// The two digits behind a `%`; nil for a byte that stands for itself.
        let digits: [UInt8]?
    }

    /// Whether a segment is `.` or `..` once it is decoded, without its parameters.
    static func hasDots(_ path: [UInt8]) -> Bool {
        let decoded = bytes(path).map(\.value)
        let segments = decoded.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .flatMap { $0.split(separator: UInt8(ascii: "\\"), omittingEmptySubsequences: false) }
        return segments.contains { segment in
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            return name.isText(".") || name.isText("..")
        }
    }

    /// What `NormalPath` describes, but for characters that look like others.
    static func isNormal(_ path: [UInt8]) -> Bool {
        let segments = path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        guard segments.count >= 2, segments[0].isEmpty else { return false }
        if segments.dropFirst().dropLast().contains(where: \.isEmpty) { return false }
        return segments.dropFirst().allSatisfy { isNormalSegment(bytes($0)) }
    }

    private static func isNormalSegment(_ segment: [Byte]) -> Bool {
        guard segment.last?.value != UInt8(ascii: "."), segment.last?.value != 0x20 else { return false }
        guard segment.allSatisfy(isNormalByte) else { return false }
        guard let text = String(validating: segment.map(\.value), as: UTF8.self) else { return false }
        return text.unicodeScalars.allSatisfy { !(0x80...0x9F).contains($0.value) }
    }

    private static func isNormalByte(_ byte: Byte) -> Bool {
        let isUnreserved = byte.value.isAlphanumeric || "-._~".utf8.contains(byte.value)
        guard let digits = byte.digits else { return isUnreserved || "!$&'()*+,=:@".utf8.contains(byte.value) }
        guard digits.allSatisfy({ !(0x61...0x66).contains($0) }) else { return false }
        return byte.value >= 0x20 && byte.value != 0x7F && !isUnreserved && !"/\\;%?#".utf8.contains(byte.value)
    }

    /// Decoded once. A `%` without two digits stands for itself.
    private static func bytes(_ text: some Collection<UInt8>) -> [Byte] {
        let text = Array(text)
        var bytes: [Byte] = []
        var index = 0
        while index < text.count {
            let digits = Array(text[(index + 1)...].prefix(2))
            if text[index] == UInt8(ascii: "%"), digits.count == 2, let high = digits[0].hexadecimalDigit, let low = digits[1].hexadecimalDigit {
                bytes.append(Byte(value: high << 4 | low, digits: digits))
                index += 3
            } else {
                bytes.append(Byte(value: text[index], digits: nil))
                index += 1
            }
        }
        return bytes
    }
}
