internal import Wire

/// Finds the content in a body as it arrives, by the framing that its head announced (RFC 9112, section 6).
struct BodyReader {
    private enum State {
        case complete, length, chunked, untilClose
    }

    struct Step {
        /// Bytes of the input that are done with.
        var consumed: Int
        /// The part of them that is content.
        var content: Range<Int>
        /// The part of them that is field lines of a trailer section: in the last step, and empty where there are none.
        var trailers = 0..<0
    }

    private var state: State
    /// Of a content of known length.
    private var remaining = 0
    private var decoder = ChunkedDecoder()
    private var hasDecoder = false

    init(_ framing: BodyFraming) {
        state = .complete
        begin(framing)
    }

    /// Another body begins.
    @inline(__always)
    mutating func begin(_ framing: BodyFraming) {
        remaining = 0
        // Most bodies need none, and it is the most of what would have to be written.
        if hasDecoder { decoder = ChunkedDecoder() }
        hasDecoder = false
        switch framing {
        case .none, .length(0): state = .complete
        case .length(let count):
            state = .length
            remaining = count
        case .chunked:
            state = .chunked
            hasDecoder = true
        case .untilClose: state = .untilClose
        }
    }

    var isComplete: Bool { state == .complete }

    /// Bytes at the start of the input that were read and left there: only with more behind them is there another step.
    var heldCount: Int { state == .chunked ? decoder.heldCount : 0 }

    /// Whether the end of the stream is the proper end of the body.
    var endsWithStream: Bool { state == .untilClose }

    /// The stream ended where that ends the body.
    mutating func streamEnded() {
        precondition(endsWithStream, "this body does not end with its stream")
        state = .complete
    }

    /// Takes the next part of `input`, of content at most `contentMax` bytes. Progress is made unless more input is needed
    /// than the `heldCount` bytes that were left there.
    mutating func step(_ input: Span<UInt8>, contentMax: Int = .max) throws(MessageError) -> Step {
        switch state {
        case .complete:
            return Step(consumed: 0, content: 0..<0)
        case .length:
            let count = min(remaining, input.count, contentMax)
            remaining -= count
            if remaining == 0 { state = .complete }
            return Step(consumed: count, content: 0..<count)
        case .chunked:
            let step = try decoder.step(input, contentMax: contentMax)
            if step.isComplete { state = .complete }
            return Step(consumed: step.consumed, content: step.content, trailers: step.trailers)
        case .untilClose:
            let count = min(input.count, contentMax)
            return Step(consumed: count, content: 0..<count)
        }
    }
}
