import Testing
import Wire

@Suite struct ChunkedTests {
    @Test(arguments: chunkedVectors)
    func `a chunked body means what it should, whole, in pieces, and with bytes behind it`(_ vector: ChunkedVector) {
        for size in [max(vector.bytes.count, 1), 1, 2, 3, 7] {
            #expect(decode(vector.bytes, inPiecesOf: size) == vector.expected, "in pieces of \(size)")
        }
        guard vector.expected != .incomplete else { return }
        let followed = vector.bytes + latin1("GET / HTTP/1.1\r\n")
        #expect(decode(followed, inPiecesOf: followed.count) == vector.expected)
    }

    @Test(arguments: 0..<40)
    func `a damaged body means the same whole and byte by byte`(_ seed: Int) {
        var random = SeededGenerator(state: UInt64(seed))
        for vector in chunkedVectors where vector.bytes.count < 300 {
            let damaged = damage(vector.bytes, using: &random)
            let whole = decode(damaged, inPiecesOf: max(damaged.count, 1))
            #expect(whole == decode(damaged, inPiecesOf: 1), "\(latin1(damaged).debugDescription)")
        }
    }

    @Test func `content is handed out as it comes, and framing alone gives none`() throws {
        var decoder = ChunkedDecoder()
        let steps: [(input: String, consumed: Int, content: Range<Int>, isComplete: Bool)] = [
            ("5\r\nhel", 6, 3..<6, false), ("lo\r\n0\r\n", 2, 0..<2, false), ("\r\n0\r\n", 5, 5..<5, false),
            ("\r\nNEXT", 2, 2..<2, true), ("NEXT", 0, 0..<0, true),
        ]
        for expected in steps {
            let step = try decoder.step(latin1(expected.input).span)
            #expect(step.consumed == expected.consumed)
            #expect(step.content == expected.content)
            #expect(step.isComplete == expected.isComplete)
        }
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4096, 65_536, 1_000_000])
    func `what the encoder writes, the decoder reads`(_ size: Int) {
        let content = (0..<size).map { UInt8(truncatingIfNeeded: $0) }
        var written: [Bool] = []
        let bytes = [UInt8](capacity: size + ChunkedEncoder.overheadMax + ChunkedEncoder.lastCount) { output in
            written.append(ChunkedEncoder.writeSize(size, into: &output))
            for byte in content { output.append(byte) }
            written.append(ChunkedEncoder.writeEnd(into: &output))
            written.append(ChunkedEncoder.writeLast(into: &output))
        }
        #expect(written == [true, true, true])
        #expect(latin1(bytes.prefix { $0 != 13 }) == String(size, radix: 16))
        #expect(decode(bytes, inPiecesOf: bytes.count) == .accepted(content, count: bytes.count))
    }

    @Test func `the greatest size fits into what is promised`() {
        var written: [Bool] = []
        let bytes = [UInt8](capacity: ChunkedEncoder.overheadMax) { output in
            written.append(ChunkedEncoder.writeSize(.max, into: &output))
            written.append(ChunkedEncoder.writeEnd(into: &output))
        }
        #expect(written == [true, true])
        #expect(latin1(bytes) == "7fffffffffffffff\r\n\r\n")
    }

    @Test func `without room nothing is written`() {
        var written: [Bool] = []
        let bytes = [UInt8](capacity: 4) { output in
            written.append(ChunkedEncoder.writeSize(0x123, into: &output))
            written.append(ChunkedEncoder.writeLast(into: &output))
            written.append(ChunkedEncoder.writeSize(0x12, into: &output))
            written.append(ChunkedEncoder.writeEnd(into: &output))
        }
        #expect(written == [false, false, true, false])
        #expect(latin1(bytes) == "12\r\n")
    }
}
