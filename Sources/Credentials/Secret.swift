internal import CMemory

/// Bytes that nobody may see but the peer they are meant for: a token, a password, a rendered token call.
///
/// The bytes stand in pages of their own, which are in no core file, in no process that is forked off, not in the swap as far as the
/// system allows (RLIMIT_MEMLOCK, a page for each secret), and are overwritten before they are given back. Every way to
/// print, dump or reflect upon a secret says `(secret)`, and none encodes it. Equality takes the same time wherever two
/// secrets of one length differ. Copies made elsewhere, as by the `String` a secret came in, are not reached by this.
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
        let storage = unsafe Self.guarded(capacity)
        var output = unsafe OutputSpan(buffer: storage, initializedCount: 0)
        render(&output)
        unsafe count = output.finalize(for: storage)
        unsafe self.storage = unsafe storage
    }

    deinit {
        if let memory = unsafe storage.baseAddress { unsafe memory_guarded_end(memory, storage.count) }
    }

    /// Lends the bytes for the length of the call.
    public func withBytes<Result, Failure: Error>(
        _ body: (Span<UInt8>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafe Span(_unsafeElements: UnsafeBufferPointer(start: storage.baseAddress, count: count)))
    }

    /// Zeroed; no memory at all for none.
    private static func guarded(_ capacity: Int) -> UnsafeMutableBufferPointer<UInt8> {
        guard capacity > 0 else { return unsafe UnsafeMutableBufferPointer(start: nil, count: 0) }
        guard let memory = unsafe memory_guarded_make(capacity) else { preconditionFailure("there is no memory for a secret") }
        return unsafe UnsafeMutableBufferPointer(start: memory.assumingMemoryBound(to: UInt8.self), count: capacity)
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
