/// A made-up block chain that is the same each time, agrees with itself, and takes no memory.
///
/// Each block has a coinbase and three more transactions, numbered through the chain. 10,000 addresses form 5,000
/// pairs; transaction `n` belongs to pair `n % 5000`, spends both outputs of transaction `n - 5000`, and pays to both
/// addresses of the pair. So whatever an address holds is in the latest transaction of its pair, except for every fourth
/// pair, whose transactions are coinbases: its even address gathers their rewards and never spends them.
enum Chain {
    /// The height of the last block.
    static let tip = 870_000
    static let transactionsPerBlock = 4
    static let pairs = 5000
    static let addresses = 2 * pairs
    static let lastTransaction = tip * transactionsPerBlock + transactionsPerBlock - 1
    /// What each transaction pays to the miner of its block, in satoshis.
    static let fee = 1500
    static let difficulty = "101646843652785.2"

    /// Seconds since 1970-01-01 UTC: one block in ten minutes, more or less.
    static func time(height: Int) -> Int {
        tipTime - (tip - height) * blockInterval + Int(ChainHash.scramble(UInt64(height)) % 300)
    }

    /// Heights of the blocks of the UTC day that begins at this second.
    static func heights(dayBeginningAt start: Int) -> [Int] {
        let guess = tip - (tipTime - start) / blockInterval
        let candidates = max(0, guess - 2)...max(0, min(tip, guess + 86_400 / blockInterval + 2))
        return candidates.filter { $0 <= tip && (start..<start + 86_400).contains(time(height: $0)) }
    }

    /// The mined amount in satoshis: 50 bitcoins at first, half of it after each 210,000 blocks.
    static func subsidy(height: Int) -> Int { 5_000_000_000 >> (height / 210_000) }

    /// Numbers of the transactions in which an address takes part, the latest first.
    static func transactions(ofAddress address: Int) -> [Int] {
        let pair = address / 2
        if pair % transactionsPerBlock == 0 && address % 2 == 1 { return [] }
        return stride(from: pair, through: lastTransaction, by: pairs).reversed()
    }

    /// Outputs that an address has not spent, the latest first.
    static func unspent(ofAddress address: Int) -> [(transaction: ChainTransaction, output: Int)] {
        let all = transactions(ofAddress: address).map { ChainTransaction($0) }
        let isMiner = address / 2 % transactionsPerBlock == 0
        return (isMiner ? all[...] : all.prefix(1)).map { ($0, address % 2) }
    }

    /// `0.00001500` for 1500.
    static func bitcoins(_ satoshis: Int) -> String {
        let fraction = String(satoshis % 100_000_000)
        return "\(satoshis / 100_000_000)." + String(repeating: "0", count: 8 - fraction.utf8.count) + fraction
    }

    private static let tipTime = 1_731_492_000
    private static let blockInterval = 600
}
