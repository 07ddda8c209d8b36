/// Names of blocks and transactions: 64 hexadecimal digits that look drawn by lot and hold their number, so that no table
/// is needed to find what they name.
enum ChainHash {
    /// A block's hash, which begins with as many zeros as the difficulty of its time asks for.
    static func block(height: Int) -> String {
        hexadecimal([0, scramble(UInt64(height) ^ 0xB1) >> 16, scramble(UInt64(height) ^ 0xB2), seal(height, blockKey)])
    }

    /// The height of the block that has this hash, if the chain reaches so far.
    static func height(ofBlock hash: String) -> Int? {
        number(in: hash, key: blockKey, max: Chain.tip).flatMap { block(height: $0) == hash.lowercased() ? $0 : nil }
    }

    static func transaction(_ number: Int) -> String { digits(UInt64(number), 0xA1, seal(number, transactionKey)) }

    /// The number of the transaction that has this name, if the chain reaches so far.
    static func transactionNumber(of txid: String) -> Int? {
        number(in: txid, key: transactionKey, max: Chain.lastTransaction).flatMap {
            transaction($0) == txid.lowercased() ? $0 : nil
        }
    }

    static func merkleRoot(height: Int) -> String { digits(UInt64(height), 0xC1, scramble(UInt64(height) ^ 0xC4)) }

    /// A name for bytes from outside: the same for the same bytes, another for others.
    static func published(_ bytes: [UInt8], sequence: Int) -> String {
        var state: UInt64 = 0x5EED
        for byte in bytes { state = scramble(state ^ UInt64(byte)) }
        return digits(state, 0xD1, scramble(state ^ UInt64(sequence)))
    }

    /// A reversible mixing of all bits (the finaliser of SplitMix64).
    static func scramble(_ value: UInt64) -> UInt64 {
        var bits = value
        bits = (bits ^ bits >> 30) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ bits >> 27) &* 0x94D0_49BB_1331_11EB
        return bits ^ bits >> 31
    }

    /// The value of which `scramble` made this.
    static func unscramble(_ value: UInt64) -> UInt64 {
        var bits = value ^ value >> 31 ^ value >> 62
        bits = bits &* 0x3196_42B2_D24D_8EC3
        bits = (bits ^ bits >> 27 ^ bits >> 54) &* 0x96DE_1B17_3F11_9089
        return bits ^ bits >> 30 ^ bits >> 60
    }

    private static let blockKey: UInt64 = 0x6269_7463_6F69_6E00
    private static let transactionKey: UInt64 = 0x7478_6964_0000_0000

    private static func seal(_ number: Int, _ key: UInt64) -> UInt64 { scramble(UInt64(number) ^ key) }

    private static func digits(_ value: UInt64, _ salt: UInt64, _ last: UInt64) -> String {
        hexadecimal([scramble(value ^ salt), scramble(value ^ (salt + 1) << 8), scramble(value ^ (salt + 2) << 16), last])
    }

    private static func hexadecimal(_ words: [UInt64]) -> String {
        Hexadecimal.encode(words.flatMap { word in (0..<8).map { UInt8(truncatingIfNeeded: word >> (56 - 8 * $0)) } })
    }

    private static func number(in hash: String, key: UInt64, max: Int) -> Int? {
        guard hash.utf8.count == 64, let last = UInt64(hash.suffix(16), radix: 16) else { return nil }
        let number = unscramble(last) ^ key
        return number <= UInt64(max) ? Int(number) : nil
    }
}
