import Testing
import Wire

@testable import Proxy

/// Where a body's content is, and where it ends.
@Suite struct BodyReaderTests {
    private struct Reading: Equatable {
        var content = ""
        var trailers = ""
        var consumed = 0
        var isComplete = false
    }

    @Test(arguments: [1, 2, 3, 100])
    func `a body ends where its framing says, in pieces of any size`(pieceCount: Int) throws {
        #expect(try read(.none, "next", pieceCount) == Reading(content: "", consumed: 0, isComplete: true))
        #expect(try read(.length(0), "next", pieceCount) == Reading(content: "", consumed: 0, isComplete: true))
        #expect(try read(.length(5), "hellonext", pieceCount) == Reading(content: "hello", consumed: 5, isComplete: true))
        #expect(try read(.length(5), "hel", pieceCount) == Reading(content: "hel", consumed: 3, isComplete: false))
        #expect(
            try read(.chunked, "2;a=b\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\nnext", pieceCount)
                == Reading(content: "hello", trailers: "X: y\r\n", consumed: 30, isComplete: true))
        #expect(try read(.chunked, "0\r\nX: y\r\n\r", pieceCount) == Reading(consumed: 3, isComplete: false))
        #expect(try read(.chunked, "2\r\nhe\r\n", pieceCount) == Reading(content: "he", consumed: 7, isComplete: false))
        #expect(try read(.untilClose, "hello", pieceCount) == Reading(content: "hello", consumed: 5, isComplete: false))
    }

    @Test func `only a body without a length ends with its stream`() {
        #expect(!BodyReader(.none).endsWithStream && !BodyReader(.length(1)).endsWithStream && !BodyReader(.chunked).endsWithStream)
        var reader = BodyReader(.untilClose)
        #expect(reader.endsWithStream && !reader.isComplete)
        reader.streamEnded()
        #expect(reader.isComplete && !reader.endsWithStream)
    }

    @Test func `a malformed chunk is an error`() {
        var reader = BodyReader(.chunked)
        #expect(throws: MessageError.self) { try reader.step(Array("zz\r\n".utf8).span) }
    }

    private func read(_ framing: BodyFraming, _ text: String, _ pieceCount: Int) throws -> Reading {
        let bytes = Array(text.utf8)
        var reader = BodyReader(framing)
        var reading = Reading()
        var content: [UInt8] = []
        while !reader.isComplete, reading.consumed + reader.heldCount < bytes.count {
            let piece = Array(bytes[reading.consumed...].prefix(reader.heldCount + pieceCount))
            let step = try reader.step(piece.span, contentMax: 2)
            content += piece[step.content]
            reading.trailers += String(decoding: piece[step.trailers], as: UTF8.self)
            reading.consumed += step.consumed
        }
        reading.content = String(decoding: content, as: UTF8.self)
        reading.isComplete = reader.isComplete
        return reading
    }
}
