/// Parts of a configuration at work, each by a number that no other part ever gets. As a sequence, those of the configuration in force,
/// in its order; one that a reload has replaced keeps its number until nothing refers to it any more.
struct Slots<Element: AnyObject>: Sequence {
    struct Iterator: IteratorProtocol {
        fileprivate let slots: [Element?]
        fileprivate var rest: ArraySlice<Int>

        mutating func next() -> Element? { rest.popFirst().flatMap { slots[$0] } }
    }

    private var slots: [Element?] = []
    /// The numbers of those in force.
    private(set) var present: [Int] = []

    /// The number of the next.
    var nextIndex: Int { slots.count }

    var count: Int { present.count }

    subscript(_ index: Int) -> Element {
        @inline(__always) get {
            guard let element = slots[index] else { preconditionFailure("a part of a configuration was let go of too early") }
            return element
        }
    }

    /// The part of a number that may have been let go of meanwhile.
    func living(_ index: Int) -> Element? { slots.indices.contains(index) ? slots[index] : nil }

    /// One more, behind the others.
    mutating func append(_ element: Element) {
        present.append(slots.count)
        slots.append(element)
    }

    /// From now on these are in force.
    mutating func enforce(_ indices: [Int]) { present = indices }

    /// Nothing refers to it.
    mutating func remove(_ index: Int) {
        present.removeAll { $0 == index }
        slots[index] = nil
    }

    func makeIterator() -> Iterator { Iterator(slots: slots, rest: present[...]) }
}
