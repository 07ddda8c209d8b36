import EventLoop
import Simulation
import Testing

struct BufferTests {
    private func fill(_ buffer: inout Buffer, _ bytes: [UInt8]) -> Int { bytes.withUnsafeBufferPointer { buffer.append($0) } }

    @Test func `bytes come out in the order they went in`() {
        var pool = BufferPool(bufferBytes: 8)
        var buffer = pool.lend()
        #expect(buffer.isLent && buffer.isEmpty && buffer.freeCapacity == 8)
        #expect(fill(&buffer, [1, 2, 3, 4, 5]) == 5)
        buffer.consume(2)
        #expect(Array(buffer.bytes) == [3, 4, 5])
        #expect(buffer.count == 3 && buffer.freeCapacity == 3)
        #expect(fill(&buffer, [6, 7, 8, 9]) == 3)
        #expect(Array(buffer.bytes) == [3, 4, 5, 6, 7, 8])
        #expect(buffer.freeCapacity == 0)
        buffer.compact()
        #expect(Array(buffer.bytes) == [3, 4, 5, 6, 7, 8])
        #expect(buffer.freeCapacity == 2)
        buffer.consume(6)
        #expect(buffer.isEmpty && buffer.freeCapacity == 8)
        pool.giveBack(buffer)
    }

    @Test func `room in front takes what comes before, and the end can be taken off`() {
        var pool = BufferPool(bufferBytes: 8)
        var buffer = pool.lend()
        buffer.leaveRoomInFront(3)
        #expect(buffer.isEmpty && buffer.consumedCount == 3 && buffer.freeCapacity == 5)
        #expect(fill(&buffer, [4, 5, 6, 7]) == 4)
        buffer.removeLast(1)
        [2, 3].withUnsafeBufferPointer { buffer.prepend($0) }
        #expect(Array(buffer.bytes) == [2, 3, 4, 5, 6])
        #expect(buffer.consumedCount == 1 && buffer.freeCapacity == 2)
        buffer.compact()
        #expect(Array(buffer.bytes) == [2, 3, 4, 5, 6] && buffer.freeCapacity == 3)
        pool.giveBack(buffer)
    }

    @Test func `what is written into the room becomes readable`() {
        var pool = BufferPool(bufferBytes: 4)
        var buffer = pool.lend()
        buffer.room[0] = 9
        buffer.grew(by: 1)
        let isFull = buffer.append { output in
            output.append(8)
            output.append(7)
            return output.isFull
        }
        #expect(isFull == false)
        #expect(Array(buffer.bytes) == [9, 8, 7])
        buffer.removeAll()
        #expect(buffer.isEmpty && buffer.freeCapacity == 4)
        pool.giveBack(buffer)
    }

    @Test func `the buffer of an idle connection has no room`() {
        var pool = BufferPool(bufferBytes: 4)
        var none = Buffer()
        #expect(!none.isLent && none.isEmpty && none.freeCapacity == 0)
        #expect(fill(&none, [1]) == 0)
        none.compact()
        #expect(none.bytes.isEmpty && none.room.isEmpty)
        pool.giveBack(none)
        #expect(pool.lentCount == 0)
    }

    @Test func `the buffer that came back last is lent next, empty`() {
        var pool = BufferPool(bufferBytes: 16)
        var first = pool.lend()
        let second = pool.lend()
        #expect(pool.lentCount == 2)
        #expect(fill(&first, [1, 2, 3]) == 3)
        let place = UnsafePointer(first.bytes.baseAddress!)
        pool.giveBack(second)
        pool.giveBack(first)
        #expect(pool.lentCount == 0)
        let again = pool.lend()
        #expect(again.count == 0)
        #expect(UnsafePointer(again.room.baseAddress!) == place)
        pool.giveBack(again)
    }

    @Test func `more than the idle limit can be lent and given back`() {
        var pool = BufferPool(bufferBytes: 1)
        func nest(_ depth: Int) {
            let buffer = pool.lend()
            if depth > 0 { nest(depth - 1) }
            pool.giveBack(buffer)
        }
        nest(Limits.idleBuffersMax + 10)
        #expect(pool.lentCount == 0)
    }

    @Test(arguments: 1...20)
    func `random use does what an array would`(number: UInt64) {
        var dice = Seed(number)
        var pool = BufferPool(bufferBytes: 64)
        var buffer = pool.lend()
        var model: [UInt8] = []
        for _ in 0..<500 {
            switch dice.integer(in: 0...3) {
            case 0, 1:
                let bytes = (0..<dice.integer(in: 0...40)).map { _ in UInt8.random(in: 0...255, using: &dice) }
                let added = fill(&buffer, bytes)
                #expect(added == bytes.count || buffer.freeCapacity == 0)
                model += bytes.prefix(added)
            case 2:
                let count = dice.integer(in: 0...model.count)
                buffer.consume(count)
                model.removeFirst(count)
            default:
                buffer.compact()
                #expect(buffer.freeCapacity == 64 - model.count)
            }
            #expect(Array(buffer.bytes) == model)
        }
        pool.giveBack(buffer)
    }

    @Test func `misuse of a buffer stops the process`() async {
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer()
            buffer.grew(by: 1)
        }
        await #expect(processExitsWith: .failure) {
            var buffer = Buffer()
            buffer.consume(1)
        }
        await #expect(processExitsWith: .failure) {
            var small = BufferPool(bufferBytes: 1)
            var large = BufferPool(bufferBytes: 2)
            large.giveBack(small.lend())
        }
    }
}
