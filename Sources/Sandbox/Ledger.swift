/// What a service did and cannot undo, in the order in which it did it. Nothing is ever merged or dropped, so a
/// request that came twice stands here twice.
struct Ledger<Entry> {
    private(set) var entries: [Entry] = []

    /// Whether no entry can be added.
    var isFull: Bool { entries.count >= Limits.ledgerEntriesMax }

    /// The sequence number of the next entry; the first is 1.
    var nextSequence: Int { entries.count + 1 }

    mutating func append(_ entry: Entry) {
        precondition(!isFull, "a full ledger has to refuse the request")
        entries.append(entry)
    }
}
