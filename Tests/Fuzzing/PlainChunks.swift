import Wire

/// A chunked body, read line by line (RFC 9112 section 7.1).
struct PlainChunks: Equatable {
    var content: [UInt8] = []
    /// The field lines behind the last chunk, each with its CRLF.
    var trailers: [UInt8] = []
    /// Bytes of the whole body.
    var count = 0
}

/// A chunked body that is none.
enum PlainChunksFault: Error {
    /// It may become one with more bytes.
    case incomplete
    /// Whatever follows.
    case refused
}

extension PlainChunks {
    static func read(_ bytes: [UInt8]) -> Result<PlainChunks, PlainChunksFault> { Result { () throws(PlainChunksFault) in try PlainChunks(bytes) } }

    private init(_ bytes: [UInt8]) throws(PlainChunksFault) {
        self.init()
        while true {
            let line = try Self.line(bytes, at: &count)
            let digits = line.prefix { $0.hexadecimalDigit != nil }
            guard line.count + 2 <= Limits.chunkLineBytesMax, (1...Limits.chunkSizeDigitsMax).contains(digits.count),
                Self.areExtensions(Array(line[digits.count...]))
            else { throw .refused }
            let size = Int(String(decoding: digits, as: UTF8.self), radix: 16)!
            if size == 0 { break }
            guard bytes.count - count > size else { throw .incomplete }
            let end = bytes[(count + size)...].prefix(2)
            guard [13, 10].starts(with: end) else { throw .refused }
            guard end.count == 2 else { throw .incomplete }
            content += bytes[count..<count + size]
            count += size + 2
        }
        let start = count
        var lines: [[UInt8]] = []
        while true {
            let line = try Self.line(bytes, at: &count)
            guard count - start <= Limits.trailerBytesMax else { throw .refused }
            if line.isEmpty { break }
            lines.append(line)
            guard PlainFields.areLines(lines) else { throw .refused }
        }
        trailers = Array(bytes[start..<count - 2])
    }

    /// Up to the next CRLF, with no other CR or LF before it.
    private static func line(_ bytes: [UInt8], at position: inout Int) throws(PlainChunksFault) -> [UInt8] {
        guard let end = bytes[position...].firstIndex(where: { $0 == 13 || $0 == 10 }) else { throw .incomplete }
        guard [13, 10].starts(with: bytes[end...].prefix(2)) else { throw .refused }
        guard end + 1 < bytes.count else { throw .incomplete }
        defer { position = end + 2 }
        return Array(bytes[position..<end])
    }

    /// *( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] ), with nothing blank before the first or behind the last.
    private static func areExtensions(_ text: [UInt8]) -> Bool {
        var rest = text[...]
        if rest.isEmpty { return true }
        guard rest.first == UInt8(ascii: ";") else { return false }
        while !rest.isEmpty {
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard rest.popFirst() == UInt8(ascii: ";") else { return false }
            rest = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard rest.first?.isTokenByte == true else { return false }
            rest = rest.drop(while: \.isTokenByte)
            let behind = rest.drop { $0 == 0x20 || $0 == 0x09 }
            guard behind.first == UInt8(ascii: "=") else { continue }
            rest = behind.dropFirst().drop { $0 == 0x20 || $0 == 0x09 }
            guard takeValue(&rest) else { return false }
        }
        return true
    }

    private static func takeValue(_ rest: inout ArraySlice<UInt8>) -> Bool {
        if rest.first?.isTokenByte == true {
            rest = rest.drop(while: \.isTokenByte)
            return true
        }
        guard rest.popFirst() == UInt8(ascii: "\"") else { return false }
        while let byte = rest.popFirst() {
            guard byte.isValueByte else { return false }
            if byte == UInt8(ascii: "\"") { return true }
            if byte == UInt8(ascii: "\\") {
                guard let escaped = rest.popFirst(), escaped.isValueByte else { return false }
            }
        }
        return false
    }
}

extension PlainFields {
    /// Whether these are field lines, whatever they say.
    static func areLines(_ text: [[UInt8]]) -> Bool {
        text.count <= Limits.fieldsMax && text.allSatisfy { line in
            guard let colon = line.firstIndex(of: UInt8(ascii: ":")) else { return false }
            return line[..<colon].isToken && colon <= Limits.fieldNameBytesMax && line[(colon + 1)...].allSatisfy(\.isValueByte)
        }
    }
}
