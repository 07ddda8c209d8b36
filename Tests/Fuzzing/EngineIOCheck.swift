@testable import Sandbox

/// `EnginePayload`, `EnginePacket` and `SocketPacket`: as JavaScript's strings have it, and what is written is read the same.
enum EngineIOCheck {
    static func run(_ bytes: [UInt8]) throws(Disagreement) {
        let packets = EnginePayload.decode(bytes)
        if (bytes.first ?? 0) > 1 {
            try Disagreement.unless(packets, is: plain(bytes), "packets, and as they are read plainly")
        }
        if let packets {
            // What came as octets may hold what no text can: a NUL is the mark of octets.
            try Disagreement.unless(EnginePayload.decode(EnginePayload.encode(packets)), is: packets, "packets that were written and read again")
        }
        for packet in packets ?? [] where packet.kind == .message { _ = SocketPacket(packet.text) }
        guard let packet = SocketPacket(bytes) else { return }
        try Disagreement.unless(packet.acknowledgement?.count ?? 0 <= Limits.acknowledgementDigitsMax, "the number of an acknowledgement")
    }

    /// By UTF-16 code units, as clients count.
    private static func plain(_ bytes: [UInt8]) -> [EnginePacket]? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var rest = Array(text.utf16)[...]
        var packets: [EnginePacket] = []
        while !rest.isEmpty {
            guard let colon = rest.firstIndex(of: 0x3A) else { return nil }
            let digits = rest[..<colon]
            guard (1...9).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
            let count = digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
            rest = rest[(colon + 1)...]
            guard rest.count >= count, let packet = String(validating: rest.prefix(count), as: UTF16.self) else { return nil }
            guard let decoded = EnginePacket(encoded: Array(packet.utf8)) else { return nil }
            packets.append(decoded)
            rest = rest.dropFirst(count)
        }
        return packets.isEmpty || packets.count > Limits.payloadPacketsMax ? nil : packets
    }
}
