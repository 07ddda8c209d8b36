internal import Synchronization

/// A mark that several loops set and take away; what was done before either is seen by whoever finds it so.
final class SharedFlag: Sendable {
    private let flag = Atomic<Bool>(false)

    var isSet: Bool { flag.load(ordering: .sequentiallyConsistent) }

    /// True for the one that set it.
    @discardableResult
    func set() -> Bool { !flag.exchange(true, ordering: .sequentiallyConsistent) }

    func clear() { flag.store(false, ordering: .sequentiallyConsistent) }
}
