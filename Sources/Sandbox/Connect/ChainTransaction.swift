/// One transaction of the chain, by its number.
struct ChainTransaction {
    struct Output {
        let address: Int
        let satoshis: Int
    }

    let number: Int

    init(_ number: Int) { self.number = number }

    var txid: String { ChainHash.transaction(number) }
    var height: Int { number / Chain.transactionsPerBlock }

    /// Its coins are new: the reward for a block, or the chain's first coins.
    var isCoinbase: Bool { isReward || number < Chain.pairs }

    /// The transaction whose outputs it spends, both of them; nil for new coins.
    var source: ChainTransaction? { isCoinbase ? nil : ChainTransaction(number - Chain.pairs) }

    /// The transaction that spends its outputs, both of them.
    var spender: ChainTransaction? {
        guard !isReward, number + Chain.pairs <= Chain.lastTransaction else { return nil }
        return ChainTransaction(number + Chain.pairs)
    }

    var outputs: [Output] {
        let pair = number % Chain.pairs
        if isReward { return [Output(address: 2 * pair, satoshis: total)] }
        let first = total / 100 * (20 + Int(ChainHash.scramble(UInt64(number)) % 60))
        return [Output(address: 2 * pair, satoshis: first), Output(address: 2 * pair + 1, satoshis: total - first)]
    }

    /// Satoshis that it pays out.
    var total: Int {
        if isReward {
            let fees = number < Chain.pairs ? 0 : (Chain.transactionsPerBlock - 1) * Chain.fee
            return Chain.subsidy(height: height) + fees
        }
        let first = 100_000_000 + Int(ChainHash.scramble(UInt64(number % Chain.pairs)) % 4_900_000_000)
        return first - number / Chain.pairs * Chain.fee
    }

    private var isReward: Bool { number % Chain.transactionsPerBlock == 0 }
}

extension ChainTransaction {
    /// Bytes of a coinbase's only input script: the height, as BIP 34 has it.
    var coinbaseScript: [UInt8] { [3] + littleEndian(UInt64(height), bytes: 3) }

    /// The serialised form, without witness: what a node would send on.
    var raw: [UInt8] {
        var bytes = littleEndian(2, bytes: 4)
        if let source {
            bytes.append(UInt8(source.outputs.count))
            for index in source.outputs.indices {
                bytes += (Hexadecimal.decode(source.txid) ?? []).reversed()
                bytes += littleEndian(UInt64(index), bytes: 4) + [0] + littleEndian(0xFFFF_FFFD, bytes: 4)
            }
        } else {
            bytes += [1] + [UInt8](repeating: 0, count: 32) + littleEndian(0xFFFF_FFFF, bytes: 4)
            bytes += [UInt8(coinbaseScript.count)] + coinbaseScript + littleEndian(0xFFFF_FFFF, bytes: 4)
        }
        bytes.append(UInt8(outputs.count))
        for output in outputs {
            let script = ChainAddress.script(output.address)
            bytes += littleEndian(UInt64(output.satoshis), bytes: 8) + [UInt8(script.count)] + script
        }
        return bytes + littleEndian(0, bytes: 4)
    }

    private func littleEndian(_ value: UInt64, bytes: Int) -> [UInt8] {
        (0..<bytes).map { UInt8(truncatingIfNeeded: value >> (8 * UInt64($0))) }
    }
}
