/// Bytes that nobody may see but the peer they are meant for: a token, a password, a rendered token call.
///
/// The bytes stand in memory of their own, which is overwritten before it is given back. Every way to print, dump or
/// reflect upon a secret says `(secret)`. Equality takes the same time wherever two secrets of one length differ.
/// Copies made elsewhere, as by the `String` a secret came in, are not reached by the wiping.
// Unchecked, and safe: the memory is written in the initialisers alone, read only after them, and never lent beyond a call.
@safe public final class Secret: @unchecked Sendable {
    /// In bytes.
    public let count: Int
    private let storage: UnsafeMutableBufferPointer<UInt8>

    /// Takes a copy of the string's UTF-8.
    public convenience init(_ string: String) {
        self.init(Array(string.utf8))
    }

    /// Takes a copy of the bytes.
    public convenience init(_ bytes: [UInt8]) {
        self.init(capacity: bytes.count) { output in
            for byte in bytes { output.append(byte) }
        }
    }

    /// Holds what `render` appends; it has room for `capacity` bytes.
    init(capacity: Int, rendering render: (inout OutputSpan<UInt8>) -> Void) {
        let storage = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: capacity)
        unsafe storage.initialize(repeating: 0)
        var output = unsafe OutputSpan(buffer: storage, initializedCount: 0)
        render(&output)
        unsafe count = output.finalize(for: storage)
        unsafe self.storage = unsafe storage
    }

    deinit {
        unsafe Self.wipe(storage)
        unsafe storage.deallocate()
    }

    /// Lends the bytes for the length of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeElements: UnsafeBufferPointer(start: storage.baseAddress, count: count)))
    }

    // Never inlined: next to the deallocation, the compiler may take writes that nobody reads for superfluous.
    @inline(never)
    static func wipe(_ bytes: UnsafeMutableBufferPointer<UInt8>) {
        unsafe bytes.update(repeating: 0)
    }
}

extension Secret: Equatable {
    /// Takes time by the length alone.
    public static func == (left: Secret, right: Secret) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        left.withBytes { leftBytes in
            right.withBytes { rightBytes in
                for index in 0..<leftBytes.count { difference |= leftBytes[index] ^ rightBytes[index] }
            }
        }
        return difference == 0
    }
}

extension Secret: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    public var description: String { "(secret)" }
    public var debugDescription: String { "(secret)" }
    public var customMirror: Mirror { Mirror(self, children: []) }
}
