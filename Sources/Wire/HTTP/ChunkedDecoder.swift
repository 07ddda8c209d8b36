/// Reads the chunked transfer coding (RFC 9112 section 7.1), in pieces of any size.
///
///     chunked-body = *( 1*HEXDIG [ chunk-ext ] CRLF content CRLF ) 1*"0" [ chunk-ext ] CRLF trailer-section CRLF
///
/// Extensions and trailers are held to their grammar and their limits. Extensions are dropped; the trailer section is handed
/// out when it is whole, for whoever forwards it has to see whole lines.
public struct ChunkedDecoder: Sendable {
    /// What one step did.
    public struct Step: Equatable, Sendable {
        /// How many bytes of the input are done with.
        public var consumed: Int
        /// Where content stands in the input, at or before `consumed`; empty when the step read framing alone.
        public var content: Range<Int>
        /// The field lines of the trailer section, each with its CRLF: in the step that ends the body, and empty where there
        /// are none. `TrailerSection` copies those that may be forwarded.
        public var trailers: Range<Int>
        /// Whether the body has ended; what follows `consumed` is another message.
        public var isComplete: Bool
    }

    private enum State {
        case size, extensions, sizeLineFeed
        case content, contentCarriageReturn, contentLineFeed
        case trailerStart, trailerName, trailerValue, trailerLineFeed, lastLineFeed
        case complete
    }

    private var state = State.size
    private var extensions = ChunkExtensionGrammar()
    private var digitCount = 0
    private var lineCount = 0
    private var nameCount = 0
    private var trailerLineCount = 0
    private var remaining = 0
    /// Bytes read in the steps before this one: errors tell offsets in the body.
    private var offset = 0

    /// Bytes of the trailer section that were read and left in the input: the next one has to begin with them, and to have
    /// more. At most `Limits.trailerBytesMax`, and 0 before the trailer section and behind it.
    public private(set) var heldCount = 0

    /// A decoder that stands before the first chunk.
    public init() {}

    /// Reads on: up to the end of the content of one chunk, or the end of the body, or the end of the input.
    ///
    /// Call it until `isComplete`, each time with what was not consumed. When there was no content and the body has not
    /// ended, more input is needed behind the `heldCount` bytes that stay.
    ///
    /// - Parameter contentMax: how much content one step may give, at least 1.
    /// - Throws: what is wrong with the body. The decoder must not be used after that.
    public mutating func step(_ input: Span<UInt8>, contentMax: Int = .max) throws(MessageError) -> Step {
        precondition(input.count >= heldCount, "what a step left in the input is gone")
        var position = heldCount
        while position < input.count && state != .complete && state != .content {
            try read(input[position], at: offset + position)
            position += 1
        }
        var content = position..<position
        var trailers = position..<position
        if state == .content {
            content = position..<position + min(remaining, input.count - position, contentMax)
            position = content.upperBound
            remaining -= content.count
            if remaining == 0 { state = .contentCarriageReturn }
        } else if heldCount > 0 {
            let start = position - heldCount
            if state == .complete {
                trailers = start..<position - 2
                heldCount = 0
            } else {
                position = start
                content = start..<start
                trailers = content
            }
        }
        offset &+= position
        return Step(consumed: position, content: content, trailers: trailers, isComplete: state == .complete)
    }

    private mutating func read(_ byte: UInt8, at offset: Int) throws(MessageError) {
        switch state {
        case .size, .extensions, .sizeLineFeed: try readSizeLine(byte, at: offset)
        case .contentCarriageReturn:
            guard byte == .carriageReturn else { throw .chunkEndMissing }
            state = .contentLineFeed
        case .contentLineFeed:
            guard byte == .lineFeed else { throw .chunkEndMissing }
            beginSizeLine()
        case .trailerStart, .trailerName, .trailerValue, .trailerLineFeed, .lastLineFeed:
            try readTrailer(byte, at: offset)
        case .content, .complete: preconditionFailure("content and what follows the body are not framing")
        }
    }

    private mutating func beginSizeLine() {
        state = .size
        digitCount = 0
        lineCount = 0
        remaining = 0
        extensions = ChunkExtensionGrammar()
    }

    private mutating func readSizeLine(_ byte: UInt8, at offset: Int) throws(MessageError) {
        lineCount += 1
        guard lineCount <= Limits.chunkLineBytesMax else { throw .chunkLineTooLong }
        switch state {
        case .size:
            if let digit = byte.hexadecimalValue {
                digitCount += 1
                guard digitCount <= Limits.chunkSizeDigitsMax else { throw .chunkSizeTooLarge }
                remaining = remaining << 4 | digit
            } else if byte == .carriageReturn && digitCount > 0 {
                state = .sizeLineFeed
            } else if byte == UInt8(ascii: ";") && digitCount > 0 {
                state = .extensions
            } else {
                throw byte == .lineFeed ? .bareLineFeed(at: offset) : .chunkSizeInvalid(at: offset)
            }
        case .extensions:
            switch extensions.read(byte) {
            case .goesOn: break
            case .ends: state = .sizeLineFeed
            case .refused:
                throw byte == .lineFeed
                    ? .bareLineFeed(at: offset) : .byteNotAllowed(byte, in: .chunkExtension, at: offset)
            }
        default:
            guard byte == .lineFeed else { throw .bareCarriageReturn(at: offset - 1) }
            state = remaining > 0 ? .content : .trailerStart
        }
    }

    private mutating func readTrailer(_ byte: UInt8, at offset: Int) throws(MessageError) {
        heldCount += 1
        guard heldCount <= Limits.trailerBytesMax else { throw .trailersTooLong }
        switch state {
        case .trailerStart: try readTrailerStart(byte, at: offset)
        case .trailerName: try readTrailerName(byte, at: offset)
        case .trailerValue:
            if byte == .carriageReturn {
                state = .trailerLineFeed
            } else if !byte.isFieldValue {
                throw byte == .lineFeed
                    ? .bareLineFeed(at: offset) : .byteNotAllowed(byte, in: .trailerValue, at: offset)
            }
        default:
            guard byte == .lineFeed else { throw .bareCarriageReturn(at: offset - 1) }
            state = state == .lastLineFeed ? .complete : .trailerStart
        }
    }

    private mutating func readTrailerStart(_ byte: UInt8, at offset: Int) throws(MessageError) {
        switch byte {
        case .carriageReturn: state = .lastLineFeed
        case .space, .tab: throw .foldedLine(at: offset)
        case UInt8(ascii: ":"): throw .nameEmpty(at: offset)
        default:
            trailerLineCount += 1
            guard trailerLineCount <= Limits.fieldsMax else { throw .tooManyFields }
            state = .trailerName
            nameCount = 0
            try readTrailerName(byte, at: offset)
        }
    }

    private mutating func readTrailerName(_ byte: UInt8, at offset: Int) throws(MessageError) {
        switch byte {
        case UInt8(ascii: ":"): state = .trailerValue
        case .space, .tab: throw .whiteSpaceBeforeColon(at: offset)
        case .carriageReturn: throw .colonMissing(at: offset)
        case .lineFeed: throw .bareLineFeed(at: offset)
        default:
            guard byte.isToken else { throw .byteNotAllowed(byte, in: .trailerName, at: offset) }
            nameCount += 1
            guard nameCount <= Limits.fieldNameBytesMax else { throw .nameTooLong(at: offset + 1 - nameCount) }
        }
    }
}
