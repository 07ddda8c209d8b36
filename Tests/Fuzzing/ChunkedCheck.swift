import Wire

/// `ChunkedDecoder`: the same in pieces, and as `PlainChunks` has it; and `ChunkedEncoder` makes what it reads.
enum ChunkedCheck {
    private enum Reading: Equatable {
        case incomplete(content: [UInt8])
        case refused(MessageError)
        case accepted(PlainChunks)

        var isRefused: Bool {
            if case .refused = self { true } else { false }
        }

        var chunks: PlainChunks? {
            if case .accepted(let chunks) = self { chunks } else { nil }
        }
    }

    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let whole = read(bytes, cuts: nil)
        try Disagreement.unless(read(bytes, cuts: Cuts(bytes)), is: whole, "chunks read in pieces, and at once")
        switch PlainChunks.read(bytes) {
        case .success(let chunks): try Disagreement.unless(whole, is: .accepted(chunks), "chunks, and as they are read plainly")
        case .failure(.refused): try Disagreement.unless(whole.isRefused, "chunks that are plainly none: \(whole)")
        // What is refused before its line has ended, the plain reader waits for.
        case .failure(.incomplete): try Disagreement.unless(whole.chunks == nil, "chunks that are plainly not whole: \(whole)")
        }
        try Disagreement.unless(read(encoded(bytes), cuts: nil).chunks?.content, is: bytes, "content that was put in chunks and read again")
        switch whole {
        case .incomplete: return "incomplete"
        case .refused: return "refused"
        case .accepted(let chunks): return "accepted \(chunks.count) \(hexadecimal(chunks.content))"
        }
    }

    private static func read(_ bytes: [UInt8], cuts: Cuts?) -> Reading {
        var cuts = cuts
        var decoder = ChunkedDecoder()
        var chunks = PlainChunks()
        var available = cuts == nil ? bytes.count : 0
        do throws(MessageError) {
            while true {
                let input = bytes.span.extracting(chunks.count..<available)
                let step = try decoder.step(input, contentMax: cuts?.piece() ?? .max)
                chunks.content += bytes[(chunks.count + step.content.lowerBound)..<(chunks.count + step.content.upperBound)]
                chunks.trailers = Array(bytes[(chunks.count + step.trailers.lowerBound)..<(chunks.count + step.trailers.upperBound)])
                chunks.count += step.consumed
                if step.isComplete { return .accepted(chunks) }
                if step.consumed > 0, chunks.count < available { continue }
                if available == bytes.count { return .incomplete(content: chunks.content) }
                available = min(bytes.count, available + cuts!.piece())
            }
        } catch {
            return .refused(error)
        }
    }

    /// In chunks of many sizes.
    private static func encoded(_ content: [UInt8]) -> [UInt8] {
        var cuts = Cuts(content)
        var body: [UInt8] = []
        var rest = content[...]
        while !rest.isEmpty {
            let piece = rest.prefix(cuts.piece())
            rest = rest.dropFirst(piece.count)
            body += written { ChunkedEncoder.writeSize(piece.count, into: &$0) } + piece + written { ChunkedEncoder.writeEnd(into: &$0) }
        }
        return body + written { ChunkedEncoder.writeLast(into: &$0) }
    }

    private static func written(_ write: (inout OutputSpan<UInt8>) -> Bool) -> [UInt8] {
        [UInt8](capacity: 64) { output in
            let fits = write(&output)
            precondition(fits, "64 bytes are enough for what frames a chunk")
        }
    }
}
