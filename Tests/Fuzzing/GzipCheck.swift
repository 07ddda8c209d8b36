import Compressor
import Wire

/// `GzipDecoder`: the same in pieces and with little room, never more than the ratio allows; and what zlib compressed comes back whole.
/// Python's zlib says whether it is right.
enum GzipCheck {
    private struct Reading: Equatable {
        var content: [UInt8] = []
        var isComplete = false
        var isRefused = false
    }

    static func run(_ bytes: [UInt8]) throws(Disagreement) -> String {
        let whole = read(bytes, cuts: nil)
        let pieces = read(bytes, cuts: Cuts(bytes))
        if !whole.isRefused || !pieces.isRefused {
            try Disagreement.unless(pieces, is: whole, "gzip read in pieces, and at once")
        }
        for blocks in Compressor.Blocks.allCases {
            let back = read(Compressor.gzip(bytes, blocks), cuts: Cuts(bytes))
            try Disagreement.unless(back, is: Reading(content: bytes, isComplete: true), "content that was compressed")
        }
        let verdict = whole.isRefused ? "refused" : whole.isComplete ? "accepted" : "incomplete"
        return "\(verdict) \(hexadecimal(whole.isRefused ? [] : whole.content))"
    }

    private static func read(_ bytes: [UInt8], cuts: Cuts?) -> Reading {
        var cuts = cuts
        var reading = Reading()
        do throws(GzipError) {
            var decoder = try GzipDecoder()
            var consumed = 0
            while consumed < bytes.count || decoder.hasPendingOutput {
                let available = min(bytes.count, cuts == nil ? bytes.count : consumed + cuts!.piece())
                let room = cuts == nil ? 65_536 : cuts!.piece()
                var taken = 0
                var failure: GzipError?
                reading.content += [UInt8](capacity: room) { output in
                    do throws(GzipError) {
                        taken = try decoder.step(bytes.span.extracting(consumed..<available), into: &output)
                    } catch {
                        failure = error
                    }
                }
                if let failure { throw failure }
                consumed += taken
                precondition(decoder.inputCount == consumed && decoder.outputCount == reading.content.count, "the counts are of what was done")
                precondition(reading.content.count <= max(Limits.inflationFreeBytes + room, consumed * Limits.inflationRatioMax + room))
            }
            reading.isComplete = decoder.isComplete
        } catch {
            reading.isRefused = true
        }
        return reading
    }
}
