internal import Wire

extension Connect {
    func addTransactionRoutes(to router: inout Router<Connect>) {
        router.on(.post, "/api/v1/tx/send", Connect.send)
        router.on(.get, "/api/v1/tx/:txid", Connect.transaction)
        router.on(.get, "/api/v1/rawtx/:txid", Connect.rawTransaction)
        router.on(.get, "/api/v1/txs", Connect.transactions)
    }

    /// Publishes a transaction: each request that is accepted is a new entry of the ledger.
    private func send(_ request: Request, _: Parameters) -> Response {
        guard let rawtx = request.json?["rawtx"]?.string else {
            return .text("The content is JSON with rawtx: the transaction in hexadecimal digits", status: 400)
        }
        // The smallest transaction there can be has 60 bytes, but what tests send need not be one.
        guard let bytes = Hexadecimal.decode(rawtx), !bytes.isEmpty else {
            return .text("TX decode failed. Code:-22", status: 400)
        }
        guard !ledger.isFull else { return .text("The sandbox's ledger is full; restart it", status: 503) }
        let sequence = ledger.nextSequence
        let txid = ChainHash.published(bytes, sequence: sequence)
        ledger.append(PublishedTransaction(sequence: sequence, txid: txid, rawtx: rawtx))
        events.announce(published: txid)
        return .json(["txid": .string(txid)])
    }

    private func transaction(_: Request, _ parameters: Parameters) -> Response {
        guard let txid = parameters["txid"] else { return .text("Not found", status: 404) }
        if let number = ChainHash.transactionNumber(of: txid) { return .json(ChainTransaction(number).document) }
        guard let entry = published(txid) else { return .text("Not found", status: 404) }
        return .json([
            "txid": .string(entry.txid), "blockheight": -1, "confirmations": 0, "size": .int(entry.rawtx.utf8.count / 2),
        ])
    }

    private func rawTransaction(_: Request, _ parameters: Parameters) -> Response {
        guard let txid = parameters["txid"] else { return .text("Not found", status: 404) }
        if let number = ChainHash.transactionNumber(of: txid) {
            return .json(["rawtx": .string(Hexadecimal.encode(ChainTransaction(number).raw))])
        }
        guard let entry = published(txid) else { return .text("Not found", status: 404) }
        return .json(["rawtx": .string(entry.rawtx)])
    }

    /// Those of a block or of an address, ten a page.
    private func transactions(_ request: Request, _: Parameters) -> Response {
        guard let page = Self.number(request, "pageNum", default: 0, in: 0...1_000_000) else {
            return .text("pageNum is a number from 0 on", status: 400)
        }
        let all: [ChainTransaction]
        if let hash = request.parameter("block") {
            guard let height = ChainHash.height(ofBlock: hash) else { return .text("Not found", status: 404) }
            all = Self.transactions(height: height)
        } else if let address = request.parameter("address") {
            guard let numbers = Self.transactionNumbers(address) else { return Self.invalidAddress }
            all = numbers.map { ChainTransaction($0) }
        } else {
            return .text("Block hash or address expected", status: 400)
        }
        let shown = all.dropFirst(page * Self.pageCount).prefix(Self.pageCount)
        return .json([
            "pagesTotal": .int((all.count + Self.pageCount - 1) / Self.pageCount),
            "txs": .array(shown.map(\.document)),
        ])
    }

    private func published(_ txid: String) -> PublishedTransaction? { ledger.entries.first { $0.txid == txid } }

    private static let pageCount = 10
}

extension ChainTransaction {
    /// As the service shows it.
    var document: JSONDocument {
        var members: [(String, JSONDocument)] = [
            ("txid", .string(txid)), ("version", 2), ("locktime", 0), ("vin", .array(inputDocuments)),
            ("vout", .array(outputs.indices.map { outputDocument($0) })),
            ("blockhash", .string(ChainHash.block(height: height))), ("blockheight", .int(height)),
            ("confirmations", .int(Chain.tip - height + 1)), ("time", .int(Chain.time(height: height))),
            ("blocktime", .int(Chain.time(height: height))), ("isCoinBase", .bool(isCoinbase)),
            ("valueOut", .number(Chain.bitcoins(total))), ("size", .int(raw.count)),
        ]
        if let source {
            members.append(("valueIn", .number(Chain.bitcoins(source.total))))
            members.append(("fees", .number(Chain.bitcoins(source.total - total))))
        }
        return .object(members)
    }

    private var inputDocuments: [JSONDocument] {
        guard let source else {
            return [["coinbase": .string(Hexadecimal.encode(coinbaseScript)), "sequence": 4_294_967_295, "n": 0]]
        }
        return source.outputs.enumerated().map { index, output in
            [
                "txid": .string(source.txid), "vout": .int(index), "sequence": 4_294_967_293, "n": .int(index),
                "addr": .string(ChainAddress.text(output.address)), "valueSat": .int(output.satoshis),
                "value": .number(Chain.bitcoins(output.satoshis)),
            ]
        }
    }

    private func outputDocument(_ index: Int) -> JSONDocument {
        let output = outputs[index]
        return [
            "value": .string(Chain.bitcoins(output.satoshis)), "n": .int(index),
            "scriptPubKey": [
                "hex": .string(Hexadecimal.encode(ChainAddress.script(output.address))),
                "addresses": [.string(ChainAddress.text(output.address))], "type": "witness_v0_keyhash",
            ],
            "spentTxId": spender.map { .string($0.txid) } ?? .null,
            "spentIndex": spender == nil ? .null : .int(index),
            "spentHeight": spender.map { .int($0.height) } ?? .null,
        ]
    }
}
