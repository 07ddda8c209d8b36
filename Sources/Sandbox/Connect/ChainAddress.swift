/// The addresses of the chain: native SegWit ones for witness version 0 (BIP 173), with right checksums.
enum ChainAddress {
    /// What an address text names.
    enum Meaning {
        /// One of the chain's.
        case known(Int)
        /// A well-formed address that never took part in anything.
        case unused
    }

    static func text(_ number: Int) -> String {
        let data = [0] + regroup(program(number), from: 8, to: 5)
        let checksum = polymod(expandedPrefix + data + [UInt8](repeating: 0, count: 6)) ^ 1
        let digits = data + (0..<6).map { UInt8(checksum >> (5 * (5 - $0)) & 31) }
        return "bc1" + String(decoding: digits.map { alphabet[Int($0)] }, as: UTF8.self)
    }

    /// `OP_0`, and the 20 bytes of the program.
    static func script(_ number: Int) -> [UInt8] { [0x00, 0x14] + program(number) }

    /// Nil: the text is no address. Of older forms only the alphabet and the length are looked at.
    static func meaning(of text: String) -> Meaning? {
        guard text.lowercased().hasPrefix("bc1") else {
            let isOldForm = (26...35).contains(text.utf8.count) && (text.first == "1" || text.first == "3")
            return isOldForm && text.utf8.allSatisfy { base58.contains($0) } ? .unused : nil
        }
        let digits = text.lowercased().utf8.dropFirst(3).map { alphabet.firstIndex(of: $0).map { UInt8($0) } ?? 255 }
        guard digits.count > 7, !digits.contains(255) else { return nil }
        // Witness versions from 1 on have another constant (BIP 350).
        guard polymod(expandedPrefix + digits) == (digits[0] == 0 ? 1 : 0x2BC8_30A3) else { return nil }
        let program = regroup(Array(digits[1..<digits.count - 6]), from: 5, to: 8)
        guard digits[0] == 0, program.count >= 20 else { return .unused }
        let sealed = program[..<8].reduce(0) { $0 << 8 | UInt64($1) }
        let number = ChainHash.unscramble(sealed) ^ key
        guard number < UInt64(Chain.addresses), Self.program(Int(number)) == program else { return .unused }
        return .known(Int(number))
    }

    private static let key: UInt64 = 0xADD0_0000
    private static let alphabet = Array("qpzry9x8gf2tvdw0s3jn54khce6mua7l".utf8)
    private static let base58 = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    /// `bc`, as the checksum takes it in.
    private static let expandedPrefix: [UInt8] = [3, 3, 0, 2, 3]

    private static func program(_ number: Int) -> [UInt8] {
        let words = [key, 0xE1, 0xE2].map { ChainHash.scramble(UInt64(number) ^ $0) }
        return Array(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } }[..<20])
    }

    private static func polymod(_ values: [UInt8]) -> UInt32 {
        let generator: [UInt32] = [0x3B6A_57B2, 0x2650_8E6D, 0x1EA1_19FA, 0x3D42_33DD, 0x2A14_62B3]
        var checksum: UInt32 = 1
        for value in values {
            let top = checksum >> 25
            checksum = (checksum & 0x1FF_FFFF) << 5 ^ UInt32(value)
            for index in 0..<5 where top >> UInt32(index) & 1 == 1 { checksum ^= generator[index] }
        }
        return checksum
    }

    /// The same bits in groups of another size; a last group is filled with zeros towards 5 bits, and dropped towards 8.
    private static func regroup(_ groups: [UInt8], from: UInt32, to: UInt32) -> [UInt8] {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count: UInt32 = 0
        for group in groups {
            bits = (bits << from | UInt32(group)) & 0xFFF
            count += from
            while count >= to {
                count -= to
                result.append(UInt8(bits >> count & ((1 << to) - 1)))
            }
        }
        if to == 5 && count > 0 { result.append(UInt8(bits << (to - count) & 31)) }
        return result
    }
}
