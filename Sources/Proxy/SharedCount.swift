internal import Synchronization

/// A number that several loops count with, each at any time.
final class SharedCount: Sendable {
    private let number = Atomic<Int>(0)

    var value: Int { number.load(ordering: .sequentiallyConsistent) }

    /// What it is with this.
    @discardableResult
    func add(_ count: Int) -> Int { number.add(count, ordering: .sequentiallyConsistent).newValue }

    func set(_ value: Int) { number.store(value, ordering: .relaxed) }
}
