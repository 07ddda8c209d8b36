internal import EventLoop

/// Lets the logs of several loops write to the same places, a line of one never within a line of another.
final class SharedOutput: Sendable {
    /// The end of an access line whose beginning has been written: it comes before all else.
    private let rest = Locked<[UInt8]>([])

    /// Writes a line whole, or the beginning of it where no more is taken, to a place where no access lines go.
    func writeEvent(by write: () -> Void) { rest.withLock { _ in write() } }

    /// Writes lines. Of how many bytes the caller is rid: those of whole lines, though the end of the last may still have to be
    /// written here.
    func writeLines(_ lines: UnsafeBufferPointer<UInt8>, by write: (UnsafeBufferPointer<UInt8>) -> Int) -> Int {
        rest.withLock { rest in
            if !rest.isEmpty { rest.removeFirst(rest.withUnsafeBufferPointer(write)) }
            guard rest.isEmpty else { return 0 }
            let end = write(lines)
            guard end > 0, end < lines.count, lines[end - 1] != 0x0A else { return end }
            let next = (lines[end...].firstIndex(of: 0x0A) ?? lines.count - 1) + 1
            rest = Array(lines[end..<next])
            return next
        }
    }
}
