/// Room for the field lines of one head, allocated once and used for one head after the other.
@safe
struct FieldTable: ~Copyable, @unchecked Sendable {
    private let base: UnsafeMutablePointer<FieldLine>
    private(set) var count = 0

    init() {
        unsafe base = .allocate(capacity: Limits.fieldsMax)
    }

    deinit {
        unsafe base.deallocate()
    }

    subscript(index: Int) -> FieldLine {
        @inline(__always) get {
            precondition(index >= 0 && index < count)
            return unsafe base[index]
        }
    }

    /// Adds a line. The caller has seen that there is room: `count < Limits.fieldsMax`.
    @inline(__always)
    mutating func append(_ line: FieldLine) {
        precondition(count < Limits.fieldsMax)
        unsafe base.advanced(by: count).initialize(to: line)
        count &+= 1
    }

    mutating func removeAll() { count = 0 }
}
