/// What happens on the chain, told over and over: the last hundred blocks, each behind its transactions.
///
/// They are those that the REST API knows, so that a client finds what it is told of.
struct ChainFeed {
    enum News {
        case transaction(ChainTransaction)
        case block(height: Int)
    }

    private static let firstHeight = Chain.tip - 99
    private var height = firstHeight
    /// Within the block. Its first transaction is its miner's, and comes into being with the block.
    private var index = 1

    mutating func next() -> News {
        guard index < Chain.transactionsPerBlock else { return .block(height: nextBlock()) }
        defer { index += 1 }
        return .transaction(ChainTransaction(height * Chain.transactionsPerBlock + index))
    }

    /// The next block, without those of its transactions that have not been told.
    mutating func nextBlock() -> Int {
        defer {
            height = height == Chain.tip ? Self.firstHeight : height + 1
            index = 1
        }
        return height
    }

    /// The next transaction, in the next block if this one's have all been told.
    mutating func nextTransaction() -> ChainTransaction {
        while true {
            if case .transaction(let transaction) = next() { return transaction }
        }
    }
}
