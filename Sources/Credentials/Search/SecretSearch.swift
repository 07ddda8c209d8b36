/// Finds secrets in bytes that they must not stand in, in every form of `Spellings`, and writes asterisks over them.
///
/// An answer is mostly not looked at. A form of at least m bytes that stands somewhere has, at one of any m - 3 places in
/// succession, four bytes of its own: so of every `stride` bytes four are looked up in a table of those. Only where they are
/// in it are bytes compared.
///
///     content   |....|....|....|....|....|
///     looked up  ^^^^ ^^^^ ^^^^ ^^^^ ^^^^     every `stride`
///     a form            ########              covers one of them
///
/// What it holds of the secrets is in memory of `Secret`.
public final class SecretSearch: Sendable {
    private let forms: [Secret]
    /// Bytes from one place that is looked at to the next.
    private let stride: Int
    /// A bit for each hash of four bytes: set for those at the first `stride` places of a form.
    private let table: Secret
    /// A bit for each byte: set for those that some form has.
    private let alphabet: InlineArray<4, UInt64>

    /// Looks for these. One with fewer than `Limits.soughtBytesMin` bytes would be found where it was not meant, and is not
    /// looked for, nor is a form of more than `Limits.soughtBytesMax`; nil if none is left.
    public convenience init?(_ secrets: [Secret], limits: Limits = Limits()) {
        let forms = secrets.filter { $0.count >= limits.soughtBytesMin }.flatMap(Spellings.all)
        self.init(forms: forms.filter { $0.count >= limits.soughtBytesMin && $0.count <= limits.soughtBytesMax })
    }

    /// Looks for what either looks for.
    public convenience init?(_ one: SecretSearch, _ other: SecretSearch) {
        self.init(forms: one.forms + other.forms.filter { !one.forms.contains($0) })
    }

    private init?(forms: [Secret]) {
        guard let shortest = forms.map(\.count).min() else { return nil }
        let stride = min(shortest - Self.wordCount + 1, Self.strideMax)
        self.forms = forms
        self.stride = stride
        table = Secret(capacity: Self.tableCount) { output in
            var bits = [UInt8](repeating: 0, count: Self.tableCount)
            for form in forms {
                form.withBytes { bytes in
                    for offset in 0..<stride {
                        let hash = Self.hash(Self.word(bytes, at: offset))
                        bits[hash >> 3] |= 1 << UInt8(hash & 7)
                    }
                }
            }
            for index in bits.indices {
                output.append(bits[index])
                bits[index] = 0
            }
        }
        var alphabet = InlineArray<4, UInt64>(repeating: 0)
        for form in forms {
            form.withBytes { bytes in
                for index in bytes.indices { alphabet[Int(bytes[index] >> 6)] |= 1 << UInt64(bytes[index] & 63) }
            }
        }
        self.alphabet = alphabet
    }

    private static let wordCount = 4
    private static let strideMax = 64
    /// In bytes; 2^16 bits.
    private static let tableCount = 8192

    /// Writes asterisks over every form that stands whole in `bytes`.
    ///
    /// - Returns: how many of the last bytes are the beginning of a form, and may turn out to be one with what follows.
    public func hide(in bytes: inout MutableSpan<UInt8>) -> Int {
        var searched = 0
        var tail = bytes.count
        var place = listedPlace(in: bytes.span, from: 0)
        while place <= bytes.count - Self.wordCount {
            if let found = match(in: bytes.span, around: place, from: searched) {
                if found.isWhole {
                    for index in found.lowerBound..<found.upperBound { bytes[index] = UInt8(ascii: "*") }
                    searched = found.upperBound
                    if tail < searched { tail = bytes.count }
                } else {
                    tail = min(tail, found.lowerBound)
                }
            }
            place = listedPlace(in: bytes.span, from: place + stride)
        }
        return bytes.count - min(tail, shortTail(of: bytes.span, from: searched))
    }

    /// The first place that is looked at, from `start` on, whose four bytes are in the table; behind the last place if there is none.
    private func listedPlace(in bytes: Span<UInt8>, from start: Int) -> Int {
        table.withBytes { table in
            precondition(table.count == Self.tableCount && start >= 0)
            let stride = stride
            let last = bytes.count &- Self.wordCount
            var place = start
            while true {
                // Four places in one go: mostly none of these has so much as a byte of the table that is not zero. `place` has only
                // grown, so all of them lie between `start` and `last`.
                while place <= last &- 3 &* stride {
                    let first = unsafe Self.entry(of: Self.uncheckedWord(bytes, at: place), in: table)
                    let second = unsafe Self.entry(of: Self.uncheckedWord(bytes, at: place &+ stride), in: table)
                    let third = unsafe Self.entry(of: Self.uncheckedWord(bytes, at: place &+ 2 &* stride), in: table)
                    let fourth = unsafe Self.entry(of: Self.uncheckedWord(bytes, at: place &+ 3 &* stride), in: table)
                    if first | second | third | fourth != 0 { break }
                    place &+= 4 &* stride
                }
                let end = min(last, place &+ 3 &* stride)
                while place <= end {
                    if Self.isListed(Self.word(bytes, at: place), in: table) { return place }
                    place &+= stride
                }
                if place > last { return place }
            }
        }
    }

    /// A content has ended in `bytes`, the last that `hide` called the beginning of a form. Writes asterisks over them where they
    /// are so much of one that it would tell the secret: half of it, and no fewer than `Limits.cutBytesMin`.
    public func hideCut(in bytes: inout MutableSpan<UInt8>, limits: Limits = Limits()) {
        for start in bytes.indices {
            let count = bytes.count - start
            guard count >= limits.cutBytesMin else { return }
            guard forms.contains(where: { $0.count <= 2 * count && stands($0, in: bytes.span, at: start, comparedFirst: 0) }) else { continue }
            for index in start..<bytes.count { bytes[index] = UInt8(ascii: "*") }
            return
        }
    }

    private struct Match {
        let lowerBound: Int
        let upperBound: Int
        /// False: `bytes` end within it.
        let isWhole: Bool
    }

    /// The form that covers `place` with one of its first `stride` places; one that is whole rather than one that is not.
    private func match(in bytes: Span<UInt8>, around place: Int, from start: Int) -> Match? {
        var partial: Match?
        for form in forms {
            for offset in 0..<max(0, min(stride, place - start + 1)) {
                let lowerBound = place - offset
                guard stands(form, in: bytes, at: lowerBound, comparedFirst: offset) else { continue }
                let upperBound = lowerBound + form.count
                if upperBound <= bytes.count { return Match(lowerBound: lowerBound, upperBound: upperBound, isWhole: true) }
                if partial.map({ $0.lowerBound > lowerBound }) ?? true {
                    partial = Match(lowerBound: lowerBound, upperBound: bytes.count, isWhole: false)
                }
            }
        }
        return partial
    }

    /// Whether a form stands there, as far as `bytes` go.
    private func stands(_ form: Secret, in bytes: Span<UInt8>, at start: Int, comparedFirst first: Int) -> Bool {
        form.withBytes { form in
            guard form[first] == bytes[start + first] else { return false }
            for index in 0..<min(form.count, bytes.count - start) where form[index] != bytes[start + index] { return false }
            return true
        }
    }

    /// Where a beginning begins that is too short to have covered a place that was looked at; the end if there is none.
    private func shortTail(of bytes: Span<UInt8>, from start: Int) -> Int {
        var first = bytes.count
        let end = max(start, bytes.count - stride - Self.wordCount + 1)
        while first > end, isInAlphabet(bytes[first - 1]) { first -= 1 }
        while first < bytes.count {
            if forms.contains(where: { stands($0, in: bytes, at: first, comparedFirst: 0) }) { return first }
            first += 1
        }
        return first
    }

    private func isInAlphabet(_ byte: UInt8) -> Bool { alphabet[Int(byte >> 6)] >> UInt64(byte & 63) & 1 != 0 }

    @inline(__always)
    private static func isListed(_ word: UInt32, in table: Span<UInt8>) -> Bool {
        entry(of: word, in: table) >> UInt8(truncatingIfNeeded: hash(word) & 7) & 1 != 0
    }

    /// The byte of the table that has the word's bit.
    @inline(__always)
    private static func entry(of word: UInt32, in table: Span<UInt8>) -> UInt8 { table[hash(word) >> 3] }

    /// The four bytes from `offset`, the first in the lowest place.
    @inline(__always)
    private static func word(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        precondition(offset >= 0 && offset <= bytes.count &- wordCount)
        return unsafe uncheckedWord(bytes, at: offset)
    }

    /// The same where the caller has seen that they are among `bytes`.
    @inline(__always)
    @unsafe private static func uncheckedWord(_ bytes: Span<UInt8>, at offset: Int) -> UInt32 {
        unsafe UInt32(littleEndian: bytes.bytes.unsafeLoadUnaligned(fromUncheckedByteOffset: offset, as: UInt32.self))
    }

    @inline(__always)
    private static func hash(_ word: UInt32) -> Int { Int((word &* 0x9E37_79B1) >> 16) }
}
