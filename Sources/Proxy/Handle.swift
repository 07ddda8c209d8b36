/// Names an element of a slab for as long as the element lives. A handle of one that is gone is recognised.
///
/// It knows the address of its element's place. In front of the element are the place's present generation, and its index.
struct Handle<Element: ~Copyable>: Equatable {
    private let place: UnsafeMutableRawPointer?
    /// Odd while the element lives; 24 bits.
    let generation: UInt32

    /// Bytes in front of an element, as many as elements may have to be aligned to.
    static var headBytes: Int { 16 }

    init(place: UnsafeMutableRawPointer?, generation: UInt32) {
        self.place = place
        self.generation = generation
    }

    /// No element.
    static var none: Handle { Handle(place: nil, generation: 0) }

    /// Where the element is, or was.
    @inline(__always)
    var element: UnsafeMutablePointer<Element>? {
        place.map { ($0 + Self.headBytes).assumingMemoryBound(to: Element.self) }
    }

    /// Of the place; not to be asked of `none`.
    @inline(__always)
    var currentGeneration: UInt32 {
        get { place!.load(as: UInt32.self) }
        nonmutating set { place!.storeBytes(of: newValue, as: UInt32.self) }
    }

    /// Of the place in its slab; of `none`, an index that no slab has.
    var index: UInt32 { place.map { $0.load(fromByteOffset: 4, as: UInt32.self) } ?? .max }

    /// A place that has no element yet.
    static func makeHead(at place: UnsafeMutableRawPointer, index: UInt32) {
        place.storeBytes(of: 0, as: UInt32.self)
        place.storeBytes(of: index, toByteOffset: 4, as: UInt32.self)
    }
}
