/// A field name of 2 to 19 bytes in lower case, as up to three words that cover it, the last two overlapping.
///
///     content-length          first = "content-", last = "t-length"
///     proxy-authorization     first = "proxy-au", middle = "thorizat", last = "ization" and the byte before
///
/// Setting bit 5 of every byte folds the letters, leaves `-` and the digits, and lets no other byte that may stand in a
/// field value become one of them.
struct FoldedName: Equatable {
    private var first: UInt64
    private var middle: UInt64 = 0
    private var last: UInt64 = 0
    private let count: UInt64

    static let counts = 2...19
    private static let fold: UInt64 = 0x2020_2020_2020_2020

    @inline(__always)
    init(_ bytes: Span<UInt8>, at start: Int, count: Int) {
        self.count = UInt64(truncatingIfNeeded: count)
        guard count >= 8 else {
            first = bytes.shortWord(at: start, count: count) | (Self.fold & Self.lowBytes(count))
            return
        }
        first = bytes.word(at: start) | Self.fold
        last = bytes.word(at: start &+ count &- 8) | Self.fold
        if count > 16 { middle = bytes.word(at: start &+ 8) | Self.fold }
    }

    /// The same where the caller has the eight bytes from `start` on, and has seen that they and the name are there.
    @inline(__always)
    @unsafe init(_ bytes: Span<UInt8>, at start: Int, beginning word: UInt64, count: Int) {
        self.count = UInt64(truncatingIfNeeded: count)
        guard count >= 8 else {
            first = (word | Self.fold) & Self.lowBytes(count)
            return
        }
        first = word | Self.fold
        last = unsafe bytes.uncheckedWord(at: start &+ count &- 8) | Self.fold
        if count > 16 { middle = unsafe bytes.uncheckedWord(at: start &+ 8) | Self.fold }
    }

    /// All bits of the lowest bytes, fewer than eight of them.
    private static func lowBytes(_ count: Int) -> UInt64 { (1 &<< UInt64(truncatingIfNeeded: count &* 8)) &- 1 }

    /// One of `places` numbers, which is another for each of the known names.
    @inline(__always)
    var place: Int { Int(truncatingIfNeeded: ((first ^ count) &* 0x1C6F_10BA_DEA9_3A03) >> 58) }

    static var places: Int { 64 }

    mutating func replaceUnderscores() {
        first = Self.hyphensForUnderscores(first)
        middle = Self.hyphensForUnderscores(middle)
        last = Self.hyphensForUnderscores(last)
    }

    /// `_`, which folding made 0x7F, becomes `-`; 0x52 is the difference of the two.
    private static func hyphensForUnderscores(_ word: UInt64) -> UInt64 {
        let low: UInt64 = 0x7F7F_7F7F_7F7F_7F7F
        let difference = word ^ low
        let equal = ~(((difference & low) &+ low) | difference | low)
        return word ^ ((equal >> 7) &* 0x52)
    }

    /// In one comparison, for mostly all of it is the same.
    @inline(__always)
    static func == (left: FoldedName, right: FoldedName) -> Bool {
        (left.first ^ right.first) | (left.middle ^ right.middle) | (left.last ^ right.last) | (left.count ^ right.count) == 0
    }

    @inline(__always)
    var isKeepAlive: Bool { count == 10 && first == literal("keep-ali") && last == literal("ep-alive") }
}

/// The known field names, found by their bytes with one look. There is one table, which is never freed.
@safe
struct KnownNames: @unchecked Sendable {
    private struct Entry {
        let folded: FoldedName
        let name: FieldName
    }

    static let table = KnownNames()

    /// `FoldedName.places` of them.
    private let entries: UnsafePointer<Entry>

    private init() {
        let none: [UInt8] = [0, 0]
        let entries = UnsafeMutablePointer<Entry>.allocate(capacity: FoldedName.places)
        unsafe entries.initialize(repeating: Entry(folded: FoldedName(none.span, at: 0, count: 2), name: .other), count: FoldedName.places)
        for name in FieldName.allCases where name != .other {
            let text = Array(name.text.utf8)
            precondition(FoldedName.counts.contains(text.count), "a known name has another length than may be")
            let folded = FoldedName(text.span, at: 0, count: text.count)
            precondition(unsafe entries[folded.place].name == .other, "two known names have the same place: the factor has to be another")
            unsafe entries[folded.place] = Entry(folded: folded, name: name)
        }
        unsafe self.entries = UnsafePointer(entries)
    }

    @inline(__always)
    func name(_ folded: FoldedName) -> FieldName {
        let entry = unsafe entries + folded.place
        return unsafe entry.pointee.folded == folded ? entry.pointee.name : .other
    }
}
