/// The packets of one poll, or of one POST (Engine.IO 3).
///
///     text:    1*( length ":" packet )               length: decimal, in characters as JavaScript counts them (UTF-16)
///     octets:  1*( %x00 length %xFF packet )         length: its decimal digits as octets 0 to 9, in octets
///
/// Clients may send either form; answers have the first, which every client reads.
enum EnginePayload {
    static func encode(_ packets: [EnginePacket]) -> [UInt8] {
        var payload: [UInt8] = []
        for packet in packets {
            let encoded = packet.encoded
            payload += String(unitCount(encoded)).utf8
            payload.append(UInt8(ascii: ":"))
            payload += encoded
        }
        return payload
    }

    /// Nil where it is malformed, or has more than `Limits.payloadPacketsMax` packets, or one that is binary.
    static func decode(_ payload: [UInt8]) -> [EnginePacket]? {
        var rest = payload[...]
        let isText = (rest.first ?? 0) > 1
        if isText && String(validating: payload, as: UTF8.self) == nil { return nil }
        var packets: [EnginePacket] = []
        while !rest.isEmpty {
            let encoded = isText ? takeText(&rest) : takeOctets(&rest)
            guard let encoded, let packet = EnginePacket(encoded: encoded), packets.count < Limits.payloadPacketsMax else { return nil }
            packets.append(packet)
        }
        return packets.isEmpty ? nil : packets
    }

    private static func takeText(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard let colon = rest.firstIndex(of: UInt8(ascii: ":")),
            var units = length(rest[..<colon].map { $0 &- UInt8(ascii: "0") })
        else { return nil }
        rest = rest[(colon + 1)...]
        var end = rest.startIndex
        while units > 0 {
            guard end < rest.endIndex else { return nil }
            units -= self.units(of: rest[end])
            repeat { end += 1 } while end < rest.endIndex && rest[end] & 0xC0 == 0x80
        }
        // A length that ends between the two halves of a character fits no text.
        guard units == 0 else { return nil }
        defer { rest = rest[end...] }
        return rest[..<end]
    }

    private static func takeOctets(_ rest: inout ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        guard rest.first == 0, let mark = rest.firstIndex(of: 0xFF), let count = length(Array(rest[(rest.startIndex + 1)..<mark])),
            rest.endIndex - (mark + 1) >= count
        else { return nil }
        let packet = rest[(mark + 1)..<(mark + 1 + count)]
        guard String(validating: packet, as: UTF8.self) != nil else { return nil }
        rest = rest[packet.endIndex...]
        return packet
    }

    /// Nil for no digits, too many, or what is none.
    private static func length(_ digits: [UInt8]) -> Int? {
        guard (1...9).contains(digits.count), digits.allSatisfy({ $0 < 10 }) else { return nil }
        return digits.reduce(0) { $0 * 10 + Int($1) }
    }

    private static func unitCount(_ text: [UInt8]) -> Int { text.reduce(0) { $0 + units(of: $1) } }

    /// UTF-16 code units of the character that begins with this byte; 0 for a byte within one.
    private static func units(of byte: UInt8) -> Int {
        switch byte {
        case 0x80..<0xC0: 0
        case 0xF0...: 2
        default: 1
        }
    }
}
