import Compressor
import Simulation

extension BroadServer {
    /// Whole gzip, of one member or two.
    static func gzip(_ content: [UInt8], _ dice: inout Seed) -> [UInt8] {
        let blocks = Compressor.Blocks.allCases[dice.integer(in: 0...Compressor.Blocks.allCases.count - 1)]
        if dice.chance(0.8) { return Compressor.gzip(content, blocks) }
        let cut = dice.integer(in: 0...content.count)
        return Compressor.gzip(Array(content[..<cut]), blocks) + Compressor.gzip(Array(content[cut...]), blocks)
    }
}

extension TunnelSide.Manner {
    /// A kind one ends so that both ends get all.
    static func random(isKind: Bool, from dice: inout Seed) -> TunnelSide.Manner {
        if isKind || dice.chance(0.4) { return dice.chance(0.5) ? .finishing : .following }
        switch dice.integer(in: 0...2) {
        case 0: return .closing(after: dice.chance(0.3) ? 0 : dice.integer(in: 0...20_000))
        case 1: return .aborting(after: dice.chance(0.3) ? 0 : dice.integer(in: 0...20_000))
        default: return .staying
        }
    }
}
