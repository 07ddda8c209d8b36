/// Cuts bytes into pieces: at places that the bytes themselves decide, so that an input is cut the same way each time.
struct Cuts {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ bytes: [UInt8]) {
        for byte in bytes { state = (state ^ UInt64(byte)) &* 0x100_0000_01B3 }
    }

    /// One of 0 to `count - 1`.
    mutating func next(below count: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(count))
    }

    /// The length of the next piece: mostly a few bytes, at least one.
    mutating func piece() -> Int {
        switch next(below: 4) {
        case 0: 1
        case 1: 1 + next(below: 8)
        case 2: 1 + next(below: 64)
        default: 1 + next(below: 4_096)
        }
    }
}
