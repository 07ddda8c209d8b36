import Wire

/// Bytes of a chunked body and what they have to mean: content, or a refusal.
struct ChunkedVector: Sendable, CustomStringConvertible {
    let name: String
    let bytes: [UInt8]
    let expected: Outcome<[UInt8]>

    var description: String { name }

    static func accept(_ name: String, _ text: String, _ content: String) -> ChunkedVector {
        ChunkedVector(
            name: name, bytes: latin1(text), expected: .accepted(latin1(content), count: text.unicodeScalars.count))
    }

    static func refuse(_ name: String, _ text: String, _ error: MessageError) -> ChunkedVector {
        ChunkedVector(name: name, bytes: latin1(text), expected: .refused(error))
    }

    static func incomplete(_ name: String, _ text: String) -> ChunkedVector {
        ChunkedVector(name: name, bytes: latin1(text), expected: .incomplete)
    }
}

/// Reads a body that comes in pieces of `size` bytes.
func decode(_ bytes: [UInt8], inPiecesOf size: Int) -> Outcome<[UInt8]> {
    var decoder = ChunkedDecoder()
    var content: [UInt8] = []
    var consumed = 0
    var available = 0
    do throws(MessageError) {
        while true {
            let step = try decoder.step(bytes.span.extracting(consumed..<available))
            content += bytes[(consumed + step.content.lowerBound)..<(consumed + step.content.upperBound)]
            let isHungry = step.content.isEmpty
            consumed += step.consumed
            if step.isComplete { return .accepted(content, count: consumed) }
            guard isHungry else { continue }
            precondition(consumed == available, "without content a step reads all of its input")
            if available == bytes.count { return .incomplete }
            available = min(available + size, bytes.count)
        }
    } catch {
        return .refused(error)
    }
}

let chunkedVectors: [ChunkedVector] = bodies + refusedSizes + extensions + trailers

private let bodies: [ChunkedVector] = [
    .accept("an empty body", "0\r\n\r\n", ""),
    .accept("one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"),
    .accept("two chunks", "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "hello!"),
    .accept("a size in both cases", "aB\r\n" + String(repeating: "x", count: 171) + "\r\n0\r\n\r\n", String(repeating: "x", count: 171)),
    .accept("a size with leading zeros", "000000000000005\r\nhello\r\n0\r\n\r\n", "hello"),
    .accept("a last chunk of several zeros", "1\r\na\r\n000\r\n\r\n", "a"),
    .accept("content that looks like framing", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"),
    .incomplete("no last chunk", "5\r\nhello\r\n"),
    .incomplete("half a chunk", "5\r\nhel"),
    .incomplete("no empty line at the end", "5\r\nhello\r\n0\r\n"),
    .incomplete("half an empty line at the end", "0\r\n\r"),
]

private let refusedSizes: [ChunkedVector] = [
    .refuse("no size", "\r\nhello", .chunkSizeInvalid(at: 0)),
    .refuse("an empty size before an extension", ";a\r\n", .chunkSizeInvalid(at: 0)),
    .refuse("a prefix of C", "0x5\r\nhello\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a plus sign", "+5\r\nhello\r\n", .chunkSizeInvalid(at: 0)),
    .refuse("a minus sign", "-5\r\nhello\r\n", .chunkSizeInvalid(at: 0)),
    .refuse("a space before the size", " 5\r\nhello\r\n", .chunkSizeInvalid(at: 0)),
    .refuse("a space after the size", "5 \r\nhello\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a tab after the size", "5\t\r\nhello\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a space before an extension", "5 ;a\r\nhello\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a size that is no number", "g\r\n", .chunkSizeInvalid(at: 0)),
    .refuse("an underscore in the size", "1_0\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a NUL after the size", "5\u{0}\r\nhello\r\n", .chunkSizeInvalid(at: 1)),
    .refuse("a size of 16 digits", "0000000000000005\r\nhello\r\n", .chunkSizeTooLarge),
    .refuse("a size beyond 64 bits", "10000000000000005\r\nhello\r\n", .chunkSizeTooLarge),
    .refuse("a lone LF after the size", "5\nhello\r\n", .bareLineFeed(at: 1)),
    .refuse("a lone CR after the size", "5\rhello\r\n", .bareCarriageReturn(at: 1)),
    .refuse("content that is longer than its size", "5\r\nhello!\r\n0\r\n\r\n", .chunkEndMissing),
    .refuse("a lone LF after the content", "5\r\nhello\n0\r\n\r\n", .chunkEndMissing),
    .refuse("a lone CR after the content", "5\r\nhello\r0\r\n\r\n", .chunkEndMissing),
    .refuse("nothing after the content", "5\r\nhello0\r\n\r\n", .chunkEndMissing),
    .refuse("a bad second size", "1\r\na\r\nz\r\n", .chunkSizeInvalid(at: 6)),
]

private let extensions: [ChunkedVector] = [
    .accept("an extension", "1;a\r\nx\r\n0\r\n\r\n", "x"),
    .accept("an extension with a value", "1;a=b\r\nx\r\n0;c=d\r\n\r\n", "x"),
    .accept("several extensions", "1;a=b;c;d=e\r\nx\r\n0\r\n\r\n", "x"),
    .accept("a quoted value", "1;a=\"b;\\\"\\\\ \tc\u{E9}\"\r\nx\r\n0\r\n\r\n", "x"),
    .accept("white space between the parts", "1; a = b ; c =\t\"d\" ;e\r\nx\r\n0\r\n\r\n", "x"),
    .accept("a size line of 256 bytes", "1;" + String(repeating: "a", count: 252) + "\r\nx\r\n0\r\n\r\n", "x"),
    .refuse("a size line of 257 bytes", "1;" + String(repeating: "a", count: 253) + "\r\nx\r\n0\r\n\r\n", .chunkLineTooLong),
    .refuse("no name after the semicolon", "1;\r\n", .byteNotAllowed(0x0D, in: .chunkExtension, at: 2)),
    .refuse("no name before the value", "1;=b\r\n", .byteNotAllowed(0x3D, in: .chunkExtension, at: 2)),
    .refuse("no value", "1;a=\r\n", .byteNotAllowed(0x0D, in: .chunkExtension, at: 4)),
    .refuse("two values", "1;a=b=c\r\n", .byteNotAllowed(0x3D, in: .chunkExtension, at: 5)),
    .refuse("an open quote", "1;a=\"b\r\n", .byteNotAllowed(0x0D, in: .chunkExtension, at: 6)),
    .refuse("bytes after a quoted value", "1;a=\"b\"c\r\n", .byteNotAllowed(0x63, in: .chunkExtension, at: 7)),
    .refuse("white space at the end", "1;a \r\n", .byteNotAllowed(0x0D, in: .chunkExtension, at: 4)),
    .refuse("two words in a name", "1;a b\r\n", .byteNotAllowed(0x62, in: .chunkExtension, at: 4)),
    .refuse("a lone LF in an extension", "1;a\nx\r\n", .bareLineFeed(at: 3)),
    .refuse("a lone LF in quotes", "1;a=\"\n\"\r\n", .bareLineFeed(at: 5)),
    .refuse("a NUL in an extension", "1;a\u{0}\r\n", .byteNotAllowed(0, in: .chunkExtension, at: 3)),
    .refuse("a lone CR in an extension", "1;a\rb\r\n", .bareCarriageReturn(at: 3)),
]

private let trailers: [ChunkedVector] = [
    .accept("trailers are dropped", "1\r\nx\r\n0\r\nA: b\r\nContent-Length: 9\r\n\r\n", "x"),
    .accept("a trailer with an empty value", "0\r\nA:\r\n\r\n", ""),
    .accept("obs-text in a trailer", "0\r\nA: \u{E9}\t\r\n\r\n", ""),
    .accept("trailers of the greatest length", "0\r\nA:" + String(repeating: "b", count: 8_186) + "\r\n\r\n", ""),
    .refuse("trailers that are too long", "0\r\nA:" + String(repeating: "b", count: 8_187) + "\r\n\r\n", .trailersTooLong),
    .refuse("a folded trailer", "0\r\nA: b\r\n c\r\n\r\n", .foldedLine(at: 9)),
    .refuse("a space before the colon of a trailer", "0\r\nA : b\r\n\r\n", .whiteSpaceBeforeColon(at: 4)),
    .refuse("a trailer without a name", "0\r\n: b\r\n\r\n", .nameEmpty(at: 3)),
    .refuse("a trailer without a colon", "0\r\nA\r\n\r\n", .colonMissing(at: 4)),
    .refuse("a bad byte in the name of a trailer", "0\r\nA(: b\r\n\r\n", .byteNotAllowed(0x28, in: .trailerName, at: 4)),
    .refuse("a bad first byte of a trailer", "0\r\n(A: b\r\n\r\n", .byteNotAllowed(0x28, in: .trailerName, at: 3)),
    .refuse("a NUL in a trailer", "0\r\nA: \u{0}\r\n\r\n", .byteNotAllowed(0, in: .trailerValue, at: 6)),
    .refuse("a lone LF in a trailer", "0\r\nA: b\n\r\n", .bareLineFeed(at: 7)),
    .refuse("a lone CR in a trailer", "0\r\nA: b\rc\r\n\r\n", .bareCarriageReturn(at: 7)),
    .refuse("a lone LF at the end", "0\r\n\n", .bareLineFeed(at: 3)),
    .refuse("a lone CR at the end", "0\r\n\rG", .bareCarriageReturn(at: 3)),
]
