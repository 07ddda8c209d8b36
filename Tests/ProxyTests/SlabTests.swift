import Testing

@testable import Proxy

/// Elements by handle.
@Suite struct SlabTests {
    @Test func `a handle names its element for as long as it lives, and no other after it`() {
        let slab = Slab<Int>(capacity: 200)
        let first = slab.insert { _ in 1 }
        #expect(slab[first] == 1 && slab.isAlive(first) && slab.count == 1)
        slab[first] += 1
        #expect(slab[first] == 2)
        slab.remove(first)
        #expect(!slab.isAlive(first) && slab.count == 0)
        let second = slab.insert { _ in 3 }
        #expect(second.index == first.index && second != first)
        #expect(!slab.isAlive(first) && slab.living(index: first.index, generation: first.generation) == nil)
        #expect(slab.living(index: second.index, generation: second.generation) == second)
        #expect(slab.living(index: second.index, generation: second.generation + 1) == nil)
        #expect(slab.living(index: 199, generation: 1) == nil && !slab.isAlive(.none))
    }

    @Test func `it takes as many as it says, at addresses that stay`() {
        let slab = Slab<Int>(capacity: 200)
        var handles: [Handle<Int>] = []
        while !slab.isFull { handles.append(slab.insert { Int($0.index) }) }
        #expect(handles.count == 200 && Set(handles.map(\.index)).count == 200)
        #expect(handles.allSatisfy { slab[$0] == Int($0.index) })
        for handle in handles where handle.index % 2 == 0 { slab.remove(handle) }
        var seen: [UInt32] = []
        slab.forEach { seen.append($0.index) }
        #expect(seen == handles.map(\.index).filter { $0 % 2 == 1 }.sorted())
    }

    @Test func `an element is let go of with the slab`() {
        final class Counted {}
        weak var counted: Counted?
        do {
            let slab = Slab<Counted>(capacity: 10)
            let handle = slab.insert { _ in Counted() }
            counted = slab[handle]
            #expect(counted != nil)
        }
        #expect(counted == nil)
    }

    @Test func `a handle comes back from an event's token as it was`() {
        let place = UnsafeMutableRawPointer.allocate(byteCount: Handle<Downstream>.headBytes, alignment: Handle<Downstream>.headBytes)
        defer { place.deallocate() }
        Handle<Downstream>.makeHead(at: place, index: 0xFFF_FFFE)
        let handle = Handle<Downstream>(place: place, generation: 0xFF_FFFF)
        let token = EventToken(handle)
        let read = EventToken(rawValue: token.rawValue)
        #expect(token.rawValue < 1 << 56)
        #expect(read.kind == .downstream && read.index == handle.index && read.generation == handle.generation)
    }

    @Test func `a stale handle traps`() async {
        await #expect(processExitsWith: .failure) {
            let slab = Slab<Int>(capacity: 10)
            let handle = slab.insert { _ in 1 }
            slab.remove(handle)
            _ = slab[handle]
        }
    }
}
