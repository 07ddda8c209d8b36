internal import Wire

/// What is still to be sent on a connection: bytes that are ready, and content that is made piece by piece.
struct Outgoing {
    private var bytes: [UInt8] = []
    private var sentCount = 0
    private var content = Response.Content.bytes([])
    private var offset = 0
    private var isChunked = false
    private var needsLastChunk = false

    var isEmpty: Bool { sentCount == bytes.count && offset == content.count && !needsLastChunk }

    mutating func append(_ text: String) { bytes += text.utf8 }

    /// Lets `write` add bytes at the end.
    mutating func append(_ write: (inout [UInt8]) -> Void) { write(&bytes) }

    /// Content that follows what was appended. Nothing else is appended until all of it has been sent.
    mutating func append(content: Response.Content, isChunked: Bool) {
        precondition(offset == self.content.count && !needsLastChunk, "one content follows another only when it is sent")
        self.content = content
        self.isChunked = isChunked
        offset = 0
        needsLastChunk = isChunked
    }

    /// Hands pieces to `send`, which returns how many bytes it took, or nil for a broken connection, until it takes less
    /// than it is given. False: the connection is broken.
    mutating func send(_ send: (UnsafeRawBufferPointer) -> Int?) -> Bool {
        while true {
            if bytes.count - sentCount < Limits.contentPieceBytes { addPiece() }
            guard sentCount < bytes.count else { return true }
            let wanted = bytes.count - sentCount
            let count = bytes.withUnsafeBytes { send(UnsafeRawBufferPointer(rebasing: $0[sentCount...])) }
            guard let count else { return false }
            sentCount += count
            if count < wanted { return true }
            bytes.removeAll(keepingCapacity: true)
            sentCount = 0
        }
    }

    private mutating func addPiece() {
        if sentCount > 0 {
            bytes.removeSubrange(..<sentCount)
            sentCount = 0
        }
        let count = min(content.count - offset, Limits.contentPieceBytes)
        if count > 0 {
            if isChunked { append(String(count, radix: 16) + "\r\n") }
            switch content {
            case .bytes(let all): bytes += all[offset..<offset + count]
            case .pattern: Pattern.append(from: offset, count: count, to: &bytes)
            }
            offset += count
            if isChunked { append("\r\n") }
        }
        if needsLastChunk && offset == content.count {
            append("0\r\n\r\n")
            needsLastChunk = false
        }
    }
}
