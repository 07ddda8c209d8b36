import EventLoop
import Testing

@testable import Proxy

/// What is kept of a request, to be sent once more.
@Suite struct ReplayCopyTests {
    private static let head = Array("GET / HTTP/1.1\r\n\r\n".utf8)

    @Test func `content is given back as it came, within the buffer and beyond it`() {
        var pool = BufferPool(bufferBytes: 64)
        var copy = ReplayCopy()
        var input = Self.input(from: &pool)
        copy.begin(Self.head.count, of: &input, pool: &pool, contentBytesMax: 1000)
        #expect(!input.isLent && pool.lentCount == 1, "a head with nothing behind it is kept where it is")
        let content = (0..<200).map { UInt8($0) }
        for start in stride(from: 0, to: 200, by: 30) {
            content[start..<min(200, start + 30)].withUnsafeBufferPointer { copy.append($0) }
        }
        #expect(copy.isWhole && copy.contentCount == 200 && copy.farCount == 200 - (64 - Self.head.count))
        #expect(copy.head.elementsEqual(Self.head))
        for first in [0, 1, 45, 46, 47, 199] {
            var offset = first
            var seen: [UInt8] = []
            while offset < copy.contentCount {
                let run = copy.content(from: offset)
                #expect(!run.isEmpty)
                seen += run
                offset += run.count
            }
            #expect(seen == Array(content[first...]))
        }
        copy.end(pool: &pool)
        #expect(pool.lentCount == 0)
    }

    @Test func `more than may be kept gives up the content, and not the head`() {
        var pool = BufferPool(bufferBytes: 64)
        var copy = ReplayCopy()
        var input = Self.input(from: &pool, behind: [9])
        copy.begin(Self.head.count, of: &input, pool: &pool, contentBytesMax: 100)
        #expect(Array(input.bytes) == [9] && pool.lentCount == 2, "what stands behind the head stays where it is")
        pool.giveBack(&input)
        let content = [UInt8](repeating: 7, count: 100)
        content.withUnsafeBufferPointer { copy.append($0) }
        #expect(copy.isWhole && copy.contentCount == 100)
        content[..<1].withUnsafeBufferPointer { copy.append($0) }
        #expect(!copy.isWhole && copy.farCount == 0 && copy.head.elementsEqual(Self.head))
        content.withUnsafeBufferPointer { copy.append($0) }
        #expect(!copy.isWhole && copy.farCount == 0)
        copy.end(pool: &pool)
        #expect(pool.lentCount == 0)
    }

    private static func input(from pool: inout BufferPool, behind more: [UInt8] = []) -> Buffer {
        var input = pool.lend()
        _ = (head + more).withUnsafeBufferPointer { input.append($0) }
        return input
    }
}
