/// A pattern over bytes, in which `*` stands for any run of them.
///
///     /api/v1/block/*     below /api/v1/block
///     /users/*/nodes      one segment in the middle
///     getblock*           names
///
/// Matching takes one step a byte, whatever the pattern and the text: all ways that a text may go through the pattern are
/// followed side by side, one bit each, so there is nothing to go back to.
public struct Glob: Sendable, Equatable {
    /// Bytes of a pattern besides its stars: one bit each, and one for the end.
    public static let literalsMax = 127

    /// A set of places in the pattern: bit n is set where the first n literals are behind.
    public typealias Places = UInt128

    /// The pattern as it was written.
    public let text: String
    /// By byte: where it is the next literal.
    private let steps: [Places]
    /// Where any byte may be passed over, and where any but a slash.
    private let anywhere: Places
    private let withinSegment: Places
    private let end: Places

    /// A pattern over paths: `*` stops at a slash, `**` does not, and neither does a `*` that is all that follows the last slash.
    /// Nil if it has more than `literalsMax` bytes besides its stars.
    public init?(path text: String, ignoresCase: Bool = false) {
        self.init(text, isPath: true, ignoresCase: ignoresCase)
    }

    /// A pattern over names: `*` stands for anything. Nil likewise.
    public init?(name text: String) {
        self.init(text, isPath: false, ignoresCase: false)
    }

    private init?(_ text: String, isPath: Bool, ignoresCase: Bool) {
        let slash = UInt8(ascii: "/")
        let star = UInt8(ascii: "*")
        let pattern = Array(text.utf8)
        var steps = [Places](repeating: 0, count: 256)
        var anywhere: Places = 0
        var withinSegment: Places = 0
        var place: Places = 1
        var index = 0
        while index < pattern.count {
            let byte = pattern[index]
            let start = index
            index += 1
            if byte == star {
                while index < pattern.count, pattern[index] == star { index += 1 }
                let isTail = index == pattern.count && start > 0 && pattern[start - 1] == slash
                if !isPath || isTail || index - start > 1 { anywhere |= place } else { withinSegment |= place }
            } else {
                guard place >> Places(Self.literalsMax) == 0 else { return nil }
                steps[Int(byte)] |= place
                if ignoresCase, byte.isLetter { steps[Int(byte ^ 0x20)] |= place }
                place <<= 1
            }
        }
        self.text = text
        self.steps = steps
        self.anywhere = anywhere
        self.withinSegment = withinSegment
        end = place
    }

    /// Where a text stands that has not begun.
    public static let start: Places = 1

    /// Where a text stands after more of it; zero if nothing behind it can match any more.
    public func advance(_ places: Places, over bytes: Span<UInt8>, _ range: Range<Int>) -> Places {
        var places = places
        for index in range {
            let byte = bytes[index]
            var next = (places & steps[Int(byte)]) << 1 | places & anywhere
            if byte != UInt8(ascii: "/") { next |= places & withinSegment }
            if next == 0 { return 0 }
            places = next
        }
        return places
    }

    /// Whether a text that stands there may end.
    public func isMatch(_ places: Places) -> Bool { places & end != 0 }

    /// Whether the pattern takes all of the bytes.
    public func matches(_ bytes: Span<UInt8>) -> Bool {
        isMatch(advance(Self.start, over: bytes, 0..<bytes.count))
    }
}

extension UInt8 {
    fileprivate var isLetter: Bool {
        switch self {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"): true
        default: false
        }
    }
}
