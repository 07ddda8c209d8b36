import Testing
import Wire

@Suite struct ChunkedTests {
    @Test func `content is handed out as it comes, and framing alone gives none`() throws {
        var decoder = ChunkedDecoder()
        let steps: [(input: String, consumed: Int, content: Range<Int>, isComplete: Bool)] = [
            ("5\r\nhel", 6, 3..<6, false), ("lo\r\n0\r\n", 2, 0..<2, false), ("\r\n0\r\n", 5, 5..<5, false),
            ("\r", 0, 0..<0, false), ("\r\nNEXT", 2, 2..<2, true), ("NEXT", 0, 0..<0, true),
        ]
        for expected in steps {
            let step = try decoder.step(latin1(expected.input).span)
            #expect(step.consumed == expected.consumed)
            #expect(step.content == expected.content)
            #expect(step.isComplete == expected.isComplete)
        }
    }

    @Test(arguments: [1, 9, 10, 15, 16, 255, 256, 4096, 65_536, 1_000_000])
    func `what the encoder writes, the decoder reads`(_ size: Int) throws {
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
        var reading = MessageReading(bytes, inPiecesOf: bytes.count)
        var (end, read): (Int, [UInt8]) = (0, [])
        let isWhole = try reading.chunks(from: &end, into: &read)
        #expect(isWhole && end == bytes.count && read == content)
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
