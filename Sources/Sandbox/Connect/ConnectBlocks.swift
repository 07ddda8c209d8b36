internal import Wire

extension Connect {
    func addBlockRoutes(to router: inout Router<Connect>) {
        router.on(.get, "/api/v1/block/:hash", Connect.block)
        router.on(.get, "/api/v1/block-index/:height", Connect.blockIndex)
        router.on(.get, "/api/v1/blocks", Connect.blocks)
    }

    private func blockIndex(_: Request, _ parameters: Parameters) -> Response {
        guard let text = parameters["height"], let height = Int(text), (0...Chain.tip).contains(height) else {
            return .text("Block height out of range. Code:-8", status: 404)
        }
        return .json(["blockHash": .string(ChainHash.block(height: height))])
    }

    private func block(_: Request, _ parameters: Parameters) -> Response {
        guard let height = parameters["hash"].flatMap({ ChainHash.height(ofBlock: $0) }) else {
            return .text("Not found", status: 404)
        }
        let next = height == Chain.tip ? JSONDocument.null : .string(ChainHash.block(height: height + 1))
        let previous = height == 0 ? JSONDocument.null : .string(ChainHash.block(height: height - 1))
        return .json([
            "hash": .string(ChainHash.block(height: height)), "size": .int(Self.size(height: height)),
            "height": .int(height), "version": 536_870_912, "merkleroot": .string(ChainHash.merkleRoot(height: height)),
            "tx": .array(Self.transactions(height: height).map { .string($0.txid) }),
            "time": .int(Chain.time(height: height)), "nonce": .int(Int(ChainHash.scramble(UInt64(height)) >> 32)),
            "bits": "1702c4e4", "difficulty": .number(Chain.difficulty),
            "confirmations": .int(Chain.tip - height + 1), "previousblockhash": previous, "nextblockhash": next,
            "reward": .number(Chain.bitcoins(Chain.subsidy(height: height))), "isMainChain": true, "poolInfo": [:],
        ])
    }

    /// The latest blocks, or those of one day, the latest first.
    private func blocks(_ request: Request, _: Parameters) -> Response {
        guard let limit = Self.number(request, "limit", default: Limits.listEntriesMax, in: 1...Int.max) else {
            return .text("limit is a positive number", status: 400)
        }
        var heights = Array(max(0, Chain.tip - Limits.listEntriesMax + 1)...Chain.tip)
        if let date = request.parameter("blockDate") {
            guard let day = CivilTime.seconds(ofDate: date) else {
                return .text("blockDate is a date as 2024-11-13", status: 400)
            }
            heights = Chain.heights(dayBeginningAt: day)
        }
        let shown = heights.reversed().prefix(min(limit, Limits.listEntriesMax))
        let blocks = shown.map { height -> JSONDocument in
            [
                "height": .int(height), "size": .int(Self.size(height: height)),
                "hash": .string(ChainHash.block(height: height)), "time": .int(Chain.time(height: height)),
                "txlength": .int(Chain.transactionsPerBlock), "poolInfo": [:],
            ]
        }
        return .json(["blocks": .array(blocks), "length": .int(blocks.count)])
    }

    static func transactions(height: Int) -> [ChainTransaction] {
        (0..<Chain.transactionsPerBlock).map { ChainTransaction(height * Chain.transactionsPerBlock + $0) }
    }

    /// A query parameter that is a number within a range; nil if it is something else.
    static func number(
        _ request: Request, _ name: String, default value: Int, in range: ClosedRange<Int>
    ) -> Int? {
        guard let text = request.parameter(name) else { return value }
        return Int(text).flatMap { range.contains($0) ? $0 : nil }
    }

    /// Header, count, transactions.
    private static func size(height: Int) -> Int {
        81 + transactions(height: height).reduce(0) { $0 + $1.raw.count }
    }
}
