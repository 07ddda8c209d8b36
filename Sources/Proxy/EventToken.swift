/// What an event or a timer of the loop is about, in the 56 bits of its token: kind, generation and index.
struct EventToken {
    enum Kind: UInt8 {
        case listener, downstream, upstream, credential, resolution, drain, command, mail
    }

    let kind: Kind
    let index: UInt32
    let generation: UInt32
    /// Of an upstream connection that is being made to one of several addresses: which. 0...7
    private(set) var place = 0

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

    /// The same for one of its sockets.
    init(_ handle: Handle<Upstream>, place: Int) {
        self.init(handle)
        precondition((0..<Limits.attemptsMax).contains(place), "a token has 3 bits for the place of an address")
        self.place = place
    }

    /// 4 bits of kind, 24 of generation, 28 of index. An upstream connection's kind is one bit, and its place the other three.
    var rawValue: UInt64 {
        let kind = kind == .upstream ? 8 | UInt64(UInt8(truncatingIfNeeded: place)) : UInt64(kind.rawValue)
        return kind << 52 | UInt64(generation) << 28 | UInt64(index)
    }

    init(rawValue: UInt64) {
        let kindAndPlace = UInt8(truncatingIfNeeded: rawValue >> 52) & 0xF
        guard let kind = kindAndPlace & 8 != 0 ? .upstream : Kind(rawValue: kindAndPlace) else {
            preconditionFailure("an event with a token that was never given out")
        }
        self.kind = kind
        place = kind == .upstream ? Int(kindAndPlace & 7) : 0
        generation = UInt32(truncatingIfNeeded: rawValue >> 28) & 0xFF_FFFF
        index = UInt32(truncatingIfNeeded: rawValue) & 0xFFF_FFFF
    }
}
