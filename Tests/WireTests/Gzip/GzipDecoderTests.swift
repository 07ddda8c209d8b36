import Compressor
import Testing
import Wire

private enum Inflated: Equatable {
    case whole([UInt8])
    /// The content ended here, and may not.
    case unfinished
    case refused(GzipError)
}

/// Inflates in steps: `pieceCount` bytes at a time into `room` bytes at a time.
private func inflate(_ bytes: [UInt8], pieces pieceCount: Int = .max, room: Int = 65_536, allowsPadding: Bool = false) throws -> Inflated {
    var decoder = try GzipDecoder(allowsPadding: allowsPadding)
    var result: [UInt8] = []
    var position = 0
    do throws(GzipError) {
        while position < bytes.count || decoder.hasPendingOutput {
            let piece = bytes.span.extracting(droppingFirst: position).extracting(first: pieceCount)
            var failure: GzipError?
            let inflated = [UInt8](capacity: room) { output in
                do throws(GzipError) { position += try decoder.step(piece, into: &output) } catch { failure = error }
            }
            if let failure { throw failure }
            result += inflated
        }
    } catch {
        return .refused(error)
    }
    #expect(decoder.inputCount == bytes.count && decoder.outputCount == result.count)
    return decoder.isComplete ? .whole(result) : .unfinished
}

private let text = Array(String(repeating: "the quick brown fox, ", count: 30).utf8) + Array(0...255)

/// `hello` as Python 3.11's gzip module and as gzip 1.12 write it, and with every optional field of RFC 1952.
private let fixed: [(String, [UInt8])] = [
    (
        "Python",
        [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xFF, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86, 0xA6, 0x10,
            0x36, 0x05, 0x00, 0x00, 0x00,
        ]
    ),
    (
        "with a file name",
        [
            0x1F, 0x8B, 0x08, 0x08, 0x01, 0x02, 0x03, 0x04, 0x00, 0x03, 0x61, 0x2E, 0x74, 0x78, 0x74, 0x00, 0xCB, 0x48, 0xCD, 0xC9,
            0xC9, 0x07, 0x00, 0x86, 0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ]
    ),
    (
        "with extra field, name and comment",
        [
            0x1F, 0x8B, 0x08, 0x1C, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x02, 0x00, 0x58, 0x59, 0x61, 0x00, 0x63, 0x00, 0xCB, 0x48,
            0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x86, 0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ]
    ),
    (
        "a stored block",
        [
            0x1F, 0x8B, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x03, 0x01, 0x05, 0x00, 0xFA, 0xFF, 0x68, 0x65, 0x6C, 0x6C, 0x6F,
            0x86, 0xA6, 0x10, 0x36, 0x05, 0x00, 0x00, 0x00,
        ]
    ),
]

@Suite struct GzipDecoderTests {
    @Test(arguments: fixed)
    func `what others wrote is read, whole and byte by byte`(_ name: String, _ bytes: [UInt8]) throws {
        #expect(try inflate(bytes) == .whole(Array("hello".utf8)))
        #expect(try inflate(bytes, pieces: 1, room: 1) == .whole(Array("hello".utf8)))
    }

    @Test(arguments: [1, 2, 7, .max]) func `zero bytes behind a member are passed over where that is allowed`(_ pieces: Int) throws {
        let member = fixed[0].1
        let padding = [UInt8](repeating: 0, count: 700)
        #expect(try inflate(member + padding, pieces: pieces, room: 5, allowsPadding: true) == .whole(Array("hello".utf8)))
        #expect(try inflate(member + [0] + member + padding, pieces: pieces, allowsPadding: true) == .whole(Array("hellohello".utf8)))
        for bytes in [padding, padding + member, member + padding + [1]] {
            if case .whole = try inflate(bytes, pieces: pieces, allowsPadding: true) { Issue.record("taken for gzip") }
        }
        guard case .refused = try inflate(member + padding, pieces: pieces) else { return _ = Issue.record("it was not allowed") }
    }

    @Test func `what begins otherwise is known by its first two bytes`() {
        for (count, bytes, mayBegin) in [
            (0, [], true), (0, [0x1F], true), (0, [0x1F, 0x8B], true), (0, [0x1F, 0x8A], false), (0, [0x3C, 0x8B], false), (0, [0x3C], false),
            (1, [0x8B, 1], true), (1, [0x1F], false), (2, [0], true),
        ] as [(Int, [UInt8], Bool)] {
            #expect(GzipDecoder.mayBegin(with: bytes.span, behind: count) == mayBegin, "\(bytes) behind \(count)")
        }
    }

    @Test(arguments: Compressor.Blocks.allCases)
    func `blocks of every type are inflated in pieces of any size, into rooms of any size`(_ blocks: Compressor.Blocks) throws {
        let bytes = Compressor.gzip(text, blocks)
        for pieces in [1, 2, 3, 7, 64, .max] {
            for room in [1, 2, 5, 100, text.count - 1, text.count, text.count + 1] {
                #expect(try inflate(bytes, pieces: pieces, room: room) == .whole(text), "\(pieces) \(room)")
            }
        }
    }

    @Test func `an empty content is one`() throws {
        #expect(try inflate(Compressor.gzip([])) == .whole([]))
    }

    @Test func `what ends anywhere before its end is never whole`() throws {
        let bytes = Compressor.gzip(text)
        for count in bytes.indices {
            #expect(try inflate(Array(bytes[..<count])) == .unfinished, "\(count)")
            #expect(try inflate(Array(bytes[..<count]), pieces: 1, room: 3) == .unfinished, "\(count)")
        }
    }

    @Test func `a second member that ends before its end is never whole`() throws {
        let bytes = Compressor.gzip("one")
        for count in 1..<bytes.count {
            #expect(try inflate(bytes + bytes[..<count]) == .unfinished, "\(count)")
        }
    }

    @Test func `several members are one content`() throws {
        let bytes = Compressor.gzip("one") + Compressor.gzip([]) + Compressor.gzip(text, .stored) + Compressor.gzip("three")
        let whole = Array("one".utf8) + text + Array("three".utf8)
        #expect(try inflate(bytes) == .whole(whole))
        #expect(try inflate(bytes, pieces: 1, room: 1) == .whole(whole))
    }

    @Test func `a changed bit of the checksum, the length or the header is found`() throws {
        let bytes = Compressor.gzip(text)
        // Magic number, method, and the flags that are reserved.
        let header = [(0, 0xFF), (1, 0xFF), (2, 0xFF), (3, 0xE0)]
        let trailer = (bytes.count - 8..<bytes.count).map { ($0, 0xFF) }
        for (offset, bits) in header + trailer {
            for bit in 0..<8 where bits >> bit & 1 != 0 {
                var changed = bytes
                changed[offset] ^= 1 << bit
                guard case .refused(.damaged) = try inflate(changed) else {
                    Issue.record("bit \(bit) of byte \(offset)")
                    continue
                }
            }
        }
    }

    @Test func `a changed bit of the content never goes unnoticed`() throws {
        let bytes = Compressor.gzip(text)
        for offset in 10..<bytes.count - 8 {
            for bit in 0..<8 {
                var changed = bytes
                changed[offset] ^= 1 << bit
                switch try inflate(changed) {
                case .refused, .unfinished: break
                // Bits of the padding before the trailer mean nothing.
                case .whole(let content): #expect(content == text, "bit \(bit) of byte \(offset)")
                }
            }
        }
    }

    @Test(arguments: [[0x00], [0x0A], Array("trailing".utf8), [0x1F], [0x1F, 0x8B, 0x07], [UInt8](repeating: 0, count: 512)] as [[UInt8]])
    func `what stands behind the last member makes the content wrong`(_ garbage: [UInt8]) throws {
        let bytes = Compressor.gzip(text) + garbage
        for pieces in [1, .max] {
            switch try inflate(bytes, pieces: pieces) {
            case .whole: Issue.record("taken for whole")
            case .unfinished, .refused: break
            }
        }
    }

    @Test(arguments: ["{\"plain\":1}", "\u{78}\u{9C}\u{4B}", "PK\u{3}\u{4}"])
    func `what is no gzip is refused`(_ content: String) throws {
        guard case .refused(.damaged) = try inflate(latin1(content)) else {
            Issue.record("not refused")
            return
        }
    }

    @Test func `a piece that was let go comes out at once`() throws {
        let compressor = Compressor()
        var decoder = try GzipDecoder()
        for piece in ["data: one\n\n", "data: two\n\n", "data: three\n\n"] {
            let bytes = compressor.flush(Array(piece.utf8))
            let inflated = try [UInt8](capacity: 1024) { output in
                let taken = try decoder.step(bytes.span, into: &output)
                #expect(taken == bytes.count)
            }
            #expect(inflated == Array(piece.utf8))
            #expect(!decoder.isComplete && !decoder.hasPendingOutput)
        }
    }

    @Test func `a bomb is refused once it has given out a little more than is free`() throws {
        let bytes = Compressor.gzip([UInt8](repeating: 0, count: 64 << 20))
        var decoder = try GzipDecoder()
        var position = 0
        var failure: GzipError?
        while failure == nil, position < bytes.count {
            _ = [UInt8](capacity: 65_536) { output in
                do throws(GzipError) {
                    position += try decoder.step(bytes.span.extracting(droppingFirst: position), into: &output)
                } catch {
                    failure = error
                }
            }
        }
        #expect(failure == .inflatesTooMuch)
        #expect(decoder.outputCount <= Limits.inflationFreeBytes + 65_536)
    }

    @Test func `content that compresses well and is within what is free is whole`() throws {
        let zeros = [UInt8](repeating: 0, count: Limits.inflationFreeBytes)
        #expect(try inflate(Compressor.gzip(zeros)) == .whole(zeros))
    }
}
