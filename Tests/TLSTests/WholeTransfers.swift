import TLS
import Testing

extension TLSConnection {
    /// Writes some from that position on, from memory that moves with each call.
    mutating func write(slice bytes: [UInt8], from start: Int) throws(TLSError) -> Transfer {
        let copy = Array(bytes[start..<min(bytes.count, start + 100_000)])
        return try write(text: copy)
    }

    mutating func write(text bytes: [UInt8]) throws(TLSError) -> Transfer {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
        defer { memory.deallocate() }
        memory.copyBytes(from: bytes)
        return try write(UnsafeRawBufferPointer(memory))
    }

    /// Everything until it wants to read.
    mutating func readAll(room: Int = 30_000) throws(TLSError) -> [UInt8] {
        var all: [UInt8] = []
        while true {
            let (transfer, bytes) = try readOnce(room: room)
            guard case .bytes = transfer else { return all }
            all += bytes
        }
    }

    mutating func readOnce(room: Int = 30_000) throws(TLSError) -> (Transfer, [UInt8]) {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: room, alignment: 1)
        defer { memory.deallocate() }
        let transfer = try read(into: memory)
        guard case .bytes(let count) = transfer else { return (transfer, []) }
        return (transfer, Array(memory.prefix(count)))
    }
}

/// Says where two contents differ rather than showing them.
func expectSame(_ received: [UInt8], _ sent: [UInt8], sourceLocation: SourceLocation = #_sourceLocation) {
    if received == sent { return }
    let place = zip(received, sent).enumerated().first { $0.element.0 != $0.element.1 }?.offset
    Issue.record(
        "received \(received.count) bytes of \(sent.count), different from byte \(place ?? min(received.count, sent.count)) on",
        sourceLocation: sourceLocation)
}
