/// Names an element of a slab for as long as the element lives. A handle of one that is gone is recognised.
struct Handle<Element: ~Copyable>: Equatable {
    let index: UInt32
    /// Odd while the element lives; 24 bits.
    let generation: UInt32

    /// No element.
    static var none: Handle { Handle(index: .max, generation: 0) }
}

/// Elements at addresses that do not move, found by handle in a few instructions, without reference counting.
///
/// Connections live here: a class instance for each would cost a reference count and an exclusivity check
/// at every touch. What keeps it safe is that every access checks the generation, so a handle of a
/// connection that has ended traps or is recognised, and that elements are removed only between events.
final class Slab<Element: ~Copyable> {
    private struct Chunk {
        let elements: UnsafeMutablePointer<Element>
        let generations: UnsafeMutablePointer<UInt32>
    }

    private let chunks: UnsafeMutablePointer<Chunk>
    private var chunkCount = 0
    private var free: [UInt32] = []
    let capacity: Int
    /// Elements that live.
    private(set) var count = 0

    private static var chunkSize: Int { 64 }
    private static var generationMask: UInt32 { 0xFF_FFFF }

    init(capacity: Int) {
        self.capacity = capacity
        chunks = .allocate(capacity: capacity / Self.chunkSize + 1)
    }

    deinit {
        forEach { handle in element(handle).deinitialize(count: 1) }
        for index in 0..<chunkCount {
            chunks[index].elements.deallocate()
            chunks[index].generations.deallocate()
        }
        chunks.deallocate()
    }

    var isFull: Bool { count >= capacity }

    /// The element of a living handle; a dead one is a broken invariant.
    subscript(handle: Handle<Element>) -> Element {
        unsafeAddress { UnsafePointer(element(handle)) }
        unsafeMutableAddress { element(handle) }
    }

    @inline(__always)
    private func element(_ handle: Handle<Element>) -> UnsafeMutablePointer<Element> {
        let index = Int(handle.index)
        precondition(index < chunkCount &* Self.chunkSize, "a handle of no element was used")
        let chunk = chunks[index / Self.chunkSize]
        precondition(
            chunk.generations[index % Self.chunkSize] == handle.generation, "a handle of an element that is gone was used")
        return chunk.elements + index % Self.chunkSize
    }

    /// The handle that an event's token was made of, if its element still lives.
    func living(index: UInt32, generation: UInt32) -> Handle<Element>? {
        guard Int(index) < chunkCount * Self.chunkSize, generation & 1 == 1 else { return nil }
        let current = chunks[Int(index) / Self.chunkSize].generations[Int(index) % Self.chunkSize]
        return current == generation ? Handle(index: index, generation: generation) : nil
    }

    func isAlive(_ handle: Handle<Element>) -> Bool { living(index: handle.index, generation: handle.generation) != nil }

    /// Reserves a place, so that the handle is known before the element is made.
    func insert(_ make: (Handle<Element>) -> Element) -> Handle<Element> {
        precondition(!isFull, "a slab holds at most \(capacity) elements")
        if free.isEmpty { addChunk() }
        let index = free.removeLast()
        let chunk = chunks[Int(index) / Self.chunkSize]
        let place = Int(index) % Self.chunkSize
        let generation = (chunk.generations[place] + 1) & Self.generationMask
        let handle = Handle<Element>(index: index, generation: generation)
        (chunk.elements + place).initialize(to: make(handle))
        chunk.generations[place] = generation
        count += 1
        return handle
    }

    func remove(_ handle: Handle<Element>) {
        element(handle).deinitialize(count: 1)
        let chunk = chunks[Int(handle.index) / Self.chunkSize]
        chunk.generations[Int(handle.index) % Self.chunkSize] += 1
        free.append(handle.index)
        count -= 1
    }

    /// Calls `body` with the handle of each living element.
    func forEach(_ body: (Handle<Element>) -> Void) {
        for index in 0..<UInt32(chunkCount * Self.chunkSize) {
            let generation = chunks[Int(index) / Self.chunkSize].generations[Int(index) % Self.chunkSize]
            if generation & 1 == 1 { body(Handle(index: index, generation: generation)) }
        }
    }

    private func addChunk() {
        let generations = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.chunkSize)
        generations.initialize(repeating: 0, count: Self.chunkSize)
        chunks[chunkCount] = Chunk(elements: .allocate(capacity: Self.chunkSize), generations: generations)
        let first = UInt32(chunkCount * Self.chunkSize)
        chunkCount += 1
        free.append(contentsOf: (first..<first + UInt32(Self.chunkSize)).reversed())
    }
}
