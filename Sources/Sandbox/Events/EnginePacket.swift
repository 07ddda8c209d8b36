/// A packet of Engine.IO 3: one digit for its kind, then text.
///
/// Binary packets are not known here: nothing that Connect tells or is told is binary.
struct EnginePacket: Equatable {
    enum Kind: UInt8 {
        case open, close, ping, pong, message, upgrade, noop
    }

    let kind: Kind
    /// UTF-8.
    let text: [UInt8]

    init(_ kind: Kind, _ text: [UInt8] = []) {
        self.kind = kind
        self.text = text
    }

    /// Nil for what is no text packet.
    init?(encoded: some Collection<UInt8>) {
        guard let digit = encoded.first, digit >= UInt8(ascii: "0"), let kind = Kind(rawValue: digit - UInt8(ascii: "0")) else {
            return nil
        }
        self.init(kind, Array(encoded.dropFirst()))
    }

    var encoded: [UInt8] { [UInt8(ascii: "0") + kind.rawValue] + text }
}
