internal import Wire

/// Reads the content of one request.
struct ContentReader {
    private enum Coding {
        /// Bytes that are still to come.
        case length(Int)
        case chunked(ChunkedDecoder)
    }

    private var coding: Coding
    private(set) var content: [UInt8] = []
    /// Bytes of content so far, kept or not.
    private(set) var count = 0
    var isComplete: Bool

    /// Bytes that were read and left in the input: only with more behind them is there anything to read.
    var heldCount: Int {
        if case .chunked(let decoder) = coding { return decoder.heldCount }
        return 0
    }

    init(framing: BodyFraming) {
        switch framing {
        case .none, .untilClose: coding = .length(0)
        case .length(let count): coding = .length(count)
        case .chunked: coding = .chunked(ChunkedDecoder())
        }
        isComplete = if case .length(0) = coding { true } else { false }
    }

    /// Takes what belongs to the content, keeps it or drops it, and returns how many bytes it took.
    mutating func read(_ input: Span<UInt8>, isKept: Bool) throws(MessageError) -> Int {
        switch coding {
        case .length(let remaining):
            let taken = min(remaining, input.count)
            add(input.extracting(0..<taken), isKept: isKept)
            coding = .length(remaining - taken)
            isComplete = taken == remaining
            return taken
        case .chunked(var decoder):
            let step = try decoder.step(input)
            add(input.extracting(step.content), isKept: isKept)
            coding = .chunked(decoder)
            isComplete = step.isComplete
            return step.consumed
        }
    }

    private mutating func add(_ piece: Span<UInt8>, isKept: Bool) {
        count += piece.count
        guard isKept else { return }
        piece.withUnsafeBufferPointer { content.append(contentsOf: $0) }
    }
}
