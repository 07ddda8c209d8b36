/// What an event or a timer of the loop is about, in the 56 bits of its token: kind, generation and index.
struct EventToken {
    enum Kind: UInt8 {
        case listener, downstream, upstream, credential, resolution, drain, command
    }

    let kind: Kind
    let index: UInt32
    let generation: UInt32

    init(_ kind: Kind, index: Int) {
        self.kind = kind
        self.index = UInt32(index)
        generation = 0
    }

    /// A command for the secret at `position` among those of a credential.
    init(command position: Int, ofCredential index: Int) {
        kind = .command
        self.index = UInt32(index)
        generation = UInt32(position)
    }

    init(_ handle: Handle<Downstream>) {
        kind = .downstream
        index = handle.index
        generation = handle.generation
    }

    init(_ handle: Handle<Upstream>) {
        kind = .upstream
        index = handle.index
        generation = handle.generation
    }

    /// 4 bits of kind, 24 of generation, 28 of index.
    var rawValue: UInt64 { UInt64(kind.rawValue) << 52 | UInt64(generation) << 28 | UInt64(index) }

    init(rawValue: UInt64) {
        guard let kind = Kind(rawValue: UInt8(truncatingIfNeeded: rawValue >> 52)) else {
            preconditionFailure("an event with a token that was never given out")
        }
        self.kind = kind
        generation = UInt32(truncatingIfNeeded: rawValue >> 28) & 0xFF_FFFF
        index = UInt32(truncatingIfNeeded: rawValue) & 0xFFF_FFFF
    }
}
