/// Elements at addresses that do not move, found by handle in a few instructions, without reference counting.
///
/// Connections live here: a class instance for each would cost a reference count and an exclusivity check
/// at every touch. What keeps it safe is that every access checks the generation, so a handle of a
/// connection that has ended traps or is recognised, and that elements are removed only between events. A place is
/// never freed while the slab lives, so that the generation can be read where a handle says, whether the element lives or not.
final class Slab<Element: ~Copyable> {
    private let chunks: UnsafeMutablePointer<UnsafeMutableRawPointer>
    @exclusivity(unchecked) private var chunkCount = 0
    @exclusivity(unchecked) private var free: [UInt32] = []
    let capacity: Int
    /// Elements that live.
    @exclusivity(unchecked) private(set) var count = 0

    private static var chunkSize: Int { 64 }
    private static var generationMask: UInt32 { 0xFF_FFFF }
    private static var headBytes: Int { Handle<Element>.headBytes }
    private static var placeBytes: Int { (headBytes + MemoryLayout<Element>.size + 15) & ~15 }

    init(capacity: Int) {
        precondition(MemoryLayout<Element>.alignment <= Self.headBytes, "an element has to be aligned to more than its place")
        self.capacity = capacity
        chunks = .allocate(capacity: capacity / Self.chunkSize + 1)
    }

    deinit {
        forEach { handle in element(handle).deinitialize(count: 1) }
        for index in 0..<chunkCount { chunks[index].deallocate() }
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
        guard let element = handle.element, handle.currentGeneration == handle.generation else {
            preconditionFailure("a handle of an element that is gone was used")
        }
        return element
    }

    /// The handle that an event's token was made of, if its element still lives.
    func living(index: UInt32, generation: UInt32) -> Handle<Element>? {
        guard Int(index) < chunkCount * Self.chunkSize, generation & 1 == 1 else { return nil }
        let handle = Handle<Element>(place: place(index), generation: generation)
        return handle.currentGeneration == generation ? handle : nil
    }

    func isAlive(_ handle: Handle<Element>) -> Bool { handle.element != nil && handle.currentGeneration == handle.generation }

    /// Reserves a place, so that the handle is known before the element is made.
    func insert(_ make: (Handle<Element>) -> Element) -> Handle<Element> {
        precondition(!isFull, "a slab holds at most \(capacity) elements")
        if free.isEmpty { addChunk() }
        let place = place(free.removeLast())
        let generation = (Handle<Element>(place: place, generation: 0).currentGeneration + 1) & Self.generationMask
        let handle = Handle<Element>(place: place, generation: generation)
        (place + Self.headBytes).bindMemory(to: Element.self, capacity: 1).initialize(to: make(handle))
        handle.currentGeneration = generation
        count += 1
        return handle
    }

    func remove(_ handle: Handle<Element>) {
        element(handle).deinitialize(count: 1)
        handle.currentGeneration += 1
        free.append(handle.index)
        count -= 1
    }

    /// Calls `body` with the handle of each living element.
    func forEach(_ body: (Handle<Element>) -> Void) {
        for index in 0..<UInt32(chunkCount * Self.chunkSize) {
            let place = place(index)
            let generation = Handle<Element>(place: place, generation: 0).currentGeneration
            if generation & 1 == 1 { body(Handle(place: place, generation: generation)) }
        }
    }

    /// Calls `body` with the handles of living elements, in the order of their places from this index on and around, until it says
    /// that it has seen enough, or has seen all. Gives the index behind the last.
    func visit(from start: UInt32, _ body: (Handle<Element>) -> Bool) -> UInt32 {
        let end = UInt32(chunkCount * Self.chunkSize)
        var index = start
        for _ in 0..<end {
            if index >= end { index = 0 }
            let place = place(index)
            index += 1
            let generation = Handle<Element>(place: place, generation: 0).currentGeneration
            if generation & 1 == 1, !body(Handle(place: place, generation: generation)) { break }
        }
        return index
    }

    private func place(_ index: UInt32) -> UnsafeMutableRawPointer {
        chunks[Int(index) / Self.chunkSize] + Int(index) % Self.chunkSize * Self.placeBytes
    }

    private func addChunk() {
        let first = UInt32(chunkCount * Self.chunkSize)
        let chunk = UnsafeMutableRawPointer.allocate(byteCount: Self.chunkSize * Self.placeBytes, alignment: Self.headBytes)
        for place in 0..<Self.chunkSize {
            Handle<Element>.makeHead(at: chunk + place * Self.placeBytes, index: first + UInt32(place))
        }
        chunks[chunkCount] = chunk
        chunkCount += 1
        free.append(contentsOf: (first..<first + UInt32(Self.chunkSize)).reversed())
    }
}
