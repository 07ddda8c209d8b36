internal import Wire

extension Connect {
    func addAddressRoutes(to router: inout Router<Connect>) {
        router.on(.get, "/api/v1/addr/:addr", Connect.address)
        router.on(.get, "/api/v1/addr/:addr/:property", Connect.addressProperty)
        router.on(.get, "/api/v1/addrs/:addrs/utxo", Connect.unspent)
        router.on(.post, "/api/v1/addrs/utxo", Connect.unspent)
        router.on(.get, "/api/v1/addrs/:addrs/txs", Connect.transactionsOfAddresses)
        router.on(.post, "/api/v1/addrs/txs", Connect.transactionsOfAddresses)
    }

    static var invalidAddress: Response { .text("Invalid address: Checksum mismatch. Code:1", status: 400) }

    /// The latest first; nil if the text is no address.
    static func transactionNumbers(_ address: String) -> [Int]? {
        switch ChainAddress.meaning(of: address) {
        case .known(let number): Chain.transactions(ofAddress: number)
        case .unused: []
        case nil: nil
        }
    }

    private func address(_ request: Request, _ parameters: Parameters) -> Response {
        guard let address = parameters["addr"], let numbers = Self.transactionNumbers(address) else {
            return Self.invalidAddress
        }
        let sums = Self.sums(address)
        var members: [(String, JSONDocument)] = [
            ("addrStr", .string(address)), ("balance", .number(Chain.bitcoins(sums.received - sums.sent))),
            ("balanceSat", .int(sums.received - sums.sent)), ("totalReceived", .number(Chain.bitcoins(sums.received))),
            ("totalReceivedSat", .int(sums.received)), ("totalSent", .number(Chain.bitcoins(sums.sent))),
            ("totalSentSat", .int(sums.sent)), ("unconfirmedBalance", 0), ("unconfirmedBalanceSat", 0),
            ("unconfirmedTxApperances", 0), ("txApperances", .int(numbers.count)),
        ]
        if request.parameter("noTxList") != "1" {
            let shown = numbers.prefix(Limits.listEntriesMax)
            members.append(("transactions", .array(shown.map { .string(ChainTransaction($0).txid) })))
        }
        return .json(.object(members))
    }

    /// One number, in satoshis, or the unspent outputs.
    private func addressProperty(_: Request, _ parameters: Parameters) -> Response {
        guard let address = parameters["addr"], ChainAddress.meaning(of: address) != nil else {
            return Self.invalidAddress
        }
        let sums = Self.sums(address)
        switch parameters["property"] {
        case "balance": return .json(.int(sums.received - sums.sent))
        case "totalReceived": return .json(.int(sums.received))
        case "totalSent": return .json(.int(sums.sent))
        case "unconfirmedBalance": return .json(0)
        case "utxo": return .json(.array(Self.unspent(address)))
        default: return .text("Not found", status: 404)
        }
    }

    private func unspent(_ request: Request, _ parameters: Parameters) -> Response {
        guard let addresses = Self.addresses(request, parameters) else { return Self.invalidAddress }
        return .json(.array(addresses.flatMap { Self.unspent($0) }))
    }

    /// Those from `from` up to and without `to`, the latest first.
    private func transactionsOfAddresses(_ request: Request, _ parameters: Parameters) -> Response {
        guard let addresses = Self.addresses(request, parameters) else { return Self.invalidAddress }
        guard let from = Self.bound(request, "from", default: 0),
            let to = Self.bound(request, "to", default: from + 10), to >= from, to - from <= 50
        else { return .text("\"from\" and \"to\" are numbers, at most 50 apart", status: 400) }
        var numbers: Set<Int> = []
        for address in addresses { numbers.formUnion(Self.transactionNumbers(address) ?? []) }
        let shown = numbers.sorted(by: >).dropFirst(from).prefix(to - from)
        return .json([
            "totalItems": .int(numbers.count), "from": .int(from), "to": .int(min(to, numbers.count)),
            "items": .array(shown.map { ChainTransaction($0).document }),
        ])
    }

    /// From the path, or from the content's `addrs`, with commas between them; nil if one is none.
    private static func addresses(_ request: Request, _ parameters: Parameters) -> [String]? {
        guard let list = parameters["addrs"] ?? request.json?["addrs"]?.string else { return nil }
        let addresses = list.split(separator: ",").map { String($0) }
        guard (1...Limits.addressesMax).contains(addresses.count) else { return nil }
        return addresses.allSatisfy { ChainAddress.meaning(of: $0) != nil } ? addresses : nil
    }

    /// From the content or the query.
    private static func bound(_ request: Request, _ name: String, default value: Int) -> Int? {
        if let value = request.json?[name] { return value.int.flatMap { (0...1_000_000).contains($0) ? $0 : nil } }
        return number(request, name, default: value, in: 0...1_000_000)
    }

    private static func unspent(_ address: String) -> [JSONDocument] {
        guard case .known(let number) = ChainAddress.meaning(of: address) else { return [] }
        return Chain.unspent(ofAddress: number).prefix(Limits.listEntriesMax).map { transaction, output in
            let satoshis = transaction.outputs[output].satoshis
            return [
                "address": .string(address), "txid": .string(transaction.txid), "vout": .int(output),
                "scriptPubKey": .string(Hexadecimal.encode(ChainAddress.script(number))),
                "amount": .number(Chain.bitcoins(satoshis)), "satoshis": .int(satoshis),
                "height": .int(transaction.height), "confirmations": .int(Chain.tip - transaction.height + 1),
            ]
        }
    }

    private static func sums(_ address: String) -> (received: Int, sent: Int) {
        guard case .known(let number) = ChainAddress.meaning(of: address) else { return (0, 0) }
        let received = Chain.transactions(ofAddress: number).reduce(0) { sum, transaction in
            sum + ChainTransaction(transaction).outputs[number % 2].satoshis
        }
        let held = Chain.unspent(ofAddress: number).reduce(0) { $0 + $1.transaction.outputs[$1.output].satoshis }
        return (received, received - held)
    }
}
