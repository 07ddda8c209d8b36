internal import EventLoop

/// A request's head, and as much of its content as is kept for sending it once more.
///
/// The head and what fits behind it live in one buffer of the pool; a longer content goes on in memory of its own.
struct ReplayCopy: ~Copyable {
    private var near = Buffer()
    private var far: [UInt8] = []
    private var contentBytesMax = 0
    private(set) var headCount = 0
    private(set) var contentCount = 0
    /// Whether all content so far is here: false once it exceeded what may be kept.
    private(set) var isWhole = true

    /// Bytes held outside the pool's buffer.
    var farCount: Int { far.count }

    /// How much more content may be kept.
    var room: Int { isWhole ? contentBytesMax - contentCount : 0 }

    var head: UnsafeBufferPointer<UInt8> { UnsafeBufferPointer(rebasing: near.bytes[..<headCount]) }

    /// Keeps a head, which is the first of `buffer`, in a buffer of its own from `pool`; or in that very buffer, where there is nothing
    /// behind it.
    mutating func begin(_ count: Int, of buffer: inout Buffer, pool: inout BufferPool, contentBytesMax: Int) {
        if count == buffer.count {
            swap(&near, &buffer)
            pool.giveBack(&buffer)
        } else {
            pool.giveBack(&near)
            near = pool.lend()
            let kept = near.append(UnsafeBufferPointer(rebasing: buffer.bytes[..<count]))
            precondition(kept == count, "a buffer holds the longest head")
            buffer.consume(count)
        }
        headCount = count
        self.contentBytesMax = contentBytesMax
        contentCount = 0
        isWhole = true
    }

    /// Adds content, or gives all of it up where it becomes more than may be kept.
    mutating func append(_ content: UnsafeBufferPointer<UInt8>) {
        guard isWhole else { return }
        guard contentCount + content.count <= contentBytesMax else {
            giveUp()
            return
        }
        let taken = far.isEmpty ? near.append(content) : 0
        far.append(contentsOf: content[taken...])
        contentCount += content.count
    }

    /// Keeps the head only.
    mutating func giveUp() {
        isWhole = false
        far = []
    }

    /// The next run of content from `offset`.
    func content(from offset: Int) -> UnsafeBufferPointer<UInt8> {
        let nearCount = near.count - headCount
        if offset < nearCount { return UnsafeBufferPointer(rebasing: near.bytes[(headCount + offset)...]) }
        return far.withUnsafeBufferPointer { UnsafeBufferPointer(rebasing: $0[(offset - nearCount)...]) }
    }

    /// All content, which has to be here.
    var wholeContent: [UInt8] {
        precondition(isWhole, "a content that was given up cannot be read")
        return Array(near.bytes[headCount...]) + far
    }

    /// Lets go of everything; the buffer goes back to its pool.
    mutating func end(pool: inout BufferPool) {
        if !far.isEmpty { far = [] }
        headCount = 0
        contentCount = 0
        pool.giveBack(&near)
    }
}
