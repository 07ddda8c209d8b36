// How a person would take text apart, without a thought of speed.

extension Collection where Element == UInt8 {
    /// The pieces between the separators: one more than there are separators.
    func pieces(separatedBy separator: String) -> [[UInt8]] {
        let separator = Array(separator.utf8)
        var pieces: [[UInt8]] = [[]]
        let bytes = Array(self)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: separator) {
                pieces.append([])
                index += separator.count
            } else {
                pieces[pieces.count - 1].append(bytes[index])
                index += 1
            }
        }
        return pieces
    }

    /// The offset at which the text stands first.
    func offset(of text: String) -> Int? {
        let bytes = Array(self)
        let text = Array(text.utf8)
        return bytes.indices.first { bytes[$0...].starts(with: text) }
    }

    /// Without the spaces and tabs at both ends.
    var trimmed: [UInt8] {
        let isBlank = { (byte: UInt8) in byte == 0x20 || byte == 0x09 }
        return Array(drop(while: isBlank).reversed().drop(while: isBlank).reversed())
    }

    /// ASCII letters in lower case.
    var lowercased: [UInt8] { map { (0x41...0x5A).contains($0) ? $0 + 0x20 : $0 } }

    func isText(_ text: String) -> Bool { elementsEqual(text.utf8) }

    var isToken: Bool { !isEmpty && allSatisfy(\.isTokenByte) }
}

extension UInt8 {
    /// tchar (RFC 9110 section 5.6.2).
    var isTokenByte: Bool { isAlphanumeric || "!#$%&'*+-.^_`|~".utf8.contains(self) }

    /// What a field value may hold: visible bytes, bytes above ASCII, space and tab (RFC 9110 section 5.5).
    var isValueByte: Bool { self == 0x09 || self >= 0x20 && self != 0x7F }

    var isDigit: Bool { (0x30...0x39).contains(self) }

    var isAlphanumeric: Bool { isDigit || (0x41...0x5A).contains(self) || (0x61...0x7A).contains(self) }

    var hexadecimalDigit: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
